/*
 * launch: runs a command and says what it cost.
 *
 * usage: launch [-n COUNT] [-p CPU] [-t PERIOD_US] [-o FILE] COMMAND [ARG...]
 *
 * Runs COMMAND COUNT times (1), one after another, GAP_US microseconds apart (2000), on CPU if one is named;
 * its standard output is appended to FILE (thrown away without -o), its input is empty. Prints a line for
 * each run:
 *
 *     STATUS WALL GONE CPU RSS
 *
 * the exit status (128 + number for a signal); nanoseconds from posix_spawn until wait4 returned; nanoseconds
 * until the last process that the command left behind was gone too; microseconds of CPU time; peak memory in
 * KB.
 *
 * It is small on purpose: the kernel charges a process the peak memory of the one it was spawned from, and a
 * large parent makes spawning slow. A run that lasts longer than ten seconds is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUN_LIMIT_S = 10 };

extern char **environ;

static volatile sig_atomic_t running; /* the process to kill when time is up */

struct cost {
    int status;
    int64_t wall, gone; /* nanoseconds */
    struct rusage use;
};

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void sleep_until(int64_t when)
{
    struct timespec ts = {.tv_sec = when / 1000000000, .tv_nsec = when % 1000000000};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
        ;
}

static void die(const char *what, int error)
{
    fprintf(stderr, "launch: %s: %s\n", what, strerror(error));
    exit(125);
}

static void on_alarm(int sig)
{
    (void)sig;
    if (running > 0)
        kill(running, SIGKILL);
}

static void pin(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0)
        die("sched_setaffinity", errno);
}

/* Waits for `pid`, then for whatever it left behind (it comes to us: we are a subreaper). */
static void reap(pid_t pid, int64_t start, struct cost *cost)
{
    int status = 0;

    while (wait4(pid, &status, 0, &cost->use) < 0)
        if (errno != EINTR)
            die("wait4", errno);
    cost->wall = now_ns() - start;
    running = 0;
    cost->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    while (wait4(-1, NULL, 0, NULL) > 0)
        ;
    cost->gone = now_ns() - start;
}

static struct cost run_once(char **argv, const posix_spawn_file_actions_t *files)
{
    struct cost cost = {0};
    pid_t pid;
    int64_t start = now_ns();
    int error = posix_spawnp(&pid, argv[0], files, NULL, argv, environ);

    if (error)
        die(argv[0], error);
    running = pid;
    alarm(RUN_LIMIT_S);
    reap(pid, start, &cost);
    alarm(0);
    return cost;
}

static void print_cost(const struct cost *c)
{
    const struct timeval *u = &c->use.ru_utime, *s = &c->use.ru_stime;
    int64_t cpu = (int64_t)(u->tv_sec + s->tv_sec) * 1000000 + u->tv_usec + s->tv_usec;

    printf("%d %lld %lld %lld %ld\n", c->status, (long long)c->wall, (long long)c->gone, (long long)cpu,
           c->use.ru_maxrss);
}

int main(int argc, char **argv)
{
    const struct sigaction alarm_action = {.sa_handler = on_alarm};
    posix_spawn_file_actions_t files;
    const char *out = "/dev/null";
    int64_t period = 0;
    long count = 1;
    int c;

    while ((c = getopt(argc, argv, "+n:p:t:o:")) != -1) {
        if (c == 'n')
            count = atol(optarg);
        else if (c == 'p')
            pin(atoi(optarg));
        else if (c == 't')
            period = atoll(optarg) * 1000;
        else if (c == 'o')
            out = optarg;
        else
            return 125;
    }
    if (optind == argc) {
        fprintf(stderr, "usage: launch [-n COUNT] [-p CPU] [-t PERIOD_US] [-o FILE] COMMAND [ARG...]\n");
        return 125;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1UL);
    sigaction(SIGALRM, &alarm_action, NULL);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, out, O_WRONLY | O_CREAT | O_APPEND, 0600);
    for (long i = 0; i < count; i++) {
        int64_t next = now_ns() + period;
        struct cost cost = run_once(argv + optind, &files);

        print_cost(&cost);
        if (i + 1 < count)
            sleep_until(next);
    }
    posix_spawn_file_actions_destroy(&files);
    return 0;
}
