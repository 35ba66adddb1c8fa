#include "cmd/plan.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)16 << 20)

/* A step printed in full is longer than its source by no more than this, strings and options aside. */
#define STEP_ROOM 400
#define BYTES_FACTOR 8

struct blob {
    struct blob *next;
    bool is_pattern;
    regex_t pattern;
    uint8_t *bytes; /* (owned) */
};

static struct blob *add_blob(struct plan *plan, struct fault *fault)
{
    struct blob *blob = calloc(1, sizeof(*blob));

    if (!blob) {
        fault_set(fault, FAULT_LOCAL, "no memory");
        return NULL;
    }
    blob->next = plan->blobs;
    plan->blobs = blob;
    return blob;
}

static bool misplaced(struct plan *plan, struct fault *fault, const char *where, unsigned line, unsigned column,
                      const char *words)
{
    plan->line = line;
    plan->column = column;
    if (!where)
        return fault_set(fault, FAULT_USAGE, "%s", words);
    return fault_set(fault, FAULT_USAGE, "%s:%u:%u: %s", where, line, column, words);
}

static bool read_stream(FILE *file, uint8_t **bytes, size_t *length)
{
    size_t room = 4096;

    *length = 0;
    *bytes = malloc(room);
    while (*bytes) {
        *length += fread(*bytes + *length, 1, room - *length, file);
        if (*length < room || *length > FILE_MAX)
            break;
        uint8_t *more = realloc(*bytes, room *= 2);
        if (!more)
            free(*bytes);
        *bytes = more;
    }
    return *bytes && !ferror(file) && *length <= FILE_MAX;
}

bool plan_load_file(const char *path, uint8_t **bytes, size_t *length, struct fault *fault)
{
    bool standard = strcmp(path, "-") == 0, read;
    FILE *file = standard ? stdin : fopen(path, "rbe");

    *bytes = NULL;
    if (!file)
        return fault_set(fault, FAULT_USAGE, "%s: %s", path, strerror(errno));
    errno = 0;
    read = read_stream(file, bytes, length);
    int error = errno;
    if (!standard)
        fclose(file);
    if (read)
        return true;
    free(*bytes);
    *bytes = NULL;
    if (error == 0)
        return fault_set(fault, FAULT_USAGE, "%s: longer than 16 MiB", path);
    return fault_set(fault, FAULT_USAGE, "%s: %s", path, strerror(error));
}

/* Fills in the bytes that the language only names. */
static bool load_bytes(struct plan *plan, struct step_bytes *bytes, struct fault *fault)
{
    struct blob *blob;
    size_t length;

    if (bytes->kind != BYTES_FILE && (bytes->kind != BYTES_ZEROS || bytes->len == 0))
        return true;
    blob = add_blob(plan, fault);
    if (!blob)
        return false;
    if (bytes->kind == BYTES_ZEROS) {
        blob->bytes = calloc(1, bytes->len);
        bytes->bytes = blob->bytes;
        return blob->bytes ? true : fault_set(fault, FAULT_LOCAL, "no memory");
    }
    if (strcmp(bytes->path, "-") == 0)
        return fault_set(fault, FAULT_USAGE, "send file takes a file, not standard input");
    if (!plan_load_file(bytes->path, &blob->bytes, &length, fault))
        return false;
    bytes->bytes = blob->bytes;
    bytes->len = (uint32_t)length;
    return true;
}

/* len=N without data: so many zeros. */
static bool load_segment(struct plan *plan, struct step_segment *segment, struct fault *fault)
{
    for (unsigned i = 0; !segment->has_data && i < segment->field_count; i++)
        if (segment->fields[i].field == FIELD_LEN)
            segment->data = (struct step_bytes){.kind = BYTES_ZEROS, .len = (uint32_t)segment->fields[i].number.offset};
    return load_bytes(plan, &segment->data, fault);
}

