/* A lesson made ready: read, its steps planned, its peers found in the tables of the lab, its options understood. */
#ifndef CMD_LESSON_PLAN_H
#define CMD_LESSON_PLAN_H

#include <stdbool.h>

#include "cmd/options.h"
#include "cmd/plan.h"
#include "lab/lab.h"
#include "lesson/lesson.h"

/* One connection of a lesson. */
struct lesson_part {
    unsigned first, end;               /* its items: from its peer: to one past its last */
    const struct lab_service *service; /* with whom in the lab: one of the two */
    const struct lab_client *client;   /* then we are the one who listens */
    const char *takes_long;            /* what is said where it is left out, or NULL */
    struct plan plan;
    struct options options; /* those of the command line, and its own */
    char *words;            /* (owned) its options' texts */
};

struct lesson_plan {
    const char *name;
    char *text; /* (owned) of the file; with a lesson that ships inside NULL */
    const char *source;
    size_t source_length;
    struct lesson lesson;
    unsigned before; /* items before the first part */
    struct lesson_part parts[FACTS_PARTS];
    unsigned part_count;
};

/*
 * Reads the lesson of that name, or of that file when it has a slash or a dot in it. False with a FAULT_USAGE "FILE:3:1: ..." that
 * names the place. The plan is to be freed in either case.
 */
bool lesson_plan_open(struct lesson_plan *plan, const char *name, const struct options *options, struct fault *fault);

/* Reads the text alone. */
bool lesson_plan_load(struct lesson_plan *plan, const char *name, struct fault *fault);

/* The steps of an item LESSON_STEPS of a part. */
const struct step *lesson_plan_steps(const struct lesson_part *part, const struct lesson *lesson, unsigned item,
                                     unsigned *count);

/* Frees all that a plan owns; one that is all zero is fine. */
void lesson_plan_free(struct lesson_plan *plan);

#endif
