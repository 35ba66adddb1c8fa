/*
 * The shortcut for ordinary segments (follow/ordinary.c) changes nothing. Conversations are followed by two at once, of which
 * one never may take it; after each segment all that both know is compared, and all that both tell. The quick one sees glimpses
 * where nobody listens to each segment. A third one, of which no connection is wanted in the end, sees glimpses too, and believes
 * nothing: but for that it knows the same. The conversations are
 * those of the model (soundness/between.h), with captures that lack this and that, and others made here, which go on for
 * long and are strange now and then, in all ways that a condition of the shortcut is about.
 * Conditions overlap, as what is seen of a FIN or of a loss shows in several places: where one of them is left out, this can go
 * well, but not where all are that are about the same.
 * TCPWALK_ORDINARY_TALKS=N and TCPWALK_ORDINARY_SEED=N choose how many of the latter, and the first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "follow/follow.h"

static void pass_both(struct follow *follow, const struct passage *passage);

/* The model, as one translation unit. What it hands to follow/ is handed to both. */
#define follow_pass pass_both
#include "../soundness/between.c"
#undef follow_pass
#include "../soundness/channel.c"
#include "../soundness/peer.c"
#include "../soundness/peer_input.c"
#include "../soundness/peer_output.c"
#include "../soundness/peer_stack.c"
#undef EPOCH
#undef LONG_ENOUGH
#include "../soundness/scenario.c"
#include "../soundness/stacks.c"
#include "../soundness/witness.c"

/* Bytes that are no member's are not compared. */
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
#define clear_padding(object) __builtin_clear_padding(object)
#endif
#endif
#ifndef clear_padding
#define clear_padding(object) skip()
#endif

/* ---- two at once ---- */

#define ROOM 4

/* What one of them has told. */
struct told {
    struct claim claims[8];
    unsigned claim_count, segments, last_n;
    enum passage_kind kind;
    struct summary over[8];
    unsigned over_count;
};

static struct pair {
    struct follow quick, slow, bare;
    void *quick_memory, *slow_memory, *bare_memory;
    struct told of_quick, of_slow;
    struct follow_listener listener;  /* the model's, which hears the quick one */
    uint64_t passed, quickly, barely; /* segments; by the shortcut; by that of bare connections */
} pair;

static void on_segment_of_both(void *context, const struct connection *connection, unsigned from, unsigned n,
                               enum passage_kind kind, const struct passage *passage)
{
    struct told *told = context;

    told->segments++;
    told->last_n = n;
    told->kind = kind;
    if (told == &pair.of_quick && pair.listener.segment)
        pair.listener.segment(pair.listener.context, connection, from, n, kind, passage);
}

static void on_claim_of_both(void *context, const struct connection *connection, unsigned end,
                             const struct claim *claim)
{
    struct told *told = context;

    if (told->claim_count < 8)
        told->claims[told->claim_count] = *claim;
    told->claim_count++;
    if (told == &pair.of_quick && pair.listener.claim)
        pair.listener.claim(pair.listener.context, connection, end, claim);
}

static void on_over_of_both(void *context, const struct summary *summary)
{
    struct told *told = context;

    if (told->over_count < 8)
        told->over[told->over_count] = *summary;
    told->over_count++;
    if (told == &pair.of_quick && pair.listener.over)
        pair.listener.over(pair.listener.context, summary);
}

static bool wants_none(void *context, uint64_t number)
{
    (void)context, (void)number;
    return false;
}

static void tells_nothing(void *context, const struct summary *summary)
{
    (void)context, (void)summary;
    fail_msg("told of a connection that is not wanted");
}

