#include "cmd/lesson_plan.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/shelf.h"

/* What a part may say of its connection: all else is for whoever runs the lesson. */
static const char *const own_options[] = {
    "bytes", "timeout", "rto",    "retries",   "delay",   "linger",        "source-port", "ttl",   "mss", "window",
    "isn",   "wscale",  "no-mss", "no-wscale", "no-sack", "no-timestamps", "leave",       "probe", NULL,
};

static bool misplaced(const struct lesson_plan *plan, struct fault *fault, unsigned line, unsigned column,
                      const char *words)
{
    return fault_set(fault, FAULT_USAGE, "%s:%u:%u: %s", plan->name, line, column, words);
}

bool lesson_plan_load(struct lesson_plan *plan, const char *name, struct fault *fault)
{
    const struct lesson_shipped *shipped = strpbrk(name, "/.") ? NULL : lesson_find(name);
    uint8_t *bytes;

    *plan = (struct lesson_plan){.name = name};
    if (shipped) {
        plan->source = shipped->text;
        plan->source_length = strlen(shipped->text);
        return true;
    }
    if (!strpbrk(name, "/."))
        return fault_set(fault, FAULT_USAGE, "there is no lesson '%s' (tcpwalk teach lists them; a file is ./%s)", name,
                         name);
    if (!plan_load_file(name, &bytes, &plan->source_length, fault))
        return false;
    plan->source = plan->text = (char *)bytes;
    return true;
}

static bool read_lesson(struct lesson_plan *plan, struct fault *fault)
{
    size_t length = plan->source_length;
    struct lesson_item *items = calloc(LESSON_ITEMS(length), sizeof(*items));
    char *bytes = malloc(LESSON_BYTES(length));
    struct script_error error;

    lesson_init(&plan->lesson, items, LESSON_ITEMS(length), bytes, LESSON_BYTES(length));
    if (!items || !bytes)
        return fault_set(fault, FAULT_LOCAL, "no memory");
    if (lesson_parse(&plan->lesson, plan->source, length, &error))
        return true;
    return misplaced(plan, fault, error.line, error.column, error.words);
}

static bool find_peer(const struct lesson_plan *plan, struct lesson_part *part, const struct lesson_item *item,
                      struct fault *fault)
{
    char name[40], words[120];

    snprintf(name, sizeof(name), "%.*s", (int)strcspn(item->text, " "), item->text);
    part->service = lab_service_find(name);
    part->client = part->service ? NULL : lab_client_find(name);
    if (part->service || part->client)
        return true;
    snprintf(words, sizeof(words), "'%s' is no service and no client of the lab (tcpwalk lab lists them)", name);
    return misplaced(plan, fault, item->line, item->column, words);
}

/* The words behind the peer's name, split in place: as many as there are, from argv[1] on. */
static int split(char *words, char **argv, int room)
{
    int count = 1;

    argv[0] = "";
    for (char *word = strtok(words, " "); word && count < room; word = strtok(NULL, " "))
        argv[count++] = word;
    argv[count] = NULL;
    return count;
}

static bool may_say(const char *word)
{
    if (strncmp(word, "--", 2) != 0)
        return word[0] != '-';
    for (size_t i = 0; own_options[i]; i++)
        if (strncmp(word + 2, own_options[i], strcspn(word + 2, "=")) == 0 &&
            strlen(own_options[i]) == strcspn(word + 2, "="))
            return true;
    return false;
}

static bool read_options(const struct lesson_plan *plan, struct lesson_part *part, const struct lesson_item *item,
                         const struct options *options, struct fault *fault)
{
    size_t name = strcspn(item->text, " ");
    char *argv[40], words[FAULT_WORDS];
    struct fault inner = {0};
    int count;

    part->options = *options;
    part->words = strdup(item->text + name);
    if (!part->words)
        return fault_set(fault, FAULT_LOCAL, "no memory");
    count = split(part->words, argv, 39);
    for (int i = 1; i < count; i++)
        if (!may_say(argv[i])) {
            snprintf(words, sizeof(words), "'%.40s' is no option that a lesson can give", argv[i]);
            return misplaced(plan, fault, item->line, item->column + (unsigned)(name + (argv[i] - part->words)), words);
        }
    if (!options_parse_more(count, argv, &part->options, &inner))
        return misplaced(plan, fault, item->line, item->column + (unsigned)name + 1, inner.words);
    if (part->options.operand_count > 0)
        return misplaced(plan, fault, item->line, item->column + (unsigned)name + 1,
                         "behind the peer come options alone");
    return true;
}

