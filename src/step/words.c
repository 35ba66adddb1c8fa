/* The words of the step language, and what is to be known beside them. */
#include <stddef.h>

#include "step/grammar.h"

#define PLACES(...) .places = {__VA_ARGS__}

#define BY_HAND_HELP "What is not said is as our end would send it now. It goes out once: a lost one is not repeated."

#define BY_HAND(name_, word_, flags_, order_, summary_, help_, example_)                                               \
    {                                                                                                                  \
        .name = name_, .syntax = name_ " [FIELD=VALUE...] [data BYTES]", .summary = summary_, .help = help_,           \
        .example = example_, .kind = STEP_SEGMENT, .segment_word = word_, .flags = flags_,                             \
        .clauses = CLAUSE_SET | CLAUSE_DATA, .order = (order_) | ORDER_BEGINS | ORDER_LATE                             \
    }

const struct grammar_word grammar_words[] = {
    {.name = "open",
     .syntax = "open [within DURATION]",
     .summary = "Opens the connection: SYN, the peer's SYN-ACK, ACK.",
     .help = "The SYN is repeated until the SYN-ACK comes. It is the first step that sends, and there is only one. To "
             "do the same "
             "by hand: syn; expect S. ack=+1; ack",
     .example = "open within 3s",
     .kind = STEP_OPEN,
     .clauses = CLAUSE_WITHIN,
     .order = ORDER_OPENS | ORDER_BEGINS},
    {.name = "listen",
     .syntax = "listen [within DURATION]",
     .summary = "Waits for a client: for its SYN to our port.",
     .help = "Only as the first step. It does not answer: accept does, or synack, or any segment by hand.",
     .example = "listen within 60s; accept",
     .kind = STEP_LISTEN,
     .clauses = CLAUSE_WITHIN,
     .order = ORDER_FIRST | ORDER_BEGINS},
    {.name = "accept",
     .syntax = "accept [within DURATION]",
     .summary = "Answers the client's SYN with SYN-ACK and waits for its ACK.",
     .help = "Only directly behind listen. The SYN-ACK is repeated until the ACK comes.",
     .example = "listen; accept within 3s",
     .kind = STEP_ACCEPT,
     .clauses = CLAUSE_WITHIN,
     .order = ORDER_AFTER_LISTEN | ORDER_NEEDS},
    {.name = "send",
     .syntax = "send \"TEXT\" | hex HEX | file PATH | zeros N [within DURATION]",
     .summary = "Sends bytes and sees that they have left.",
     .help = "They go out as the peer's window allows, and again until they are acknowledged. \"\" sends nothing. See "
             "the topic strings for "
             "what a backslash means.",
     .example = "open; send \"GET / HTTP/1.0\\r\\n\\r\\n\"",
     .kind = STEP_SEND,
     PLACES({.argument = ARGUMENT_BYTES}),
     .clauses = CLAUSE_WITHIN,
     .order = ORDER_NEEDS | ORDER_SENDS},
    {.name = "half-close",
     .syntax = "half-close [within DURATION]",
     .summary = "Closes our direction: FIN, and waits until it is acknowledged.",
     .help = "The peer can still send. The FIN is repeated until its acknowledgement comes.",
     .example = "open; half-close; drain",
     .kind = STEP_HALF_CLOSE,
     .clauses = CLAUSE_WITHIN,
     .order = ORDER_NEEDS | ORDER_ENDS_SENDING},
    {.name = "drain",
     .syntax = "drain [within DURATION]",
     .summary = "Takes what the peer sends, until its FIN.",
     .help = "When the peer does not close it ends with the time that it has, and the walk goes on. Where the FIN must "
             "come, say "
             "expect F. or close.",
     .example = "open; half-close; drain within 5s",
     .kind = STEP_DRAIN,
     .clauses = CLAUSE_WITHIN,
     .order = ORDER_NEEDS},
    {.name = "close",
     .syntax = "close [within DURATION]",
     .summary = "Closes both directions in order: half-close, the peer's FIN, linger.",
     .help = "Our FIN must be acknowledged and the peer's FIN must come within the time that the step has.",
     .example = "open; close within 5s",
     .kind = STEP_CLOSE,
     .clauses = CLAUSE_WITHIN,
     .order = ORDER_NEEDS | ORDER_ENDS_SENDING | ORDER_ENDS},
    {.name = "linger",
     .syntax = "linger [within DURATION]",
     .summary = "Stays a while in TIME-WAIT, to answer when the peer repeats its FIN.",
     .help = "Elsewhere than in TIME-WAIT it does nothing. With within it stays no longer than that, whatever the peer "
             "repeats.",
     .example = "open; half-close; drain; linger within 1s",
     .kind = STEP_LINGER,
     .clauses = CLAUSE_WITHIN,
     .order = ORDER_NEEDS},
    {.name = "abort",
     .syntax = "abort",
     .summary = "Ends the connection with a RST that the peer must take.",
     .help = "Its sequence number is exactly the one that the peer waits for (RFC 5961 3.2).",
     .example = "open; abort",
     .kind = STEP_ABORT,
     .order = ORDER_NEEDS | ORDER_ENDS_SENDING | ORDER_ENDS},
    {.name = "probe",
     .syntax = "probe [all|destructive|PROBE]",
     .summary = "Makes the peer show its state, with segments that change nothing.",
     .help =
         "Chosen by what is believed: as few as can tell the states apart that are left, each asked up to three times "
         "where only loss explains silence, which proves nothing. With all every harmless one is sent. destructive "
         "sends those that can change the connection or end it, and says so before each. PROBE is one of old-byte, old-ack, "
         "bare and syn-copy: only that one, once.",
     .example = "open; probe; half-close; probe old-byte",
     .kind = STEP_PROBE,
     PLACES({.argument = ARGUMENT_SCOPE, .optional = true}),
     .order = ORDER_NEEDS | ORDER_LATE},
    BY_HAND("syn", WORD_SYN, TCP_SYN, 0, "Sends one SYN.", BY_HAND_HELP, "syn options=<mss 1460>; expect S. ack=+1"),
    BY_HAND(
        "synack", WORD_SYNACK, TCP_SYN | TCP_ACK, ORDER_AFTER_SYN, "Sends one SYN-ACK.",
        "It needs a SYN before it: the client's behind listen, or ours where both open at the same time. " BY_HAND_HELP,
        "listen; synack win=1000; expect . ack=+1"),
    BY_HAND("ack", WORD_ACK, TCP_ACK, 0, "Sends one ACK.", BY_HAND_HELP, "open; ack seq=una-1"),
    BY_HAND("fin", WORD_FIN, TCP_FIN | TCP_ACK, 0, "Sends one FIN with ACK.", BY_HAND_HELP,
            "open; fin; expect . ack=+2"),
    BY_HAND("rst", WORD_RST, TCP_RST, 0, "Sends one RST.", BY_HAND_HELP, "open; rst seq=nxt+1"),
    {.name = "segment",
     .syntax = "segment FLAGS [FIELD=VALUE...] [data BYTES]",
     .summary = "Sends one segment with these flags, right or wrong.",
     .help = "Every field of the header can be given, also what must not be. " BY_HAND_HELP,
     .example = "segment SF. seq=+1 ack=-1 win=0 options=<mss 1460,nop,wscale 7,sackOK,TS 1 0> data \"x\"",
     .kind = STEP_SEGMENT,
     .segment_word = WORD_SEGMENT,
     PLACES({.argument = ARGUMENT_FLAGS}),
     .clauses = CLAUSE_SET | CLAUSE_DATA,
     .order = ORDER_BEGINS | ORDER_LATE},
    {.name = "auto",
     .syntax = "auto ack|retransmit|probe on|off",
     .summary = "Says what our end does unasked: acknowledge, repeat what was lost, probe.",
     .help =
         "The first two are on at the beginning. With auto probe on, every step that leaves the peer's state presumed, "
         "or one of several, is followed by probes that ask for it.",
     .example = "auto ack off; open",
     .kind = STEP_AUTO,
     PLACES({.argument = ARGUMENT_AUTO}, {.argument = ARGUMENT_SWITCH}),
     .order = ORDER_LATE},
    {.name = "wait",
     .syntax = "wait DURATION",
     .summary = "Lets time pass.",
     .help = "What arrives meanwhile is answered as ever.",
     .example = "open; wait 200ms; close",
     .kind = STEP_WAIT,
     PLACES({.argument = ARGUMENT_DURATION}),
     .order = ORDER_LATE},
    {.name = "expect",
     .syntax = "expect [next] FLAGS|any [FIELD=VALUE...] [within DURATION]",
     .summary = "Waits for a segment of the peer with these flags and values.",
     .help = "Others before it do not matter; with next it must be the very next one. A letter followed by ? may or "
             "may not be there, "
             "and so P, E and W where they are not named; any stands for whatever flags. Fields are compared with = != "
             "< > <= "
             ">=, options with = ~ !~.",
     .example = "syn; expect next S. ack=+1 win>0 options~<mss,wscale 7> within 3s",
     .kind = STEP_EXPECT_SEGMENT,
     PLACES({.argument = ARGUMENT_NEXT, .optional = true}, {.argument = ARGUMENT_FLAGS_EXPECTED}),
     .clauses = CLAUSE_COMPARE | CLAUSE_WITHIN,
     .order = ORDER_NEEDS | ORDER_LATE},
    {.name = "expect nothing",
     .syntax = "expect nothing for DURATION",
     .summary = "No segment of the peer may come in this time.",
     .help = "An ICMP error about one of ours is none.",
     .example = "open; expect nothing for 500ms",
     .kind = STEP_EXPECT_NOTHING,
     PLACES({.argument = ARGUMENT_FOR}, {.argument = ARGUMENT_DURATION}),
     .order = ORDER_LATE},
    {.name = "expect state",
     .syntax = "expect state STATE[|STATE...] [proven|presumed] [within DURATION]",
     .summary = "Waits until the peer is in this state, or in one of these.",
     .help =
         "With proven it holds when all that the peer's own segment leaves possible is among them; with presumed, or "
         "without either, what is likely must be among them.",
     .example = "open; half-close; expect state CLOSE-WAIT|LAST-ACK proven within 1s",
     .kind = STEP_EXPECT_STATE,
     PLACES({.argument = ARGUMENT_STATES}),
     .clauses = CLAUSE_CERTAINTY | CLAUSE_WITHIN,
     .order = ORDER_NEEDS | ORDER_LATE},
    {.name = "expect local",
     .syntax = "expect local STATE[|STATE...] [within DURATION]",
     .summary = "Waits until our own end is in this state, or in one of these.",
     .help = "Our own state is always known: it needs no proof.",
     .example = "open; expect local ESTABLISHED",
     .kind = STEP_EXPECT_STATE,
     .of_local = true,
     PLACES({.argument = ARGUMENT_STATES}),
     .clauses = CLAUSE_WITHIN,
     .order = ORDER_LATE},
    {.name = "expect data",
     .syntax = "expect data \"PATTERN\" [within DURATION]",
     .summary = "Waits until what the peer has sent matches a pattern.",
     .help = "The pattern is an extended regular expression of POSIX. In it \\r \\n \\t \\xHH and \\\" are read as the "
             "byte; every other "
             "backslash is the expression's own.",
     .example = "open; send \"GET / HTTP/1.0\\r\\n\\r\\n\"; expect data \"HTTP/1\\.[01] 200\" within 2s",
     .kind = STEP_EXPECT_DATA,
     PLACES({.argument = ARGUMENT_PATTERN}),
     .clauses = CLAUSE_WITHIN,
     .order = ORDER_NEEDS | ORDER_LATE},
    {.name = "expect icmp",
     .syntax = "expect icmp [NAME] [within DURATION]",
     .summary = "Waits for an ICMP error about one of our segments.",
     .help = "Without a name any will do.",
     .example = "syn ttl=1; expect icmp time-exceeded within 1s",
     .kind = STEP_EXPECT_ICMP,
     PLACES({.argument = ARGUMENT_ICMP, .optional = true}),
     .clauses = CLAUSE_WITHIN,
     .order = ORDER_NEEDS | ORDER_LATE},
    {.name = NULL},
};

