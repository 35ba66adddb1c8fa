/* The command line as a value: one table of options, from which usage, completion and the parser follow. */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/fault.h"
#include "base/nanos.h"

struct option_row;

/* What commands do, as far as options differ by it: walks (and all that takes no part in the rest), measurements, lessons,
   captures, and those that go on. */
enum option_use { USE_WALK, USE_MEASURE, USE_TEACH, USE_READ, USE_WATCH, USE_COUNT };

#define FOR_WALKS (1U << USE_WALK)
#define FOR_MEASURE (1U << USE_MEASURE)
#define FOR_TEACH (1U << USE_TEACH)
#define FOR_READ (1U << USE_READ)
#define FOR_WATCH (1U << USE_WATCH)
#define FOR_CAPTURES (FOR_READ | FOR_WATCH)
#define FOR_ALL (FOR_WALKS | FOR_MEASURE | FOR_TEACH)

struct options {
    bool help, version;
    bool json, quiet, tap;
    bool print_script, dry_run;
    bool ipv4, ipv6;
    bool probe, verify, leave, low_latency;
    bool data;
    bool csv, times;
    bool no_promiscuous;
    const char *sort, *filter;
    uint32_t limit; /* 0: none */
    bool limit_set;
    uint32_t connection; /* 0: all */
    uint32_t max_connections;
    const char *svg, *html;
    bool mermaid;
    nanos max;      /* NANOS_NONE: as each measurement has it; watch: without end */
    uint32_t count; /* 0: as each measurement has it; watch: without end */
    bool no_mss, no_wscale, no_sack, no_timestamps;
    bool go_on, quiz, bytes, takes_long; /* teach: --auto, --quiz, --bytes, --long */
    const char *lang, *export_as, *output;
    const char *write; /* a file, "-": standard output */
    const char *send;  /* as typed, escapes and all */
    const char *interface;
    const char *verify_netns;
    struct addr source;
    uint32_t source_port; /* 0: any free one */
    nanos timeout, rto, delay;
    nanos linger; /* NANOS_NONE: chosen by the round trip */
    uint32_t retries;
    uint32_t ttl, mss; /* 0: the default */
    uint32_t window, wscale;
    uint32_t isn;
    bool isn_set;

    /* The first that was given and is not for commands of this use; NULL: none. */
    const struct option_row *unfit[USE_COUNT];

    char **operands; /* what is not an option, in order (argv's own strings) */
    int operand_count;
};

enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_SPAN, OPTION_NUMBER, OPTION_ADDRESS };

/* One option. */
struct option_row {
    const char *name;     /* without the dashes */
    char letter;          /* short form, or 0 */
    const char *argument; /* what usage calls it; NULL for a flag */
    const char *help;
    enum option_kind kind;
    size_t offset;        /* of its value in struct options */
    uint32_t least, most; /* OPTION_NUMBER; for OPTION_SPAN least is in milliseconds */
    unsigned uses;        /* FOR_... */
};

extern const struct option_row option_rows[]; /* ends with a NULL name */

/*
 * Reads the command line; options and operands may be mixed, "--" ends the options. argv is reordered. An
 * unknown option, a missing or bad value, or an option given twice is a FAULT_USAGE.
 */
bool options_parse(int argc, char **argv, struct options *out, struct fault *fault);

/* As options_parse, for options that are added to those in *out, in whose place they stand. */
bool options_parse_more(int argc, char **argv, struct options *out, struct fault *fault);

/* Are all that were given for a command of this use? Else a FAULT_USAGE. */
bool options_suit(const struct options *options, enum option_use use, struct fault *fault);

/* The options with their help, for usage. */
void options_print(FILE *out);

#endif
