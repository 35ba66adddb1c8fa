#include "report/phrase.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/output.h"
#include "report/words.h"

#define NAME_MAX_SHOWN 512

char *phrase_span(nanos span, char out[SPAN_TEXT])
{
    static const struct {
        nanos unit;
        const char *name;
    } units[] = {{NANOS_PER_S, "s"}, {NANOS_PER_MS, "ms"}, {NANOS_PER_US, "us"}, {1, "ns"}};
    const char *sign = span < 0 ? "-" : "";
    nanos size = span < 0 ? -span : span;
    size_t i = 0;
    nanos whole, scale;
    int digits;

    while (i < 3 && size < units[i].unit)
        i++;
    whole = size / units[i].unit;
    digits = units[i].unit == 1 || whole >= 100 ? 0 : whole >= 10 ? 1 : 2;
    scale = digits == 2 ? 100 : digits == 1 ? 10 : 1;
    /* Rounded half up in integers; unit is a multiple of scale wherever there are digits. */
    if (units[i].unit > 1)
        size = (size + units[i].unit / scale / 2) / (units[i].unit / scale);
    if (digits == 0)
        snprintf(out, SPAN_TEXT, "%s%" PRId64 " %s", sign, size, units[i].name);
    else
        snprintf(out, SPAN_TEXT, "%s%" PRId64 ".%0*" PRId64 " %s", sign, size / scale, digits, size % scale,
                 units[i].name);
    return out;
}

char *phrase_time(nanos t, char out[SPAN_TEXT])
{
    nanos size = t < 0 ? -t : t;

    snprintf(out, SPAN_TEXT, "%s%" PRId64 ".%06" PRId64, t < 0 ? "-" : "", size / NANOS_PER_S,
             size % NANOS_PER_S / NANOS_PER_US);
    return out;
}

enum state phrase_state(state_set likely)
{
    for (unsigned state = 0; state < STATE_COUNT; state++)
        if (likely & IN(state))
            return (enum state)state;
    return CLOSED;
}

bool phrase_has_more(const struct claim *claim)
{
    return state_count(claim->certainty == PRESUMED ? claim->likely : claim->to) > 1;
}

void phrase_standing(struct text *text, const struct claim *claim)
{
    text_add(text, "%s%s", state_name(phrase_state(claim->likely)), phrase_has_more(claim) ? "+" : "");
}

void phrase_states(struct text *text, state_set first, state_set rest)
{
    unsigned left = state_count(first | rest);
    const char *between = "";

    if (left == 0)
        text_add(text, "%s", _("no state"));
    for (unsigned i = 0; i < 2u * STATE_COUNT; i++) {
        state_set pass = i < STATE_COUNT ? first : (state_set)(rest & ~first);
        unsigned state = i % STATE_COUNT;

        if (!(pass & IN(state)))
            continue;
        text_add(text, "%s%s", between, state_name((enum state)state));
        between = --left == 1 ? _(" or ") : ", ";
    }
}

static void presumed_claim(struct text *text, const struct claim *claim, const char *explained)
{
    state_set otherwise = (state_set)((claim->to | claim->otherwise) & ~claim->likely);

    text_add(text, "%s", _("presumed"));
    if (state_count(claim->likely) > 1) {
        text_add(text, " ");
        phrase_states(text, claim->likely, NO_STATES);
    }
    if ((otherwise | claim->likely) == ALL_STATES) {
        text_add(text, "%s", _(", else any other state"));
    } else if (otherwise) {
        text_add(text, "%s", _(", else "));
        phrase_states(text, otherwise, NO_STATES);
    }
    if (explained)
        text_add(text, ": %s", explained);
}

/* What more is known of it, and what a habit makes of it. */
static void habit_and_detail(struct text *text, const struct claim *claim)
{
    static const char *const details[] = {
        [DETAIL_IN_MEMORY] = N_("kept in memory, not in a SYN cookie"),
        [DETAIL_OWNED] = N_("a process still holds the socket"),
        [DETAIL_ORPHANED] = N_("no process holds the socket any more"),
    };

    struct text states;
    char states_bytes[STATE_SET_TEXT];

    if (claim->detail == DETAIL_NONE && !claim->by_habit)
        return;
    text_add(text, "; ");
    if (claim->habit != HABIT_NONE)
        text_add(text, _("by the habit of %s "), _(habit_text(claim->habit)->stacks));
    if (claim->by_habit) {
        text_init(&states, states_bytes, sizeof(states_bytes));
        phrase_states(&states, claim->by_habit, NO_STATES);
        text_add(text, _("it is %s"), states.at);
    }
    if (claim->detail != DETAIL_NONE)
        text_add(text, "%s%s", claim->by_habit ? _(", and ") : "", _(details[claim->detail]));
    if (claim->habit != HABIT_NONE)
        text_add(text, ": %s", _(habit_text(claim->habit)->sentence));
}

