#include "core/reason.h"

static const struct reason_text texts[REASON_COUNT] = {
    [REASON_SYN_ACKED] = {"syn-acked", "it acknowledged our SYN", "9293 3.10.7.2"},
    [REASON_SYN_SEEN] = {"syn-seen", "it sent a SYN of its own without ACK", "9293 3.10.1"},
    [REASON_REFUSED] = {"refused", "it answered our SYN with RST", "9293 3.10.7.1"},
    [REASON_SYN_ACK_REPEATED] = {"syn-ack-repeated", "it repeated its SYN-ACK", "9293 3.8.1"},
    [REASON_ACK_RECEIPT] = {"ack-receipt", "it echoed the timestamp of our ACK", "7323 4.3"},
    [REASON_DATA_ACKED] = {"data-acked", "it acknowledged our data", "9293 3.10.7.4"},
    [REASON_DATA_SEEN] = {"data-seen", "it sent data", "9293 3.10.2"},
    [REASON_ACK_SEEN] = {"ack-seen", "it sent an ACK with nothing of its own before it", "9293 3.10.7.4"},
    [REASON_FIN_ACKED] = {"fin-acked", "it acknowledged our FIN", "9293 3.10.7.4"},
    [REASON_FIN_ACKED_GAP] = {"fin-acked-gap", "it acknowledged our FIN; something it sent is missing",
                              "9293 3.10.7.4"},
    [REASON_FIN_SEEN] = {"fin-seen", "it sent its FIN", "9293 3.10.4"},
    [REASON_FIN_CROSSED] = {"fin-crossed", "its FIN left before ours arrived", "9293 3.6"},
    [REASON_FIN_AFTER_OURS] = {"fin-after-ours", "it sent its FIN after ours", "9293 3.10.4"},
    [REASON_FIN_COVERS_OURS] = {"fin-covers-ours", "its FIN acknowledges ours", "9293 3.10.4"},
    [REASON_BOTH_FINS] = {"both-fins", "both FINs are sent and ours is acknowledged", "9293 3.6"},
    [REASON_FIN_RECEIPT] = {"fin-receipt", "it echoed the timestamp of our ACK of its FIN", "7323 4.3"},
    [REASON_RST_ABORT] = {"rst-abort", "it reset the connection with RST and ACK", "9293 3.10.7.4"},
    [REASON_RST_NO_CONNECTION] = {"rst-no-connection", "it knows no such connection", "9293 3.10.7.1"},
    [REASON_OUR_FIN_NOT_ACKED] = {"fin-not-acked", "it had not yet received our FIN", "9293 3.10.7.4"},
    [REASON_FIN_REPEATED] = {"fin-repeated", "it repeated its FIN", "9293 3.8.1"},
    [REASON_ASSUMED_LISTENING] = {"assumed-listening", "we take it that someone listens there", "9293 3.5"},
    [REASON_ACK_SENT] = {"ack-sent", "our ACK completes the open", "9293 3.10.7.4"},
    [REASON_FIN_SENT] = {"fin-sent", "we sent our FIN", "9293 3.10.7.4"},
    [REASON_FIN_ACK_SENT] = {"fin-ack-sent", "we acknowledged its FIN", "9293 3.10.7.4"},
    [REASON_RST_SENT] = {"rst-sent", "we reset the connection", "9293 3.10.7.4"},
    [REASON_TIMER] = {"timer", "a timer may have ended this state silently", "9293 3.10.8"},
    [REASON_OWN_OPEN] = {"own-open", "we open", "9293 3.10.1"},
    [REASON_OWN_SYN_ACK_RECEIVED] = {"own-syn-ack-received", "its SYN-ACK arrived", "9293 3.10.7.3"},
    [REASON_OWN_SYN_RECEIVED] = {"own-syn-received", "its SYN crossed ours", "9293 3.10.7.3"},
    [REASON_OWN_SYN_ACKED] = {"own-syn-acked", "our SYN is acknowledged", "9293 3.10.7.4"},
    [REASON_OWN_CLOSE] = {"own-close", "we close", "9293 3.10.4"},
    [REASON_OWN_FIN_ACKED] = {"own-fin-acked", "our FIN is acknowledged", "9293 3.10.7.4"},
    [REASON_OWN_FIN_RECEIVED] = {"own-fin-received", "its FIN arrived", "9293 3.10.7.4"},
    [REASON_OWN_BOTH_FINS] = {"own-both-fins", "both FINs are acknowledged", "9293 3.10.7.4"},
    [REASON_OWN_RST_RECEIVED] = {"own-rst-received", "its RST arrived", "9293 3.10.7"},
    [REASON_OWN_GIVEN_UP] = {"own-given-up", "we give up", "9293 3.10.8"},
    [REASON_OWN_RST_SENT] = {"own-rst-sent", "we reset the connection", "9293 3.10.5"},
};

const struct reason_text *reason_text(enum reason reason)
{
    return &texts[reason];
}
