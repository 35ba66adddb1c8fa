/*
 * What a finding means, in words. What is said of guessing is said of somebody off the path, who sees none of the segments
 * between the peer and others but can open connections of their own.
 */
#include "measure/isn.h"

#include <math.h>

/* RFC 9293 3.4.1 and RFC 6528 speak of a clock of 4 microseconds; Linux shifts nanoseconds by six bits. */
#define TICK_OF_THE_RFCS 4000.0
#define TICK_OF_LINUX 64.0

#define ROUND 4294967296.0

/* RFC 9293 3.4.2: no segment is taken to live longer. */
#define SEGMENT_LIFETIME 120.0

static const char *const kind_names[ISN_KIND_COUNT] = {
    [ISN_TOO_FEW] = "too-few",
    [ISN_CONSTANT] = "constant",
    [ISN_STEP] = "step",
    [ISN_STEP_OR_CLOCK] = "step-or-clock",
    [ISN_CLOCK] = "clock",
    [ISN_RANDOM_STEP] = "random-step",
    [ISN_RFC6528] = "rfc6528",
    [ISN_TUPLE_CONSTANT] = "tuple-constant",
    [ISN_TUPLE_STEP] = "tuple-step",
    [ISN_TUPLE_RANDOM_STEP] = "tuple-random-step",
    [ISN_RANDOM] = "random",
    [ISN_OTHER] = "other",
};

static const char *const test_names[ISN_TEST_COUNT] = {
    [ISN_TEST_RANGE] = "range",
    [ISN_TEST_STEPS] = "steps",
    [ISN_TEST_BITS] = "bits",
    [ISN_TEST_REPEATS] = "repeats",
};

const char *isn_kind_name(enum isn_kind kind)
{
    return kind_names[kind];
}

const char *isn_test_name(enum isn_test test)
{
    return test_names[test];
}

/* How many digits of a value an interval settles, at least two. */
static int digits_of(double low, double high)
{
    double spread = (high - low) / high;

    return spread > 0 ? (int)fmin(12, fmax(2, 1 + floor(-log10(spread)))) : 12;
}

/* A positive number with so many digits that count, and no exponent: the nearest, or the next below or above. */
static void add_number(struct text *text, double value, int digits, int direction)
{
    int place = (int)floor(log10(value)) - digits + 1;
    double unit = pow(10, place), units = value / unit;

    units = direction < 0 ? floor(units) : direction > 0 ? ceil(units) : round(units);
    text_add(text, "%.*f", place < 0 ? -place : 0, units * unit);
}

static void add_span(struct text *text, double seconds)
{
    if (seconds < 1)
        text_add(text, "%.3g ms", seconds * 1e3);
    else if (seconds < 600)
        text_add(text, "%.3g s", seconds);
    else if (seconds < 7200)
        text_add(text, "%.3g minutes", seconds / 60);
    else
        text_add(text, "%.3g hours", seconds / 3600);
}

static void add_tick(struct text *text, double tick, int digits)
{
    double unit = tick < 1e3 ? 1 : tick < 1e6 ? 1e3 : 1e6;

    add_number(text, tick / unit, digits, 0);
    text_add(text, unit < 1e3 ? " ns" : unit < 1e6 ? " us" : " ms");
}

static bool is_tick(const struct isn_finding *finding, double tick)
{
    return finding->grain == 1 && finding->tick_low <= tick * (1 + ISN_DRIFT) &&
           finding->tick_high >= tick * (1 - ISN_DRIFT) && finding->tick_high < finding->tick_low * 1.1;
}

/* "15625000 numbers a second (15624800 to 15625100), one every 64.00 ns as in Linux" */
static void add_clock(const struct isn_finding *finding, struct text *text)
{
    int digits = digits_of(finding->rate_low, finding->rate_high);

    add_number(text, finding->rate, digits + 1, 0);
    text_add(text, " numbers a second (");
    add_number(text, finding->rate_low, digits + 1, -1);
    text_add(text, " to ");
    add_number(text, finding->rate_high, digits + 1, 1);
    text_add(text, "), ");
    if (finding->grain > 1)
        text_add(text, "%u at a time every ", finding->grain);
    else
        text_add(text, "one every ");
    add_tick(text, finding->tick, digits);
    if (is_tick(finding, TICK_OF_LINUX))
        text_add(text, " as in Linux");
    else if (is_tick(finding, TICK_OF_THE_RFCS))
        text_add(text, " as in the RFCs");
}

/* How long the clock takes to come round, against the life of an old segment. */
static void add_round(const struct isn_finding *finding, struct text *text)
{
    double round = ROUND / finding->rate;

    text_add(text, " The clock comes round after ");
    add_span(text, round);
    text_add(
        text, "%s",
        round > SEGMENT_LIFETIME
            ? ", longer than the two minutes that RFC 9293 lets a segment live: a new connection of the same ports "
              "begins above the numbers of the old one, unless that sent faster than the clock runs."
            : ", less than the two minutes that RFC 9293 lets a segment live: segments of an old connection may "
              "fit into a new one of the same ports.");
}

