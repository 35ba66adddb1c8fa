#include "cmd/signals.h"

#include <stddef.h>

static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

volatile sig_atomic_t signals_seen;
static volatile sig_atomic_t last_signal;

static void on_signal(int number)
{
    last_signal = number;
    signals_seen++;
}

void signals_catch(sigset_t *wait_mask)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t block;

    sigemptyset(&action.sa_mask);
    sigemptyset(&block);
    for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
        struct sigaction before;
        sigaction(caught[i], NULL, &before);
        if (before.sa_handler == SIG_IGN) /* nohup(1) and background jobs mean it */
            continue;
        sigaction(caught[i], &action, NULL);
        sigaddset(&block, caught[i]);
    }
    sigprocmask(SIG_BLOCK, &block, wait_mask);
    for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
        sigdelset(wait_mask, caught[i]);
}

void signals_obey(void)
{
    sigset_t open;
    int number = last_signal;

    if (number == 0)
        return;
    signal(number, SIG_DFL);
    sigemptyset(&open);
    sigaddset(&open, number);
    sigprocmask(SIG_UNBLOCK, &open, NULL);
    raise(number);
}
