#include "cmd/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/wrap.h"

#define AT(member) offsetof(struct options, member)

const struct option_row option_rows[] = {
    {"json", 0, NULL, "write JSON lines instead of the ladder", OPTION_FLAG, AT(json), 0, 0, FOR_ALL | FOR_CAPTURES},
    {"quiet", 'q', NULL, "write nothing but errors", OPTION_FLAG, AT(quiet), 0, 0, FOR_ALL | FOR_CAPTURES},
    {"write", 'w', "FILE", "write the packets to this pcapng file, with comments on what each one shows", OPTION_TEXT,
     AT(write), 0, 0, FOR_ALL | FOR_CAPTURES},
    {"send", 's', "TEXT", "send these bytes once it is open (\\r \\n \\t \\0 \\xHH \\\\ are read)", OPTION_TEXT,
     AT(send), 0, 0, FOR_ALL},
    {"timeout", 't', "DURATION", "how long one step may wait for the peer (10s)", OPTION_SPAN, AT(timeout), 1, 0,
     FOR_ALL},
    {"rto", 0, "DURATION", "initial retransmission timeout (1s)", OPTION_SPAN, AT(rto), 1, 0, FOR_ALL},
    {"retries", 0, "N", "how often one segment is sent again (5)", OPTION_NUMBER, AT(retries), 0, 100, FOR_ALL},
    {"delay", 0, "DURATION", "wait this long between steps (0)", OPTION_SPAN, AT(delay), 0, 0, FOR_WALKS | FOR_TEACH},
    {"linger", 0, "DURATION", "stay this long after the last ACK (300ms and 4 round trips)", OPTION_SPAN, AT(linger), 0,
     0, FOR_WALKS | FOR_TEACH},
    {"interface", 'i', "IF", "send and capture on this interface; watch: any for all of them", OPTION_TEXT,
     AT(interface), 0, 0, FOR_ALL | FOR_WATCH},
    {"source", 0, "ADDR", "our address", OPTION_ADDRESS, AT(source), 0, 0, FOR_ALL},
    {"source-port", 0, "PORT", "our port (any free one)", OPTION_NUMBER, AT(source_port), 1, 65535,
     FOR_WALKS | FOR_TEACH},
    {"tap", 0, NULL, "print the expectations of a script as TAP, for prove and the like", OPTION_FLAG, AT(tap), 0, 0,
     FOR_WALKS | FOR_TEACH},
    {"print-script", 0, NULL, "print the steps that would be done, in the step language, and exit", OPTION_FLAG,
     AT(print_script), 0, 0, FOR_WALKS | FOR_TEACH},
    {"dry-run", 0, NULL, "show the segments that would leave and what RFC 9293 has a peer answer; send nothing",
     OPTION_FLAG, AT(dry_run), 0, 0, FOR_WALKS | FOR_TEACH},
    {"ipv4", '4', NULL, "use only IPv4 addresses of a name", OPTION_FLAG, AT(ipv4), 0, 0, FOR_ALL},
    {"ipv6", '6', NULL, "use only IPv6 addresses of a name", OPTION_FLAG, AT(ipv6), 0, 0, FOR_ALL},
    {"probe", 0, NULL, "after each step that leaves the peer's state open, make it show it (auto probe on)",
     OPTION_FLAG, AT(probe), 0, 0, FOR_WALKS | FOR_TEACH},
    {"verify", 0, NULL, "ask the peer's kernel for its state, where it is this machine's", OPTION_FLAG, AT(verify), 0,
     0, FOR_WALKS | FOR_TEACH},
    {"verify-netns", 0, "FILE", "ask in this network namespace (/run/netns/NAME, /proc/PID/ns/net)", OPTION_TEXT,
     AT(verify_netns), 0, 0, FOR_WALKS | FOR_TEACH},
    {"leave", 0, NULL, "leave open at the end what is open: no RST", OPTION_FLAG, AT(leave), 0, 0,
     FOR_WALKS | FOR_TEACH},
    {"low-latency", 0, NULL, "keep the processor awake while waiting", OPTION_FLAG, AT(low_latency), 0, 0, FOR_ALL},
    {"ttl", 0, "N", "TTL or hop limit (64)", OPTION_NUMBER, AT(ttl), 1, 255, FOR_ALL},
    {"mss", 0, "N", "maximum segment size that we offer (from the interface)", OPTION_NUMBER, AT(mss), 1, 65535,
     FOR_ALL},
    {"window", 0, "N", "window that we offer, in bytes (64240)", OPTION_NUMBER, AT(window), 0, 65535, FOR_ALL},
    {"wscale", 0, "N", "window scale shift that we offer (7)", OPTION_NUMBER, AT(wscale), 0, 14, FOR_ALL},
    {"isn", 0, "N", "our initial sequence number (random)", OPTION_NUMBER, AT(isn), 0, UINT32_MAX, FOR_ALL},
    {"no-mss", 0, NULL, "no MSS option in our SYN", OPTION_FLAG, AT(no_mss), 0, 0, FOR_ALL},
    {"no-wscale", 0, NULL, "no window scale option in our SYN", OPTION_FLAG, AT(no_wscale), 0, 0, FOR_ALL},
    {"no-sack", 0, NULL, "no SACK-permitted option in our SYN", OPTION_FLAG, AT(no_sack), 0, 0, FOR_ALL},
    {"no-timestamps", 0, NULL, "no timestamps option in our SYN", OPTION_FLAG, AT(no_timestamps), 0, 0, FOR_ALL},
    {"max", 0, "DURATION",
     "measure: how long each measurement may take (each has a default); watch: how long it goes on", OPTION_SPAN,
     AT(max), 1, 0, FOR_MEASURE | FOR_WATCH},
    {"count", 0, "N", "measure: how many connections or samples (each has a default); watch: how many packets",
     OPTION_NUMBER, AT(count), 1, UINT32_MAX, FOR_MEASURE | FOR_WATCH},
    {"data", 0, NULL, "measure: a byte may be sent to the application where nothing else tells", OPTION_FLAG, AT(data),
     0, 0, FOR_MEASURE},
    {"svg", 0, "FILE", "draw the ladder, with both states to scale in time (measure: the charts), into this file",
     OPTION_TEXT, AT(svg), 0, 0, FOR_WALKS | FOR_MEASURE | FOR_CAPTURES},
    {"html", 0, "FILE", "the same as a page of its own, with a table of the segments (read: of all connections)",
     OPTION_TEXT, AT(html), 0, 0, FOR_WALKS | FOR_CAPTURES},
    {"mermaid", 0, NULL, "write a sequence diagram for Mermaid instead of the ladder, to be put into Markdown",
     OPTION_FLAG, AT(mermaid), 0, 0, FOR_WALKS | FOR_CAPTURES},
    {"auto", 0, NULL, "teach: go on without a key", OPTION_FLAG, AT(go_on), 0, 0, FOR_TEACH},
    {"quiz", 0, NULL, "teach: take the answers to its questions, and count the right ones", OPTION_FLAG, AT(quiz), 0, 0,
     FOR_TEACH},
    {"bytes", 0, NULL, "teach: show each segment as it is on the wire, field by field", OPTION_FLAG, AT(bytes), 0, 0,
     FOR_TEACH},
    {"long", 0, NULL, "teach: do also what takes minutes", OPTION_FLAG, AT(takes_long), 0, 0, FOR_TEACH},
    {"lang", 0, "LANG", "teach: in this language, such as en or ko (by the locale)", OPTION_TEXT, AT(lang), 0, 0,
     FOR_TEACH},
    {"export", 0, "FORMAT", "teach: write the lesson that was given as a page for course notes: html or svg",
     OPTION_TEXT, AT(export_as), 0, 0, FOR_TEACH},
    {"output", 'o', "FILE", "teach: write it to this file (to standard output, and the lesson is not shown)",
     OPTION_TEXT, AT(output), 0, 0, FOR_TEACH},
    {"filter", 0, "FILTER", "read, watch: only packets that this filter of libpcap lets through", OPTION_TEXT,
     AT(filter), 0, 0, FOR_CAPTURES},
    {"connection", 0, "N", "read, watch: show the segments of this one, with both ends' states", OPTION_NUMBER,
     AT(connection), 1, UINT32_MAX, FOR_CAPTURES},
    {"sort", 0, "KEY", "read, watch: by number, duration, bytes, segments, retransmitted, rtt, close, a or b (number)",
     OPTION_TEXT, AT(sort), 0, 0, FOR_CAPTURES},
    {"limit", 0, "N", "read, watch: show no more than so many connections; 0 is all (1000)", OPTION_NUMBER, AT(limit),
     0, UINT32_MAX, FOR_CAPTURES},
    {"times", 0, NULL, "read, watch: have the table say how long each end was in each state", OPTION_FLAG, AT(times), 0,
     0, FOR_CAPTURES},
    {"csv", 0, NULL, "read, watch: write a line of comma-separated values for each connection", OPTION_FLAG, AT(csv), 0,
     0, FOR_CAPTURES},
    {"max-connections", 0, "N", "read, watch: follow so many at once, the longest idle left out first (8000)",
     OPTION_NUMBER, AT(max_connections), 1, 1000000, FOR_CAPTURES},
    {"no-promiscuous", 0, NULL, "watch: not what is for other machines, where the link carries that", OPTION_FLAG,
     AT(no_promiscuous), 0, 0, FOR_WATCH},
    {"help", 'h', NULL, "print this and exit", OPTION_FLAG, AT(help), 0, 0, FOR_ALL | FOR_CAPTURES},
    {"version", 'V', NULL, "print the version and exit", OPTION_FLAG, AT(version), 0, 0, FOR_ALL | FOR_CAPTURES},
    {NULL, 0, NULL, NULL, OPTION_FLAG, 0, 0, 0, FOR_ALL},
};

