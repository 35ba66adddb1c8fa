/*
 * The grammar of the step language, as tables. The parser and the printer walk them; help, completion, error messages
 * and the section 5 manual are made from them.
 *
 * A step is a word (a row of grammar_words), then what must or may stand at each of the row's places, from left to
 * right, then the row's clauses in any order, each once. To add a word, add a row; to add a kind of argument, a
 * member of enum argument, its row in grammar_arguments and how it is read and printed in step/arguments.c.
 *
 * All tables end with a row without name.
 */
#ifndef STEP_GRAMMAR_H
#define STEP_GRAMMAR_H

#include <stdbool.h>
#include <stdint.h>

#include "walk/step.h"

/* What can stand at one place of a step: always one word, but where it says so. */
enum argument {
    ARGUMENT_NONE,
    ARGUMENT_NEXT,
    ARGUMENT_FLAGS,
    ARGUMENT_FLAGS_EXPECTED,
    ARGUMENT_BYTES,   /* a string; or hex, file or zeros, and then one of the three */
    ARGUMENT_PAYLOAD, /* a string; or hex, and then hex digits */
    ARGUMENT_HEX,
    ARGUMENT_PATH,
    ARGUMENT_ZEROS,
    ARGUMENT_PATTERN,
    ARGUMENT_STATES,
    ARGUMENT_ICMP,
    ARGUMENT_FOR,
    ARGUMENT_DURATION,
    ARGUMENT_AUTO,
    ARGUMENT_SWITCH,
    ARGUMENT_SCOPE,
    ARGUMENT_COUNT
};

#define ARGUMENT_WORDS 12

struct grammar_argument {
    const char *name;                       /* in a syntax line */
    const char *free;                       /* what it is, in a message, if it is none of the words; or NULL */
    const char *words[ARGUMENT_WORDS + 1];  /* the words that can stand here, ended by NULL */
    const char *common[ARGUMENT_WORDS + 1]; /* worth offering at a prompt, ended by NULL; much else may stand here */
    bool string;                            /* it can be a string, whose quotes a shell takes away */
};

extern const struct grammar_argument grammar_arguments[ARGUMENT_COUNT];

/* What may follow the places of a word, in any order: bits of grammar_word.clauses. */
enum clause {
    CLAUSE_WITHIN = 0x01,
    CLAUSE_CERTAINTY = 0x02,
    CLAUSE_DATA = 0x04,
    CLAUSE_SET = 0x08,     /* FIELD=VALUE: grammar_fields that can be set by hand */
    CLAUSE_COMPARE = 0x10, /* FIELD=VALUE, FIELD<VALUE...: grammar_fields that can be expected */
};

/* The clauses that begin with a word of their own. Those with the same bit exclude each other. */
struct grammar_clause {
    const char *name;
    enum clause clause;
    enum argument argument; /* what follows the word */
    const char *what;
};

extern const struct grammar_clause grammar_clauses[];

/* The order of steps: bits of grammar_word.order, which script_check() reads. */
enum order {
    ORDER_FIRST = 0x01,        /* only as the first step */
    ORDER_OPENS = 0x02,        /* only once, and nothing that begins a connection before it */
    ORDER_BEGINS = 0x04,       /* begins a connection, or may: what needs one is fine behind it */
    ORDER_NEEDS = 0x08,        /* needs something before it that begins a connection */
    ORDER_AFTER_LISTEN = 0x10, /* only directly behind listen */
    ORDER_AFTER_SYN = 0x20,    /* only with a SYN before it, ours or the peer's */
    ORDER_ENDS_SENDING = 0x40, /* no send behind it */
    ORDER_ENDS = 0x80,         /* behind it only steps with ORDER_LATE */
    ORDER_LATE = 0x100,        /* also when the connection has been ended */
    ORDER_SENDS = 0x200,       /* sends bytes of the connection */
};

struct grammar_place {
    enum argument argument;
    bool optional;
};

#define GRAMMAR_PLACES 3