/* They begin anew. segments, claims: whether somebody listens to them. */
static void pair_start(bool segments, bool claims)
{
    struct follow_listener listener = {.segment = segments ? on_segment_of_both : NULL,
                                       .claim = claims ? on_claim_of_both : NULL,
                                       .over = on_over_of_both};

    if (!pair.quick_memory) {
        pair.quick_memory = malloc(follow_memory(ROOM));
        pair.slow_memory = malloc(follow_memory(ROOM));
        pair.bare_memory = malloc(follow_memory(ROOM));
    }
    assert_non_null(pair.quick_memory);
    assert_non_null(pair.slow_memory);
    assert_non_null(pair.bare_memory);
    /* What a bare connection does not have it must not read either. */
    memset(pair.bare_memory, 0xa5, follow_memory(ROOM));
    follow_init(&pair.bare, ROOM, pair.bare_memory,
                &(struct follow_listener){.over = tells_nothing, .wants = wants_none});
    memset(pair.bare.slots, 0, ROOM * sizeof(*pair.bare.slots));
    memset(pair.quick_memory, 0, follow_memory(ROOM));
    memset(pair.slow_memory, 0, follow_memory(ROOM));
    listener.context = &pair.of_quick;
    follow_init(&pair.quick, ROOM, pair.quick_memory, &listener);
    listener.context = &pair.of_slow;
    follow_init(&pair.slow, ROOM, pair.slow_memory, &listener);
    pair.slow.thorough = true;
    pair.of_quick = pair.of_slow = (struct told){0};
}

static void assert_same_connection(const struct connection *quick, const struct connection *slow)
{
    static struct connection a, b;

    memcpy(&a, quick, sizeof(a));
    memcpy(&b, slow, sizeof(b));
    a.stands = b.stands;
    a.due = b.due; /* no more than a bound */
    if (memcmp(&a, &b, sizeof(a)) == 0)
        return;
    clear_padding(&a);
    clear_padding(&b);
    for (unsigned end = 0; end < ENDS; end++) {
        assert_memory_equal(&a.ends[end].belief.claim, &b.ends[end].belief.claim, sizeof(struct claim));
        assert_memory_equal(&a.ends[end].belief.known, &b.ends[end].belief.known, sizeof(struct knowledge));
        assert_memory_equal(&a.ends[end].belief, &b.ends[end].belief, sizeof(struct belief));
        assert_memory_equal(&a.ends[end], &b.ends[end], sizeof(struct end));
    }
    assert_memory_equal(&a, &b, sizeof(a));
}

static void assert_same_told(struct told *a, struct told *b)
{
    assert_int_equal(a->claim_count, b->claim_count);
    assert_int_equal(a->over_count, b->over_count);
    assert_true(a->segments == b->segments && a->last_n == b->last_n && a->kind == b->kind);
    assert_true(a->claim_count <= 8 && a->over_count <= 8);
    for (unsigned i = 0; i < a->claim_count; i++) {
        clear_padding(&a->claims[i]);
        clear_padding(&b->claims[i]);
        assert_memory_equal(&a->claims[i], &b->claims[i], sizeof(a->claims[i]));
    }
    for (unsigned i = 0; i < a->over_count; i++) {
        clear_padding(&a->over[i]);
        clear_padding(&b->over[i]);
        assert_memory_equal(&a->over[i], &b->over[i], sizeof(a->over[i]));
    }
    *a = *b = (struct told){0};
}

/* A bare connection has all but what ends.c is about. */
static void assert_bare(const struct connection *bare, const struct connection *slow)
{
    static struct connection a, b;
    const size_t behind = offsetof(struct end, stays);

    memcpy(&a, bare, sizeof(a));
    memcpy(&b, slow, sizeof(b));
    assert_true(a.bare && !b.bare && a.due == NANOS_NEVER);
    a.bare = false;
    a.stands = b.stands;
    a.due = b.due;
    for (unsigned end = 0; end < ENDS; end++) {
        memset((char *)&a.ends[end] + behind, 0, sizeof(a.ends[end]) - behind);
        memset((char *)&b.ends[end] + behind, 0, sizeof(b.ends[end]) - behind);
    }
    clear_padding(&a);
    clear_padding(&b);
    assert_memory_equal(&a, &b, sizeof(a));
}

/* Where the slow one has a connection in full from its first segment on, the bare one may have written it down. */
static void bare_compare(void)
{
    assert_int_equal(pair.bare.connections, pair.slow.connections);
    assert_int_equal(pair.bare.segments, pair.slow.segments);
    assert_int_equal(pair.bare.late_segments, pair.slow.late_segments);
    assert_int_equal(pair.bare.evicted, pair.slow.evicted);
    if (!pair.slow.briefly)
        return;
    assert_int_equal(pair.bare.full_used, pair.slow.full_used);
    for (unsigned i = 0; i < pair.slow.full_used; i++)
        assert_bare(&pair.bare.fulls[i], &pair.slow.fulls[i]);
}

