/* The language of what is said to people: gettext, with catalogues beside the program or under share/locale. */
#ifndef CMD_LANGUAGE_H
#define CMD_LANGUAGE_H

#include <stdbool.h>

#include "base/fault.h"

/*
 * Chooses the language, for _() and the like: that of --lang, or with NULL that of the environment (LC_ALL, LC_MESSAGES, LANG;
 * LANGUAGE), also where no such locale was generated on this machine. FAULT_USAGE when lang names one that there is not.
 */
bool language_choose(const char *lang, struct fault *fault);

#define LANGUAGE_CODE 32

/* The code of the language that texts are in now: "en", "ko". Returns out. */
const char *language_code(char out[LANGUAGE_CODE]);

#endif
