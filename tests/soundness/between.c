#include "between.h"

#include <stdlib.h>
#include <string.h>

#include "base/seq.h"

#define EPOCH (INT64_C(1720000000) * NANOS_PER_S)
#define LONG_ENOUGH (300 * NANOS_PER_S)
#define PASSED_MAX 600

static const struct addr hosts[ENDS] = {{.family = 4, .bytes = {192, 0, 2, 1}}, {.family = 4, .bytes = {192, 0, 2, 2}}};

static void say(struct between *between, const char *what, unsigned end, const struct segment *segment)
{
    char flags[FLAGS_TEXT];

    if (!between->trace)
        return;
    fprintf(between->trace, "  %12.6f ms %c %-10s", (double)(between->now - NANOS_PER_S) / 1e6, "AB"[end], what);
    if (segment)
        fprintf(between->trace, " %-4s seq %u ack %u len %u win %u ts %u/%u", segment_flags_text(segment->flags, flags),
                segment->seq, segment->ack, segment->len, segment->window, segment->options.tsval,
                segment->options.tsecr);
    fprintf(between->trace, "   (A %s, B %s)\n", state_name(between->peers[0].state),
            state_name(between->peers[1].state));
}

/* ---- what is drawn ---- */

static void draw_paths(struct between *between, struct chance *chance, const struct between_shrunk *shrunk)
{
    static const unsigned losses[] = {0, 0, 20, 100, 300};
    unsigned loss = losses[chance_below(chance, 5)], repeat = chance_below(chance, 3) ? 0 : 100;
    unsigned reorder = chance_below(chance, 3) ? 0 : 200;
    nanos jitter = chance_span(chance, 3 * NANOS_PER_MS);

    for (unsigned end = 0; end < ENDS; end++)
        for (unsigned hop = 0; hop < 2; hop++) {
            struct channel_habits habits = {
                .loss = shrunk->parts >> BETWEEN_LOSS & 1 ? 0 : loss,
                .repeat = shrunk->parts >> BETWEEN_REPEAT & 1 ? 0 : repeat,
                .reorder = shrunk->parts >> BETWEEN_REORDER & 1 ? 0 : reorder,
                .delay = chance_span(chance, 30 * NANOS_PER_MS) + 1000,
                .jitter = shrunk->parts >> BETWEEN_JITTER & 1 ? 0 : jitter,
                .overtaking = 40 * NANOS_PER_MS,
            };
            channel_init(&between->hops[end][hop], &habits, chance_next(chance));
        }
}

static void draw(struct between *between, uint64_t seed, enum between_kind kind, const struct between_shrunk *shrunk)
{
    struct chance chance = {seed};

    for (unsigned end = 0; end < ENDS; end++) {
        struct peer_variant variant;
        draw_peer(&chance, &variant);
        stack_set(&chance, &variant, draw_stack(&chance, false));
        variant.on &= ~(PEER_ON(PEER_REFUSES) | PEER_ON(PEER_PROXY) | PEER_ON(PEER_OPENS) | PEER_ON(PEER_OPENS_AGAIN) |
                        PEER_ON(PEER_EARLY_APP) | PEER_ON(PEER_COOKIE_REPLAY) | shrunk->switches[end]);
        if (end == END_A)
            variant.on |= PEER_ON(PEER_OPENS);
        if (variant.queue_free != NANOS_NEVER)
            variant.queue_free += NANOS_PER_S;
        variant.keepalive += NANOS_PER_S; /* nobody's is shorter: core/observed.h */
        peer_init(&between->peers[end], &variant, chance_next(&chance));
        for (unsigned i = 0; i < BETWEEN_CALLS; i++) {
            struct app_plan plan = draw_call(&chance, chance_of(&chance, 300));
            bool on = chance_of(&chance, 600) && !(shrunk->parts >> (BETWEEN_CALL + end * BETWEEN_CALLS + i) & 1);
            between->calls[end][i] = plan;
            between->call_at[end][i] = on ? 0 : NANOS_NEVER;
        }
    }
    draw_paths(between, &chance, shrunk);
    between->lacks_first = kind == BETWEEN_MIDDLE ? 1 + chance_below(&chance, 12) : 0;
    between->lacks_from = kind == BETWEEN_ONE_WAY ? chance_below(&chance, ENDS) : ENDS;
    between->lacks_permille = kind == BETWEEN_GAPS ? chance_below(&chance, 400) : 0;
    between->burst = 0;
}

/* ---- the capture ---- */

static void note_passed_by(struct between *between, unsigned end, const struct segment *segment, bool unseen)
{
    if (between->by_count[end] < PASSED_BY_MAX)
        between->by[end][between->by_count[end]++] =
            (struct passed_by){EPOCH + between->now, segment->seq + segment_span(segment), segment->ack, unseen};
}