static bool compile(struct plan *plan, struct step_expect_data *data, struct fault *fault)
{
    struct blob *blob = add_blob(plan, fault);
    char pattern[4096], words[120];
    int error;

    if (!blob)
        return false;
    if (data->len >= sizeof(pattern))
        return fault_set(fault, FAULT_USAGE, "the pattern is longer than %zu bytes", sizeof(pattern) - 1);
    memcpy(pattern, data->pattern, data->len);
    pattern[data->len] = '\0';
    error = regcomp(&blob->pattern, pattern, REG_EXTENDED);
    if (error != 0) {
        regerror(error, &blob->pattern, words, sizeof(words));
        return fault_set(fault, FAULT_USAGE, "the pattern is no regular expression: %s", words);
    }
    blob->is_pattern = true;
    data->compiled = &blob->pattern;
    return true;
}

static bool load_step(struct plan *plan, struct step *step, struct fault *fault)
{
    switch (step->kind) {
    case STEP_SEND:
        return load_bytes(plan, &step->send, fault);
    case STEP_SEGMENT:
        return load_segment(plan, &step->segment, fault);
    case STEP_EXPECT_DATA:
        plan->expects_data = true;
        return compile(plan, &step->data, fault);
    default:
        return true;
    }
}

static bool give_room(struct script *script, const struct plan_piece *pieces, unsigned count, struct fault *fault)
{
    unsigned steps = 0;
    size_t length = 0, room;

    for (unsigned piece = 0; piece < count; piece++) {
        steps++;
        length += pieces[piece].length;
        for (size_t i = 0; i < pieces[piece].length; i++)
            steps += pieces[piece].text[i] == ';' || pieces[piece].text[i] == '\n';
        if (length > FILE_MAX)
            return fault_set(fault, FAULT_USAGE, "%s: longer than 16 MiB", pieces[piece].where);
    }
    room = BYTES_FACTOR * length + (size_t)steps * STEP_ROOM;
    script_init(script, calloc(steps, sizeof(struct step)), steps, malloc(room), room);
    return script->steps && script->bytes ? true : fault_set(fault, FAULT_LOCAL, "no memory");
}

static bool read_piece(struct plan *plan, const struct plan_piece *piece, struct fault *fault)
{
    unsigned first = plan->script.count;
    struct script_error error;
    struct fault inner = {0};

    plan->first_of_last = first;
    if (!script_parse(&plan->script, piece->text, piece->length, piece->first_line, &error))
        return misplaced(plan, fault, piece->where, error.line, error.column, error.words);
    for (unsigned i = first; i < plan->script.count; i++) {
        struct step *step = &plan->script.steps[i];
        plan->expectations += step->kind >= STEP_EXPECT_SEGMENT;
        if (!load_step(plan, step, &inner))
            return inner.kind == FAULT_USAGE
                       ? misplaced(plan, fault, piece->where, step->line, step->column, inner.words)
                       : fault_set(fault, inner.kind, "%s", inner.words);
    }
    return true;
}

bool plan_read(struct plan *plan, const struct plan_piece *pieces, unsigned count, bool whole, struct fault *fault)
{
    struct script_error error;

    *plan = (struct plan){0};
    if (!give_room(&plan->script, pieces, count, fault))
        return false;
    for (unsigned i = 0; i < count; i++)
        if (!read_piece(plan, &pieces[i], fault))
            return false;
    if (!whole || script_check(&plan->script, &error))
        return true;
    return misplaced(plan, fault, pieces[count - 1].where, error.line, error.column, error.words);
}

bool plan_match(const void *compiled, const uint8_t *bytes, size_t len, size_t *end)
{
    regmatch_t match = {.rm_so = 0, .rm_eo = (regoff_t)len};

    /* REG_STARTEND: bytes may hold zeros, and have no end mark. */
    if (!compiled || regexec(compiled, len ? (const char *)bytes : "", 1, &match, REG_STARTEND) != 0)
        return false;
    *end = (size_t)match.rm_eo;
    return true;
}

void plan_free(struct plan *plan)
{
    struct blob *next;

    for (struct blob *blob = plan->blobs; blob; blob = next) {
        next = blob->next;
        if (blob->is_pattern)
            regfree(&blob->pattern);
        free(blob->bytes);
        free(blob);
    }
    free(plan->script.steps);
    free(plan->script.bytes);
    *plan = (struct plan){0};
}
