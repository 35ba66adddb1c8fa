/* The walk's claims, held against the truth. */
#include <stdarg.h>

#include "meeting.h"

static void violated(struct meeting *meeting, enum violation violation, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void violated(struct meeting *meeting, enum violation violation, const char *format, ...)
{
    va_list args;

    if (meeting->violation)
        return;
    if (meeting->ignored >> violation & 1) {
        meeting->tally->violations[violation]++;
        return;
    }
    meeting->violation = violation;
    va_start(args, format);
    vsnprintf(meeting->words, sizeof(meeting->words), format, args);
    va_end(args);
}

/* The connection that the walk means: the first whose initial number it heard. 0 when it heard none. */
static unsigned meant(const struct meeting *meeting)
{
    if (!meeting->walk.belief.known.irs_known)
        return 0;
    for (unsigned i = 1; i < CONNECTIONS_MAX; i++)
        if (meeting->iss[i] == meeting->walk.belief.known.irs)
            return i;
    return 0;
}

/* What a claim whose evidence is this segment may say. Another connection's segment: ours is gone, or it is
 * meant. */
static state_set truth_of(const struct meeting *meeting, const struct peer_sent *sent)
{
    unsigned connection = meant(meeting);

    if (connection && sent->incarnation > connection)
        return sent->truth | IN(CLOSED) | IN(LISTEN);
    return sent->truth;
}

static void check_interval(struct meeting *meeting, const struct claim *claim, const struct peer_sent *sent)
{
    nanos zero = meeting->walk.stamps.first, epoch = INT64_C(1720000000) * NANOS_PER_S;
    char to[STATE_SET_TEXT];
    nanos at = epoch + sent->at - zero, since = epoch + sent->since - zero;

    if (at < claim->not_before || at > claim->not_after)
        violated(meeting, VIOLATION_INTERVAL, "evidence was sent at %.6f ms, interval is %.6f to %.6f",
                 (double)at / 1e6, (double)claim->not_before / 1e6, (double)claim->not_after / 1e6);
    /* Only a move has a time: what was believed before is no news. */
    if (state_count(claim->to) == 1 && (claim->to & claim->from) == NO_STATES &&
        state_count(sent->truth) == 1 && since < claim->not_before)
        violated(meeting, VIOLATION_MOVED, "%s (%s) was entered at %.6f ms, interval is %.6f to %.6f",
                 state_set_text(claim->to, "|", to), reason_text(claim->reason)->token, (double)since / 1e6,
                 (double)claim->not_before / 1e6, (double)claim->not_after / 1e6);
}

static void check_proven(struct meeting *meeting, const struct claim *claim)
{
    char to[STATE_SET_TEXT], truth[STATE_SET_TEXT];
    const struct peer_sent *sent = NULL;

    for (unsigned i = 0; i < claim->evidence_count; i++) {
        unsigned n = claim->evidence[i];
        if (n <= meeting->numbers && meeting->numbered[n].at != NANOS_NONE &&
            (!sent || n > (unsigned)(sent - meeting->numbered)))
            sent = &meeting->numbered[n];
    }
    if (!sent) {
        violated(meeting, VIOLATION_EVIDENCE, "%s without a segment of the peer's",
                 state_set_text(claim->to, "|", to));
        return;
    }
    if (!(claim->to & truth_of(meeting, sent)))
        violated(meeting, VIOLATION_PROVEN, "claimed %s (%s, %s) from segment %u, but it was %s",
                 state_set_text(claim->to, "|", to), certainty_name(claim->certainty),
                 reason_text(claim->reason)->token, (unsigned)(sent - meeting->numbered),
                 state_set_text(sent->truth, "|", truth));
    check_interval(meeting, claim, sent);
}

/* Nothing of ours left that the walk has not read yet. */
static bool knows_all(const struct meeting *meeting)
{
    for (unsigned i = 0; i < meeting->captured.count; i++)
        if (meeting->captured.items[(meeting->captured.first + i) % SIGHTS_MAX].out)
            return false;
    return true;
}

/* Is what the peer is in now the connection that the walk is about? */
static bool same_connection(const struct meeting *meeting)
{
    unsigned connection = meant(meeting);

    if (connection)
        return meeting->peer.incarnation == connection;
    return meeting->peer.incarnation <= 1;
}

static void check_claim(struct meeting *meeting, const struct claim *claim)
{
    struct tally *tally = meeting->tally;
    unsigned states = state_count(claim->to);

    tally->claims++;
    tally->claims_single += states == 1;
    tally->claims_states += states;
    if (claim->certainty == PRESUMED) {
        if (knows_all(meeting) && same_connection(meeting) &&
            !((claim->to | claim->otherwise) & peer_truth(&meeting->peer)))
            tally->presumed_missed++;
        return;
    }
    tally->proven++;
    tally->proven_single += states == 1;
    tally->proven_states += states;
    tally->refuted += claim->certainty == REFUTED;
    check_proven(meeting, claim);
}

static void check_end(struct meeting *meeting, const struct event_end *end)
{
    const struct peer *peer = &meeting->peer;
    bool wrong = false;

    meeting->tally->outcomes[end->outcome]++;
    switch (end->outcome) {
    case OUTCOME_CLOSED:
        wrong = !peer->got_fin || !peer->sent_fin;
        break;
    case OUTCOME_HALF_CLOSED:
        wrong = !peer->got_fin;
        break;
    case OUTCOME_OPENED:
        wrong = !peer->sent_syn_ack;
        break;
    case OUTCOME_REFUSED:
    case OUTCOME_RESET:
        wrong = !peer->sent_rst;
        break;
    default:
        break;
    }
    if (wrong)
        violated(meeting, VIOLATION_END, "outcome %s", outcome_name(end->outcome));
    if (end->counts.bytes_out > peer->bytes_taken && peer->incarnation <= 1)
        violated(meeting, VIOLATION_END, "%llu bytes said to be acknowledged, %llu taken",
                 (unsigned long long)end->counts.bytes_out, (unsigned long long)peer->bytes_taken);
}

void check_events(struct meeting *meeting)
{
    const struct event *event;

    while ((event = walk_take_event(&meeting->walk)) != NULL) {
        meeting->tally->events++;
        trace_event(meeting, event);
        if (event->kind == EVENT_TRANSITION && event->transition.side == SIDE_PEER)
            check_claim(meeting, &event->transition.claim);
        else if (event->kind == EVENT_END)
            check_end(meeting, &event->end);
        else if (event->kind == EVENT_VERIFY && event->verify.violates)
            violated(meeting, VIOLATION_VERIFY, "the truth was %s", state_name(meeting->peer.state));
    }
}

void check_possible(struct meeting *meeting)
{
    char truth[STATE_SET_TEXT], possible[STATE_SET_TEXT];

    if (!knows_all(meeting) || !same_connection(meeting) ||
        (meeting->walk.belief.possible & peer_truth(&meeting->peer)))
        return;
    violated(meeting, VIOLATION_POSSIBLE, "it is in %s, possible are %s",
             state_set_text(peer_truth(&meeting->peer), "|", truth),
             state_set_text(meeting->walk.belief.possible, "|", possible));
}