/*
 * An interval begins where a segment of the other end was first seen to pass (core/observed.h). No contract holds when one
 * that can have had the same effect passed unseen before that: as far as it in numbers, or in acknowledgements.
 */
static bool passed_unseen_before(const struct between *between, unsigned other, nanos at)
{
    const struct passed_by *seen = NULL;

    for (unsigned i = 0; i < between->by_count[other]; i++)
        if (between->by[other][i].at == at && !between->by[other][i].unseen)
            seen = &between->by[other][i];
    for (unsigned i = 0; seen && &between->by[other][i] < seen; i++) {
        const struct passed_by *by = &between->by[other][i];
        if (by->unseen && (seq_le(seen->end, by->end) || seq_le(seen->ack, by->ack)))
            return true;
    }
    return false;
}

/* The claim, as far as the contract goes. */
static struct claim held_to(struct between *between, unsigned end, const struct claim *claim)
{
    struct claim held = *claim;

    if (claim->certainty == PRESUMED || claim->not_before == NANOS_NONE)
        return held;
    between->dated++;
    if (passed_unseen_before(between, !end, claim->not_before)) {
        between->undated++;
        held.not_before = NANOS_NONE;
    }
    return held;
}

static void on_claim(void *context, const struct connection *connection, unsigned end, const struct claim *claim)
{
    struct between *between = context;
    char to[STATE_SET_TEXT], otherwise[STATE_SET_TEXT];

    if (between->trace)
        fprintf(between->trace, "  %24s %c: %s %s%s%s (%s)\n", "", "AB"[connection->at[end].port - 1],
                certainty_name(claim->certainty), state_set_text(claim->to, "|", to),
                claim -> otherwise ? ", else " : "",
                claim->otherwise ? state_set_text(claim->otherwise, "|", otherwise) : "",
                reason_text(claim->reason)->token);
    if (connection->number == 1) {
        unsigned who = connection->at[end].port - 1u;
        struct claim held = held_to(between, who, claim);
        witness_claim(&between->witnesses[who], &held, false);
    }
}

static void on_segment(void *context, const struct connection *connection, unsigned from, unsigned n,
                       enum passage_kind kind, const struct passage *passage)
{
    struct between *between = context;

    (void)from, (void)kind, (void)passage;
    between->segments = n;
    between->over = between->over || connection->number != 1;
}

/*
 * Does what is proven of the end that has sent this still hold? It may not where the claim's evidence left later; nor of a RST,
 * which says nothing certain of its sender. Where it does not hold, the claim should have been given up: that is counted.
 */
static void note_stale(struct between *between, unsigned end, const struct peer_sent *sent)
{
    const struct witness *witness = &between->witnesses[end];
    const struct claim *claim = &witness->belief->claim;

    if (claim->certainty != PROVEN || (claim->to & sent->truth) || segment_has(&sent->segment, TCP_RST))
        return;
    for (unsigned i = 0; i < claim->evidence_count; i++) {
        nanos at = witness->numbered[claim->evidence[i]].at;
        if (at != NANOS_NONE && at > sent->at)
            return;
    }
    between->stale++;
}

static bool is_lacking(struct between *between, unsigned end)
{
    if (between->passed++ < between->lacks_first || between->lacks_from == end)
        return true;
    if (between->burst > 0) {
        between->burst--;
        return true;
    }
    if (!chance_of(&between->chance, between->lacks_permille))
        return false;
    between->burst = chance_of(&between->chance, 200) ? chance_below(&between->chance, 10) : 0;
    return true;
}

static void capture(struct between *between, unsigned end, const struct peer_sent *sent)
{
    const struct endpoint src = {hosts[end], (uint16_t)(end + 1)}, dst = {hosts[!end], (uint16_t)(!end + 1)};
    unsigned n = between->follow.fulls[0].segments + 1;

    if (is_lacking(between, end)) {
        note_passed_by(between, end, &sent->segment, true);
        say(between, "UNSEEN", end, &sent->segment);
        return;
    }
    say(between, "passes", end, &sent->segment);
    note_passed_by(between, end, &sent->segment, false);
    between->captured++;
    if (n >= NUMBERS_MAX - 1) {
        between->over = true;
        return;
    }
    for (unsigned i = 0; i < ENDS; i++) {
        struct witness *witness = &between->witnesses[i];
        witness->numbered[n] = *sent;
        if (i != end)
            witness->numbered[n].at = NANOS_NONE;
        witness->numbers = n;
        witness->belief = NULL;
    }
    /* The connection is in the first slot for as long as there is only one. */
    for (unsigned i = 0; i < ENDS; i++)
        between->witnesses[i].belief = &between->follow.fulls[0].ends[i].belief;
    if (between->follow.connections && between->follow.slots[0].at[END_A].port == 2)
        for (unsigned i = 0; i < ENDS; i++)
            between->witnesses[i].belief = &between->follow.fulls[0].ends[!i].belief;
    else if (!between->follow.connections && end == END_B)
        for (unsigned i = 0; i < ENDS; i++)
            between->witnesses[i].belief = &between->follow.fulls[0].ends[!i].belief;
    follow_pass(&between->follow, &(struct passage){n, EPOCH + between->now, &src, &dst, &sent->segment, 0});
    follow_pass(&between->brief, &(struct passage){n, EPOCH + between->now, &src, &dst, &sent->segment, 0});
    for (unsigned i = 0; i < ENDS && !between->over; i++)
        witness_possible(&between->witnesses[i]);
    if (!between->over)
        note_stale(between, end, sent);
}

