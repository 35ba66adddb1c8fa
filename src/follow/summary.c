#include "follow/summary.h"

#include <ctype.h>
#include <string.h>

static enum orientation orient(const struct connection *connection, unsigned *a)
{
    if (connection->opener != NOBODY) {
        *a = connection->opener;
        return connection->opener_guessed ? ORIENTED_BY_ANSWER : ORIENTED_BY_SYN;
    }
    *a = connection->at[END_A].port < connection->at[END_B].port ? END_B : END_A;
    return ORIENTED_BY_PORTS;
}

unsigned summary_a(const struct connection *connection)
{
    unsigned a;

    orient(connection, &a);
    return a;
}

static void sum_up_end(const struct connection *connection, unsigned from, struct summary_end *out)
{
    const struct end *end = &connection->ends[from];

    out->at = connection->at[from];
    out->segments = end->segments;
    out->bytes = end->bytes;
    out->retransmitted = end->retransmitted;
    out->doubles = end->doubles;
    out->strays = end->strays;
    out->unseen = end->unseen;
    out->icmp_errors = end->icmp_errors;
    out->claim = end->belief.claim;
    out->claim.not_before = NANOS_NONE;
    out->claim.not_after = NANOS_NEVER;
    memset(out->claim.evidence, 0, sizeof(out->claim.evidence));
    out->claim.evidence_count = 0;
    stays_sum(&end->stays, connection->last_at, out->in_state);
}

static char other_case(char letter)
{
    return (char)(isupper((unsigned char)letter) ? tolower((unsigned char)letter) : toupper((unsigned char)letter));
}

void summarize(const struct connection *connection, struct summary *out)
{
    unsigned a;
    enum orientation orientation = orient(connection, &a);

    *out = (struct summary){
        .number = connection->number,
        .first_packet = connection->first_packet,
        .last_packet = connection->last_packet,
        .first_at = connection->first_at,
        .last_at = connection->last_at,
        .orientation = orientation,
        .opening = connection->opening,
        .closing = connection->closing,
        .closer = connection->closer == NOBODY ? NOBODY : connection->closer ^ a,
        .resetter = connection->resetter == NOBODY ? NOBODY : connection->resetter ^ a,
        .closed = connection->closed,
        .fin_first = connection->fin_first,
        .undone = connection->undone,
        .open_rtt = connection->open_rtt,
        .open = connection->open,
    };
    sum_up_end(connection, a, &out->ends[END_A]);
    sum_up_end(connection, !a, &out->ends[END_B]);
    for (unsigned i = 0; i < connection->history_used; i++)
        out->history[i] = a == END_A ? connection->history[i] : other_case(connection->history[i]);
}

const char *summary_key_name(enum summary_key key)
{
    static const char *const names[SORT_KEYS] = {
        [SORT_NUMBER] = "number",
        [SORT_DURATION] = "duration",
        [SORT_BYTES] = "bytes",
        [SORT_SEGMENTS] = "segments",
        [SORT_RETRANSMITTED] = "retransmitted",
        [SORT_OPEN_RTT] = "rtt",
        [SORT_CLOSING] = "close",
        [SORT_A] = "a",
        [SORT_B] = "b",
    };

    return names[key];
}

/* Larger first. */
static int larger(uint64_t a, uint64_t b)
{
    return (a < b) - (a > b);
}

static int by_endpoint(const struct endpoint *a, const struct endpoint *b)
{
    int order = a->addr.family - b->addr.family;

    if (order == 0)
        order = memcmp(a->addr.bytes, b->addr.bytes, sizeof(a->addr.bytes));
    return order ? order : a->port - b->port;
}

static int by_key(const struct summary *a, const struct summary *b, enum summary_key key)
{
    const struct summary_end *a0 = &a->ends[END_A], *a1 = &a->ends[END_B], *b0 = &b->ends[END_A], *b1 = &b->ends[END_B];

    switch (key) {
    case SORT_DURATION:
        return larger((uint64_t)(a->last_at - a->first_at), (uint64_t)(b->last_at - b->first_at));
    case SORT_BYTES:
        return larger(a0->bytes + a1->bytes, b0->bytes + b1->bytes);
    case SORT_SEGMENTS:
        return larger(a0->segments + a1->segments, b0->segments + b1->segments);
    case SORT_RETRANSMITTED:
        return larger(a0->retransmitted + a1->retransmitted, b0->retransmitted + b1->retransmitted);
    case SORT_OPEN_RTT:
        return larger(a->open_rtt == NANOS_NONE ? 0 : (uint64_t)a->open_rtt + 1,
                      b->open_rtt == NANOS_NONE ? 0 : (uint64_t)b->open_rtt + 1);
    case SORT_CLOSING:
        return (int)a->closing - (int)b->closing;
    case SORT_A:
        return by_endpoint(&a0->at, &b0->at);
    case SORT_B:
        return by_endpoint(&a1->at, &b1->at);
    case SORT_NUMBER:
    case SORT_KEYS:
        break;
    }
    return 0;
}

int summary_compare(const struct summary *a, const struct summary *b, enum summary_key key)
{
    int order = by_key(a, b, key);

    return order ? order : (a->number > b->number) - (a->number < b->number);
}
