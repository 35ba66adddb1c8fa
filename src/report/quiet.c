/* The reporter of -q: prints nothing. Its state is only there because begin() owes one; it is the stream itself. */
#include "report/reporter.h"

static void *quiet_begin(FILE *out, const struct report_options *options, struct fault *fault)
{
    (void)options;
    (void)fault;
    return out;
}

static bool quiet_event(void *state, const struct event *event, struct fault *fault)
{
    (void)state;
    (void)event;
    (void)fault;
    return true;
}

static bool quiet_flush(void *state, struct fault *fault)
{
    (void)state;
    (void)fault;
    return true;
}

const struct reporter reporter_quiet = {
    .name = "quiet",
    .begin = quiet_begin,
    .event = quiet_event,
    .flush = quiet_flush,
    .end = quiet_flush,
};
