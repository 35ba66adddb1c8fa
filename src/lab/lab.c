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
 *     reads the server's word from the line  <--------  its fault, empty when all is well; then serves
 *     an order on the line: a client to start  ------>  connects to us, in the same loop as the servers
 *     reads the word on that  <-----------------------  its fault, empty when the SYN is on its way
 *
 * The two columns run side by side. Whoever gives an order needs no privilege: it is carried out by the one that is
 * where it has to be, and that keeps its own. The child asks the kernel to be killed with its parent, so nothing
 * survives, whatever ends the parent; the namespaces go with their last process.
 *
 * The line is a pair of sockets that keep messages apart. Both its ends are this same program, so that an order is a
 * plain struct.
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
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/dial.h"
#include "lab/links.h"
#include "lab/namespaces.h"
#include "lab/server.h"

enum {
    CHILD_NETNS = 3, /* the child's descriptors, after it has dropped all that it inherited */
    CHILD_LINE = 4,
};

/* What the parent wants of the server: a client. */
struct order {
    size_t client; /* its place in lab_clients */
    struct endpoint target;
};

/* Keeps two descriptors as CHILD_NETNS and CHILD_LINE, the null device as the standard ones, and nothing else. */
static bool drop_descriptors(int netns, int line)
{
    int null = open("/dev/null", O_RDWR);

    /* Clear of the numbers that they will get. */
    netns = fcntl(netns, F_DUPFD, 10);
    line = fcntl(line, F_DUPFD, 10);
    null = null >= 0 ? fcntl(null, F_DUPFD, 10) : -1;
    if (netns < 0 || line < 0 || null < 0)
        return false;
    for (int fd = 0; fd <= 2; fd++)
        if (dup2(null, fd) < 0)
            return false;
    return dup2(netns, CHILD_NETNS) >= 0 && dup2(line, CHILD_LINE) >= 0 && close_range(CHILD_LINE + 1, ~0U, 0) == 0;
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

/* Tells the parent how it went; false when it is gone. */
static bool say(const struct fault *fault)
{
    return send(CHILD_LINE, fault, sizeof(*fault), MSG_NOSIGNAL) == (ssize_t)sizeof(*fault);
}

static void order_came(struct server *server, void *holder, uint32_t events)
{
    struct fault fault = {0};
    struct order order;
    ssize_t got = recv(CHILD_LINE, &order, sizeof(order), MSG_DONTWAIT);

    (void)holder;
    (void)events;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got == (ssize_t)sizeof(order)) {
        const struct lab_client *client = &lab_clients[order.client];
        if (!dial_start(server, client->behaviour, &order.target, &fault))
            fault_context(&fault, "%s", client->name);
        if (say(&fault))
            return;
    }
    server->stopped = true; /* the parent has closed its end */
}

static _Noreturn void serve_as_child(pid_t parent, int netns, int line, bool ipv6)
{
    struct watch orders = {.fd = CHILD_LINE, .ready = order_came};
    struct server server;
    struct fault fault = {0};

    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent) /* it died before the kernel knew of our wish */
        _exit(1);
    become_server();
    if (!drop_descriptors(netns, line))
        _exit(1);
    bool up = prepare_server(&server, CHILD_NETNS, ipv6, &fault);
    if (up && !server_watch(&server, &orders, EPOLLIN))
        up = fault_set(&fault, FAULT_LOCAL, "the server can't wait for orders: %s", strerror(errno));
    if (!say(&fault) || !up)
        _exit(1);
    close(CHILD_NETNS);
    (void)server_run(&server, &fault);
    _exit(1);
}

/* Reads the server's word; true when what was wanted of it is done. */
static bool hear_server(int line, struct fault *fault)
{
    struct fault said;
    ssize_t got;

    do
        got = recv(line, &said, sizeof(said), 0);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof(said))
        return fault_set(fault, FAULT_LOCAL, "the server has ended");
    if (said.kind == FAULT_NONE)
        return true;
    return fault_set(fault, said.kind, "%s", said.words);
}

static bool start_server(struct lab *lab, struct fault *fault)
{
    int line[2];
    pid_t self = getpid();

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line) < 0)
        return fault_set(fault, FAULT_LOCAL, "can't make a line to the server: %s", strerror(errno));
    pid_t child = fork();
    if (child == 0)
        serve_as_child(self, lab->peer_netns, line[1], lab->ipv6);
    close(line[1]);
    if (child < 0) {
        close(line[0]);
        return fault_set(fault, FAULT_LOCAL, "can't start the server: %s", strerror(errno));
    }
    lab->server = child;
    lab->line = line[0];
    /* The server's own fault says more than a wait for its end of the link that ran out. */
    return links_client(lab->ipv6, fault) && hear_server(lab->line, fault) && links_wait(LAB_INTERFACE, fault);
}

bool lab_start(struct lab *lab, struct fault *fault)
{
    *lab = (struct lab){.line = -1, .peer_netns = -1, .ipv6 = links_have_ipv6()};
    if (namespaces_make(&lab->peer_netns, fault) && namespaces_settle(false, fault) && links_loopback(fault) &&
        links_pair(lab->peer_netns, fault) && start_server(lab, fault))
        return true;
    lab_stop(lab);
    return fault_context(fault, "lab");
}

bool lab_client_start(const struct lab *lab, const struct lab_client *client, const struct endpoint *target,
                      struct fault *fault)
{
    const struct order order = {.client = (size_t)(client - lab_clients), .target = *target};
    bool started;

    if (lab->server <= 0)
        started = fault_set(fault, FAULT_LOCAL, "it does not run, so %s can't either", client->name);
    else if (send(lab->line, &order, sizeof(order), MSG_NOSIGNAL) != (ssize_t)sizeof(order))
        started = fault_set(fault, FAULT_LOCAL, "the server takes no orders: %s", strerror(errno));
    else
        started = hear_server(lab->line, fault);
    return started || fault_context(fault, "lab");
}

void lab_stop(struct lab *lab)
{
    if (lab->server > 0) {
        close(lab->line);
        kill(lab->server, SIGKILL);
        while (waitpid(lab->server, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (lab->peer_netns >= 0)
        close(lab->peer_netns);
    lab->server = 0;
    lab->line = lab->peer_netns = -1;
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
