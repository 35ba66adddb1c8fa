/*
 * Starting and stopping the lab.
 *
 * Theory of operation
 *
 *     this process                                      the server, its child
 *     namespaces for server and client, stays in the latter
 *     loopback up, veth pair made
 *     fork ------------------------------------------>  listeners on the client's loopback
 *     lab0: addresses, routes, up                       enters the server's namespace: settings, lab1, listeners
 *     waits for lab0 to run                             waits for lab1 to run
 *     reads the server's word from a pipe  <----------  its fault, empty when all is well; then serves
 *
 * The two columns run side by side. The child asks the kernel to be killed with its parent, so nothing
 * survives, whatever ends the parent; the namespaces go with their last process.
 */
#include "lab/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/links.h"
#include "lab/namespaces.h"
#include "lab/server.h"

enum {
    CHILD_NETNS = 3, /* the child's descriptors, after it has dropped all that it inherited */
    CHILD_WORD = 4,
};

/* Keeps two descriptors as CHILD_NETNS and CHILD_WORD, the null device as the standard ones, and nothing else. */
static bool drop_descriptors(int netns, int word)
{
    int null = open("/dev/null", O_RDWR);

    /* Clear of the numbers that they will get. */
    netns = fcntl(netns, F_DUPFD, 10);
    word = fcntl(word, F_DUPFD, 10);
    null = null >= 0 ? fcntl(null, F_DUPFD, 10) : -1;
    if (netns < 0 || word < 0 || null < 0)
        return false;
    for (int fd = 0; fd <= 2; fd++)
        if (dup2(null, fd) < 0)
            return false;
    return dup2(netns, CHILD_NETNS) >= 0 && dup2(word, CHILD_WORD) >= 0 && close_range(CHILD_WORD + 1, ~0U, 0) == 0;
}

/* The child is not its parent: no terminal, no signal handlers, no name in common. */
static void become_server(void)
{
    sigset_t none;

    setsid(); /* Ctrl-C is for the client: the server must be there to take its RST */
    for (int number = 1; number < NSIG; number++)
        (void)signal(number, SIG_DFL);
    (void)signal(SIGPIPE, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_NAME, "tcpwalk lab", 0, 0, 0);
}

/* Begins in the client's namespace and ends in the server's, with all services up. */
static bool prepare_server(struct server *server, int server_netns, bool ipv6, struct fault *fault)
{
    const struct addr loopback4 = {.family = 4, .bytes = {127, 0, 0, 1}};
    const struct addr loopback6 = {.family = 6, .bytes = {[15] = 1}};

    if (!server_init(server, fault) || !server_listen(server, &loopback4, false, fault) ||
        (ipv6 && !server_listen(server, &loopback6, true, fault)))
        return false;
    if (setns(server_netns, CLONE_NEWNET) < 0)
        return fault_set(fault, FAULT_LOCAL, "can't enter the server's network namespace: %s", strerror(errno));
    return namespaces_settle(true, fault) && links_loopback(fault) && links_server(ipv6, fault) &&
           server_listen(server, NULL, ipv6, fault) && links_wait(LINKS_SERVER_INTERFACE, fault);
}

static _Noreturn void serve_as_child(pid_t parent, int netns, int word, bool ipv6)
{
    struct server server;
    struct fault fault = {0};

    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent) /* it died before the kernel knew of our wish */
        _exit(1);
    become_server();
    if (!drop_descriptors(netns, word))
        _exit(1);
    bool up = prepare_server(&server, CHILD_NETNS, ipv6, &fault);
    if (write(CHILD_WORD, &fault, sizeof(fault)) != (ssize_t)sizeof(fault) || !up)
        _exit(1);
    close(CHILD_WORD);
    close(CHILD_NETNS);
    (void)server_run(&server, &fault);
    _exit(1);
}

/* Reads the server's word; true when it is up. */
static bool hear_server(int word, struct fault *fault)
{
    struct fault said;
    ssize_t got;

    do
        got = read(word, &said, sizeof(said));
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof(said))
        return fault_set(fault, FAULT_LOCAL, "the server ended before it was up");
    if (said.kind == FAULT_NONE)
        return true;
    return fault_set(fault, said.kind, "%s", said.words);
}

static bool start_server(struct lab *lab, struct fault *fault)
{
    int word[2];
    pid_t self = getpid();

    if (pipe2(word, O_CLOEXEC) < 0)
        return fault_set(fault, FAULT_LOCAL, "can't make a pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child == 0)
        serve_as_child(self, lab->peer_netns, word[1], lab->ipv6);
    close(word[1]);
    if (child < 0) {
        close(word[0]);
        return fault_set(fault, FAULT_LOCAL, "can't start the server: %s", strerror(errno));
    }
    lab->server = child;
    /* The server's own fault says more than a wait for its end of the link that ran out. */
    bool up = links_client(lab->ipv6, fault) && hear_server(word[0], fault) && links_wait(LAB_INTERFACE, fault);
    close(word[0]);
    return up;
}

bool lab_start(struct lab *lab, struct fault *fault)
{
    *lab = (struct lab){.peer_netns = -1, .ipv6 = links_have_ipv6()};
    if (namespaces_make(&lab->peer_netns, fault) && namespaces_settle(false, fault) && links_loopback(fault) &&
        links_pair(lab->peer_netns, fault) && start_server(lab, fault))
        return true;
    lab_stop(lab);
    return fault_context(fault, "lab");
}

void lab_stop(struct lab *lab)
{
    if (lab->server > 0) {
        kill(lab->server, SIGKILL);
        while (waitpid(lab->server, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (lab->peer_netns >= 0)
        close(lab->peer_netns);
    lab->server = 0;
    lab->peer_netns = -1;
}

static void stop_asked(struct server *server, void *holder, uint32_t events)
{
    (void)holder;
    (void)events;
    server->stopped = true;
}

static bool serve(struct server *server, const struct addr *address, void (*ready)(void *context), void *context,
                  struct fault *fault)
{
    if (!server_listen(server, address, address ? address->family == 6 : links_have_ipv6(), fault))
        return false;
    if (ready)
        ready(context);
    return server_run(server, fault);
}

bool lab_serve(const struct addr *address, void (*ready)(void *context), void *context, struct fault *fault)
{
    struct server server;
    sigset_t stop, before;

    if (!server_init(&server, fault))
        return fault_context(fault, "lab");
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    sigprocmask(SIG_BLOCK, &stop, &before);
    struct watch signals = {.fd = signalfd(-1, &stop, SFD_NONBLOCK | SFD_CLOEXEC), .ready = stop_asked};
    bool served = signals.fd >= 0 && server_watch(&server, &signals, EPOLLIN);
    if (!served)
        fault_set(fault, FAULT_LOCAL, "can't wait for signals: %s", strerror(errno));
    else
        served = serve(&server, address, ready, context, fault);
    /* The signal has done its work; left pending it would end the process as soon as it is let through. */
    struct signalfd_siginfo taken;
    while (signals.fd >= 0 && read(signals.fd, &taken, sizeof(taken)) > 0)
        ;
    watch_close(&signals);
    server_close(&server);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return served || fault_context(fault, "lab");
}
