/* Writing to a descriptor until all is written. */
#ifndef CMD_WRITE_ALL_H
#define CMD_WRITE_ALL_H

#include <stdbool.h>
#include <stddef.h>

/* Writes length bytes; false with errno when not all could be. */
bool write_all(int fd, const char *bytes, size_t length);

#endif
