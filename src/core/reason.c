#include "core/reason.h"

#include "base/words.h"

static const struct reason_text texts[REASON_COUNT] = {
    [REASON_SYN_ACKED] = {"syn-acked", N_("it acknowledged our SYN"), "9293 3.10.7.2"},
    [REASON_SYN_SEEN] = {"syn-seen", N_("it sent a SYN of its own without ACK"), "9293 3.10.1"},
    [REASON_REFUSED] = {"refused", N_("it answered our SYN with RST"), "9293 3.10.7.1"},
    [REASON_SYN_ACK_REPEATED] = {"syn-ack-repeated", N_("it repeated its SYN-ACK"), "9293 3.8.1"},
    [REASON_ACK_RECEIPT] = {"ack-receipt", N_("it echoed the timestamp of our ACK"), "7323 4.3"},
    [REASON_DATA_ACKED] = {"data-acked", N_("it acknowledged our data"), "9293 3.10.7.4"},
    [REASON_DATA_SEEN] = {"data-seen", N_("it sent data"), "9293 3.10.2"},
    [REASON_ACK_SEEN] = {"ack-seen", N_("it sent an ACK with nothing of its own before it"), "9293 3.10.7.4"},
    [REASON_FIN_ACKED] = {"fin-acked", N_("it acknowledged our FIN"), "9293 3.10.7.4"},
    [REASON_FIN_ACKED_GAP] = {"fin-acked-gap", N_("it acknowledged our FIN; something it sent is missing"),
                              "9293 3.10.7.4"},
    [REASON_FIN_SEEN] = {"fin-seen", N_("it sent its FIN"), "9293 3.10.4"},
    [REASON_FIN_CROSSED] = {"fin-crossed", N_("its FIN left before ours arrived"), "9293 3.6"},
    [REASON_FIN_AFTER_OURS] = {"fin-after-ours", N_("it sent its FIN after ours"), "9293 3.10.4"},
    [REASON_FIN_COVERS_OURS] = {"fin-covers-ours", N_("its FIN acknowledges ours"), "9293 3.10.4"},
    [REASON_BOTH_FINS] = {"both-fins", N_("both FINs are sent and ours is acknowledged"), "9293 3.6"},
    [REASON_FIN_RECEIPT] = {"fin-receipt", N_("it echoed the timestamp of our ACK of its FIN"), "7323 4.3"},
    [REASON_RST_ABORT] = {"rst-abort", N_("it reset the connection with RST and ACK"), "9293 3.10.7.4"},
    [REASON_RST_NO_CONNECTION] = {"rst-no-connection", N_("it knows no such connection"), "9293 3.10.7.1"},
    [REASON_OUR_FIN_NOT_ACKED] = {"fin-not-acked", N_("it had not yet received our FIN"), "9293 3.10.7.4"},
    [REASON_FIN_REPEATED] = {"fin-repeated", N_("it repeated its FIN"), "9293 3.8.1"},
    [REASON_OPEN_ACKED] = {"open-acked", N_("its ACK completes the open"), "9293 3.10.7.3"},
    [REASON_ACK_REFUSED] = {"ack-refused", N_("it answered our wrong acknowledgement with RST"), "9293 3.10.7.4"},
    [REASON_ACK_UNSEEN] = {"ack-unseen", N_("it has not taken our ACK: it echoes an older timestamp"), "7323 4.3"},
    [REASON_SACK_SEEN] = {"sack-seen", N_("it sent a SACK block, as only an open connection does"), "2018 3"},
    [REASON_BARE_REFUSED] = {"bare-refused", N_("it answered a segment without flags with RST"), "9293 3.10.7.1"},
    [REASON_ASSUMED_LISTENING] = {"assumed-listening", N_("we take it that someone listens there"), "9293 3.5"},
    [REASON_ASSUMED_CLOSED] = {"assumed-closed", N_("we take it that nobody has opened yet"), "9293 3.10.1"},
    [REASON_SYN_SENT] = {"syn-sent", N_("we sent a SYN"), "9293 3.10.7.3"},
    [REASON_ACK_SENT] = {"ack-sent", N_("our ACK completes the open"), "9293 3.10.7.4"},
    [REASON_FIN_SENT] = {"fin-sent", N_("we sent our FIN"), "9293 3.10.7.4"},
    [REASON_FIN_ACK_SENT] = {"fin-ack-sent", N_("we acknowledged its FIN"), "9293 3.10.7.4"},
    [REASON_RST_SENT] = {"rst-sent", N_("we reset the connection"), "9293 3.10.7.4"},
    [REASON_TIMER] = {"timer", N_("a timer may have ended this state silently"), "9293 3.10.8"},
    [REASON_JOINED] = {"joined", N_("how it opened was not seen"), "9293 3.3.2"},
    [REASON_CONTRADICTED] = {"contradicted", N_("what follows contradicts what was believed"), "9293 3.10.7.4"},
    [REASON_UNSEEN] = {"unseen", N_("more has passed than was seen"), "9293 3.4"},
    [REASON_OWN_OPEN] = {"own-open", N_("we open"), "9293 3.10.1"},
    [REASON_OWN_SYN_ACK_SENT] = {"own-syn-ack-sent", N_("we answered its SYN"), "9293 3.10.7.2"},
    [REASON_OWN_SYN_ACK_RECEIVED] = {"own-syn-ack-received", N_("its SYN-ACK arrived"), "9293 3.10.7.3"},
    [REASON_OWN_SYN_RECEIVED] = {"own-syn-received", N_("its SYN crossed ours"), "9293 3.10.7.3"},
    [REASON_OWN_SYN_ACKED] = {"own-syn-acked", N_("our SYN is acknowledged"), "9293 3.10.7.4"},
    [REASON_OWN_CLOSE] = {"own-close", N_("we close"), "9293 3.10.4"},
    [REASON_OWN_FIN_ACKED] = {"own-fin-acked", N_("our FIN is acknowledged"), "9293 3.10.7.4"},
    [REASON_OWN_FIN_RECEIVED] = {"own-fin-received", N_("its FIN arrived"), "9293 3.10.7.4"},
    [REASON_OWN_BOTH_FINS] = {"own-both-fins", N_("both FINs are acknowledged"), "9293 3.10.7.4"},
    [REASON_OWN_RST_RECEIVED] = {"own-rst-received", N_("its RST arrived"), "9293 3.10.7"},
    [REASON_OWN_GIVEN_UP] = {"own-given-up", N_("we give up"), "9293 3.10.8"},
    [REASON_OWN_RST_SENT] = {"own-rst-sent", N_("we reset the connection"), "9293 3.10.5"},
};

