#include "core/state.h"

#include "base/text.h"

static const char *const names[STATE_COUNT] = {
    [LISTEN] = "LISTEN",           [SYN_SENT] = "SYN-SENT",     [SYN_RECEIVED] = "SYN-RECEIVED",
    [ESTABLISHED] = "ESTABLISHED", [FIN_WAIT_1] = "FIN-WAIT-1", [FIN_WAIT_2] = "FIN-WAIT-2",
    [CLOSE_WAIT] = "CLOSE-WAIT",   [CLOSING] = "CLOSING",       [LAST_ACK] = "LAST-ACK",
    [TIME_WAIT] = "TIME-WAIT",     [CLOSED] = "CLOSED",
};

const char *state_name(enum state state)
{
    return names[state];
}

unsigned state_count(state_set set)
{
    unsigned count = 0;

    for (; set; set &= (state_set)(set - 1))
        count++;
    return count;
}

char *state_set_text(state_set set, const char *separator, char out[STATE_SET_TEXT])
{
    struct text text;

    text_init(&text, out, STATE_SET_TEXT);
    for (unsigned state = 0; state < STATE_COUNT; state++)
        if (set & IN(state))
            text_add(&text, "%s%s", text.used ? separator : "", names[state]);
    if (text.used == 0)
        text_add(&text, "none");
    return out;
}