const struct grammar_topic grammar_topics[] = {
    {"scripts", "Steps, lines and comments.",
     "One step a line, or several with ; between them. A # at the beginning of a word begins a comment, which goes to "
     "the end "
     "of the line. On a command line the steps can be one argument or many: arguments are joined by a blank."},
    {"flags", "The flags of a segment, in tcpdump's letters.",
     "Any of F S R P . U E W in any order, each once, or none: FIN, SYN, RST, PSH, ACK, URG, ECE and CWR."},
    {"fields", "The fields of a segment: FIELD=VALUE, without blanks.",
     "By hand a field is set with =. In an expectation it is compared, with = != < > <= or >=; sequence numbers are "
     "compared "
     "on their circle."},
    {"numbers", "Sequence and acknowledgement numbers.",
     "1, +1 and -1 count from the initial number of whoever sends that number: ours in our seq, the peer's in our ack. "
     "@12345 and @0x12ab "
     "are numbers as they are on the wire. nxt and una are the next number to be sent and the first that is not "
     "acknowledged. Then any sum of +N, -N, "
     "+wnd and -wnd follows, where wnd is the window of the receiver: seq=nxt+wnd-1."},
    {"options", "TCP options: options=<mss 1460,nop,wscale 7>.",
     "By hand these are the segment's options, in this order, and no others; at most 40 bytes. In an expectation "
     "options~<mss,wscale 7> means at "
     "least these, options!~<mss> none of these, options=<mss 1460,wscale 7> these and no others, whatever the "
     "padding. There a value can "
     "be left out: then any will do. < and > can be left out of a list without blanks. The empty list is none."},
    {"states", "The states, as RFC 9293 writes them.", "Several are joined by |, without blanks."},
    {"icmp", "The names of ICMP errors.", "Each stands for a type and code of ICMP, of ICMPv6, or of both."},
    {"strings", "Bytes in quotes: \"...\".",
     "\\r \\n \\t \\0 \\\\ and \\\" are what they are in C, \\xHH is the byte with these two hex digits. The closing "
     "quote is on the same line."},
    {"durations", "Spans of time: 500ms, 1.5s.",
     "A number and ns, us, ms, s, m or h, without a blank. A bare number is seconds."},
    {.name = NULL},
};
