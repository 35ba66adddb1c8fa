#include "cmd/keeper.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static void keep(int terminal, int from, const struct termios *settings)
{
    static const int unheard[] = {SIGINT, SIGTERM, SIGHUP, SIGTTOU, SIGPIPE, SIGQUIT};
    char word;

    for (size_t i = 0; i < sizeof(unheard) / sizeof(unheard[0]); i++)
        signal(unheard[i], SIG_IGN);
    terminal = dup2(terminal, 0);
    from = dup2(from, 3);
    close_range(1, 2, 0);
    close_range(4, ~0U, 0);
    /* A word means that all is well; the end of the pipe without one, that nobody is left to say it. */
    if (from == 3 && read(from, &word, 1) == 0)
        tcsetattr(terminal, TCSADRAIN, settings);
    _exit(0);
}

int keeper_post(int terminal, const struct termios *settings)
{
    int ends[2];
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    child = fork();
    if (child == 0)
        keep(terminal, ends[0], settings);
    close(ends[0]);
    if (child > 0)
        return ends[1];
    close(ends[1]);
    return -1;
}

void keeper_relieve(int keeper)
{
    if (keeper < 0)
        return;
    (void)!write(keeper, "", 1); /* one that is gone already need not be told */
    close(keeper);
}
