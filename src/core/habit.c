#include "core/habit.h"

#include "base/words.h"

static const struct habit_text texts[HABIT_COUNT] = {
    [HABIT_NONE] = {"none", "nobody", ""},
    [HABIT_FIN_PATIENCE] = {"fin-patience", N_("Linux, lwIP and gVisor"),
                            N_("a lone FIN is not repeated within 200 ms")},
    [HABIT_DATA_PATIENCE] = {"data-patience", N_("Linux, lwIP and gVisor"),
                             N_("bytes are not repeated within 200 ms, and a FIN behind them would ride on them")},
    [HABIT_OPENING] = {"opening", N_("lwIP, libslirp and Linux from 6.15 on"),
                       N_("from SYN-RECEIVED no ACK answers what we sent")},
    [HABIT_DROPPED_STAMP] = {"dropped-stamp", N_("gVisor and Linux from 6.15 on"),
                             N_("what it drops in SYN-RECEIVED leaves no timestamp")},
    [HABIT_DEAF_LISTENER] = {"deaf-listener", N_("Linux, lwIP and gVisor"),
                             N_("a listener drops a segment without flags")},
    [HABIT_MINISOCK] = {"minisock", N_("Linux"),
                        N_("only a socket that is held reports an old byte by SACK, and numbers its IPv4 packets")},
};

const struct habit_text *habit_text(enum habit habit)
{
    return &texts[habit];
}