/* Of the sentences that speak of us, what a third party says. */
static const char *const observed[REASON_COUNT] = {
    [REASON_SYN_ACKED] = "it acknowledged the other's SYN",
    [REASON_SYN_SEEN] = "it sent a SYN without ACK",
    [REASON_REFUSED] = "it answered the other's SYN with RST",
    [REASON_ACK_RECEIPT] = "it echoed the timestamp of the other's ACK",
    [REASON_DATA_ACKED] = "it acknowledged the other's data",
    [REASON_FIN_ACKED] = "it acknowledged the other's FIN",
    [REASON_FIN_ACKED_GAP] = "it acknowledged the other's FIN; something it sent is missing",
    [REASON_FIN_CROSSED] = "its FIN left before the other's arrived",
    [REASON_FIN_AFTER_OURS] = "it sent its FIN after the other's",
    [REASON_FIN_COVERS_OURS] = "its FIN acknowledges the other's",
    [REASON_BOTH_FINS] = "both FINs are sent and the other's is acknowledged",
    [REASON_FIN_RECEIPT] = "it echoed the timestamp of the ACK of its FIN",
    [REASON_OUR_FIN_NOT_ACKED] = "it had not yet received the other's FIN",
    [REASON_ACK_REFUSED] = "it answered a wrong acknowledgement with RST",
    [REASON_ACK_UNSEEN] = "it has not taken the other's ACK: it echoes an older timestamp",
    [REASON_ASSUMED_LISTENING] = "taken to listen",
    [REASON_ASSUMED_CLOSED] = "taken not to have opened yet",
    [REASON_SYN_SENT] = "the other sent it a SYN",
    [REASON_ACK_SENT] = "the other's ACK completes the open",
    [REASON_FIN_SENT] = "the other sent it a FIN",
    [REASON_FIN_ACK_SENT] = "the other acknowledged its FIN",
    [REASON_RST_SENT] = "the other reset the connection",
};

const struct reason_text *reason_text(enum reason reason)
{
    return &texts[reason];
}

const char *reason_observed(enum reason reason)
{
    return observed[reason] ? observed[reason] : texts[reason].sentence;
}
