#include "measure/measure.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

const char *measured_name(enum measured measured)
{
    static const char *const names[] = {
        [MEASURED_DONE] = "done",           [MEASURED_BOUNDED] = "bounded",     [MEASURED_INTERRUPTED] = "interrupted",
        [MEASURED_OTHERWISE] = "otherwise", [MEASURED_NO_ANSWER] = "no-answer", [MEASURED_REFUSED] = "refused",
        [MEASURED_RESET] = "reset",
    };

    return names[measured];
}

const char *sample_kind_name(enum sample_kind kind)
{
    static const char *const names[] = {
        [SAMPLE_OURS] = "ours",       [SAMPLE_PEERS] = "peer",    [SAMPLE_ANSWERED] = "answered",
        [SAMPLE_REFUSED] = "refused", [SAMPLE_SILENT] = "silent", [SAMPLE_SPAN] = "span",
        [SAMPLE_NUMBER] = "number",
    };

    return names[kind];
}

const struct measure_kind *measure_find(const char *name, size_t length)
{
    for (const struct measure_kind *const *kind = measure_kinds; *kind; kind++)
        if (strlen((*kind)->name) == length && memcmp((*kind)->name, name, length) == 0)
            return *kind;
    return NULL;
}

void measure_init(struct measurement *measurement, const struct measure_kind *kind,
                  const struct measure_settings *settings, struct sample *samples, size_t room, nanos now)
{
    nanos max = settings->brief ? kind->brief_max : kind->max;

    *measurement = (struct measurement){
        .kind = kind,
        .settings = *settings,
        .result = {.what = kind->name, .measured = MEASURED_DONE, .origin = NANOS_NONE, .samples = samples},
        .samples = samples,
        .samples_room = room,
        .began = now,
        .deadline = now + (settings->max == NANOS_NONE ? max : settings->max),
        .watch = {.most = NANOS_NEVER},
        .at_once = kind->at_once,
    };
    for (unsigned i = 0; i < sizeof(measurement->marks) / sizeof(measurement->marks[0]); i++)
        measurement->marks[i] = NANOS_NONE;
    kind->begin(measurement);
}

/* ---- connections ---- */

void measure_plan(struct measurement *measurement, unsigned role)
{
    if (measurement->planned < MEASURE_PLAN)
        measurement->plan[measurement->planned++] = (uint8_t)role;
}

bool measure_late(const struct measurement *measurement, nanos now)
{
    return measurement->stopped || now >= measurement->deadline;
}

bool measure_wants(const struct measurement *measurement, nanos now, unsigned *role)
{
    if (measurement->begun >= measurement->planned || measurement->open >= measurement->at_once ||
        measure_late(measurement, now))
        return false;
    *role = measurement->plan[measurement->begun];
    return true;
}

void measure_opened(struct measurement *measurement, struct course *course)
{
    (void)course;
    measurement->begun++;
    measurement->open++;
    measurement->result.courses++;
}

void measure_event(struct measurement *measurement, struct course *course, const struct event *event)
{
    course_event(course, event);
    if (measurement->result.origin == NANOS_NONE && event->kind == EVENT_SEGMENT)
        measurement->result.origin = course_at(course, event->segment.t);
    if (measurement->kind->saw)
        measurement->kind->saw(measurement, course, event);
}

void measure_idle(struct measurement *measurement, struct course *course, nanos now)
{
    measurement->kind->next(measurement, course, now);
    /* Neither steps nor an end: nothing is left to be done. */
    if (walk_is_idle(course->walk))
        course_end(course);
}

bool measure_over(struct measurement *measurement, struct course *course, nanos now)
{
    if (measurement->kind->over && measurement->kind->over(measurement, course) && !measure_late(measurement, now))
        return true;
    measurement->open--;
    return false;
}

bool measure_is_done(const struct measurement *measurement, nanos now)
{
    unsigned role;

    if (measurement->open > 0)
        return false;
    return measurement->begun >= measurement->planned || measure_late(measurement, now) ||
           (!measure_wants(measurement, now, &role) && measurement->at_once == 0);
}

const struct result *measure_conclude(struct measurement *measurement, bool interrupted)
{
    struct result *result = &measurement->result;

    if (interrupted && result->measured == MEASURED_DONE)
        result->measured = MEASURED_INTERRUPTED;
    measurement->kind->conclude(measurement);
    return result;
}

