/*
 * A bench for walks: time that goes when it is told to, a capture that sees every segment of ours as it leaves, and
 * a peer of whom each segment is written by hand. What the walk sends and what it tells are kept as text.
 */
#ifndef UNIT_WALK_BENCH_H
#define UNIT_WALK_BENCH_H

#include <stdbool.h>

#include "base/text.h"
#include "walk/walk.h"

#define BENCH_STEPS 24

struct bench {
    struct walk walk;
    struct walk_settings settings; /* may be changed before bench_start */
    struct step steps[BENCH_STEPS];
    char script_bytes[4096];
    struct heard inbox[16];
    uint8_t text[4096];
    nanos began, now;    /* monotonic */
    uint16_t its_window; /* that the peer offers */
    uint32_t its_tsval;  /* of its next segment, once timestamps are ours to offer */
    uint32_t its_tsecr;  /* as it stands: not relative */
    bool capture_twice;
    bool deaf; /* our own segments are not captured any more */
    nanos lag; /* of the capture of our own segments: else they leave at the very time at which something arrived */

    struct text sent_text, log_text;
    char sent[2048]; /* "0 S seq 0; 10 . seq 1 ack 1; ": milliseconds since the start, flags, numbers */
    char log[8192];  /* one line for each event */
    struct event_end end;
    char why[200];
};

/* The named walk, with an initial RTO of 1 s, 5 retries, 10 s for a step, no delay, a linger of 300 ms. */
void bench_init(struct bench *bench, const char *named);

/* These steps instead, a passive walk if they begin with listen; patterns match where they stand as plain text. */
void bench_script(struct bench *bench, const char *text);

/* Gives the walk's send step so many bytes. */
void bench_send(struct bench *bench, unsigned len);

/* The walk begins. */
void bench_start(struct bench *bench);

/* Lets time pass, waking the walk as it asks, until so long after the start, and takes all events. */
void run_until(struct bench *bench, nanos since_start);

/* Runs until then, and has the peer answer our SYN. */
void bench_open(struct bench *bench, nanos since_start);

/* A segment of the peer arrives now; numbers are relative. It offers SACK and timestamps as we do. */
void peer(struct bench *bench, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len);

/* An ACK of the peer that reports one byte of ours at this number, which it had before (RFC 2883). */
void peer_reports(struct bench *bench, uint32_t seq, uint32_t ack, uint32_t old_seq);

/* A segment of the peer with these bytes. */
void peer_says(struct bench *bench, uint8_t flags, uint32_t seq, uint32_t ack, const char *text);

/* As peer(), but more is sighted before the walk acts on it. */
void sighted(struct bench *bench, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len);

/* A segment of this connection leaves now that the walk did not send. */
void ours_from_elsewhere(struct bench *bench, uint8_t flags, uint32_t seq);

/* An ICMP error arrives now that quotes our relative number. */
void icmp(struct bench *bench, uint8_t family, uint8_t type, uint8_t code, uint32_t seq);

/* The peer's kernel is asked, and says this. The log has "verify STATE agrees" (or "disagrees", "violates"). */
void kernel_says(struct bench *bench, enum state kernel, bool listening);

/* Takes the events that wait. */
void collect(struct bench *bench);

/* Was there a line in the log that begins like this? */
bool told(struct bench *bench, const char *beginning);

/* How many there were. */
unsigned times_told(struct bench *bench, const char *beginning);

/* The walk has ended, once, like this. */
#define assert_end(bench, wanted_status, wanted_outcome, wanted_history)                                               \
    do {                                                                                                               \
        assert_true(walk_ended(&(bench)->walk));                                                                       \
        assert_int_equal((bench)->end.status, wanted_status);                                                          \
        assert_int_equal((bench)->end.outcome, wanted_outcome);                                                        \
        assert_string_equal((bench)->end.history, wanted_history);                                                     \
    } while (0)

#endif
