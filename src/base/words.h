/* Marks a text that is translated where it is printed: `make po` finds it by this. */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#define N_(text) text

#endif
