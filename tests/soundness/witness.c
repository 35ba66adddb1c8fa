#include "witness.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void witness_init(struct witness *witness, const struct belief *belief, const struct peer *peer, struct tally *tally)
{
    witness->belief = belief;
    witness->peer = peer;
    witness->tally = tally;
    witness->zero = witness->epoch = 0;
    witness->reopens = false;
    witness->numbers = 0;
    witness->violation = VIOLATION_NONE;
    witness->words[0] = '\0';
    memset(witness->iss, 0, sizeof(witness->iss));
}

void witness_watch(struct witness *witness)
{
    if (witness->peer->incarnation < CONNECTIONS_MAX)
        witness->iss[witness->peer->incarnation] = witness->peer->iss;
}

void violated(struct witness *witness, enum violation violation, const char *format, ...)
{
    va_list args;

    if (witness->violation)
        return;
    if (witness->ignored >> violation & 1) {
        witness->tally->violations[violation]++;
        return;
    }
    witness->violation = violation;
    va_start(args, format);
    vsnprintf(witness->words, sizeof(witness->words), format, args);
    va_end(args);
}

/* A conversation of the model has fewer bytes than that, and its initial numbers lie farther apart. */
#define JOINED_REACH (UINT32_C(1) << 18)

/* The connection that the belief means: the one whose initial number it heard. 0 when it heard none. */
static unsigned meant(const struct witness *witness)
{
    const struct knowledge *known = &witness->belief->known;

    if (!known->irs_known)
        return 0;
    /* It began in the middle: by the numbers that were heard first. */
    for (unsigned i = CONNECTIONS_MAX; known->joined && --i > 0;)
        if (witness->iss[i] && known->joined_its - witness->iss[i] < JOINED_REACH)
            return i;
    for (unsigned i = 1; i < CONNECTIONS_MAX; i++)
        if (witness->iss[i] == known->irs)
            return i;
    return 0;
}

/* What a claim whose evidence is this segment may say. Another connection's segment: ours is gone, or it is
 * meant. */
static state_set truth_of(const struct witness *witness, const struct peer_sent *sent)
{
    unsigned connection = meant(witness);

    if (connection && sent->incarnation > connection)
        return sent->truth | IN(CLOSED) | IN(LISTEN);
    return sent->truth;
}

static void check_interval(struct witness *witness, const struct claim *claim, const struct peer_sent *sent)
{
    char to[STATE_SET_TEXT];
    nanos at = witness->epoch + sent->at - witness->zero, since = witness->epoch + sent->since - witness->zero;

    if (at < claim->not_before || at > claim->not_after)
        violated(witness, VIOLATION_INTERVAL, "evidence was sent at %.6f ms, interval is %.6f to %.6f",
                 (double)at / 1e6, (double)claim->not_before / 1e6, (double)claim->not_after / 1e6);
    /* Only a move has a time: what was believed before is no news. */
    if (state_count(claim->to) == 1 && (claim->to & claim->from) == NO_STATES && state_count(sent->truth) == 1 &&
        since < claim->not_before)
        violated(witness, VIOLATION_MOVED, "%s (%s) was entered at %.6f ms, interval is %.6f to %.6f",
                 state_set_text(claim->to, "|", to), reason_text(claim->reason)->token, (double)since / 1e6,
                 (double)claim->not_before / 1e6, (double)claim->not_after / 1e6);
}

static bool peer_has_habit(const struct peer *peer, enum habit habit)
{
    switch (habit) {
    case HABIT_FIN_PATIENCE:
    case HABIT_DATA_PATIENCE:
        return !peer->repeated_fast && !peer_is(peer, PEER_FIN_AS_ACK) && !peer_is(peer, PEER_FIN_ANSWERS);
    case HABIT_OPENING: /* with timestamps an old one draws an ACK from all but a minisock that keeps none of what it drops */
        if (peer_is(peer, PEER_TIMESTAMPS))
            return peer_is(peer, PEER_SYN_ANSWERED) && peer_is(peer, PEER_MINISOCK) &&
                   !peer_is(peer, PEER_STUCK_ECHOES);
        return peer_is(peer, PEER_SYN_ANSWERED) && (peer_is(peer, PEER_MINISOCK) || peer_is(peer, PEER_OLD_OPENS));
    case HABIT_DROPPED_STAMP:
        return !peer_is(peer, PEER_STUCK_ECHOES) && (peer_is(peer, PEER_ECHOES_LATE) || peer_is(peer, PEER_MINISOCK));
    case HABIT_MINISOCK:
        return peer_is(peer, PEER_MINISOCK) && peer_is(peer, PEER_DSACK);
    default:
        return true;
    }
}