const char *measure_within(const struct measurement *measurement, nanos now, nanos most, char *buffer)
{
    nanos left = measurement->deadline - now;

    if (left > most)
        left = most;
    if (left < NANOS_PER_MS)
        left = NANOS_PER_MS;
    snprintf(buffer, 32, "%lldus", (long long)(left / NANOS_PER_US));
    return buffer;
}

void measure_await(struct measurement *measurement, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(measurement->awaiting, sizeof(measurement->awaiting), format, args);
    va_end(args);
}

unsigned measure_count(const struct measurement *measurement)
{
    if (measurement->settings.count > 0)
        return measurement->settings.count;
    return measurement->settings.brief ? measurement->kind->brief_count : measurement->kind->count;
}

/* ---- what is found ---- */

struct sample *measure_sample(struct measurement *measurement, const struct course *course, enum sample_kind kind,
                              nanos at, const char *what)
{
    struct result *result = &measurement->result;
    struct sample *sample;

    if (result->sample_count >= measurement->samples_room) {
        result->samples_cut = true;
        return NULL;
    }
    sample = &measurement->samples[result->sample_count++];
    *sample = (struct sample){.kind = kind,
                              .course = course->number,
                              .at = at,
                              .until = NANOS_NONE,
                              .least = NANOS_NONE,
                              .most = NANOS_NONE,
                              .port = course->walk->settings.flow.local.port,
                              .what = what};
    return sample;
}

void measure_found(struct measurement *measurement, const char *name, struct amount amount, const char *format, ...)
{
    struct result *result = &measurement->result;
    struct finding *finding;
    va_list args;

    if (result->finding_count >= FINDINGS_MAX)
        return;
    finding = &result->findings[result->finding_count++];
    *finding = (struct finding){.name = name, .amount = amount};
    va_start(args, format);
    vsnprintf(finding->words, sizeof(finding->words), format, args);
    va_end(args);
}

void measure_stay(struct measurement *measurement, const struct course *course, enum state state, nanos from,
                  nanos to_least, nanos to_most)
{
    struct result *result = &measurement->result;

    /* What was answered less than a round trip after it began says nothing. */
    if (to_least < from)
        to_least = from;
    if (result->stay_count < STAYS_MAX)
        result->stays[result->stay_count++] = (struct stay){state, course->number, from, to_least, to_most};
}

void measure_failed(struct measurement *measurement, enum measured how)
{
    if (measurement->result.measured == MEASURED_DONE)
        measurement->result.measured = how;
}

void measure_course_failed(struct measurement *measurement, struct course *course)
{
    const struct walk *walk = course->walk;
    bool answered = walk->stamps.syn_ack != NANOS_NONE;

    if (measurement->result.measured != MEASURED_DONE)
        return;
    if (walk->peer_end == PEER_END_RST)
        measure_failed(measurement, answered ? MEASURED_RESET : MEASURED_REFUSED);
    else
        measure_failed(measurement, answered ? MEASURED_OTHERWISE : MEASURED_NO_ANSWER);
    if (walk->peer_end == PEER_END_RST && !answered)
        measure_found(measurement, "refused", (struct amount){0},
                      "It refused the connection: the answer to our SYN was RST.");
    else if (walk->peer_end == PEER_END_RST)
        measure_found(measurement, "reset", (struct amount){0}, "It reset the connection%s.",
                      course->reset == NANOS_NONE ? ""
                      : course->reset_has_ack
                          ? ", as a TCP does whose application aborts or closes with data unread (RST with ACK)"
                          : ", as a host does that knows nothing of it (RST without ACK)");
    else
        measure_found(measurement, answered ? "otherwise" : "no-answer", (struct amount){0}, "%s: %s.",
                      answered ? "It did not go as expected" : "No answer", course->why);
}

/* ---- watching a state end ---- */

void watch_alive(struct measurement *measurement, struct course *course, nanos at)
{
    struct watch *watch = &measurement->watch;

    if (course->alive == NANOS_NONE || at > course->alive)
        course->alive = at;
    if (course->from_most != NANOS_NONE && course->alive - course->from_most > watch->least)
        watch->least = course->alive - course->from_most;
}

