/* A script made ready to be walked: its files read, its zeros made, its patterns compiled. */
#ifndef CMD_PLAN_H
#define CMD_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "step/script.h"

struct plan {
    struct script script;
    struct blob *blobs; /* (owned) bytes of files, zeros, patterns */
    unsigned expectations;
    bool expects_data;      /* the peer's bytes must be captured whole */
    unsigned first_of_last; /* the first step of the last piece */
    unsigned line, column;  /* where an error is */
};

/* A piece of a script, and what errors call it. */
struct plan_piece {
    const char *where; /* NULL: errors are the words alone, and plan.line and .column say where */
    const char *text;
    size_t length;
    unsigned first_line; /* the number of its first line */
};

/*
 * Reads the pieces, one after the other, into a new plan, which is the caller's until plan_free (also after a failure).
 * Errors are FAULT_USAGE with the place: "FILE:3:8: ...". With whole, the order of all steps is checked too
 * (script_check).
 */
bool plan_read(struct plan *plan, const struct plan_piece *pieces, unsigned count, bool whole, struct fault *fault);

/*
 * Reads a file ("-" is standard input) into memory that is the caller's to free. At most 16 MiB. False with a fault:
 * FAULT_USAGE when it can't be read, since then the command line is wrong.
 */
bool plan_load_file(const char *path, uint8_t **bytes, size_t *length, struct fault *fault);

/* For walk_settings.match. */
bool plan_match(const void *compiled, const uint8_t *bytes, size_t len, size_t *end);

/* Frees what the plan owns; its steps must not be used any more. A plan that is all zero is fine. */
void plan_free(struct plan *plan);

#endif
