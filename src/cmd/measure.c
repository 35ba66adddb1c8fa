/* The command measure: which measurements, of whom, and where their results go. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/bench.h"
#include "cmd/command.h"
#include "cmd/complain.h"
#include "cmd/escape.h"
#include "cmd/outputs.h"
#include "cmd/peer.h"
#include "cmd/signals.h"
#include "cmd/wrap.h"
#include "report/measured.h"
#include "report/output.h"

#define KINDS_MAX 16

#define COUNT_MAX 10000

/* Samples that are kept of one measurement. */
#define SAMPLES 20000

struct task {
    const struct options *options;
    const struct measure_kind *kinds[KINDS_MAX];
    unsigned count;
    bool profile;
    const char *host;
    struct measure_settings settings;
    struct measurement *measurements; /* (owned) */
    struct sample *samples;           /* (owned) SAMPLES for each */
    char *send;                       /* (owned) */
    FILE *svg;                        /* (owned) */
    struct copy *copy;                /* (owned) --write; or NULL */
    struct chart_look look;
    struct bench_way way;
    struct measured_head head; /* points into way */
    sigset_t wait_mask;
};

/* ---- what is asked for ---- */

static bool add_kind(struct task *task, const struct measure_kind *kind, struct fault *fault)
{
    for (unsigned i = 0; i < task->count; i++)
        if (task->kinds[i] == kind)
            return fault_set(fault, FAULT_USAGE, "%s is named twice", kind->name);
    task->kinds[task->count++] = kind;
    return true;
}

/* "time-wait,last-ack", or "profile". */
static bool read_kinds(struct task *task, const char *list, struct fault *fault)
{
    if (strcmp(list, "profile") == 0) {
        task->profile = true;
        for (const struct measure_kind *const *kind = measure_kinds; *kind; kind++)
            if ((*kind)->brief_max > 0)
                task->kinds[task->count++] = *kind;
        return true;
    }
    for (const char *at = list;;) {
        size_t length = strcspn(at, ",");
        const struct measure_kind *kind = measure_find(at, length);
        if (length == strlen("profile") && memcmp(at, "profile", length) == 0)
            return fault_set(fault, FAULT_USAGE, "profile is several measurements already, and stands alone");
        if (!kind)
            return fault_set(fault, FAULT_USAGE,
                             "'%.*s' is nothing that can be measured (tcpwalk measure lists what can)",
                             (int)(length < 80 ? length : 80), at);
        if (!add_kind(task, kind, fault))
            return false;
        if (at[length] == '\0')
            return true;
        at += length + 1;
    }
}

static int list_kinds(void)
{
    wrap_print(
        stdout, 0,
        "tcpwalk measure WHAT[,WHAT...] HOST PORT measures, from outside, what only the server's own administrator "
        "could tell you otherwise:");
    printf("\n");
    for (const struct measure_kind *const *kind = measure_kinds; *kind; kind++)
        wrap_print(stdout, (unsigned)printf("  %-11s  ", (*kind)->name), (*kind)->summary);
    wrap_print(stdout, (unsigned)printf("  %-11s  ", "profile"), "all that is known within seconds, as one page");
    printf("\n");
    wrap_print(
        stdout, 0,
        "--max bounds how long each may take, --count says how many connections, --send what is sent when one is open, "
        "--svg where the charts go, and with --data accept may send a byte. See MEASUREMENTS in tcpwalk(8).");
    return STATUS_DONE;
}

/* The bytes of --send as the step language's string has them. */
static bool read_send(struct task *task, struct fault *fault)
{
    const char *send = task->options->send;
    size_t used = 0;
    uint8_t *bytes;
    uint32_t len;

    if (!send)
        return true;
    bytes = malloc(strlen(send) + 1);
    task->send = malloc(4 * strlen(send) + 1);
    if (!bytes || !task->send) {
        free(bytes);
        return fault_set(fault, FAULT_LOCAL, "no memory");
    }
    if (!escape_read(send, bytes, &len, fault)) {
        free(bytes);
        return false;
    }
    for (uint32_t i = 0; i < len; i++)
        used += (size_t)sprintf(task->send + used, "\\x%02x", bytes[i]);
    task->send[used] = '\0';
    free(bytes);
    task->settings.send = len > 0 ? task->send : NULL;
    return true;
}