#define ROWS (sizeof(option_rows) / sizeof(option_rows[0]) - 1)

static bool parse_number(const struct option_row *row, const char *text, uint32_t *out, struct fault *fault)
{
    unsigned long long value;
    char *end;

    errno = 0;
    value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value < row->least || value > row->most)
        return fault_set(fault, FAULT_USAGE, "--%s: '%s' is not a number from %u to %u", row->name, text, row->least,
                         row->most);
    *out = (uint32_t)value;
    return true;
}

static bool take(const struct option_row *row, const char *value, struct options *out, struct fault *fault)
{
    void *slot = (char *)out + row->offset;

    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)slot = true;
        return true;
    case OPTION_TEXT:
        *(const char **)slot = value;
        return true;
    case OPTION_SPAN:
        if (nanos_parse(value, slot) && *(nanos *)slot >= row->least * NANOS_PER_MS)
            return true;
        return fault_set(fault, FAULT_USAGE, "--%s: '%s' is not a duration such as 2s or 500ms%s", row->name, value,
                         row->least ? ", and at least 1ms" : "");
    case OPTION_NUMBER:
        if (slot == &out->isn)
            out->isn_set = true;
        if (slot == &out->limit)
            out->limit_set = true;
        return parse_number(row, value, slot, fault);
    case OPTION_ADDRESS:
        if (addr_parse(value, slot))
            return true;
        return fault_set(fault, FAULT_USAGE, "--%s: '%s' is not an IPv4 or IPv6 address", row->name, value);
    }
    return true;
}

