/* --export and --output: a lesson that was given, written as a page. */
#ifndef CMD_EXPORT_H
#define CMD_EXPORT_H

#include <stdio.h>

#include "base/fault.h"
#include "cmd/options.h"
#include "report/handout.h"

enum export_format { EXPORT_NONE, EXPORT_HTML, EXPORT_SVG };

struct export
{
    enum export_format format;
    const char *name; /* of the file, or NULL: standard output */
    FILE *out;        /* (owned) not of standard output */
    struct handout handout;
};

/* What the options ask for, before anything is opened. False with a FAULT_USAGE. */
bool export_choose(struct export *export, const struct options *options, struct fault *fault);

/* Does the page take standard output, so that the lesson can't be shown there? */
bool export_takes_output(const struct export *export);

/* Opens the file, if there is to be one: an error is no surprise after the lesson. */
bool export_open(struct export *export, struct fault *fault);

/* Writes what has been put down. Nothing where nothing was. */
bool export_write(struct export *export, struct fault *fault);

/* Frees what it holds; one that is all zero is fine. */
void export_close(struct export *export);

#endif
