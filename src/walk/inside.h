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

/*
 * What was asked for did not happen: settles the walk, or fails the present step of an interactive one and goes on. The
 * words are printf-style.
 */
void walk_fail(struct walk *walk, enum outcome outcome, int status, nanos now, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The peer ended the connection: a failure of a step that needs it, else kept until a step expects it or none does. */
void walk_trouble(struct walk *walk, enum outcome outcome, int status, nanos now, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Moves on through the steps as far as they are done (steps.c). */
void steps_advance(struct walk *walk, nanos now);

/* Gives up on what is unanswered: the retransmissions are used up, or the step's time (steps.c). */
void steps_give_up(struct walk *walk, nanos now);

/* A step has ended; tells the event. The time of a failure, at which nothing was seen, is reckoned from what was seen last. */
void events_step(struct walk *walk, const struct step *step, bool ok, nanos now);

/* A step is not done, since one that was given with it failed; tells the event. */
void events_step_skipped(struct walk *walk, const struct step *step);

/* What an expectation makes of what was heard so far (expect.c). */
enum expectation { EXPECT_MET, EXPECT_OPEN, EXPECT_BROKEN };

/* Can the walk fail by what the peer does not do in this step? */
bool step_is_expectation(const struct step *step);

/*
 * Looks for what the step expects. Met: it is consumed. Open: it can still come true. Broken, or when over (its time is up) and
 * it is not met: walk->step_why and .step_differs say what was there instead.
 */
enum expectation expect_look(struct walk *walk, const struct step *step, bool over);

/* What arrived is put where expectations find it. rcv_nxt and snd_una: ours before it. */
void heard_segment(struct walk *walk, const struct segment *segment, unsigned n, uint32_t rcv_nxt, uint32_t snd_una);
void heard_icmp(struct walk *walk, const char *name);

/* What arrived with this serial: one of walk->cursor to walk->heard - 1 (heard.c). */
const struct heard *heard_get(const struct walk *walk, uint64_t serial);

/* Acknowledgements that bring nothing else are passed over, up to the first segment that does. */
void heard_pass_acks(struct walk *walk);

/* What was matched as bytes is passed over as segments too: up to the first that opens or ends something. */
void heard_pass_text(struct walk *walk);

/* Makes the segment of a step by hand, with its payload (borrowed from the step). Our end has taken note of it. */
void by_hand_make(struct walk *walk, const struct step *step, uint32_t tick, struct segment *out,
                  const uint8_t **payload);

/* May the peer drop this segment for what is wrong about it on purpose? */
bool by_hand_is_doubtful(const struct segment *segment);

/* Where a number of a field stands, for a segment of ours. Host order. */
uint32_t by_hand_number(const struct walk *walk, const struct field_value *value);

/* Zeek's letter for a segment; capitals for ours, runs of one letter are written once. */
void history_add(struct walk *walk, const struct segment *segment, bool out, bool retransmission);

#endif