/* As it is seen at a glimpse, where that is enough. */
static void pass_seen(struct follow *follow, const struct passage *passage)
{
    struct glimpse glimpse = {
        .src = endpoint_word(passage->src), .dst = endpoint_word(passage->dst), .packet = passage->packet};

    brief_note(&glimpse.segment, NOBODY, passage->segment, passage->at);
    if (follow->briefly && passage->src->addr.family == 4 && !passage->network &&
        segment_is_plain(&passage->segment->options))
        follow_glimpse_all(follow, &glimpse, 1);
    else
        follow_pass(follow, passage);
}

static void pair_compare(void)
{
    bare_compare();
    assert_same_told(&pair.of_quick, &pair.of_slow);
    assert_true(pair.quick.connections == pair.slow.connections && pair.quick.full_used == pair.slow.full_used);
    for (unsigned i = 0; i < pair.quick.full_used; i++)
        assert_same_connection(&pair.quick.fulls[i], &pair.slow.fulls[i]);
}

static void pair_pass(const struct passage *passage)
{
    uint64_t before = pair.quick.ordinary;

    pass_seen(&pair.quick, passage);
    follow_pass(&pair.slow, passage);
    pair.barely -= pair.bare.ordinary;
    pass_seen(&pair.bare, passage);
    pair.barely += pair.bare.ordinary;
    pair.passed++;
    pair.quickly += pair.quick.ordinary - before;
    assert_int_equal(pair.slow.ordinary, 0);
    pair_compare();
}

static void pair_end(void)
{
    follow_end(&pair.quick);
    follow_end(&pair.slow);
    follow_end(&pair.bare);
    pair_compare();
}

/* ---- the model's conversations ---- */

static void pass_both(struct follow *follow, const struct passage *passage)
{
    if (follow->segments == 0 && !follow->briefly)
        pair_start(true, true);
    follow_pass(follow, passage);
    if (!follow->briefly)
        pair_pass(passage);
}

static void the_models(void **state)
{
    struct between *between = calloc(1, sizeof(*between));
    struct tally tally = {0};

    (void)state;
    assert_non_null(between);
    pair.passed = pair.quickly = 0;
    for (unsigned kind = 0; kind < BETWEEN_KINDS; kind++)
        for (uint64_t seed = 1; seed <= 600; seed++)
            between_run(between, seed, (enum between_kind)kind, &(struct between_shrunk){0}, &tally, NULL);
    print_message("# %llu segments, %.1f %% of them by the shortcut\n", (unsigned long long)pair.passed,
                  100 * (double)pair.quickly / (double)pair.passed);
    assert_true(pair.quickly > pair.passed / 20);
    free(between->memory);
    free(between->brief_memory);
    free(between);
}

/* ---- conversations made here ---- */

#define HELD 4

/* One end of a conversation. */
struct party {
    uint32_t first, next, acked; /* its initial number, its next one, and what it has acknowledged of the other's */
    uint32_t clock, echo;
    uint16_t ip_id;
    bool counts, closed;
};

struct talk {
    struct chance chance;
    struct party parties[ENDS];
    struct endpoint at[ENDS];
    bool stamped, scaled, sack;
    unsigned strange;   /* per mille of what is said ... */
    unsigned early;     /* ... and more of so many at the beginning */
    uint32_t largest;   /* a segment's bytes */
    unsigned one_sided; /* per mille of segments with bytes that END_A sends */
    nanos now, began;
    uint64_t packets, in_order;
    struct segment held[HELD]; /* said, and not passed yet */
    unsigned held_from[HELD], held_count;
    struct segment last;
    unsigned last_from;
};

static void tell(struct talk *talk, unsigned from, const struct segment *segment)
{
    const struct passage passage = {++talk->packets, talk->now, &talk->at[from], &talk->at[!from], segment, 0};

    pair_pass(&passage);
    talk->last = *segment;
    talk->last_from = from;
}

