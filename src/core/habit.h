/*
 * Habits: what a stack does though no RFC asks for it. A claim that holds by the RFCs is a proof; what a habit makes of it
 * holds for peers that have the habit, is told apart from the proof, and is left out once the peer has shown that it
 * does not have it. core/habits.c applies them.
 */
#ifndef CORE_HABIT_H
#define CORE_HABIT_H

enum habit {
    HABIT_NONE,
    HABIT_FIN_PATIENCE,  /* a lone FIN is not repeated sooner than HABIT_FIN_SPAN */
    HABIT_REFUSED_STAMP, /* the timestamp of an acknowledgement that is refused leaves no trace */
    HABIT_DROPPED_STAMP, /* ... nor does that of an acknowledgement that is dropped, for a full queue perhaps */
    HABIT_SYN_COPY,      /* a copy of our SYN draws the SYN-ACK again from SYN-RECEIVED, never an ACK */
    HABIT_MINISOCK, /* an old byte is reported (D-SACK) by a whole socket, and not by what is left of a closed one */
    HABIT_COUNT
};

/*
 * The shortest time after which a stack that we know repeats a FIN with nothing else unacknowledged: Linux and gVisor
 * 200 ms, libslirp 1.4 s, lwIP 2.4 s (measured).
 */
#define HABIT_FIN_SPAN (200 * NANOS_PER_MS)

struct habit_text {
    const char *token;    /* stable, for programs */
    const char *stacks;   /* which have it */
    const char *sentence; /* it follows "by the habit of STACKS: " */
};

/* The texts of a habit other than HABIT_NONE; static, never NULL. */
const struct habit_text *habit_text(enum habit habit);

#endif
