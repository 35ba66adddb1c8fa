#ifndef CORE_CLASSIFY_RST_H
#define CORE_CLASSIFY_RST_H

#include "core/classify.h"

/*
 * classify() of a RST (RFC 9293 3.10.7.1 to 3.10.7.4, RFC 5961 3). To a third party the SYN of a new connection may have passed
 * unseen: then the verdict is wider.
 */
void classify_rst(const struct knowledge *known, const struct segment *segment, struct verdict *out);

#endif