static bool open_svg(struct task *task, struct fault *fault)
{
    if (!task->options->svg)
        return true;
    if (!outputs_are_apart(task->options, fault))
        return false;
    task->svg = fopen(task->options->svg, "we");
    return task->svg || fault_set(fault, FAULT_LOCAL, "--svg: %s: %s", task->options->svg, strerror(errno));
}

static void look_at_terminal(struct task *task)
{
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
    struct winsize size;

    setlocale(LC_CTYPE, "");
    task->look.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    task->look.width = CHART_WIDTH_DEFAULT;
    if (!isatty(STDOUT_FILENO))
        return;
    task->look.colour = !(no_colour && *no_colour) && term && strcmp(term, "dumb") != 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        task->look.width = size.ws_col < CHART_WIDTH_MIN   ? CHART_WIDTH_MIN
                           : size.ws_col > CHART_WIDTH_MAX ? CHART_WIDTH_MAX
                                                           : size.ws_col;
}

/* ---- running ---- */

/* The clock of each runs from here. */
static void begin_from(struct task *task, unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++)
        measure_init(&task->measurements[i], task->kinds[i], &task->settings, task->samples + (size_t)i * SAMPLES,
                     SAMPLES, bench_now());
}

/* Those that would disturb each other's clocks one after the other, and then all others at once. */
static bool run_all(struct task *task, const struct endpoint *peer, struct fault *fault)
{
    struct bench_order order = {.options = task->options,
                                .peer = peer,
                                .wait_mask = &task->wait_mask,
                                .copy = task->copy,
                                .progress = !task->options->quiet && !task->options->json};
    unsigned alone = 0;
    bool run = true;

    for (unsigned i = 0; i < task->count && task->kinds[i]->alone; i++)
        alone++;
    /* All of them, since they are concluded too when one of the first is interrupted. */
    begin_from(task, 0, task->count);
    for (unsigned i = 0; i <= alone && run; i++) {
        unsigned count = i < alone ? 1 : task->count - alone;
        begin_from(task, i, i + count);
        order.measurements = &task->measurements[i];
        order.count = count;
        run = count == 0 || bench_run(&order, &task->way, fault);
        if (i == 0)
            task->head.epoch = task->way.began;
    }
    task->head.flow.local.addr = task->way.route.source;
    task->head.flow.peer = *peer;
    task->head.interface = task->way.route.name;
    return run;
}

static void sort_alone_first(struct task *task)
{
    unsigned first = 0;

    for (unsigned i = 0; i < task->count; i++) {
        const struct measure_kind *kind = task->kinds[i];
        if (!kind->alone)
            continue;
        memmove(&task->kinds[first + 1], &task->kinds[first], (i - first) * sizeof(task->kinds[0]));
        task->kinds[first++] = kind;
    }
}

/* ---- the end ---- */

static int status_of(const struct task *task)
{
    int status = STATUS_DONE;

    for (unsigned i = 0; i < task->count; i++) {
        int one = STATUS_DONE;
        switch (task->measurements[i].result.measured) {
        case MEASURED_OTHERWISE:
            one = task->profile ? STATUS_DONE : STATUS_EXPECTATION;
            break;
        case MEASURED_NO_ANSWER:
            one = STATUS_NO_ANSWER;
            break;
        case MEASURED_REFUSED:
        case MEASURED_RESET:
            one = STATUS_RESET;
            break;
        default:
            break;
        }
        if (one > status)
            status = one;
    }
    return status;
}

static bool write_json(const struct task *task, int status, struct fault *fault)
{
    if (!measured_json_head(&task->head, stdout, fault))
        return false;
    for (unsigned i = 0; i < task->count; i++)
        if (!measured_json(&task->measurements[i].result, stdout, fault))
            return false;
    return measured_json_end(status, stdout, fault);
}

static bool write_text(const struct task *task, struct fault *fault)
{
    errno = 0;
    measured_text_head(&task->head, &task->look, stdout);
    for (unsigned i = 0; i < task->count; i++)
        measured_text(&task->measurements[i].result, &task->look, stdout);
    return output_flush(stdout, fault);
}

static bool write_svg(struct task *task, struct fault *fault)
{
    const struct result *results[KINDS_MAX];
    bool written;

    if (!task->svg)
        return true;
    for (unsigned i = 0; i < task->count; i++)
        results[i] = &task->measurements[i].result;
    errno = 0;
    measured_svg(&task->head, results, task->count, task->svg);
    written = fflush(task->svg) == 0 && !ferror(task->svg);
    return written || fault_set(fault, FAULT_LOCAL, "--svg: %s: %s", task->options->svg, strerror(errno));
}

