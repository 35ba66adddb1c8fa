/*
 * A copy of what is read (--write): each packet as it was captured, with the comments that it had, and others on what it was to
 * its connection and what it shows of both ends.
 */
#ifndef CMD_ANNOTATE_H
#define CMD_ANNOTATE_H

#include "cmd/copy.h"
#include "follow/follow.h"

struct annotated {
    struct copy *copy;                   /* (owned) NULL: none is wanted, and nothing here does anything */
    uint64_t packet;                     /* the one that is in hand, as passages count them */
    struct pcapng_options comments;      /* for the packet in hand, or the next one */
    struct pcapng_options left;          /* what was told since the last packet, as it is said where none follows */
    unsigned interface;                  /* of the packet before */
    bool any;                            /* there was one */
    struct pcapng_statistics statistics; /* for the end; its time is set with each packet, counts by who knows them */
};

/*
 * Opens the file that the options name, if they do; that it is none of those that are read is for outputs_spare() to see. False
 * with a FAULT_USAGE or a FAULT_LOCAL.
 */
bool annotate_open(struct annotated *annotated, const struct options *options, struct fault *fault);

/* A packet is taken in hand. What was told since the one before is said of it too. */
void annotate_begin(struct annotated *annotated, uint64_t packet);

/* A comment that it had already. */
bool annotate_keep(struct annotated *annotated, const char *text, size_t length, struct fault *fault);

/*
 * What the listener of follow.h is told; of other packets than the one in hand it is said which they were. epoch: when
 * the capture began.
 */
bool annotate_segment(struct annotated *annotated, const struct connection *connection, unsigned from, unsigned n,
                      enum passage_kind kind, const struct passage *passage, struct fault *fault);
bool annotate_claim(struct annotated *annotated, const struct connection *connection, unsigned end,
                    const struct claim *claim, nanos epoch, struct fault *fault);
bool annotate_icmp(struct annotated *annotated, const struct connection *connection, unsigned end,
                   const struct quotation *quotation, struct fault *fault);

/* Writes the packet. */
bool annotate_write(struct annotated *annotated, const struct capture_interface *interface,
                    const struct captured *captured, struct fault *fault);

/*
 * There are no more packets: writes what is still to be said, and the statistics if they are counted, of the interface of the
 * last packet; closes the file. False with a FAULT_LOCAL.
 */
bool annotate_end(struct annotated *annotated, struct fault *fault);

/* Closes the file as it is, and frees all. */
void annotate_close(struct annotated *annotated);

#endif
