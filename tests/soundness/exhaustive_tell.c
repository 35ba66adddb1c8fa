/* A path of the search told turn by turn. Numbers count from each end's initial number. */
#include "exhaustive.h"

static void tell_time(const struct search *search)
{
    const struct peer *peer = &search->place.peer;
    char truth[STATE_SET_TEXT];

    fprintf(search->trace, "%6.0f %6.0f  %-14s ", (double)(search->place.now - SEARCH_EPOCH) / 1e6,
            (double)(peer->now - SEARCH_EPOCH) / 1e6,
            peer_has_connection(peer) ? state_name(peer->state) : state_set_text(peer_truth(peer), "|", truth));
}

/* Numbers of the peer's in a segment that is older than the connection are those of its first one. */
static uint32_t its_iss(const struct search *search)
{
    return search->place.isses[1] ? search->place.isses[1] : search->place.peer.iss;
}

static void tell_numbers(const struct search *search, const struct segment *segment, bool out)
{
    uint32_t ours = search->place.end.iss, its = its_iss(search);
    char flags[FLAGS_TEXT];

    fprintf(search->trace, " %s %s seq %d", out ? "->" : "<-", segment_flags_text(segment->flags, flags),
            (int)(segment->seq - (out ? ours : its)));
    if (segment->flags & TCP_ACK)
        fprintf(search->trace, " ack %d", (int)(segment->ack - (out ? its : ours)));
    if (segment->len)
        fprintf(search->trace, " len %u", segment->len);
    if (segment->options.present & TCP_OPT_TIMESTAMPS) {
        fprintf(search->trace, " ts %u", segment->options.tsval - (out ? OWN_TSVAL : SEARCH_TSVAL));
        if (segment->options.tsecr)
            fprintf(search->trace, "/%u", segment->options.tsecr - (out ? SEARCH_TSVAL : OWN_TSVAL));
    }
    fprintf(search->trace, " win %u\n", segment->window);
}

void tell_segment(const struct search *search, const char *what, const struct segment *segment, bool out)
{
    if (!search->trace)
        return;
    tell_time(search);
    fprintf(search->trace, "  %s", what);
    tell_numbers(search, segment, out);
}

void tell_turn(const struct search *search, const struct turn *turn)
{
    static const char *const names[] = {
        [TURN_STEP] = "we: next step",
        [TURN_ACK] = "we: acknowledge",
        [TURN_AGAIN] = "we: repeat",
        [TURN_TO_PEER] = "reaches the peer:",
        [TURN_TO_US] = "reaches us:",
        [TURN_LOST_TO_PEER] = "is lost:",
        [TURN_LOST_TO_US] = "is lost:",
        [TURN_TWICE_TO_PEER] = "reaches the peer, and a copy stays behind:",
        [TURN_TWICE_TO_US] = "reaches us, and a copy stays behind:",
        [TURN_APP] = "its application:",
        [TURN_TIMER] = "its timer is due",
        [TURN_OPENS] = "its application opens",
        [TURN_TIME] = "time passes",
    };
    static const char *const calls[] = {" sends", " shuts down", " closes", " aborts"};
    bool to_peer = turn->kind == TURN_TO_PEER || turn->kind == TURN_LOST_TO_PEER || turn->kind == TURN_TWICE_TO_PEER;
    bool to_us = turn->kind == TURN_TO_US || turn->kind == TURN_LOST_TO_US || turn->kind == TURN_TWICE_TO_US;

    if (!search->trace)
        return;
    tell_time(search);
    fprintf(search->trace, "%s", names[turn->kind]);
    if (turn->kind == TURN_APP)
        fprintf(search->trace, "%s", calls[search->app->turns[search->place.app_next].call]);
    if (to_peer || to_us)
        tell_numbers(search, &(to_peer ? search->place.to_peer : search->place.to_us)[turn->which].segment, to_peer);
    else
        fprintf(search->trace, "\n");
}

void tell_claim_of(const struct search *search, const struct claim *claim)
{
    char from[STATE_SET_TEXT], to[STATE_SET_TEXT], otherwise[STATE_SET_TEXT];

    if (!search->trace)
        return;
    tell_time(search);
    fprintf(search->trace, "  * peer %s -> %s, %s (%s)", state_set_text(claim->from, "|", from),
            state_set_text(claim->to, "|", to), certainty_name(claim->certainty), reason_text(claim->reason)->token);
    if (claim->otherwise)
        fprintf(search->trace, ", else %s", state_set_text(claim->otherwise, "|", otherwise));
    fprintf(search->trace, "; segments");
    for (unsigned i = 0; i < claim->evidence_count; i++)
        fprintf(search->trace, " %u", claim->evidence[i]);
    fprintf(search->trace, "\n");
}
