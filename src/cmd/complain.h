/* The one way in which an error reaches a person: one line on standard error. */
#ifndef CMD_COMPLAIN_H
#define CMD_COMPLAIN_H

/* Prints "tcpwalk: " and the words, printf-style, as one line; what a terminal would obey is made harmless. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
