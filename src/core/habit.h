/*
 * Habits: what a stack does though no RFC asks for it, or though one is known that breaks the rule. A claim that holds by
 * the RFCs is a proof; what a habit makes of it holds for peers that have the habit, is told apart from the proof, and is
 * left out once the peer has shown that it does not have it. core/habits.c applies them.
 */
#ifndef CORE_HABIT_H
#define CORE_HABIT_H

enum habit {
    HABIT_NONE,
    HABIT_FIN_PATIENCE, /* a lone FIN is not repeated sooner than HABIT_SPAN */
    HABIT_DATA_PATIENCE, /* nor are bytes with nothing else unacknowledged; and those that a FIN could ride on come without
                            only while the application has not closed */
    HABIT_OPENING, /* from SYN-RECEIVED no ACK answers a copy of our SYN, or an old acknowledgement whatever its number */
    HABIT_DROPPED_STAMP, /* the timestamp of an acknowledgement that is dropped, for a full queue perhaps, leaves no trace */
    HABIT_DEAF_LISTENER, /* what listens drops a segment without flags: a rule of RFC 9293 (3.10.7.2) that libslirp breaks */
    HABIT_MINISOCK,      /* what is left of a closed socket reports no old byte (D-SACK), and numbers no packet */
    HABIT_COUNT
};

/*
 * The shortest time after which a stack that we know repeats a FIN with nothing else unacknowledged: Linux and gVisor
 * 200 ms, lwIP 2.4 s (measured; libslirp waits for 1.4 s, or for any segment of ours).
 */
#define HABIT_SPAN (200 * NANOS_PER_MS)

struct habit_text {
    const char *token;    /* stable, for programs */
    const char *stacks;   /* which have it */
    const char *sentence; /* it follows "by the habit of STACKS: " */
};

/* The texts of a habit other than HABIT_NONE; static, never NULL. */
const struct habit_text *habit_text(enum habit habit);

#endif
