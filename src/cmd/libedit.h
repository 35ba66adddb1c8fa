/*
 * libedit, loaded when it is wanted. Linked in, it and the libraries that it brings (libtinfo, libbsd, libmd) would make each
 * start of the program a fifth longer, for one command of many.
 */
#ifndef CMD_LIBEDIT_H
#define CMD_LIBEDIT_H

#include <histedit.h>

#include "base/fault.h"

/* Those of its functions that are used. */
#define LIBEDIT_FUNCTIONS(row)                                                                                         \
    row(el_init_fd) row(el_end) row(el_wset) row(el_wget) row(el_wgets) row(el_wline) row(el_source)                   \
        row(el_winsertstr) row(el_deletestr) row(el_cursor) row(history_winit) row(history_wend) row(history_w)

struct libedit {
#define LIBEDIT_MEMBER(name) __typeof__(name) *name;
    LIBEDIT_FUNCTIONS(LIBEDIT_MEMBER)
#undef LIBEDIT_MEMBER
};

/* The library, which stays loaded; NULL with FAULT_LOCAL when it is not installed. */
const struct libedit *libedit_load(struct fault *fault);

#endif