/* What is claimed beyond the proof, of a peer that has the habit. */
static void check_habit(struct witness *witness, const struct claim *claim, const struct peer_sent *sent)
{
    char to[STATE_SET_TEXT], truth[STATE_SET_TEXT];
    bool orphan = claim->detail == DETAIL_ORPHANED, in_fin_wait_2 = sent->truth == IN(FIN_WAIT_2);

    if (!peer_has_habit(witness->peer, claim->habit))
        return;
    if (claim->by_habit && !(claim->by_habit & truth_of(witness, sent)))
        violated(witness, VIOLATION_HABIT, "claimed %s by the habit %s from segment %u, but it was %s",
                 state_set_text(claim->by_habit, "|", to), habit_text(claim->habit)->token,
                 (unsigned)(sent - witness->numbered), state_set_text(sent->truth, "|", truth));
    if ((orphan || claim->detail == DETAIL_OWNED) && in_fin_wait_2 && sent->orphan != orphan)
        violated(witness, VIOLATION_HABIT, "claimed %s, and it is not", detail_name(claim->detail));
    if (claim->detail == DETAIL_IN_MEMORY && state_count(sent->truth) != 1)
        violated(witness, VIOLATION_HABIT, "claimed to be kept in memory, and it is not");
}

static void check_proven(struct witness *witness, const struct claim *claim)
{
    char to[STATE_SET_TEXT], truth[STATE_SET_TEXT];
    const struct peer_sent *sent = NULL;

    for (unsigned i = 0; i < claim->evidence_count; i++) {
        unsigned n = claim->evidence[i];
        if (n <= witness->numbers && witness->numbered[n].at != NANOS_NONE &&
            (!sent || n > (unsigned)(sent - witness->numbered)))
            sent = &witness->numbered[n];
    }
    if (!sent) {
        violated(witness, VIOLATION_EVIDENCE, "%s without a segment of the peer's", state_set_text(claim->to, "|", to));
        return;
    }
    if (!(claim->to & truth_of(witness, sent)))
        violated(witness, VIOLATION_PROVEN, "claimed %s (%s, %s) from segment %u, but it was %s",
                 state_set_text(claim->to, "|", to), certainty_name(claim->certainty),
                 reason_text(claim->reason)->token, (unsigned)(sent - witness->numbered),
                 state_set_text(sent->truth, "|", truth));
    check_interval(witness, claim, sent);
    check_habit(witness, claim, sent);
}

/* Is what the peer is in now the connection that the belief is about? */
static bool same_connection(const struct witness *witness)
{
    unsigned connection = meant(witness);

    if (connection)
        return witness->peer->incarnation == connection;
    return witness->peer->incarnation <= 1;
}

static void count_row(struct tally *tally, const struct claim *claim)
{
    unsigned hash = (unsigned)claim->to * 31u + (unsigned)claim->reason * 3u + (unsigned)claim->certainty;

    for (unsigned i = 0; tally->rows && i < CLAIM_ROWS; i++) {
        struct claim_row *row = &tally->rows[(hash + i) % CLAIM_ROWS];
        bool same = row->certainty == claim->certainty && row->reason == claim->reason && row->to == claim->to;
        if (row->count > 0 && !same)
            continue;
        *row = (struct claim_row){row->count + 1, claim->certainty, claim->reason, claim->to};
        return;
    }
}

void witness_claim(struct witness *witness, const struct claim *claim, bool knows_all)
{
    struct tally *tally = witness->tally;
    unsigned states = state_count(claim->to);
    bool none = claim->to == (IN(CLOSED) | IN(LISTEN));

    count_row(tally, claim);
    tally->claims++;
    tally->claims_none += none;
    tally->claims_habit += states == 1 || state_count(claim->by_habit) == 1;
    tally->claims_single += states == 1;
    tally->claims_states += states;
    if (claim->certainty == PRESUMED) {
        if (knows_all && same_connection(witness) && !((claim->to | claim->otherwise) & peer_truth(witness->peer)))
            tally->presumed_missed++;
        return;
    }
    tally->proven++;
    tally->proven_none += none;
    tally->proven_single += states == 1;
    tally->proven_states += states;
    tally->refuted += claim->certainty == REFUTED;
    for (unsigned state = 0; states == 1 && state < STATE_COUNT; state++)
        tally->entered[state] += (claim->to & IN(state)) != 0;
    check_proven(witness, claim);
}

void witness_possible(struct witness *witness)
{
    char truth[STATE_SET_TEXT], possible[STATE_SET_TEXT];

    witness->tally->looks++;
    witness->tally->possible += state_count(witness->belief->possible);
    /* Another connection that the peer opened itself is none of ours until its SYN is heard. */
    if ((!same_connection(witness) && (!witness->reopens || witness->peer->active)) ||
        (witness->belief->possible & peer_truth(witness->peer)))
        return;
    violated(witness, VIOLATION_POSSIBLE, "it is in %s, possible are %s",
             state_set_text(peer_truth(witness->peer), "|", truth),
             state_set_text(witness->belief->possible, "|", possible));
}

const char *violation_name(enum violation violation)
{
    static const char *const names[VIOLATIONS] = {
        [VIOLATION_NONE] = "none",
        [VIOLATION_PROVEN] = "proven false",
        [VIOLATION_INTERVAL] = "evidence outside interval",
        [VIOLATION_HABIT] = "false by its habit",
        [VIOLATION_MOVED] = "moved before interval",
        [VIOLATION_EVIDENCE] = "proven without evidence",
        [VIOLATION_POSSIBLE] = "truth not possible",
        [VIOLATION_VERIFY] = "truth violates belief",
        [VIOLATION_END] = "false end",
    };

    return names[violation];
}