static void claim_alone(struct text *text, const struct claim *claim, bool explain, const char *sentence)
{
    char wrong_bytes[STATE_SET_TEXT];
    struct text wrong_states;
    state_set wrong = (state_set)(claim->from & ~claim->to);

    switch (claim->certainty) {
    case PRESUMED:
        presumed_claim(text, claim, explain ? sentence : NULL);
        return;
    case PROVEN:
        text_add(text, "%s", _("proven: "));
        if (state_count(claim->to) > 1)
            break;
        text_add(text, "%s", sentence);
        return;
    case REFUTED:
        text_add(text, "%s", _("REFUTED: "));
        if (!wrong)
            break;
        text_init(&wrong_states, wrong_bytes, sizeof(wrong_bytes));
        phrase_states(&wrong_states, wrong, NO_STATES);
        text_add(text, _("not %s but "), wrong_states.at);
        break;
    }
    phrase_states(text, claim->likely, claim->to);
    text_add(text, " (%s)", sentence);
}

void phrase_claim(struct text *text, const struct claim *claim, bool explain)
{
    claim_alone(text, claim, explain, _(reason_text(claim->reason)->sentence));
    habit_and_detail(text, claim);
}

void phrase_observed(struct text *text, const struct claim *claim)
{
    claim_alone(text, claim, true, _(reason_observed(claim->reason)));
    habit_and_detail(text, claim);
}

void phrase_ends(struct text *text, const struct event_start *start)
{
    char name[NAME_MAX_SHOWN], local[ENDPOINT_TEXT], peer[ADDR_TEXT];
    bool named = start->peer_name && start->peer_name[0];

    text_add(text, "%s -> ", endpoint_format(&start->flow.local, local));
    text_add(text, "%s", output_clean(start->peer_name, name, sizeof(name)));
    text_add(text, named ? " (%s)" : "%s", addr_format(&start->flow.peer.addr, peer));
    text_add(text, _(" port %u"), start->flow.peer.port);
    if (start->interface)
        text_add(text, _(", over %s"), output_clean(start->interface, name, sizeof(name)));
}

void phrase_icmp(struct text *text, const struct event_icmp *icmp, bool have_initial, uint32_t initial)
{
    char from[ADDR_TEXT];

    text_add(text, "from %s", addr_format(&icmp->error.from, from));
    if (have_initial)
        text_add(text, ", about our seq %u", icmp->error.quoted_seq - initial);
    if (icmp->error.mtu)
        text_add(text, ", MTU %u", icmp->error.mtu);
    text_add(text, icmp->hard ? ": it ends the walk" : ": advice only");
}

void phrase_verify(struct text *text, const struct event_verify *verify)
{
    text_add(text, _("kernel: %s"), verify->listening ? "LISTEN" : state_name(verify->kernel));
    if (verify->listening)
        text_add(text, "%s", _(" and no socket for this connection"));
    if (verify->agrees) {
        text_add(text, "%s", _(", agrees"));
        return;
    }
    if (!verify->violates) {
        /* What was proven is true of its moment; by now the socket may be gone, or another one's. */
        text_add(text, "%s", verify->certainty == PRESUMED ? _(", not as presumed") : _(", no longer as proven"));
        return;
    }
    if (verify->certainty == PRESUMED) {
        text_add(text, "%s", _(", DISAGREES with what was proven before"));
        return;
    }
    text_add(text, _(", DISAGREES with %s "), _("proven"));
    phrase_states(text, verify->belief, NO_STATES);
}

void phrase_step(struct text *text, const struct event_step *step)
{
    const char *words = step->text ? step->text : "a step";

    if (step->ok) {
        text_add(text, _("met: %s"), words);
        return;
    }
    text_add(text, "%s", step->expectation ? _("NOT MET") : _("FAILED"));
    if (step->line)
        text_add(text, _(" (line %u, column %u)"), step->line, step->column);
    text_add(text, ": %s: %s", words, step->why ? step->why : "");
}

static void outcome_closed(struct text *text, const struct event_end *end)
{
    static const char *const by[] = {[CLOSER_NONE] = N_("closed"),
                                     [CLOSER_LOCAL] = N_("closed by us"),
                                     [CLOSER_PEER] = N_("closed by the peer"),
                                     [CLOSER_BOTH] = N_("closed by both at once")};

    text_add(text, "%s", _(by[end->closer]));
    if (end->close_segments == 3 || end->close_segments == 4)
        text_add(text, "%s", end->close_segments == 3 ? _(" in three segments") : _(" in four segments"));
}

