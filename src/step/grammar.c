#include "step/grammar.h"

#include <stddef.h>

const struct grammar_argument grammar_arguments[ARGUMENT_COUNT] = {
    [ARGUMENT_NONE] = {.name = ""},
    [ARGUMENT_NEXT] = {.name = "next", .words = {"next"}},
    [ARGUMENT_FLAGS] = {.name = "FLAGS",
                        .free = "flags such as S. or none",
                        .common = {"S", "S.", ".", "P.", "F.", "R", "R.", "none"}},
    [ARGUMENT_FLAGS_EXPECTED] = {.name = "FLAGS",
                                 .free = "flags such as S. or F.",
                                 .words = {"any"},
                                 .common = {"S", "S.", ".", "F.", "F?.", "R", "R.", "R.?", "none"}},
    [ARGUMENT_BYTES] = {.name = "BYTES",
                        .free = "a string such as \"GET /\"",
                        .words = {"hex", "file", "zeros"},
                        .string = true},
    [ARGUMENT_PAYLOAD] = {.name = "BYTES", .free = "a string such as \"GET /\"", .words = {"hex"}, .string = true},
    [ARGUMENT_HEX] = {.name = "HEX", .free = "pairs of hex digits such as 00ff0a"},
    [ARGUMENT_PATH] = {.name = "PATH", .free = "the path of a file"},
    [ARGUMENT_ZEROS] = {.name = "N", .free = "a number from 1 to 1000000"},
    [ARGUMENT_PATTERN] = {.name = "\"PATTERN\"",
                          .free = "a pattern in quotes such as \"HTTP/1\\.[01] 200\"",
                          .string = true},
    [ARGUMENT_STATES] = {.name = "STATE[|STATE...]", .free = "a state such as CLOSE-WAIT"},
    [ARGUMENT_ICMP] = {.name = "NAME", .free = "the name of an ICMP error such as port-unreachable"},
    [ARGUMENT_FOR] = {.name = "for", .words = {"for"}},
    [ARGUMENT_DURATION] = {.name = "DURATION",
                           .free = "a duration such as 500ms",
                           .common = {"100ms", "500ms", "1s", "5s"}},
    [ARGUMENT_AUTO] = {.name = "ack|retransmit|probe", .words = {"ack", "retransmit", "probe"}},
    [ARGUMENT_SWITCH] = {.name = "on|off", .words = {"on", "off"}},
    [ARGUMENT_SCOPE] = {.name = "all|destructive|PROBE",
                        .words = {"all", "destructive", "old-byte", "old-ack", "bare", "syn-copy"}},
};

const struct grammar_clause grammar_clauses[] = {
    {"within", CLAUSE_WITHIN, ARGUMENT_DURATION, "how long it may take, instead of what --timeout says"},
    {"proven", CLAUSE_CERTAINTY, ARGUMENT_NONE, "the state must be proven: a presumption does not do"},
    {"presumed", CLAUSE_CERTAINTY, ARGUMENT_NONE, "the state must be presumed, and not proven"},
    {"data", CLAUSE_DATA, ARGUMENT_PAYLOAD, "the payload, as a string or behind hex"},
    {.name = NULL},
};

#define PLAIN(name_, field_, uses_, least_, most_, wants_, example_, what_)                                            \
    {                                                                                                                  \
        .name = name_, .what = what_, .example = example_, .wants = wants_, .field = field_, .value = VALUE_PLAIN,     \
        .uses = uses_, .least = least_, .most = most_                                                                  \
    }

#define BOTH (USE_BY_HAND | USE_EXPECTED)
#define BYTE "a number from 0 to 255"
#define WORD "a number from 0 to 65535"
#define LONG "a number from 0 to 4294967295"

const struct grammar_field grammar_fields[] = {
    {.name = "seq",
     .what = "sequence number",
     .example = "seq=+1",
     .wants = "a number such as 1, nxt or una-1",
     .field = FIELD_SEQ,
     .value = VALUE_SEQUENCE,
     .uses = BOTH,
     .most = UINT32_MAX},
    {.name = "ack",
     .what = "acknowledgement number",
     .example = "ack=+1",
     .wants = "a number such as 1, nxt or una-1",
     .field = FIELD_ACK,
     .value = VALUE_SEQUENCE,
     .uses = BOTH,
     .most = UINT32_MAX},
    PLAIN("win", FIELD_WIN, BOTH, 0, 65535, WORD, "win=0", "window as it is in the header, not scaled"),
    PLAIN("len", FIELD_LEN, BOTH, 0, PAYLOAD_MOST, "a number from 0 to 65495", "len=10",
          "bytes of payload; by hand so many zeros"),
    PLAIN("urg", FIELD_URG, BOTH, 0, 65535, WORD, "urg=1", "urgent pointer"),
    PLAIN("ttl", FIELD_TTL, BOTH, 1, 255, "a number from 1 to 255", "ttl=64", "TTL of IPv4, hop limit of IPv6"),
    PLAIN("tos", FIELD_TOS, BOTH, 0, 255, BYTE, "tos=0x10", "type of service of IPv4, traffic class of IPv6"),
    PLAIN("id", FIELD_ID, BOTH, 0, 65535, WORD, "id=0x1234", "identification of IPv4"),
    PLAIN("reserved", FIELD_RESERVED, BOTH, 0, 15, "a number from 0 to 15", "reserved=1",
          "the four reserved bits before the flags"),
    PLAIN("tsval", FIELD_TSVAL, BOTH, 0, UINT32_MAX, LONG, "tsval=1000", "value of the timestamps option"),
    PLAIN("tsecr", FIELD_TSECR, BOTH, 0, UINT32_MAX, LONG, "tsecr=0", "echo reply of the timestamps option"),
    PLAIN("mss", FIELD_MSS, USE_EXPECTED, 0, 65535, WORD, "mss=1460", "value of the option mss"),
    PLAIN("wscale", FIELD_WSCALE, USE_EXPECTED, 0, 255, BYTE, "wscale=7", "value of the option wscale"),
    {.name = "offset",
     .what = "data offset in words of four bytes, whatever the options take",
     .example = "offset=5",
     .wants = "a number from 0 to 15",
     .value = VALUE_OFFSET,
     .uses = USE_BY_HAND,
     .most = 15},
    {.name = "checksum",
     .what = "the checksum; bad is the right one with all its bits inverted",
     .example = "checksum=bad",
     .wants = "bad or a number from 0 to 65535",
     .value = VALUE_CHECKSUM,
     .uses = USE_BY_HAND,
     .most = 65535},
    {.name = "fragment",
     .what = "split into IP fragments with so many bytes each",
     .example = "fragment=8",
     .wants = "a multiple of 8 from 8 to 65528",
     .value = VALUE_FRAGMENT,
     .uses = USE_BY_HAND,
     .least = 8,
     .most = 65528},
    {.name = "options",
     .what = "TCP options",
     .example = "options=<mss 1460,nop,wscale 7>",
     .wants = "a list such as <mss 1460,nop,wscale 7>, or none",
     .value = VALUE_OPTIONS,
     .uses = BOTH},
    {.name = NULL},
};