static uint32_t clock_of(const struct talk *talk, const struct party *side)
{
    return side->clock + (uint32_t)((talk->now - talk->began) / NANOS_PER_MS);
}

/* What this end would say with so many bytes; takes note of it. */
static struct segment speak(struct talk *talk, unsigned from, uint8_t flags, uint32_t len)
{
    struct party *me = &talk->parties[from], *other = &talk->parties[!from];
    struct segment segment = {.seq = me->next, .len = len, .flags = flags, .window = 64240};

    if (flags & TCP_ACK)
        segment.ack = me->acked = other->next;
    if (me->counts)
        segment.ip_id = ++me->ip_id ? me->ip_id : 1;
    if (talk->stamped) {
        segment.options.present = TCP_OPT_TIMESTAMPS;
        segment.options.tsval = clock_of(talk, me);
        segment.options.tsecr = me->echo;
        if (chance_of(&talk->chance, 900))
            other->echo = segment.options.tsval;
    }
    if (flags & TCP_SYN) {
        segment.options.present |= TCP_OPT_MSS;
        segment.options.mss = 1460;
        if (talk->scaled)
            segment.options.present |= TCP_OPT_WSCALE;
        segment.options.wscale = 7;
        if (talk->sack)
            segment.options.present |= TCP_OPT_SACK_PERMITTED;
    }
    me->next += segment_span(&segment);
    return segment;
}

static uint32_t draw_len(struct talk *talk)
{
    switch (chance_below(&talk->chance, 6)) {
    case 0:
        return 1;
    case 1:
        return 1 + chance_below(&talk->chance, 2000);
    case 2:
        return 1 + chance_below(&talk->chance, talk->largest);
    default:
        return talk->largest;
    }
}

/* Something off by a little. */
static uint32_t near_by(struct talk *talk, uint32_t number)
{
    static const uint32_t far[] = {1, 2, 3, 1460, 1u << 16, 1u << 20, 1u << 24, 1u << 30};
    uint32_t by = 1 + chance_below(&talk->chance, far[chance_below(&talk->chance, 8)]);

    return chance_of(&talk->chance, 500) ? number + by : number - by;
}

/* One thing or another is different about it. */
static void distort(struct talk *talk, struct segment *segment)
{
    struct chance *chance = &talk->chance;

    switch (chance_below(chance, 19)) {
    case 0:
        segment->seq = near_by(talk, segment->seq);
        break;
    case 1:
        segment->ack = near_by(talk, segment->ack);
        break;
    case 2: /* keep-alive */
        segment->seq--;
        segment->len = chance_below(chance, 2);
        break;
    case 3: /* again */
        segment->seq -= segment->len;
        break;
    case 4:
        segment->window = chance_of(chance, 500) ? 0 : (uint16_t)chance_below(chance, 3000);
        break;
    case 5:
        segment->flags |= TCP_FIN;
        break;
    case 6:
        segment->flags = chance_of(chance, 500) ? TCP_RST : TCP_RST | TCP_ACK;
        segment->len = 0;
        segment->seq = chance_of(chance, 500) ? segment->seq : near_by(talk, segment->seq);
        break;
    case 7: /* which is kept, perhaps, and told nobody, while time goes on */
        segment->flags = chance_of(chance, 500) ? TCP_SYN : segment->flags | TCP_SYN;
        if (chance_of(chance, 500))
            talk->now += chance_span(chance, 3 * NANOS_PER_S);
        break;
    case 8:
        segment->flags &= (uint8_t)~TCP_ACK;
        break;
    case 9:
        segment->flags |= (uint8_t)(chance_next(chance) & (TCP_URG | TCP_ECE | TCP_CWR | TCP_PSH));
        break;
    case 10:
        segment->options.present ^= TCP_OPT_TIMESTAMPS;
        break;
    case 11:
        segment->options.tsval = near_by(talk, segment->options.tsval);
        break;
    case 12:
        segment->options.tsecr = near_by(talk, segment->options.tsecr);
        break;
    case 13:
        segment->options.present |= TCP_OPT_SACK;
        segment->options.sack_count = 1;
        segment->options.sack[0] = (struct sack_block){segment->ack - 1, segment->ack};
        break;
    case 14:
        segment->ip_id = (uint16_t)chance_below(chance, 3);
        break;
    case 15:
        segment->seq = (uint32_t)chance_next(chance);
        segment->ack = (uint32_t)chance_next(chance);
        break;
    case 16: /* more than there are numbers, as a file can say */
        segment->len = chance_of(chance, 500) ? 0 : UINT32_C(0x90000000);
        break;
    case 17: /* old */
        segment->ack -= talk->largest;
        break;
    default: /* as in SYN-RECEIVED, or to it */
        segment->seq = talk->parties[talk->last_from].first + chance_below(chance, 3);
        segment->ack = talk->parties[!talk->last_from].first + chance_below(chance, 3);
        break;
    }
}

