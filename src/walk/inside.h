/* What the files of walk/ that make up one walk share among themselves. */
#ifndef WALK_INSIDE_H
#define WALK_INSIDE_H

#include "walk/walk.h"

/* Exit statuses of DESIGN section 4, as far as a walk can know them. */
enum walk_status {
    STATUS_DONE = 0,
    STATUS_EXPECTATION = 1,
    STATUS_NO_ANSWER = 3,
    STATUS_RESET = 4,
    STATUS_LOCAL = 5,
};

/* Remarks that are made once. */
enum note_once {
    NOTED_WRONG_ACK = 1,
    NOTED_OTHER_ISN = 2,
    NOTED_TTL = 4,
    NOTED_OPTIONS = 8,
    NOTED_QUEUE = 16,
    NOTED_COOKIE = 32,
    NOTED_CLOCK = 64,
    NOTED_UNSEEN = 128,
    NOTED_PRESUMPTION = 256,
    NOTED_RST = 512,
};

/* Queue one event; times are by the capture clock and become relative here. Claims and texts are copied or
 * static. */
void events_segment(struct walk *walk, const struct event_segment *segment);
void events_claims(struct walk *walk, enum side side, const struct claim *claims, unsigned count);
void events_local(struct walk *walk, enum state from, enum state to, enum reason reason, unsigned n,
                  nanos at);
void events_icmp(struct walk *walk, const struct event_icmp *icmp);
void events_verify(struct walk *walk, const struct event_verify *verify);
void events_end(struct walk *walk);

/*
 * Reports the changes of our state made by segments that have not been seen leaving, in order, up to the one given (or
 * all): our state moved when they were given away, whether they left or not.
 */
void own_moves_tell(struct walk *walk, const struct sent_segment *until);

/* Makes a remark unless it was made before. */
void note_once(struct walk *walk, enum note_once bit, nanos at, const char *token, const char *text);

/* Settles how the walk ends; the first call counts. The words are printf-style, NULL for success. */
void walk_settle(struct walk *walk, enum outcome outcome, int status, nanos now, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Zeek's letter for a segment; capitals for ours, runs of one letter are written once. */
void history_add(struct walk *walk, const struct segment *segment, bool out, bool retransmission);

#endif
