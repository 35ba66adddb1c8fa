#include "rules_document.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* ---- one line, word by word ------------------------------------------------------------------------------- */

struct words {
    struct rule_case *at; /* where a fault is noted */
    unsigned line;
    char *next; /* rest of the line */
    char *word; /* the one taken last; NULL at the end */
};

static void fault(struct rule_case *at, unsigned line, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void fault(struct rule_case *at, unsigned line, const char *format, ...)
{
    struct text text;
    char what[160];
    va_list args;

    if (at->fault[0])
        return; /* the first one counts */
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    text_init(&text, at->fault, sizeof(at->fault));
    text_add(&text, "line %u: %s", line, what);
}

/* Commas are there for the reader. */
static char *take(struct words *words)
{
    return words->word = strtok_r(NULL, " \t,", &words->next);
}

/* Takes the next word when it is this one. */
static bool take_if(struct words *words, const char *wanted)
{
    struct words before = *words;
    size_t length = strlen(wanted);

    words->next += strspn(words->next, " \t,");
    if (strncmp(words->next, wanted, length) == 0 && strchr(" \t,", words->next[length])) {
        take(words);
        return true;
    }
    *words = before;
    return false;
}

static uint32_t number_at(struct words *words, const char *text, const char *end_at)
{
    char *end;
    long long value = text ? strtoll(text, &end, 10) : 0;

    if (!text || end == text || !strchr(end_at, *end) || value < -2147483648LL || value > 4294967295LL)
        fault(words->at, words->line, "a number is wanted, not '%s'", text ? text : "the end of the line");
    return (uint32_t)value;
}

static uint32_t take_number(struct words *words)
{
    return number_at(words, take(words), "");
}

static nanos take_time(struct words *words)
{
    nanos time = 0;

    if (!take(words) || !nanos_parse(words->word, &time))
        fault(words->at, words->line, "a time is wanted, not '%s'", words->word ? words->word : "the end of the line");
    return time;
}

/* ---- segments --------------------------------------------------------------------------------------------- */

static uint8_t read_flags(struct words *words)
{
    static const char letters[] = "FSRP.UEW";
    uint8_t flags = 0;

    if (!take(words)) {
        fault(words->at, words->line, "flags are missing");
        return 0;
    }
    if (strcmp(words->word, "none") == 0)
        return 0;
    for (const char *c = words->word; *c; c++) {
        const char *found = strchr(letters, *c);
        if (!found) {
            fault(words->at, words->line, "'%s' are no flags", words->word);
            return 0;
        }
        flags |= (uint8_t)(1u << (found - letters));
    }
    return flags;
}

/* "seq 1", or "seq 1:6" for five bytes. */
static void read_numbers(struct words *words, struct segment *segment)
{
    char *text = take(words), *colon = text ? strchr(text, ':') : NULL;

    segment->seq = number_at(words, text, ":");
    if (colon)
        segment->len = number_at(words, colon + 1, "") - segment->seq;
    if (segment->len > 65535)
        fault(words->at, words->line, "the end comes before the beginning in '%s'", text);
}

static void read_items(struct words *words, struct rule_step *step)
{
    struct segment *segment = &step->segment;
    bool has_seq = false;

    while (take(words) && strcmp(words->word, "--") != 0) {
        if (strcmp(words->word, "seq") == 0) {
            words->next += strspn(words->next, " \t");
            step->absolute = *words->next == '=';
            words->next += step->absolute ? 1 : 0;
            read_numbers(words, segment);
            has_seq = true;
        } else if (strcmp(words->word, "ack") == 0) {
            segment->ack = take_number(words);
        } else if (strcmp(words->word, "win") == 0) {
            segment->window = (uint16_t)take_number(words);
        } else if (strcmp(words->word, "id") == 0) {
            segment->ip_id = (uint16_t)take_number(words);
        } else if (strcmp(words->word, "mss") == 0) {
            segment->options.present |= TCP_OPT_MSS;
            segment->options.mss = (uint16_t)take_number(words);
        } else if (strcmp(words->word, "sackok") == 0) {
            segment->options.present |= TCP_OPT_SACK_PERMITTED;
        } else if (strcmp(words->word, "wscale") == 0) {
            segment->options.present |= TCP_OPT_WSCALE;
            segment->options.wscale = (uint8_t)take_number(words);
        } else if (strcmp(words->word, "ts") == 0) {
            segment->options.present |= TCP_OPT_TIMESTAMPS;
            segment->options.tsval = take_number(words);
            segment->options.tsecr = take_number(words);
        } else if (strcmp(words->word, "sack") == 0 && segment->options.sack_count < SACK_BLOCKS_MAX) {
            struct segment in = {0};
            read_numbers(words, &in);
            segment->options.present |= TCP_OPT_SACK;
            segment->options.sack[segment->options.sack_count++] = (struct sack_block){in.seq, in.seq + in.len};
        } else if (strcmp(words->word, "lost") == 0) {
            step->lost = true;
        } else if (strcmp(words->word, "doubtful") == 0 && step->ours) {
            step->doubtful = true;
        } else {
            fault(words->at, words->line, "'%s' is not known here", words->word);
            return;
        }
    }
    if (!has_seq)
        fault(words->at, words->line, "seq is missing");
}

/* The number that the next segment of the capture has: the peer's lost ones never get there. */
static unsigned next_number(const struct rule_case *at)
{
    unsigned n = 1;

    for (unsigned i = 0; i < at->step_count; i++)
        n += !at->steps[i].timer && (at->steps[i].ours || !at->steps[i].lost);
    return n;
}

static void check_label(struct words *words, const struct rule_step *step)
{
    char wanted[LABEL_TEXT + 8];

    if (step->timer)
        return;
    if (step->lost && !step->ours)
        strcpy(wanted, "-");
    else
        snprintf(wanted, sizeof(wanted), "%u", next_number(words->at));
    if (strcmp(step->label, wanted) != 0)
        fault(words->at, words->line, "this segment is '%s', not '%s'", wanted, step->label);
}

static void take_label(struct words *words, char label[LABEL_TEXT])
{
    if (!take(words) || strlen(words->word) >= LABEL_TEXT)
        fault(words->at, words->line, "it begins with the number of a segment");
    else
        strcpy(label, words->word);
}

static void read_step(struct words *words)
{
    struct rule_case *at = words->at;
    struct rule_step step = {.line = words->line};

    if (at->step_count == STEPS_MAX) {
        fault(at, words->line, "more than %d segments", STEPS_MAX);
        return;
    }
    if (at->step_count == 0 && take_if(words, "passive")) {
        at->passive = true;
        return;
    }
    take_label(words, step.label);
    words->next += strspn(words->next, " \t");
    if (*words->next >= '0' && *words->next <= '9')
        step.at = take_time(words);
    else if (at->step_count > 0)
        step.at = at->steps[at->step_count - 1].at + NANOS_PER_MS;
    if (at->step_count > 0 && step.at < at->steps[at->step_count - 1].at)
        fault(at, words->line, "time goes back");
    step.timer = take_if(words, "timer");
    step.ours = !step.timer && take_if(words, ">");
    if (!step.timer && !step.ours && !take_if(words, "<"))
        fault(at, words->line, "'>' for ours, '<' for the peer's, or 'timer' is wanted");
    if (!step.timer) {
        step.segment.flags = read_flags(words);
        step.segment.window = 64240;
        read_items(words, &step);
    }
    check_label(words, &step);
    at->steps[at->step_count++] = step;
}

/* ---- claims ----------------------------------------------------------------------------------------------- */

static state_set state_named(const char *name)
{
    for (unsigned state = 0; name && state < STATE_COUNT; state++)
        if (strcmp(name, state_name((enum state)state)) == 0)
            return IN(state);
    return NO_STATES;
}

/* "LAST-ACK or CLOSED", with less likely ones behind: "LAST-ACK (or CLOSING)". */
static state_set take_states(struct words *words, state_set *likely)
{
    state_set set = NO_STATES, firm = NO_STATES;
    bool doubtful = false;

    do {
        char *word = take(words);
        size_t length = word ? strlen(word) : 0;
        bool closes = doubtful && length > 0 && word[length - 1] == ')';
        if (closes)
            word[length - 1] = '\0';
        if (state_named(word) == NO_STATES)
            fault(words->at, words->line, "'%s' is no state", word ? word : "the end of the line");
        set |= state_named(word);
        firm |= doubtful ? NO_STATES : state_named(word);
        if (closes)
            break;
        if (!doubtful && take_if(words, "(or")) {
            doubtful = true;
            continue;
        }
        if (!take_if(words, "or"))
            break;
    } while (!words->at->fault[0]);
    *likely = firm;
    return set;
}

/* Is the next word a state? */
static bool comes_state(const struct words *words)
{
    char word[16] = "";

    sscanf(words->next + strspn(words->next, " \t,"), "%15[A-Z0-9-]", word);
    return state_named(word) != NO_STATES;
}

static void take_certainty(struct words *words, struct claim *claim)
{
    take(words);
    for (unsigned certainty = PROVEN; certainty <= REFUTED; certainty++)
        if (words->word && strcmp(words->word, certainty_name((enum certainty)certainty)) == 0) {
            claim->certainty = (enum certainty)certainty;
            return;
        }
    fault(words->at, words->line, "proven, presumed or refuted is wanted, not '%s'", words->word ? words->word : "");
}

static void take_reason(struct words *words, struct claim *claim)
{
    take(words);
    for (unsigned reason = 0; reason < REASON_COUNT; reason++)
        if (words->word && strcmp(words->word, reason_text((enum reason)reason)->token) == 0) {
            claim->reason = (enum reason)reason;
            return;
        }
    fault(words->at, words->line, "'%s' is no reason", words->word ? words->word : "");
}

static void take_habit(struct words *words, struct claim *claim)
{
    state_set unused;

    take(words);
    for (unsigned habit = HABIT_NONE + 1; habit < HABIT_COUNT; habit++)
        if (words->word && strcmp(words->word, habit_text((enum habit)habit)->token) == 0)
            claim->habit = (enum habit)habit;
    if (claim->habit == HABIT_NONE)
        fault(words->at, words->line, "'%s' is no habit", words->word ? words->word : "");
    if (comes_state(words))
        claim->by_habit = take_states(words, &unused);
}

static void take_detail(struct words *words, struct claim *claim)
{
    take(words);
    for (unsigned detail = DETAIL_NONE + 1; detail <= DETAIL_ORPHANED; detail++)
        if (words->word && strcmp(words->word, detail_name((enum detail)detail)) == 0)
            claim->detail = (enum detail)detail;
    if (claim->detail == DETAIL_NONE)
        fault(words->at, words->line, "'%s' is no detail", words->word ? words->word : "");
}

static void read_claim(struct words *words, struct rule_expectation *expectation)
{
    struct claim *claim = &expectation->claim;
    state_set unused;

    claim->from = take_states(words, &unused);
    if (!take_if(words, "->"))
        fault(words->at, words->line, "'->' is wanted");
    claim->to = take_states(words, &claim->likely);
    take_certainty(words, claim);
    take_reason(words, claim);
    if (take_if(words, "else"))
        claim->otherwise = take_states(words, &unused);
    if (take_if(words, "habit"))
        take_habit(words, claim);
    if (take_if(words, "detail"))
        take_detail(words, claim);
    if (take_if(words, "by")) {
        expectation->names_evidence = true;
        while (*(words->next += strspn(words->next, " \t,")) >= '0' && *words->next <= '9' &&
               claim->evidence_count < EVIDENCE_MAX)
            claim->evidence[claim->evidence_count++] = take_number(words);
    }
    if (take_if(words, "between")) {
        expectation->names_interval = true;
        claim->not_before = take_time(words);
        if (!take_if(words, "and"))
            fault(words->at, words->line, "'and' is wanted");
        claim->not_after = take_if(words, "whenever") ? NANOS_NEVER : take_time(words);
    }
}

static void read_expectation(struct words *words)
{
    struct rule_case *at = words->at;
    struct rule_expectation expectation = {.line = words->line};
    bool known;
    state_set unused;

    if (at->expectation_count == EXPECTATIONS_MAX) {
        fault(at, words->line, "more than %d expectations", EXPECTATIONS_MAX);
        return;
    }
    take_label(words, expectation.label);
    known = strcmp(expectation.label, START) == 0;
    for (unsigned i = 0; i < at->step_count; i++)
        known = known || strcmp(at->steps[i].label, expectation.label) == 0;
    if (!known || strcmp(expectation.label, "-") == 0)
        fault(at, words->line, "there is no segment '%s'", expectation.label);
    if (take_if(words, "nothing")) {
        expectation.kind = EXPECT_NOTHING;
    } else if (take_if(words, "possible")) {
        expectation.kind = EXPECT_POSSIBLE;
        expectation.possible = take_states(words, &unused);
    } else if (take_if(words, "expires")) {
        expectation.kind = EXPECT_EXPIRES;
        expectation.expires = take_if(words, "never") ? NANOS_NEVER : take_time(words);
    } else {
        read_claim(words, &expectation);
    }
    if (take(words) && strcmp(words->word, "--") != 0)
        fault(at, words->line, "'%s' is too much", words->word);
    at->expectations[at->expectation_count++] = expectation;
}

/* ---- a whole document ------------------------------------------------------------------------------------- */

enum place { IN_PROSE, IN_SEGMENTS, IN_CLAIMS };

struct reader {
    struct rule_cases *cases;
    const char *path;
    unsigned line;
    enum place place;
    struct rule_case *at; /* NULL before the first title */
    bool has_intent, has_rfc, has_segments, has_claims;
};

static struct rule_case *add_case(struct reader *reader, const char *title)
{
    struct rule_cases *cases = reader->cases;
    struct rule_case *added = calloc(1, sizeof(*added));
    struct rule_case **grown = realloc(cases->at, (cases->count + 1) * sizeof(*grown));
    const char *slash = strrchr(reader->path, '/');

    if (!added || !grown)
        abort();
    cases->at = grown;
    cases->at[cases->count++] = added;
    snprintf(added->file, sizeof(added->file), "%s", reader->path);
    snprintf(added->title, sizeof(added->title), "%s: %s", slash ? slash + 1 : reader->path, title);
    added->line = reader->line;
    return added;
}

/* What every case must have. */
static void finish_case(struct reader *reader)
{
    struct rule_case *at = reader->at;

    if (!at)
        return;
    if (reader->place != IN_PROSE)
        fault(at, reader->line, "a block has no end");
    if (!reader->has_intent)
        fault(at, at->line, "the case does not say what it is about");
    if (!reader->has_rfc)
        fault(at, at->line, "the case names no RFC");
    if (at->step_count == 0)
        fault(at, at->line, "the case has no segments");
    if (at->expectation_count == 0)
        fault(at, at->line, "the case expects nothing");
}

static void start_case(struct reader *reader, const char *title)
{
    finish_case(reader);
    reader->at = add_case(reader, title);
    reader->place = IN_PROSE;
    reader->has_intent = reader->has_rfc = reader->has_segments = reader->has_claims = false;
}

static void read_fence(struct reader *reader, const char *word)
{
    struct rule_case *at = reader->at;

    if (!at)
        return;
    if (reader->place != IN_PROSE) {
        if (*word)
            fault(at, reader->line, "a block begins inside another");
        reader->place = IN_PROSE;
    } else if (strcmp(word, "segments") == 0 && !reader->has_segments) {
        reader->place = IN_SEGMENTS;
        reader->has_segments = true;
    } else if (strcmp(word, "claims") == 0 && reader->has_segments && !reader->has_claims) {
        reader->place = IN_CLAIMS;
        reader->has_claims = true;
    } else {
        fault(at, reader->line, "a block of 'segments', then one of 'claims' is wanted, not '%s'", word);
    }
}

static void read_prose(struct reader *reader, const char *text)
{
    reader->has_intent = reader->has_intent || *text != '\0';
    reader->has_rfc = reader->has_rfc || strstr(text, "RFC ") != NULL;
}

static void read_line(struct reader *reader, char *text)
{
    struct words words = {.at = reader->at, .line = reader->line, .next = text};

    text[strcspn(text, "\r\n")] = '\0';
    if (strncmp(text, "```", 3) == 0)
        read_fence(reader, text + 3);
    else if (reader->place == IN_PROSE && strncmp(text, "## ", 3) == 0)
        start_case(reader, text + 3);
    else if (!reader->at)
        return; /* what stands before the first case is for people alone */
    else if (reader->place == IN_PROSE)
        read_prose(reader, text);
    else if (text[strspn(text, " \t")] == '\0')
        return;
    else if (reader->place == IN_SEGMENTS)
        read_step(&words);
    else
        read_expectation(&words);
}

void rules_read(struct rule_cases *cases, const char *path)
{
    struct reader reader = {.cases = cases, .path = path};
    FILE *file = fopen(path, "r");
    char text[512];

    while (file && fgets(text, sizeof(text), file)) {
        reader.line++;
        read_line(&reader, text);
    }
    finish_case(&reader);
    if (!reader.at)
        fault(add_case(&reader, "(no case)"), reader.line, file ? "it has no case" : "it can't be read");
    if (file)
        fclose(file);
}

void rules_free(struct rule_cases *cases)
{
    for (size_t i = 0; i < cases->count; i++)
        free(cases->at[i]);
    free(cases->at);
    *cases = (struct rule_cases){0};
}

/* ---- claims as text --------------------------------------------------------------------------------------- */

char *rule_states_text(state_set states, state_set likely, char out[STATE_SET_TEXT])
{
    char first[STATE_SET_TEXT], rest[STATE_SET_TEXT];
    struct text text;
    state_set less = states & (state_set)~likely;

    text_init(&text, out, STATE_SET_TEXT);
    text_add(&text, "%s", state_set_text(states & likely, " or ", first));
    if (less)
        text_add(&text, " (or %s)", state_set_text(less, " or ", rest));
    return out;
}

char *rule_claim_text(const struct claim *claim, bool evidence, bool interval, char out[CLAIM_TEXT])
{
    char states[STATE_SET_TEXT];
    struct text text;

    text_init(&text, out, CLAIM_TEXT);
    text_add(&text, "%s -> ", rule_states_text(claim->from, claim->from, states));
    text_add(&text, "%s  %s  %s", rule_states_text(claim->to, claim->likely, states), certainty_name(claim->certainty),
             reason_text(claim->reason)->token);
    if (claim->otherwise)
        text_add(&text, "  else %s", rule_states_text(claim->otherwise, claim->otherwise, states));
    if (claim->habit != HABIT_NONE)
        text_add(&text, "  habit %s", habit_text(claim->habit)->token);
    if (claim->by_habit)
        text_add(&text, " %s", rule_states_text(claim->by_habit, claim->by_habit, states));
    if (claim->detail != DETAIL_NONE)
        text_add(&text, "  detail %s", detail_name(claim->detail));
    for (unsigned i = 0; evidence && i < claim->evidence_count; i++)
        text_add(&text, "%s %u", i ? "" : "  by", claim->evidence[i]);
    if (interval && claim->not_after == NANOS_NEVER)
        text_add(&text, "  between %.9g and whenever", (double)claim->not_before / (double)NANOS_PER_S);
    else if (interval)
        text_add(&text, "  between %.9g and %.9g", (double)claim->not_before / (double)NANOS_PER_S,
                 (double)claim->not_after / (double)NANOS_PER_S);
    return out;
}