static void on_over(void *context, const struct summary *summary)
{
    if (summary->number == 1)
        *(struct summary *)context = *summary;
}

static void on_over_in_full(void *context, const struct summary *summary)
{
    on_over(&((struct between *)context)->in_full, summary);
}

/* What is followed briefly comes to the same as what is followed in full. */
static void compare(struct between *between)
{
    struct summary *a = &between->in_full, *b = &between->briefly;

    follow_end(&between->follow);
    follow_end(&between->brief);
    /* What no table shows: a reason may name another one of segments that are alike. */
    for (unsigned end = 0; end < ENDS; end++) {
        a->ends[end].claim.from = b->ends[end].claim.from;
        if (memcmp(&a->ends[end].claim, &b->ends[end].claim, sizeof(a->ends[end].claim)) != 0 ||
            memcmp(a->ends[end].in_state, b->ends[end].in_state, sizeof(a->ends[end].in_state)) != 0 ||
            a->ends[end].bytes != b->ends[end].bytes || a->ends[end].segments != b->ends[end].segments ||
            a->ends[end].retransmitted != b->ends[end].retransmitted || a->ends[end].unseen != b->ends[end].unseen)
            violated(&between->witnesses[end], VIOLATION_END, "briefly, this end comes to something else");
    }
    if (a->opening != b->opening || a->closing != b->closing || a->closer != b->closer || a->closed != b->closed ||
        a->open_rtt != b->open_rtt || a->open != b->open || strcmp(a->history, b->history) != 0 ||
        a->first_at != b->first_at || a->last_at != b->last_at || a->last_packet != b->last_packet)
        violated(&between->witnesses[0], VIOLATION_END, "briefly, it comes to something else");
}

/* ---- time ---- */

static void after_peer(struct between *between, unsigned end)
{
    struct peer *peer = &between->peers[end];

    witness_watch(&between->witnesses[end]);
    for (unsigned i = 0; i < peer->out_count; i++) {
        bool arrives = channel_put(&between->hops[end][0], &peer->out[i], between->now);
        say(between, arrives ? "sends" : "sends LOST", end, &peer->out[i].segment);
    }
    peer->out_count = 0;
    if (peer->ever_established && !between->accepted[end]) {
        between->accepted[end] = true;
        for (unsigned i = 0; i < BETWEEN_CALLS; i++)
            if (between->call_at[end][i] != NANOS_NEVER)
                between->call_at[end][i] = between->now + between->calls[end][i].after;
    }
}

static void call(struct between *between, unsigned end, unsigned i)
{
    struct peer *peer = &between->peers[end];
    const struct app_plan *plan = &between->calls[end][i];
    static const char *const names[] = {"send()", "shutdown()", "close()", "abort()"};

    between->call_at[end][i] = NANOS_NEVER;
    say(between, names[plan->call], end, NULL);
    if (plan->call == APP_SEND)
        peer_send(peer, plan->len, between->now);
    else if (plan->call == APP_ABORT)
        peer_abort(peer, between->now);
    else
        peer_close(peer, plan->call == APP_CLOSE, between->now);
    after_peer(between, end);
}

static bool happen_at(struct between *between, unsigned end)
{
    struct channel *near = &between->hops[end][0], *far = &between->hops[end][1];
    nanos now = between->now;

    if (near->next <= now) {
        struct flight flight = channel_take(near);
        capture(between, end, &flight.sent);
        if (!channel_put(far, &flight.sent, now))
            say(between, "LOST after", end, &flight.sent.segment);
        return true;
    }
    if (far->next <= now) {
        struct flight flight = channel_take(far);
        say(between, "arrives", end, &flight.sent.segment);
        peer_input(&between->peers[!end], &flight.sent.segment, now);
        after_peer(between, !end);
        return true;
    }
    if (peer_wake(&between->peers[end]) <= now) {
        peer_timers(&between->peers[end], now);
        after_peer(between, end);
        return true;
    }
    for (unsigned i = 0; between->accepted[end] && i < BETWEEN_CALLS; i++)
        if (between->call_at[end][i] <= now) {
            call(between, end, i);
            return true;
        }
    return false;
}

