#include "io/leave.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Closes the descriptors from first to last. */
static void close_from_to(unsigned first, unsigned last)
{
    if (first > last || close_range(first, last, 0) == 0)
        return;
    /* A kernel before 5.9. Descriptors beyond these would be closed a few milliseconds late, with the process. */
    for (unsigned fd = first; fd <= last && fd < 4096; fd++)
        close((int)fd);
}

/*
 * The child: drops everything but the packet socket, says so by closing its end of the pipe, and is killed by
 * the kernel when the parent is gone. That signal comes after the parent's descriptors were closed, so the
 * last reference to the packet socket is always the child's, and the waiting is done here.
 */
static void hold_until_parent_ends(int packet_fd, int pipe_fd, pid_t parent)
{
    unsigned low = (unsigned)(packet_fd < pipe_fd ? packet_fd : pipe_fd);
    unsigned high = (unsigned)(packet_fd < pipe_fd ? pipe_fd : packet_fd);

    if (low > 0)
        close_from_to(0, low - 1);
    close_from_to(low + 1, high - 1);
    close_from_to(high + 1, ~0u);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent) {
        close(pipe_fd);
        for (;;)
            pause();
    }
    _exit(0);
}

void leave_to_child(int packet_fd)
{
    pid_t parent = getpid(), child;
    char nothing;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return;
    child = fork();
    if (child == 0)
        hold_until_parent_ends(packet_fd, ends[1], parent);
    close(ends[1]);
    /* The end of the pipe: the child has let go of everything else, or has died. */
    if (child > 0)
        while (read(ends[0], &nothing, 1) < 0 && errno == EINTR)
            continue;
    close(ends[0]);
}