static bool plan_part(const struct lesson_plan *plan, struct lesson_part *part, struct fault *fault)
{
    const struct lesson *lesson = &plan->lesson;
    struct plan_piece *pieces = calloc(part->end - part->first, sizeof(*pieces));
    const struct lesson_item *peer = &lesson->items[part->first];
    unsigned count = 0;
    bool planned, passive;

    if (!pieces)
        return fault_set(fault, FAULT_LOCAL, "no memory");
    for (unsigned i = part->first; i < part->end; i++) {
        const struct lesson_item *item = &lesson->items[i];
        if (item->kind == LESSON_STEPS)
            pieces[count++] = (struct plan_piece){plan->name, item->text, item->length, item->line};
    }
    planned = plan_read(&part->plan, pieces, count, true, fault);
    free(pieces);
    if (!planned)
        return false;
    if (part->plan.script.count == 0)
        return misplaced(plan, fault, peer->line, peer->column, "this connection has no steps");
    passive = part->plan.script.steps[0].kind == STEP_LISTEN;
    if (passive && !part->client)
        return misplaced(plan, fault, part->plan.script.steps[0].line, part->plan.script.steps[0].column,
                         "listen is for a client of the lab, and this peer is a service");
    if (!passive && part->client)
        return misplaced(plan, fault, peer->line, peer->column,
                         "this peer is a client: the steps with it begin with listen");
    return true;
}

static bool add_part(struct lesson_plan *plan, unsigned first, const struct options *options, struct fault *fault)
{
    const struct lesson *lesson = &plan->lesson;
    struct lesson_part *part = &plan->parts[plan->part_count++];

    part->first = first;
    for (part->end = first + 1; part->end < lesson->count && lesson->items[part->end].kind != LESSON_PEER; part->end++)
        if (lesson->items[part->end].kind == LESSON_LONG)
            part->takes_long = lesson->items[part->end].text;
    return find_peer(plan, part, &lesson->items[first], fault) &&
           read_options(plan, part, &lesson->items[first], options, fault) && plan_part(plan, part, fault);
}

bool lesson_plan_open(struct lesson_plan *plan, const char *name, const struct options *options, struct fault *fault)
{
    if (!lesson_plan_load(plan, name, fault) || !read_lesson(plan, fault))
        return false;
    while (plan->lesson.items[plan->before].kind != LESSON_PEER)
        plan->before++;
    for (unsigned i = plan->before; i < plan->lesson.count; i++)
        if (plan->lesson.items[i].kind == LESSON_PEER && !add_part(plan, i, options, fault))
            return false;
    return true;
}

const struct step *lesson_plan_steps(const struct lesson_part *part, const struct lesson *lesson, unsigned item,
                                     unsigned *count)
{
    const struct script *script = &part->plan.script;
    unsigned first = 0, end, until = 0;

    for (unsigned i = item + 1; i < part->end && until == 0; i++)
        if (lesson->items[i].kind == LESSON_STEPS)
            until = lesson->items[i].line;
    while (first < script->count && script->steps[first].line < lesson->items[item].line)
        first++;
    for (end = first; end < script->count && (until == 0 || script->steps[end].line < until); end++)
        ;
    *count = end - first;
    return script->steps + first;
}

void lesson_plan_free(struct lesson_plan *plan)
{
    for (unsigned i = 0; i < plan->part_count; i++) {
        plan_free(&plan->parts[i].plan);
        free(plan->parts[i].words);
    }
    free(plan->lesson.items);
    free(plan->lesson.bytes);
    free(plan->text);
    *plan = (struct lesson_plan){0};
}
