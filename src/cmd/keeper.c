#include "cmd/keeper.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child's whole life. All signals are blocked: SIGTTOU does not keep it from its work, nor SIGTSTP stop it. */
static _Noreturn void keep(int terminal, const struct termios *found, const struct termios *ours, pid_t parent)
{
    struct termios now;
    sigset_t awaited;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    prctl(PR_SET_NAME, "terminal-keeper"); /* killall tcpwalk does not mean it */
    if (dup2(terminal, 0) != 0 || close_range(1, ~0U, 0) != 0)
        _exit(1);
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGTERM);
    while (getppid() == parent) /* or it died before we could ask to be told */
        sigwaitinfo(&awaited, NULL);
    if (tcgetattr(0, &now) == 0 && now.c_lflag == ours->c_lflag && now.c_iflag == ours->c_iflag)
        tcsetattr(0, TCSANOW, found);
    _exit(0);
}

pid_t keeper_post(int terminal, const struct termios *found, const struct termios *ours)
{
    pid_t self = getpid(), child;
    sigset_t all, before;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    child = fork();
    if (child == 0)
        keep(terminal, found, ours, self);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return child > 0 ? child : 0;
}

void keeper_dismiss(pid_t keeper)
{
    if (keeper == 0)
        return;
    kill(keeper, SIGKILL);
    while (waitpid(keeper, NULL, 0) < 0 && errno == EINTR)
        continue;
}