static void pass_time(struct talk *talk)
{
    static const nanos scales[] = {NANOS_PER_US, NANOS_PER_US * 300, NANOS_PER_MS * 20, NANOS_PER_MS * 20};

    if (chance_of(&talk->chance, 20))
        talk->now += chance_span(&talk->chance, 3 * NANOS_PER_S);
    else if (chance_of(&talk->chance, 2))
        talk->now -= chance_span(&talk->chance, NANOS_PER_MS);
    else
        talk->now += chance_span(&talk->chance, scales[chance_below(&talk->chance, 4)]);
}

static void say_strangely(struct talk *talk, unsigned from, struct segment *segment)
{
    struct chance *chance = &talk->chance;

    switch (chance_below(chance, 6)) {
    case 0: /* unseen */
        return;
    case 1: /* later */
        if (talk->held_count < HELD) {
            talk->held_from[talk->held_count] = from;
            talk->held[talk->held_count++] = *segment;
            return;
        }
        break;
    case 2: /* twice */
        tell(talk, from, segment);
        talk->now += chance_span(chance, chance_of(chance, 500) ? NANOS_PER_US : NANOS_PER_S);
        break;
    default: { /* something else besides, or instead */
        struct segment other = *segment;
        if (chance_of(chance, 500))
            tell(talk, from, segment);
        distort(talk, &other);
        if (chance_of(chance, 200))
            distort(talk, &other);
        tell(talk, from, &other);
        return;
    }
    }
    tell(talk, from, segment);
}

static void say_on(struct talk *talk)
{
    struct chance *chance = &talk->chance;
    unsigned from = chance_of(chance, talk->one_sided) ? END_A : END_B;
    bool bare = chance_of(chance, 400);
    struct segment segment;

    pass_time(talk);
    talk->early -= talk->early > 0;
    if (talk->held_count > 0 && chance_of(chance, 300)) {
        talk->held_count--;
        tell(talk, talk->held_from[talk->held_count], &talk->held[talk->held_count]);
        return;
    }
    if (chance_of(chance, 2) && chance_of(chance, talk->strange)) {
        follow_wait(&pair.quick, talk->now, NANOS_PER_S);
        follow_wait(&pair.slow, talk->now, NANOS_PER_S);
        follow_wait(&pair.bare, talk->now, NANOS_PER_S);
        pair_compare();
    }
    segment = speak(talk, bare ? !from : from, TCP_ACK, bare ? 0 : draw_len(talk));
    if (talk->early > 0 ? chance_of(chance, 250) : chance_of(chance, talk->strange)) {
        say_strangely(talk, bare ? !from : from, &segment);
        return;
    }
    talk->in_order++;
    tell(talk, bare ? !from : from, &segment);
}

/* The handshake, or as much of it as the capture has. */
static void open_up(struct talk *talk, unsigned lacks)
{
    const uint8_t flags[] = {TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK};
    bool crossed = chance_of(&talk->chance, 30);

    for (unsigned i = 0; i < 3; i++) {
        struct segment segment = speak(talk, i & 1, crossed && i == 1 ? TCP_SYN : flags[i], 0);
        talk->now += chance_span(&talk->chance, 30 * NANOS_PER_MS);
        if (!(lacks >> i & 1))
            tell(talk, i & 1, &segment);
        if (i == 1 && talk->scaled && chance_of(&talk->chance, 100))
            talk->scaled = false;
        if (chance_of(&talk->chance, 30) && talk->strange)
            say_strangely(talk, i & 1, &segment);
    }
}