static nanos next_time(const struct between *between)
{
    nanos at = NANOS_NEVER;

    for (unsigned end = 0; end < ENDS; end++) {
        at = nanos_sooner(at, nanos_sooner(between->hops[end][0].next, between->hops[end][1].next));
        at = nanos_sooner(at, peer_wake(&between->peers[end]));
        for (unsigned i = 0; between->accepted[end] && i < BETWEEN_CALLS; i++)
            at = nanos_sooner(at, between->call_at[end][i]);
    }
    return at;
}

static void start(struct between *between, uint64_t seed, enum between_kind kind, const struct between_shrunk *shrunk,
                  struct tally *tally)
{
    struct follow_listener listener = {
        .context = between, .segment = on_segment, .claim = on_claim, .over = on_over_in_full};
    struct follow_listener brief = {.context = &between->briefly, .over = on_over};

    if (!between->memory)
        between->memory = malloc(follow_memory(2));
    if (!between->memory)
        abort();
    if (!between->brief_memory) {
        between->brief_memory = calloc(1, follow_memory(2)); /* what it remembers stays from one to the next */
        if (!between->brief_memory)
            abort();
    }
    memset(between->memory, 0, follow_memory(2));
    follow_init(&between->brief, 2, between->brief_memory, &brief);
    follow_init(&between->follow, 2, between->memory, &listener);
    between->now = NANOS_PER_S;
    between->kind = kind;
    between->passed = between->captured = 0;
    between->over = false;
    between->by_count[END_A] = between->by_count[END_B] = 0;
    between->chance.state = seed ^ 0x9999;
    draw(between, seed, kind, shrunk);
    for (unsigned end = 0; end < ENDS; end++) {
        struct witness *witness = &between->witnesses[end];
        witness_init(witness, &between->follow.fulls[0].ends[end].belief, &between->peers[end], tally);
        witness->zero = 0;
        witness->epoch = EPOCH;
        witness->ignored = 0;
        between->accepted[end] = false;
    }
    peer_open(&between->peers[END_A], between->now);
    after_peer(between, END_A);
}

enum violation between_run(struct between *between, uint64_t seed, enum between_kind kind,
                           const struct between_shrunk *shrunk, struct tally *tally, FILE *trace)
{
    between->trace = trace;
    start(between, seed, kind, shrunk, tally);
    tally->walks++;
    while (!between->over) {
        nanos next;
        if (happen_at(between, END_A) || happen_at(between, END_B)) {
            for (unsigned end = 0; end < ENDS; end++)
                if (between->witnesses[end].violation && !between->over) {
                    tally->violations[between->witnesses[end].violation]++;
                    return between->witnesses[end].violation;
                }
            continue;
        }
        next = next_time(between);
        if (next > LONG_ENOUGH)
            break;
        between->now = next > between->now ? next : between->now;
    }
    tally->segments += between->captured;
    if (between->over)
        return VIOLATION_NONE;
    compare(between);
    for (unsigned end = 0; end < ENDS; end++)
        if (between->witnesses[end].violation) {
            tally->violations[between->witnesses[end].violation]++;
            return between->witnesses[end].violation;
        }
    return VIOLATION_NONE;
}

void between_explain(struct between *between, uint64_t seed, enum between_kind kind, enum violation violation,
                     FILE *out)
{
    struct between_shrunk shrunk = {0}, fewer;
    struct tally unused = {0};

    for (unsigned i = 0; i < BETWEEN_PARTS + ENDS * PEER_SWITCHES; i++) {
        fewer = shrunk;
        if (i < BETWEEN_PARTS)
            fewer.parts |= UINT64_C(1) << i;
        else
            fewer.switches[(i - BETWEEN_PARTS) / PEER_SWITCHES] |= PEER_ON((i - BETWEEN_PARTS) % PEER_SWITCHES);
        if (between_run(between, seed, kind, &fewer, &unused, NULL) == violation)
            shrunk = fewer;
    }
    between_run(between, seed, kind, &shrunk, &unused, NULL);
    fprintf(out, "seed %llu, kind %d: %s\n", (unsigned long long)seed, (int)kind, violation_name(violation));
    for (unsigned end = 0; end < ENDS; end++) {
        fprintf(out, "  %c:", "AB"[end]);
        for (unsigned s = 0; s < PEER_SWITCHES; s++)
            if (between->peers[end].variant.on & PEER_ON(s))
                fprintf(out, " %s", peer_switch_name(s));
        fprintf(out, "\n");
    }
    between_run(between, seed, kind, &shrunk, &unused, out);
    fprintf(out, "  => A: %s\n  => B: %s\n\n", between->witnesses[0].words, between->witnesses[1].words);
}