static void defaults(struct options *out)
{
    *out = (struct options){
        .timeout = 10 * NANOS_PER_S,
        .rto = NANOS_PER_S,
        .retries = 5,
        .linger = NANOS_NONE,
        .max = NANOS_NONE,
        .window = 64240,
        .limit = 1000,
        .max_connections = 8000,
        .wscale = 7,
    };
}

/* getopt_long's tables, made from ours. val is the row's number, counted from 1, for long and short forms alike. */
static void build_tables(struct option longs[ROWS + 1], char shorts[2 * ROWS + 2])
{
    char *at = shorts;

    *at++ = ':'; /* missing arguments are told apart from unknown options */
    for (size_t i = 0; i < ROWS; i++) {
        const struct option_row *row = &option_rows[i];
        longs[i] = (struct option){row->name, row->argument ? required_argument : no_argument, NULL, (int)(256 + i)};
        if (row->letter) {
            *at++ = row->letter;
            if (row->argument)
                *at++ = ':';
        }
    }
    *at = '\0';
    longs[ROWS] = (struct option){0};
}

static const struct option_row *find_row(int code)
{
    if (code >= 256 && (size_t)(code - 256) < ROWS)
        return &option_rows[code - 256];
    for (size_t i = 0; i < ROWS; i++)
        if (option_rows[i].letter && option_rows[i].letter == code)
            return &option_rows[i];
    return NULL;
}