static void close_up(struct talk *talk)
{
    for (unsigned i = 0; i < 3; i++) {
        struct segment segment = speak(talk, i & 1, i < 2 ? TCP_FIN | TCP_ACK : TCP_ACK, 0);
        talk->now += chance_span(&talk->chance, 30 * NANOS_PER_MS);
        tell(talk, i & 1, &segment);
    }
}

static void draw_talk(struct talk *talk, uint64_t seed)
{
    static const unsigned stranges[] = {0, 5, 20, 60, 200}, shares[] = {50, 500, 950, 1000};
    static const uint32_t sizes[] = {1, 100, 1460, 1460, 65000, 1u << 24};
    struct chance *chance = &talk->chance;

    *talk = (struct talk){.chance = {seed}, .began = INT64_C(1700000000) * NANOS_PER_S};
    talk->now = talk->began;
    talk->strange = stranges[chance_below(chance, 5)];
    talk->early = talk->strange && chance_of(chance, 500) ? chance_below(chance, 8) : 0;
    talk->one_sided = shares[chance_below(chance, 4)];
    talk->largest = sizes[chance_below(chance, 6)];
    talk->stamped = chance_of(chance, 700);
    talk->scaled = chance_of(chance, 700);
    talk->sack = chance_of(chance, 500);
    for (unsigned end = 0; end < ENDS; end++) {
        struct party *side = &talk->parties[end];
        talk->at[end] =
            (struct endpoint){{.family = 4, .bytes = {192, 0, 2, (uint8_t)(end + 1)}}, (uint16_t)(80 + end)};
        side->first = side->next =
            chance_of(chance, 300) ? 0u - chance_below(chance, 5000) : (uint32_t)chance_next(chance);
        side->clock = chance_of(chance, 300) ? 0u - chance_below(chance, 3000) : (uint32_t)chance_next(chance);
        side->counts = chance_of(chance, 700);
        side->ip_id = (uint16_t)chance_next(chance);
    }
}

static unsigned long long wish(const char *name, unsigned long long otherwise)
{
    const char *text = getenv(name);

    return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static void made_here(void **state)
{
    unsigned long long first = wish("TCPWALK_ORDINARY_SEED", 1), talks = wish("TCPWALK_ORDINARY_TALKS", 2500);
    uint64_t calm = 0, calm_quickly = 0;

    (void)state;
    pair.listener = (struct follow_listener){0};
    pair.passed = pair.quickly = pair.barely = 0;
    for (unsigned long long seed = first; seed < first + talks; seed++) {
        struct talk talk;
        uint64_t before = pair.quickly;
        unsigned lacks;
        draw_talk(&talk, seed);
        pair_start(chance_of(&talk.chance, 500), chance_of(&talk.chance, 500));
        lacks = chance_of(&talk.chance, 200) ? chance_below(&talk.chance, 8) : 0;
        open_up(&talk, lacks);
        for (unsigned i = 20 + chance_below(&talk.chance, chance_of(&talk.chance, 100) ? 1000 : 150); i > 0; i--)
            say_on(&talk);
        if (chance_of(&talk.chance, 500))
            close_up(&talk);
        pair_end();
        if (talk.strange == 0 && lacks == 0 && talk.largest <= 1460) { /* less than a window */
            calm += talk.in_order;
            calm_quickly += pair.quickly - before;
        }
    }
    print_message(
        "# %llu segments, %.1f %% of them by the shortcut; where nothing is strange, %.1f %% of those in order\n",
        (unsigned long long)pair.passed, 100 * (double)pair.quickly / (double)pair.passed,
        100 * (double)calm_quickly / (double)calm);
    assert_true(pair.quickly > pair.passed / 3 && pair.barely > pair.passed / 3);
    assert_true(calm_quickly > calm / 10 * 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(made_here), cmocka_unit_test(the_models)};

    return cmocka_run_group_tests_name("follow_ordinary", tests, NULL, NULL);
}
