/* What memory comes to a processor in; two processors that write to one at a time wait for each other. */
#ifndef BASE_CACHE_LINE_H
#define BASE_CACHE_LINE_H

#define CACHE_LINE 64 /* bytes */

#endif