void phrase_outcome(struct text *text, const struct event_end *end)
{
    /* A reason follows where something went wrong; then the bare word is enough. */
    bool explained = end->why != NULL;

    switch (end->outcome) {
    case OUTCOME_OPENED:
        text_add(text, "%s",
                 end->left              ? _("opened and left open")
                 : end->local == CLOSED ? _("opened, then reset by us")
                                        : _("opened"));
        return;
    case OUTCOME_CLOSED:
        outcome_closed(text, end);
        return;
    case OUTCOME_HALF_CLOSED:
        text_add(text, "%s", end->left ? _("half-closed by us and left so") : _("half-closed by us"));
        return;
    case OUTCOME_REFUSED:
        text_add(text, "%s", explained ? _("refused") : _("refused: the peer answered our SYN with RST"));
        return;
    case OUTCOME_RESET:
        text_add(text, "%s", end->peer_end == PEER_END_RST ? _("reset by the peer") : _("reset"));
        return;
    case OUTCOME_NO_ANSWER:
        text_add(text, "%s", _("no answer"));
        return;
    case OUTCOME_UNREACHABLE:
        text_add(text, "%s", explained ? _("unreachable") : _("unreachable: an ICMP error says so"));
        return;
    case OUTCOME_UNOPENED:
        text_add(text, "%s", _("done, and nothing was opened"));
        return;
    case OUTCOME_UNEXPECTED:
        text_add(text, "%s", _("not as expected"));
        return;
    case OUTCOME_FAILED:
        text_add(text, "%s", _("failed"));
        return;
    }
}

void phrase_open(struct text *text, const struct walk_timing *timing)
{
    char open[SPAN_TEXT], trip[SPAN_TEXT];

    if (timing->open_rtt != NANOS_NONE)
        phrase_span(timing->open_rtt, trip);
    if (timing->open != NANOS_NONE)
        text_add(text, _("open %s"), phrase_span(timing->open, open));
    if (timing->open != NANOS_NONE && timing->open_rtt != NANOS_NONE)
        text_add(text, _(" (round trip %s)"), trip);
    else if (timing->open_rtt != NANOS_NONE)
        text_add(text, _("round trip %s"), trip);
}

/* Its acknowledgement of our FIN may have been delayed, and its first FIN lost: the sure figure is the upper one. */
static void phrase_close_wait(struct text *text, const struct walk_timing *timing, const char *before)
{
    nanos least = timing->close_wait, most = timing->close_wait_max;
    char low[SPAN_TEXT], high[SPAN_TEXT];

    if (least != NANOS_NONE && least != 0 && most > least &&
        strcmp(phrase_span(least, low), phrase_span(most, high)) != 0)
        text_add(text, _("%sthe peer spent %s in CLOSE-WAIT as seen here, at most %s"), before, low, high);
    else if (least != NANOS_NONE && least != 0)
        text_add(text, _("%sthe peer spent %s in CLOSE-WAIT"), before, phrase_span(least, low));
    else if (most != NANOS_NONE && most != 0)
        text_add(text, _("%sthe peer spent at most %s in CLOSE-WAIT"), before, phrase_span(most, high));
}

void phrase_close(struct text *text, const struct walk_timing *timing)
{
    char span[SPAN_TEXT];
    bool close = timing->close != NANOS_NONE;

    if (close)
        text_add(text, _("close %s"), phrase_span(timing->close, span));
    else if (timing->fin_rtt != NANOS_NONE)
        text_add(text, _("our FIN acknowledged after %s"), phrase_span(timing->fin_rtt, span));
    phrase_close_wait(text, timing, close ? _(", of which ") : text->used ? ", " : "");
}

void phrase_half_close(struct text *text, const struct event_end *end)
{
    static const char *const ends[] = {
        [PEER_END_NONE] = N_(", neither FIN nor RST"),
        [PEER_END_FIN] = N_(", then its FIN"),
        [PEER_END_RST] = N_(", then its RST"),
    };
    const struct walk_counts *counts = &end->counts;

    if (counts->segments_after_fin == 0 && end->outcome != OUTCOME_HALF_CLOSED)
        return;
    text_add(text, "%s", _("after the peer acknowledged our FIN "));
    if (counts->segments_after_fin == 0) {
        text_add(text, "%s", _("nothing came"));
    } else {
        text_add(text, ngettext("%llu byte came", "%llu bytes came", counts->bytes_after_fin),
                 (unsigned long long)counts->bytes_after_fin);
        text_add(text, ngettext(" in %u segment", " in %u segments", counts->segments_after_fin),
                 counts->segments_after_fin);
    }
    text_add(text, "%s", _(ends[end->peer_end]));
}

void phrase_retransmissions(struct text *text, const struct walk_counts *counts)
{
    unsigned ours = counts->retransmitted, its = counts->peer_retransmitted;

    if (ours)
        text_add(text, ngettext("we retransmitted %u segment", "we retransmitted %u segments", ours), ours);
    if (its)
        text_add(text, "%s", ours ? ", " : "");
    if (its)
        text_add(text, ngettext("the peer retransmitted %u segment", "the peer retransmitted %u segments", its), its);
}
