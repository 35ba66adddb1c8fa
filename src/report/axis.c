#include "report/axis.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/phrase.h"

/* Beyond these, a number is written with an exponent. */
#define PLAIN_MOST 1e10
#define DECIMALS_MAX 9

struct unit {
    const char *name;
    double length;
    double from;         /* an axis that ends here or later has this unit */
    const double *steps; /* its own steps of more than one unit; NULL: 1, 2 and 5 times powers of ten */
};

static const double minute_steps[] = {1, 2, 5, 10, 15, 30, 60, 120, 0};
static const double hour_steps[] = {1, 2, 3, 6, 12, 24, 48, 72, 120, 240, 480, 720, 0};

static const struct unit units[] = {
    {"h", 3600e9, 5 * 3600e9, hour_steps},
    {"min", 60e9, 600e9, minute_steps},
    {"s", 1e9, 1e9, NULL},
    {"ms", 1e6, 1e6, NULL},
    {"us", 1e3, 1e3, NULL},
    {"ns", 1, 0, NULL},
};

static const struct unit *unit_for(double most)
{
    const struct unit *unit = units;

    while (unit->from > most)
        unit++;
    return unit;
}

/* Rounds up to 1, 2 or 5 times a power of ten. What is a hair above one of these is that one. */
static double round_up(double step)
{
    double power = pow(10, floor(log10(step)));
    double digit = step / power;

    if (!(power > 0))
        return step;
    return power * (digit <= 1.0000001 ? 1 : digit <= 2.0000001 ? 2 : digit <= 5.0000001 ? 5 : 10);
}

double axis_step(enum quantity quantity, double least, double most, unsigned intervals)
{
    double step = (most - least) / intervals;
    const struct unit *unit = unit_for(fmax(fabs(least), fabs(most)));

    if (quantity == QUANTITY_SEQUENCE)
        return AXIS_SEQUENCES / (intervals >= 4 ? 4 : intervals >= 2 ? 2 : 1);
    if (quantity == QUANTITY_NUMBER)
        return round_up(step);
    step /= unit->length;
    if (unit->steps && step > 0.5)
        for (const double *own = unit->steps; *own > 0; own++)
            if (step <= *own)
                return *own * unit->length;
    return fmax(round_up(step) * unit->length, 1);
}

static int decimals_of(double step)
{
    int decimals = 0;

    while (decimals < DECIMALS_MAX && fabs(step - round(step)) > step * 1e-4) {
        step *= 10;
        decimals++;
    }
    return decimals;
}

static char *sequence_label(double at, char out[AXIS_TEXT])
{
    unsigned quarter = (unsigned)round(at / (AXIS_SEQUENCES / 4));
    static const char *const names[] = {"0", "2^30", "2^31", "3*2^30", "2^32"};

    snprintf(out, AXIS_TEXT, "%s", names[quarter > 4 ? 4 : quarter]);
    return out;
}

/* A whole number with its thousands set apart. */
static char *whole_number(double value, char out[AXIS_TEXT])
{
    bool negative = value <= -0.5;

    out[0] = '-';
    axis_count((unsigned long long)(fabs(value) + 0.5), out + negative);
    return out;
}

char *axis_label(const struct axis *axis, double at, double step, char out[AXIS_TEXT])
{
    const struct unit *unit = unit_for(fmax(fabs(axis->least), fabs(axis->most)));
    bool zero = fabs(at) < step / 1000;

    if (axis->quantity == QUANTITY_SEQUENCE)
        return sequence_label(at, out);
    if (zero)
        snprintf(out, AXIS_TEXT, "0");
    else if (axis->quantity == QUANTITY_TIME)
        snprintf(out, AXIS_TEXT, "%.*f %s", decimals_of(step / unit->length), at / unit->length, unit->name);
    else if (fmax(fabs(axis->least), fabs(axis->most)) >= PLAIN_MOST || step < 1e-6)
        snprintf(out, AXIS_TEXT, "%.6g", at);
    else if (decimals_of(step) == 0)
        whole_number(at, out);
    else
        snprintf(out, AXIS_TEXT, "%.*f", decimals_of(step), at);
    return out;
}