static int report(struct task *task, const struct fault *ran, struct fault *fault)
{
    int status;

    for (unsigned i = 0; i < task->count; i++)
        measure_conclude(&task->measurements[i], ran->kind != FAULT_NONE);
    status = ran->kind != FAULT_NONE ? exit_status_of(ran) : status_of(task);
    if (!(task->options->json ? write_json(task, status, fault) : task->options->quiet || write_text(task, fault)) ||
        !write_svg(task, fault))
        return STATUS_LOCAL;
    return status;
}

/* No address is worth another try once one has answered. */
static bool unanswered(const struct task *task, const struct fault *ran)
{
    if (ran->kind != FAULT_NONE)
        return ran->kind == FAULT_UNREACHABLE;
    for (unsigned i = 0; i < task->count; i++)
        if (task->measurements[i].result.measured != MEASURED_NO_ANSWER &&
            task->measurements[i].result.measured != MEASURED_REFUSED)
            return false;
    return true;
}

/* Has a segment left? Then something may have been measured, whatever stopped it. */
static bool has_begun(const struct task *task)
{
    for (unsigned i = 0; i < task->count; i++)
        if (task->measurements[i].result.origin != NANOS_NONE)
            return true;
    return false;
}

static int measure_each(struct task *task, const struct peer *peer, struct fault *fault)
{
    int status = STATUS_LOCAL;

    for (unsigned i = 0; i < peer->count; i++) {
        struct endpoint endpoint = {peer->addresses[i], peer->port};
        struct fault ran = {0};
        char text[ADDR_TEXT];
        run_all(task, &endpoint, &ran);
        if (i + 1 < peer->count && unanswered(task, &ran)) {
            complain("%s: %s; trying the next address", addr_format(&endpoint.addr, text),
                     ran.kind != FAULT_NONE            ? ran.words
                     : status_of(task) == STATUS_RESET ? "refused"
                                                       : "no answer");
            continue;
        }
        if (ran.kind == FAULT_NONE || ran.kind == FAULT_INTERRUPTED || has_begun(task))
            status = report(task, &ran, fault);
        else
            status = exit_status_of(&ran);
        if (fault->kind == FAULT_NONE)
            *fault = ran;
        break;
    }
    return status;
}

static int finish(struct task *task, int status, struct fault *fault)
{
    struct fault late = {0};

    if (task->svg)
        fclose(task->svg);
    if (!copy_close(task->copy, &late) && fault->kind == FAULT_NONE) {
        *fault = late;
        status = STATUS_LOCAL;
    }
    free(task->measurements);
    free(task->samples);
    free(task->send);
    if (fault->kind == FAULT_INTERRUPTED) {
        complain("%s", fault->words);
        signals_obey();
    }
    return status;
}

int run_measure(const struct command *command, const struct options *options, int count, char **operands,
                const struct lab *lab, struct fault *fault)
{
    struct task task = {.options = options,
                        .settings = {.max = options->max, .count = options->count, .data = options->data}};
    struct peer peer;

    (void)command;
    if (count == 0)
        return list_kinds();
    if (!read_kinds(&task, operands[0], fault))
        return STATUS_USAGE;
    if (count != 3) {
        fault_set(fault, FAULT_USAGE,
                  "measure takes what to measure, a host and a port (tcpwalk measure lists what can be measured)");
        return STATUS_USAGE;
    }
    if (options->count > COUNT_MAX) {
        fault_set(fault, FAULT_USAGE, "--count: '%u' is not a number from 1 to %u", options->count, COUNT_MAX);
        return STATUS_USAGE;
    }
    task.settings.brief = task.profile;
    task.head.peer_name = addr_parse(operands[1], &(struct addr){0}) ? NULL : operands[1];
    sort_alone_first(&task);
    if (!read_send(&task, fault) || !peer_resolve(options, lab, operands + 1, &peer, fault) ||
        !open_svg(&task, fault) || !copy_open(&task.copy, options, fault))
        return finish(&task, exit_status_of(fault), fault);
    task.measurements = calloc(task.count, sizeof(*task.measurements));
    task.samples = calloc((size_t)task.count * SAMPLES, sizeof(*task.samples));
    if (!task.measurements || !task.samples) {
        fault_set(fault, FAULT_LOCAL, "no memory");
        return finish(&task, STATUS_LOCAL, fault);
    }
    look_at_terminal(&task);
    signals_catch(&task.wait_mask);
    return finish(&task, measure_each(&task, &peer, fault), fault);
}
