/* Rows that are kept until the end: no more than will be shown. */
#ifndef CMD_ROWS_H
#define CMD_ROWS_H

#include <stddef.h>

#include "base/fault.h"
#include "follow/summary.h"

/* All zero but limit and key: none yet. */
struct rows {
    struct summary *rows; /* owned: rows_free() */
    size_t count, room;
    uint32_t limit; /* 0: none */
    enum summary_key key;
};

/* Keeps a row if it is not to be left out, in the place of an earlier one of the same connection. False when there is no memory. */
bool rows_keep(struct rows *rows, const struct summary *row, struct fault *fault);

/* Will the row of the connection with this number be left out in the end, whatever it is? Then it need not be made. */
bool rows_leave_out(const struct rows *rows, uint64_t number);

/* Puts them into the order of their key; nothing can be kept afterwards. */
void rows_sort(struct rows *rows);

/* Frees them; there are none then. */
void rows_free(struct rows *rows);

#endif