char *axis_value(enum quantity quantity, double value, char out[AXIS_TEXT])
{
    char span[SPAN_TEXT];

    if (quantity != QUANTITY_TIME && (quantity == QUANTITY_SEQUENCE || fabs(value) >= 100) && fabs(value) < PLAIN_MOST)
        whole_number(value, out);
    else if (value == 0)
        snprintf(out, AXIS_TEXT, "0");
    else if (quantity == QUANTITY_NUMBER)
        snprintf(out, AXIS_TEXT, "%.3g", value);
    else if (fabs(value) >= 5 * 3600e9)
        snprintf(out, AXIS_TEXT, "%.2f h", value / 3600e9);
    else if (fabs(value) >= 600e9)
        snprintf(out, AXIS_TEXT, "%.1f min", value / 60e9);
    else
        snprintf(out, AXIS_TEXT, "%s", phrase_span((nanos)value, span));
    return out;
}

char *axis_interval(nanos least, nanos most, char out[AXIS_INTERVAL_TEXT])
{
    char from[AXIS_TEXT], to[AXIS_TEXT];
    char *from_unit = strchr(axis_value(QUANTITY_TIME, (double)least, from), ' ');
    char *to_unit = strchr(axis_value(QUANTITY_TIME, (double)most, to), ' ');

    if (strcmp(from, to) == 0) {
        snprintf(out, AXIS_INTERVAL_TEXT, "%s", to);
        return out;
    }
    if (from_unit && to_unit && strcmp(from_unit, to_unit) == 0)
        *from_unit = '\0';
    snprintf(out, AXIS_INTERVAL_TEXT, "%s-%s", from, to);
    return out;
}

char *axis_count(unsigned long long count, char out[AXIS_COUNT_TEXT])
{
    char digits[AXIS_COUNT_TEXT];
    int length = snprintf(digits, sizeof(digits), "%llu", count);
    unsigned used = 0;

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            out[used++] = ',';
        out[used++] = digits[i];
    }
    out[used] = '\0';
    return out;
}

char *axis_round(enum quantity quantity, double at, char out[AXIS_TEXT])
{
    const struct unit *unit = units + 2; /* no minutes: decades of them would be odd */

    if (quantity != QUANTITY_TIME) {
        if (at >= 100 && at < PLAIN_MOST)
            whole_number(at, out);
        else
            snprintf(out, AXIS_TEXT, "%.6g", at);
        return out;
    }
    while (unit->from > at * 1.0000001)
        unit++;
    snprintf(out, AXIS_TEXT, "%.6g %s", at / unit->length, unit->name);
    return out;
}

/* The ticks at 1, or at 1, 2 and 5, times every power of ten whose exponent every divides. Too many: more than wanted. */
static unsigned decade_ticks(const struct axis *axis, unsigned wanted, int every, bool between, struct axis_tick *ticks)
{
    static const double digits[] = {1, 2, 5};
    int last = (int)ceil(log10(axis->most));
    unsigned count = 0;

    for (int decade = (int)floor(log10(axis->least)); decade <= last; decade++)
        for (unsigned i = 0; i < (between ? 3 : 1); i++) {
            double at = digits[i] * pow(10, decade);

            if (decade % every != 0 || at < axis->least * 0.9999999 || at > axis->most * 1.0000001)
                continue;
            if (count == wanted)
                return wanted + 1;
            ticks[count].at = at;
            axis_round(axis->quantity, at, ticks[count++].label);
        }
    return count;
}

static unsigned logarithmic_ticks(const struct axis *axis, unsigned wanted, struct axis_tick *ticks)
{
    unsigned count = decade_ticks(axis, wanted, 1, true, ticks);

    for (int every = 1; count > wanted; every++)
        count = decade_ticks(axis, wanted, every, false, ticks);
    return count;
}

unsigned axis_ticks(const struct axis *axis, unsigned wanted, struct axis_tick ticks[AXIS_TICKS_MAX])
{
    double step, from;
    unsigned count = 0;

    if (wanted > AXIS_TICKS_MAX)
        wanted = AXIS_TICKS_MAX;
    if (axis->logarithmic) {
        count = logarithmic_ticks(axis, wanted, ticks);
        if (count >= 2)
            return count;
    }
    count = 0;
    step = axis_step(axis->quantity, axis->least, axis->most, wanted - 1);
    from = ceil(axis->least / step - 1e-6);
    for (; count < wanted && (from + count) * step <= axis->most + step * 1e-6; count++) {
        ticks[count].at = (from + count) * step;
        axis_label(axis, ticks[count].at, step, ticks[count].label);
    }
    return count;
}

double axis_place(const struct axis *axis, double value)
{
    double place;

    if (!(value > axis->least))
        return 0;
    if (value >= axis->most)
        return 1;
    if (axis->logarithmic)
        place = log(value / axis->least) / log(axis->most / axis->least);
    else
        place = (value - axis->least) / (axis->most - axis->least);
    return place < 0 ? 0 : place > 1 ? 1 : place;
}
