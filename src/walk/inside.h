/* What the files of walk/ that make up one walk share among themselves. */
#ifndef WALK_INSIDE_H
#define WALK_INSIDE_H

#include "walk/walk.h"

/* Remarks that are made once. */
enum note_once {
    NOTED_WRONG_ACK = 1,
    NOTED_OTHER_ISN = 2,
    NOTED_TTL = 4,
    NOTED_OPTIONS = 8,
    NOTED_QUEUE = 16,
    NOTED_COOKIE = 32,
    NOTED_NO_SOCKET = 1024,
    NOTED_NEW_CONNECTION = 2048,
    NOTED_CLOCK = 64,
    NOTED_UNSEEN = 128,
    NOTED_PRESUMPTION = 256,
    NOTED_RST = 512,
};

/* Queue one event; times are by the capture clock and become relative here. Claims and texts are copied or static. */
void events_segment(struct walk *walk, const struct event_segment *segment);
void events_claims(struct walk *walk, enum side side, const struct claim *claims, unsigned count);
void events_local(struct walk *walk, enum state from, enum state to, enum reason reason, unsigned n, nanos at);
void events_icmp(struct walk *walk, const struct event_icmp *icmp);
void events_verify(struct walk *walk, const struct event_verify *verify);
void events_end(struct walk *walk);

/* How long to stay in TIME-WAIT: as set, or LINGER_AUTO and four round trips. Nanoseconds. */
nanos walk_linger(const struct walk *walk);

/*
 * Reports the changes of our state made by segments that have not been seen leaving, in order, up to the one given (or
 * all): our state moved when they were given away, whether they left or not. A RST counts only when the walk is over.
 */
void own_moves_tell(struct walk *walk, const struct sent_segment *until, bool over);

/* Makes a remark unless it was made before. */
void note_once(struct walk *walk, enum note_once bit, nanos at, const char *token, const char *text);

/* Settles how the walk ends; the first call counts. The words are printf-style, NULL for success. */
void walk_settle(struct walk *walk, enum outcome outcome, int status, nanos now, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Zeek's letter for a segment; capitals for ours, runs of one letter are written once. */
void history_add(struct walk *walk, const struct segment *segment, bool out, bool retransmission);

#endif
