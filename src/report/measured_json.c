#include "base/text.h"
#include "report/json_line.h"
#include "report/measured.h"

/* Begins a line of this kind. */
static void begin(struct json_line *line, const char *event)
{
    line_begin(line);
    line_put(line, line->root, "event", json_string(event));
}

bool measured_json_head(const struct measured_head *head, FILE *out, struct fault *fault)
{
    struct json_line line;

    begin(&line, "start");
    line_put_start(&line, "measure", &head->flow, head->peer_name, head->interface, head->epoch);
    return line_end(&line, "start", out, fault);
}

static json_t *since(const struct result *result, nanos at)
{
    return at == NANOS_NEVER || at == NANOS_NONE ? json_null() : line_seconds(at - result->origin);
}

static bool put_sample(const struct result *result, const struct sample *sample, FILE *out, struct fault *fault)
{
    struct json_line line;
    json_t *root;

    begin(&line, "sample");
    root = line.root;
    line_put(&line, root, "measure", json_string(result->what));
    line_put(&line, root, "kind", json_string(sample_kind_name(sample->kind)));
    line_put(&line, root, "what", json_string(sample->what));
    line_put(&line, root, "connection", json_integer(sample->course));
    line_put(&line, root, "port", json_integer(sample->port));
    line_put(&line, root, "t", since(result, sample->at));
    if (sample->until != NANOS_NONE)
        line_put(&line, root, "answered", since(result, sample->until));
    if (sample->least != NANOS_NONE) {
        line_put(&line, root, "least", line_seconds(sample->least));
        line_put(&line, root, "most", line_seconds(sample->most));
    }
    if (sample->kind == SAMPLE_NUMBER)
        line_put(&line, root, "number", json_integer(sample->number));
    return line_end(&line, "sample", out, fault);
}

static bool put_finding(const struct result *result, const struct finding *finding, FILE *out, struct fault *fault)
{
    const struct amount *amount = &finding->amount;
    struct json_line line;
    json_t *root;

    begin(&line, "finding");
    root = line.root;
    line_put(&line, root, "measure", json_string(result->what));
    line_put(&line, root, "name", json_string(finding->name));
    switch (amount->kind) {
    case AMOUNT_SPAN:
        line_put(&line, root, "least", line_seconds(amount->least));
        line_put(&line, root, "most", line_seconds(amount->most));
        break;
    case AMOUNT_NUMBER:
        line_put(&line, root, "number", json_integer((json_int_t)amount->number));
        break;
    case AMOUNT_REAL:
        line_put(&line, root, "value", json_real(amount->real));
        break;
    case AMOUNT_WORD:
        line_put(&line, root, "word", json_string(amount->word));
        break;
    case AMOUNT_NONE:
        break;
    }
    line_put(&line, root, "text", line_string(finding->words));
    return line_end(&line, "finding", out, fault);
}

static bool put_stay(const struct result *result, const struct stay *stay, FILE *out, struct fault *fault)
{
    struct json_line line;

    begin(&line, "stay");
    line_put(&line, line.root, "measure", json_string(result->what));
    line_put(&line, line.root, "connection", json_integer(stay->course));
    line_put(&line, line.root, "state", json_string(state_name(stay->state)));
    line_put(&line, line.root, "from", since(result, stay->from));
    line_put(&line, line.root, "to_least", since(result, stay->to_least));
    line_put(&line, line.root, "to_most", since(result, stay->to_most));
    return line_end(&line, "stay", out, fault);
}

bool measured_json(const struct result *result, FILE *out, struct fault *fault)
{
    struct json_line line;

    for (size_t i = 0; i < result->sample_count; i++)
        if (!put_sample(result, &result->samples[i], out, fault))
            return false;
    for (unsigned i = 0; i < result->stay_count; i++)
        if (!put_stay(result, &result->stays[i], out, fault))
            return false;
    for (unsigned i = 0; i < result->finding_count; i++)
        if (!put_finding(result, &result->findings[i], out, fault))
            return false;
    begin(&line, "measured");
    line_put(&line, line.root, "measure", json_string(result->what));
    line_put(&line, line.root, "outcome", json_string(measured_name(result->measured)));
    line_put(&line, line.root, "connections", json_integer(result->courses));
    line_put(&line, line.root, "complete", json_boolean(!result->samples_cut));
    return line_end(&line, "measured", out, fault);
}

bool measured_json_end(int status, FILE *out, struct fault *fault)
{
    struct json_line line;

    begin(&line, "end");
    line_put(&line, line.root, "status", json_integer(status));
    return line_end(&line, "end", out, fault);
}
