/* The file of --write: packets as they were captured, with comments on what they show. */
#ifndef CMD_COPY_H
#define CMD_COPY_H

#include "base/text.h"
#include "cmd/options.h"
#include "io/capture.h"
#include "io/pcapng_write.h"

struct copy;

/*
 * Opens the file that the options name; *out is NULL where they name none. Done before anything is sent, so that a file
 * that can't be written is no surprise afterwards. Standard output must be free for it (quiet), and no other output go to the same file: else FAULT_USAGE. All faults say
 * "--write: file: why".
 */
bool copy_open(struct copy **out, const struct options *options, struct fault *fault);

/* Finds the number of an interface in the file, and describes it there when it is new. */
bool copy_interface(struct copy *copy, const struct capture_interface *interface, unsigned *number,
                    struct fault *fault);

/* Is it described there? */
bool copy_knows(const struct copy *copy, const struct capture_interface *interface);

/* What interfaces were called until now counts no more: another file is read. */
void copy_forget_interfaces(struct copy *copy);

/* Adds a text to comments; false with a fault when there is no memory. */
bool copy_comment(struct pcapng_options *comments, const struct text *text, struct fault *fault);

/* Writes a packet with its comments. */
bool copy_packet(struct copy *copy, unsigned interface, const struct captured *captured,
                 const struct pcapng_options *comments, struct fault *fault);

/* The packet that was written last gets more comments: all that it has now. False without a fault where that can't be. */
bool copy_amend(struct copy *copy, unsigned interface, const struct captured *captured,
                const struct pcapng_options *comments, struct fault *fault);

/* What is known of an interface in the end, and comments that no packet could have. */
bool copy_statistics(struct copy *copy, unsigned interface, const struct pcapng_statistics *statistics,
                     const struct pcapng_options *comments, struct fault *fault);

/* The file holds all that was written. */
bool copy_flush(struct copy *copy, struct fault *fault);

/* Closes the file and frees everything; NULL is allowed. */
bool copy_close(struct copy *copy, struct fault *fault);

#endif