struct grammar_word {
    const char *name; /* one word, or two ("expect state"): then also rows of the first word alone, or with others */
    const char *syntax;
    const char *summary; /* one sentence */
    const char *help;    /* a paragraph */
    const char *example; /* steps that parse, and pass script_check() */
    enum step_kind kind;
    enum segment_word segment_word; /* of STEP_SEGMENT */
    uint8_t flags;                  /* of STEP_SEGMENT, where ARGUMENT_FLAGS does not give them */
    bool of_local;                  /* of STEP_EXPECT_STATE */
    struct grammar_place places[GRAMMAR_PLACES];
    unsigned clauses;
    unsigned order;
};

extern const struct grammar_word grammar_words[];

/* Where a field or a TCP option may stand: bits. */
enum grammar_use {
    USE_BY_HAND = 1,
    USE_EXPECTED = 2,
};

/* What the value of a field is, and where it goes. */
enum value_kind {
    VALUE_SEQUENCE, /* struct number of the field value */
    VALUE_PLAIN,    /* the same, absolute */
    VALUE_OFFSET,   /* the rest: of struct crafted */
    VALUE_CHECKSUM,
    VALUE_FRAGMENT,
    VALUE_OPTIONS, /* by hand bytes, in an expectation a test */
};

struct grammar_field {
    const char *name;
    const char *what;
    const char *example; /* with its value */
    const char *wants;   /* what its value must be, in a message */
    enum field field;    /* of VALUE_SEQUENCE and VALUE_PLAIN */
    enum value_kind value;
    unsigned uses; /* bits of enum grammar_use */
    uint32_t least, most;
};

extern const struct grammar_field grammar_fields[];

/* Two things that can't both be said of a segment by hand: names of fields or clauses. */
struct grammar_exclusion {
    const char *name, *other;
    const char *why;
};

extern const struct grammar_exclusion grammar_exclusions[];

/* How the bytes of a TCP option follow from what is written behind its name. */
enum option_shape {
    SHAPE_NUMBERS, /* kind, length, and numbers of so many bytes each */
    SHAPE_BLOCKS,  /* kind, length, and pairs LEFT:RIGHT of four bytes each */
    SHAPE_SINGLE,  /* the kind alone */
    SHAPE_KIND,    /* a number for the kind, and the rest as hex digits; the length is added */
    SHAPE_RAW,     /* hex digits, as they are */
    SHAPE_SEEN,    /* a remark on options that were received */
};

struct grammar_option {
    const char *name;
    const char *syntax;
    const char *what;
    const char *wants; /* what must follow the name, in a message */
    enum option_shape shape;
    uint8_t kind;           /* as on the wire; not of the last three shapes */
    uint8_t bit;            /* TCP_OPT_*; 0: it can't be expected */
    uint8_t numbers, width; /* of SHAPE_NUMBERS: how many, and the bytes of each */
    unsigned uses;          /* bits of enum grammar_use */
};

extern const struct grammar_option grammar_options[];

struct grammar_flag {
    char letter;
    uint8_t bit;
    const char *what;
};

/* tcpdump's letters in its order. */
extern const struct grammar_flag grammar_flags[];

/* The flags that a segment may always have, unless the expectation names them. */
#define FLAGS_UNASKED (TCP_PSH | TCP_ECE | TCP_CWR)

struct grammar_comparison {
    const char *name;
    enum comparison comparison;
    const char *what;
};

/* How a number is compared. */
extern const struct grammar_comparison grammar_comparisons[];

struct grammar_test {
    const char *name;
    enum options_test test;
    const char *what;
};

/* How the TCP options are. */
extern const struct grammar_test grammar_tests[];

/* What is to be known beside the words: numbers, flags, strings... */
struct grammar_topic {
    const char *name;
    const char *summary;
    const char *help; /* a paragraph, or several with a line end between */
};

extern const struct grammar_topic grammar_topics[];

/* How many bytes send zeros can have; the most that a segment by hand can carry. */
#define ZEROS_MOST 1000000
#define PAYLOAD_MOST 65495

/* The row that a step is printed with. Never NULL for a step of a kind that exists. */
const struct grammar_word *grammar_word_of(const struct step *step);

#endif
