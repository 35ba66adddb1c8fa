/*
 * The pictures of a walk or of a connection that was read: --svg, --html and --mermaid. Files are opened before anything is sent,
 * so that an error is no surprise afterwards, and written at the end, in whatever way that came: all of a picture or nothing.
 */
#ifndef CMD_PICTURES_H
#define CMD_PICTURES_H

#include <stdio.h>
#include <sys/types.h>

#include "base/fault.h"
#include "cmd/options.h"
#include "report/ladder_rows.h"

enum picture_kind { PICTURE_SVG, PICTURE_HTML, PICTURE_MERMAID, PICTURE_KINDS };

struct picture {
    bool wanted;
    const char *option; /* "--svg" */
    const char *name;   /* of the file; NULL: standard output */
    int fd;             /* (owned) of the file */
    bool made;          /* the file was not there before */
};

/* All that is zero has none. */
struct pictures {
    struct picture all[PICTURE_KINDS];
    const char *command;
    struct ladder_rows ladder;                    /* what they show */
    nanos epoch;                                  /* when it began, since 1970 */
    void (*page)(const void *context, FILE *out); /* what makes the page of --html instead; or NULL */
    const void *context;                          /* its own (borrowed) */
};

/* What the options ask for; opens the files. command is what the picture is of. False with a FAULT_USAGE or a FAULT_LOCAL. */
bool pictures_open(struct pictures *pictures, const struct options *options, const char *command, struct fault *fault);

/* Are there any? */
bool pictures_wanted(const struct pictures *pictures);

/* Does one of them take standard output, so that nothing else is to be said there? */
bool pictures_take_output(const struct pictures *pictures);

/* Takes an event of a walk in, if there are any pictures. False with a FAULT_LOCAL. */
bool pictures_event(struct pictures *pictures, const struct event *event, struct fault *fault);

/* Writes them. Where nothing has happened, files that were not there before go. False with a FAULT_LOCAL. */
bool pictures_write(struct pictures *pictures, struct fault *fault);

/* Frees what they hold, and removes files that were made and not written. */
void pictures_close(struct pictures *pictures);

#endif