const struct grammar_exclusion grammar_exclusions[] = {
    {"len", "data", "data has a length of its own"},
    {"tsval", "options", "options are all the options that there are"},
    {"tsecr", "options", "options are all the options that there are"},
    {.name = NULL},
};

const struct grammar_option grammar_options[] = {
    {"mss", "mss N", "maximum segment size", "a number from 0 to 65535", SHAPE_NUMBERS, 2, TCP_OPT_MSS, 1, 2, BOTH},
    {"wscale", "wscale N", "window scale", BYTE, SHAPE_NUMBERS, 3, TCP_OPT_WSCALE, 1, 1, BOTH},
    {"sackOK", "sackOK", "SACK permitted", "nothing", SHAPE_NUMBERS, 4, TCP_OPT_SACK_PERMITTED, 0, 0, BOTH},
    {"TS", "TS VAL ECR", "timestamps", "two numbers from 0 to 4294967295", SHAPE_NUMBERS, 8, TCP_OPT_TIMESTAMPS, 2, 4,
     BOTH},
    {"sack", "sack LEFT:RIGHT...", "SACK blocks, in absolute numbers", "1 to 4 blocks such as 1000:2000", SHAPE_BLOCKS,
     5, TCP_OPT_SACK, 0, 4, BOTH},
    {"nop", "nop", "no operation: padding", "nothing", SHAPE_SINGLE, 1, 0, 0, 0, USE_BY_HAND},
    {"eol", "eol", "end of the list", "nothing", SHAPE_SINGLE, 0, 0, 0, 0, USE_BY_HAND},
    {"kind", "kind N [HEX]", "any option, with the right length", "a number from 2 to 255 and pairs of hex digits",
     SHAPE_KIND, 0, 0, 0, 0, USE_BY_HAND},
    {"raw", "raw HEX", "bytes as they are", "pairs of hex digits", SHAPE_RAW, 0, 0, 0, 0, USE_BY_HAND},
    {"other", "other", "an option of any other kind", "nothing", SHAPE_SEEN, 0, TCP_OPT_OTHER, 0, 0, USE_EXPECTED},
    {"malformed", "malformed", "a length that can't be", "nothing", SHAPE_SEEN, 0, TCP_OPT_MALFORMED, 0, 0,
     USE_EXPECTED},
    {.name = NULL},
};

const struct grammar_flag grammar_flags[] = {
    {'F', TCP_FIN, "FIN"}, {'S', TCP_SYN, "SYN"}, {'R', TCP_RST, "RST"}, {'P', TCP_PSH, "PSH"}, {'.', TCP_ACK, "ACK"},
    {'U', TCP_URG, "URG"}, {'E', TCP_ECE, "ECE"}, {'W', TCP_CWR, "CWR"}, {.letter = 0},
};

const struct grammar_comparison grammar_comparisons[] = {
    {"=", COMPARE_EQUAL, "equal"},
    {"!=", COMPARE_UNEQUAL, "not equal"},
    {"<", COMPARE_LESS, "less or earlier"},
    {">", COMPARE_MORE, "more or later"},
    {"<=", COMPARE_AT_MOST, "at most"},
    {">=", COMPARE_AT_LEAST, "at least"},
    {.name = NULL},
};

const struct grammar_test grammar_tests[] = {
    {"~", OPTIONS_HAVE, "it has these, and maybe others"},
    {"!~", OPTIONS_LACK, "it has none of these"},
    {"=", OPTIONS_ARE, "it has these and no others; padding does not count"},
    {.name = NULL},
};

const struct grammar_word *grammar_word_of(const struct step *step)
{
    for (const struct grammar_word *word = grammar_words; word->name; word++) {
        if (word->kind != step->kind)
            continue;
        if (step->kind == STEP_SEGMENT && word->segment_word != step->segment.word)
            continue;
        if (step->kind == STEP_EXPECT_STATE && word->of_local != step->state.of_local)
            continue;
        return word;
    }
    return NULL;
}
