/* Words for people, in their language where there is a catalogue for it (cmd/language.h); else as they stand. */
#ifndef REPORT_WORDS_H
#define REPORT_WORDS_H

#include <libintl.h>

#include "base/words.h"

#define _(text) gettext(text)

#endif
