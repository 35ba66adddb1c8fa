/*
 * The documents of tests/rules: cases with a block of segments and a block of the claims expected after each.
 * tests/rules/README.md says how they are written. Numbers stay relative here; whoever runs a case adds the initial
 * ones.
 */
#ifndef UNIT_RULES_DOCUMENT_H
#define UNIT_RULES_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/belief.h"

#define LABEL_TEXT 8
#define START "0"
#define STEPS_MAX 32
#define EXPECTATIONS_MAX 48

/* One line of a block of segments: something that happens. */
struct rule_step {
    unsigned line;
    char label[LABEL_TEXT];
    nanos at;
    bool timer; /* nothing on the wire: the belief is asked what has expired */
    bool ours;
    bool lost;
    bool doubtful;
    bool absolute;          /* its sequence number is */
    struct segment segment; /* numbers and timestamps relative to the sender's first */
};

enum expectation_kind { EXPECT_CLAIM, EXPECT_NOTHING, EXPECT_POSSIBLE, EXPECT_EXPIRES };

/* One line of a block of claims. */
struct rule_expectation {
    unsigned line;
    char label[LABEL_TEXT]; /* of the step after which it is expected; START before the first */
    enum expectation_kind kind;
    struct claim claim;
    bool names_evidence, names_interval;
    state_set possible;
    nanos expires;
};

struct rule_case {
    char file[256];
    char title[128];
    unsigned line;
    bool passive;    /* we listen */
    char fault[256]; /* what is wrong with the document; empty when it can be run */
    struct rule_step steps[STEPS_MAX];
    unsigned step_count;
    struct rule_expectation expectations[EXPECTATIONS_MAX];
    unsigned expectation_count;
};

struct rule_cases {
    struct rule_case **at; /* (owned) */
    size_t count;
};

/*
 * Appends the cases of one document. Whatever is wrong with it becomes a case with a fault, so that it fails as a
 * test; so does a document without any case.
 */
void rules_read(struct rule_cases *cases, const char *path);

void rules_free(struct rule_cases *cases);

#define CLAIM_TEXT 512

/* A claim as a document writes it; evidence and interval only when asked for. Returns out. */
char *rule_claim_text(const struct claim *claim, bool evidence, bool interval, char out[CLAIM_TEXT]);

/* A set of states as a document writes it: "LAST-ACK (or CLOSING)" when only LAST-ACK is likely. Returns out. */
char *rule_states_text(state_set states, state_set likely, char out[STATE_SET_TEXT]);

#endif