static bool bad_option(int code, char **argv, struct fault *fault)
{
    const struct option_row *row = find_row(optopt);

    if (code == ':' && row)
        return fault_set(fault, FAULT_USAGE, "--%s needs a value: %s", row->name, row->argument);
    if (row && !row->argument)
        return fault_set(fault, FAULT_USAGE, "--%s takes no value", row->name);
    if (optopt > 0 && optopt < 256)
        return fault_set(fault, FAULT_USAGE, "unknown option -%c (see tcpwalk --help)", optopt);
    return fault_set(fault, FAULT_USAGE, "unknown option %s (see tcpwalk --help)", argv[optind - 1]);
}

bool options_parse_more(int argc, char **argv, struct options *out, struct fault *fault)
{
    struct option longs[ROWS + 1];
    char shorts[2 * ROWS + 2];
    bool given[ROWS] = {false};
    int code;

    build_tables(longs, shorts);
    opterr = 0;
    optind = 0; /* a fresh start, also for glibc's reordering */
    while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        if (code == '?' || code == ':')
            return bad_option(code, argv, fault);
        const struct option_row *row = find_row(code);
        if (given[row - option_rows])
            return fault_set(fault, FAULT_USAGE, "--%s is given twice", row->name);
        given[row - option_rows] = true;
        for (int use = 0; use < USE_COUNT; use++)
            if (!(row->uses & (1U << use)) && !out->unfit[use])
                out->unfit[use] = row;
        if (!take(row, optarg, out, fault))
            return false;
    }
    out->operands = argv + optind;
    out->operand_count = argc - optind;
    return true;
}

bool options_parse(int argc, char **argv, struct options *out, struct fault *fault)
{
    defaults(out);
    if (!options_parse_more(argc, argv, out, fault))
        return false;
    if (out->csv && (out->json || out->quiet))
        return fault_set(fault, FAULT_USAGE, "--csv, --json and --quiet exclude each other");
    if ((out->dry_run || out->print_script) && (out->svg || out->html || out->mermaid))
        return fault_set(fault, FAULT_USAGE, "--%s makes no walk, of which --%s could be a picture",
                         out->dry_run ? "dry-run" : "print-script",
                         out->svg    ? "svg"
                         : out->html ? "html"
                                     : "mermaid");
    if ((out->dry_run || out->print_script) && out->write)
        return fault_set(fault, FAULT_USAGE, "--%s sends nothing that --write could write",
                         out->dry_run ? "dry-run" : "print-script");
    if (out->json + out->quiet + out->tap > 1)
        return fault_set(fault, FAULT_USAGE, "--json, --quiet and --tap exclude each other");
    return true;
}

bool options_suit(const struct options *options, enum option_use use, struct fault *fault)
{
    static const char *const names[USE_COUNT] = {[USE_WALK] = "a walk",
                                                 [USE_MEASURE] = "measure",
                                                 [USE_TEACH] = "teach",
                                                 [USE_READ] = "read",
                                                 [USE_WATCH] = "watch"};
    const struct option_row *row = options->unfit[use];
    char words[80] = "";
    struct text text;

    if (!row)
        return true;
    text_init(&text, words, sizeof(words));
    for (unsigned other = USE_MEASURE; other < USE_COUNT; other++)
        if (row->uses & (1U << other))
            text_add(&text, "%s%s", text.used ? " and " : "", names[other]);
    if (!(row->uses & FOR_WALKS))
        return fault_set(fault, FAULT_USAGE, "--%s: for %s", row->name, words);
    return fault_set(fault, FAULT_USAGE, "--%s: %s has no use for it", row->name,
                     use == USE_MEASURE ? "a measurement" : names[use]);
}

void options_print(FILE *out)
{
    for (size_t i = 0; i < ROWS; i++) {
        const struct option_row *row = &option_rows[i];
        char left[40];
        char letter[5] = "    ";
        if (row->letter) {
            letter[0] = '-';
            letter[1] = row->letter;
            letter[2] = ',';
        }
        snprintf(left, sizeof(left), "%s--%s%s%s", letter, row->name, row->argument ? " " : "",
                 row->argument ? row->argument : "");
        wrap_print(out, (unsigned)fprintf(out, "  %-26s ", left), row->help);
    }
}