void watch_take(struct measurement *measurement, struct course *course)
{
    struct watch *watch = &measurement->watch;
    const struct inquiry *question = &course->question;
    const char *what = question->probe == PROBE_NONE ? "by-hand" : probe_text(question->probe)->token;
    enum sample_kind kind = question->reply == REPLY_NONE  ? SAMPLE_SILENT
                            : question->reply == REPLY_RST ? SAMPLE_REFUSED
                                                           : SAMPLE_ANSWERED;
    struct sample *sample;

    if (!question->asked)
        return;
    sample = measure_sample(measurement, course, kind, question->sent, what);
    if (sample)
        sample->until = question->reply == REPLY_NONE ? NANOS_NONE : question->heard;
    if (kind == SAMPLE_SILENT) {
        watch->silent++;
    } else if (kind == SAMPLE_REFUSED) {
        if (course->gone == NANOS_NONE)
            course->gone = question->heard;
        if (course->from_least != NANOS_NONE)
            watch->most = nanos_sooner(watch->most, course->gone - course->from_least);
    } else {
        watch->answered++;
        watch->silent = 0;
        watch_alive(measurement, course, question->since);
    }
}

/* So long after a segment of ours a RST is no answer to it. */
#define ANSWER_MOST (3 * NANOS_PER_S)

bool watch_reset(struct measurement *measurement, struct course *course)
{
    if (course->reset == NANOS_NONE)
        return false;
    if (course->gone == NANOS_NONE)
        course->gone = course->reset;
    if (course->from_least != NANOS_NONE)
        measurement->watch.most = nanos_sooner(measurement->watch.most, course->gone - course->from_least);
    if (course->sent != NANOS_NONE && course->reset - course->sent > ANSWER_MOST)
        watch_alive(measurement, course, course->reset - course_way(course));
    measure_sample(measurement, course, SAMPLE_PEERS, course->reset, "rst");
    return true;
}

struct amount watch_length(const struct measurement *measurement)
{
    const struct watch *watch = &measurement->watch;

    /* Connections differ: one was gone when another was still there. */
    if (watch->least > watch->most)
        return (struct amount){.kind = AMOUNT_SPAN, .least = watch->most, .most = watch->least};
    return (struct amount){.kind = AMOUNT_SPAN, .least = watch->least, .most = watch->most};
}

/* A number with so many digits that count, never with an exponent: the nearest, or the next below (-1) or above (1). */
static void add_digits(struct text *text, double value, int digits, int direction)
{
    double unit = value > 0 ? pow(10, floor(log10(value)) - digits + 1) : 1, units = value / unit;

    units = direction < 0 ? floor(units + 1e-6) : direction > 0 ? ceil(units - 1e-6) : round(units);
    value = units * unit;
    if (value + 0.5 >= pow(10, digits))
        text_add(text, "%.0f", value);
    else
        text_add(text, "%.*g", digits, value);
}

/* A span in the unit that suits it, with at most so many digits as mean something, rounded as add_digits() has it. */
static void span_words(struct text *text, nanos span, int digits, int direction)
{
    double s = (double)span / (double)NANOS_PER_S;

    if (span < NANOS_PER_MS) {
        add_digits(text, s * 1e6, digits, direction);
        text_add(text, " us");
    } else if (span < NANOS_PER_S) {
        add_digits(text, s * 1e3, digits, direction);
        text_add(text, " ms");
    } else {
        add_digits(text, s, s < 100 ? digits : 4, direction);
        text_add(text, " s");
    }
}

void amount_words(const struct amount *amount, char *out, size_t size)
{
    struct text text;

    text_init(&text, out, size);
    switch (amount->kind) {
    case AMOUNT_SPAN:
        if (amount->most == NANOS_NEVER) {
            text_add(&text, "at least ");
            span_words(&text, amount->least, 3, -1);
        } else if (amount->most - amount->least < amount->most / 1000 || amount->most == amount->least) {
            span_words(&text, amount->least + (amount->most - amount->least) / 2, 4, 0);
        } else if (amount->least > 0) {
            span_words(&text, amount->least + (amount->most - amount->least) / 2, 4, 0);
            text_add(&text, ", give or take ");
            span_words(&text, (amount->most - amount->least + 1) / 2, 2, 1);
        } else {
            text_add(&text, "at most ");
            span_words(&text, amount->most, 3, 1);
        }
        break;
    case AMOUNT_NUMBER:
        text_add(&text, "%llu", (unsigned long long)amount->number);
        break;
    case AMOUNT_REAL:
        text_add(&text, "%.4g", amount->real);
        break;
    case AMOUNT_WORD:
        text_add(&text, "%s", amount->word);
        break;
    case AMOUNT_NONE:
        break;
    }
}
