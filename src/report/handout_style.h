/* How a handout looks on a screen, a projector, a phone and paper, in light and in dark. */
#ifndef REPORT_HANDOUT_STYLE_H
#define REPORT_HANDOUT_STYLE_H

/* The widths of the two drawings of each ladder, in pixels; the style shows the one that fits. */
#define HANDOUT_WIDE 800.0
#define HANDOUT_NARROW 360.0

/* The rules of the page, without those of drawings (svg_rules()). */
extern const char handout_rules[];

#endif
