/* Reads SVG documents as an XML parser would, and sees where their texts are. */
#ifndef UNIT_SVG_DOCUMENT_H
#define UNIT_SVG_DOCUMENT_H

/* It is well formed, no text is cut by the rim, and none lies over another; seed is named where that fails. */
void svg_assert_readable(const char *text, unsigned seed);

/* These words are in it. */
void svg_assert_has(const char *text, const char *words);

/* How often they are. */
unsigned svg_occurrences(const char *text, const char *words);

#endif