/* What connections of one 4-tuple get, as a sentence without its end; false where nothing is known of them. */
static bool add_one_tuple(const struct isn_finding *finding, struct text *text)
{
    switch (finding->one.kind) {
    case ISN_CONSTANT:
        text_add(text, "Connections of one 4-tuple all got the same number");
        break;
    case ISN_STEP:
    case ISN_STEP_OR_CLOCK:
        text_add(text, "Connections of one 4-tuple got numbers that are %u apart", finding->step);
        break;
    case ISN_CLOCK:
        text_add(text, "Connections of one 4-tuple got their numbers from a clock of ");
        add_clock(finding, text);
        break;
    case ISN_RANDOM_STEP:
        text_add(text, "Connections of one 4-tuple got numbers that go up by small steps");
        break;
    case ISN_RANDOM:
        text_add(text, "Connections of one 4-tuple got numbers that look random");
        break;
    default:
        return false;
    }
    return true;
}

static void describe_too_few(const struct isn_finding *finding, struct text *text)
{
    if (add_one_tuple(finding, text))
        text_add(text, " (%zu of them). There were too few of other 4-tuples, %zu, to say what holds for all.",
                 finding->one.count, finding->many.count);
    else
        text_add(text, "There are too few numbers to say how the peer makes them: %zu of one 4-tuple, %zu of others.",
                 finding->one.count, finding->many.count);
}

static void describe_other(const struct isn_finding *finding, struct text *text)
{
    text_add(text,
             "The numbers are not random: random ones would look so with a probability of %.2g at most. But taken "
             "together they follow none of the ways that are known here.",
             finding->chance);
    if (finding->one.kind == ISN_OTHER || finding->one.kind == ISN_TOO_FEW)
        return;
    text_add(text, " ");
    add_one_tuple(finding, text);
    text_add(text, ".");
}

static void describe_step(const struct isn_finding *finding, struct text *text)
{
    const char *from = finding->kind == ISN_TUPLE_STEP ? " to the next of the same 4-tuple" : " to the next";

    if (finding->step <= INT32_MAX)
        text_add(text, "From each connection%s the number goes up by %u", from, finding->step);
    else
        text_add(text, "From each connection%s the number goes down by %u", from, -finding->step);
    if (finding->step_multiple > 1)
        text_add(text, " or a multiple of it, up to %u times", finding->step_multiple);
    if (finding->step_multiple > 1) /* libslirp takes the same step for each connection and each half second */
        text_add(text, ", as when other connections, or a clock, take such steps between.");
    else
        text_add(text, finding->kind == ISN_STEP ? ", whatever the time." : ".");
    if (finding->kind == ISN_STEP_OR_CLOCK)
        text_add(text, " It may also be a clock that makes this step once between two of our connections.");
}

static const char *const guessed =
    " Whoever opens a connection of their own can guess what number another one gets. RFC 6528 asks for an offset of "
    "each 4-tuple that only the peer can compute.";

static const char *const hidden = " The number of one connection does not tell that of another with other ports.";

/* The tests by which numbers look random, and how improbable their result is. */
static void add_tests(const struct isn_finding *finding, struct text *text)
{
    text_add(text, " (tests: p = %.2g for one 4-tuple, %.2g for others)", finding->one.least_p, finding->many.least_p);
}

static void describe_kind(const struct isn_finding *finding, struct text *text)
{
    switch (finding->kind) {
    case ISN_CONSTANT:
        text_add(text, "Every connection gets the number %u; it did not change within ", finding->constant);
        add_span(text, (double)finding->span / 1e9);
        text_add(text, ".%s", guessed);
        break;
    case ISN_STEP:
    case ISN_STEP_OR_CLOCK:
        describe_step(finding, text);
        text_add(text, "%s", guessed);
        break;
    case ISN_CLOCK:
        text_add(text, "All connections get their numbers from one clock of ");
        add_clock(finding, text);
        text_add(text, ".%s", guessed);
        add_round(finding, text);
        break;
    case ISN_RANDOM_STEP:
        text_add(text, "From each connection to the next the number goes up by %u to %u.%s", finding->step_low,
                 finding->step_high, guessed);
        break;
    case ISN_RFC6528:
        text_add(text, "The numbers look as RFC 6528 asks: a clock of ");
        add_clock(finding, text);
        text_add(text, ", and an offset of each 4-tuple that looks random (tests: p = %.2g).%s", finding->many.least_p,
                 hidden);
        add_round(finding, text);
        break;
    case ISN_TUPLE_CONSTANT:
        text_add(text, "Each 4-tuple has one number, which did not change within ");
        add_span(text, (double)finding->span / 1e9);
        text_add(text,
                 ".%s But there is no clock, as RFC 6528 asks: segments of an old connection may fit into a new one of "
                 "the same ports.",
                 hidden);
        break;
    case ISN_TUPLE_STEP:
        describe_step(finding, text);
        text_add(text, " Each 4-tuple has an offset that looks random.%s", hidden);
        break;
    case ISN_TUPLE_RANDOM_STEP:
        text_add(text,
                 "From each connection to the next of the same 4-tuple the number goes up by %u to %u. Each 4-tuple "
                 "has an offset that looks random.%s",
                 finding->step_low, finding->step_high, hidden);
        break;
    case ISN_RANDOM:
        text_add(text, "No structure was found: the numbers look random");
        add_tests(finding, text);
        text_add(text,
                 ".%s But a new connection of the same ports need not begin above what the old one sent, for which "
                 "RFC 6528 has its clock.",
                 hidden);
        break;
    default:
        describe_other(finding, text);
    }
}

void isn_describe(const struct isn_finding *finding, struct text *text)
{
    if (finding->kind == ISN_TOO_FEW)
        describe_too_few(finding, text);
    else
        describe_kind(finding, text);
    if (finding->contradicts > 0)
        text_add(text, " %zu of %zu numbers do not fit into this.", finding->contradicts,
                 finding->supports + finding->contradicts);
}
