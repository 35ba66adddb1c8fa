#include "io/kernel.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "io/netlink.h"

struct kernel {
    struct mnl_socket *socket;
    uint32_t seq;
    struct netlink_room room;
};

/* The kernel's numbers for its states (include/net/tcp_states.h), of which <netinet/tcp.h> lacks the last. */
static const struct {
    bool known;
    enum state state;
} meanings[] = {
    [1] = {true, ESTABLISHED}, [2] = {true, SYN_SENT},  [3] = {true, SYN_RECEIVED}, [4] = {true, FIN_WAIT_1},
    [5] = {true, FIN_WAIT_2},  [6] = {true, TIME_WAIT}, [7] = {true, CLOSED},       [8] = {true, CLOSE_WAIT},
    [9] = {true, LAST_ACK},    [10] = {true, LISTEN},   [11] = {true, CLOSING},     [12] = {true, SYN_RECEIVED},
};

/* Opening the socket elsewhere: what goes into the thread and what comes out. */
struct errand {
    int netns_fd;
    struct mnl_socket *socket;
    int error; /* errno, 0 when done */
    const char *what;
};

static void *run_errand(void *argument)
{
    struct errand *errand = argument;

    if (errand->netns_fd >= 0 && setns(errand->netns_fd, CLONE_NEWNET) != 0) {
        errand->error = errno;
        errand->what = "the namespace can't be entered";
        return NULL;
    }
    errand->socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
    if (!errand->socket) {
        errand->error = errno;
        errand->what = "no netlink socket";
    }
    return NULL;
}

/* A socket keeps the namespace in which it was made, a thread that ends takes its own with it. */
static void run_elsewhere(struct errand *errand)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, run_errand, errand);

    if (error == 0) {
        pthread_join(thread, NULL);
        return;
    }
    errand->error = error;
    errand->what = "no thread";
}

static struct inet_diag_req_v2 *put_request(struct kernel *kernel, uint16_t flags, struct nlmsghdr **request)
{
    struct inet_diag_req_v2 *query;

    *request = mnl_nlmsg_put_header(kernel->room.bytes);
    (*request)->nlmsg_type = SOCK_DIAG_BY_FAMILY;
    (*request)->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    (*request)->nlmsg_seq = ++kernel->seq;
    query = mnl_nlmsg_put_extra_header(*request, sizeof(*query));
    query->sdiag_protocol = IPPROTO_TCP;
    return query;
}

/*
 * A listing of the sockets in no state: empty, unless the kernel has no diagnostics for TCP (not built, or a
 * module that can't be loaded). It would say ENOENT to everything, as it does for a socket that doesn't
 * exist.
 */
static bool can_answer(struct kernel *kernel)
{
    struct nlmsghdr *request;
    const struct nlmsghdr *answer;
    int error = 0;

    put_request(kernel, NLM_F_DUMP, &request)->sdiag_family = AF_INET;
    answer = netlink_ask(kernel->socket, request, &kernel->room);
    if (!answer)
        return false;
    if (answer->nlmsg_type == NLMSG_DONE && mnl_nlmsg_get_payload_len(answer) >= sizeof(error))
        memcpy(&error, mnl_nlmsg_get_payload(answer), sizeof(error));
    errno = -error;
    return error == 0;
}

bool kernel_open(struct kernel **out, int netns_fd, struct fault *fault)
{
    struct errand errand = {.netns_fd = netns_fd};
    struct kernel *kernel = calloc(1, sizeof(*kernel));

    if (!kernel)
        return fault_set(fault, FAULT_LOCAL, "socket diagnostics: out of memory");
    if (netns_fd >= 0)
        run_elsewhere(&errand);
    else
        run_errand(&errand);
    kernel->socket = errand.socket;
    if (errand.error != 0) {
        fault_set(fault, FAULT_LOCAL, "socket diagnostics: %s: %s", errand.what, strerror(errand.error));
    } else if (!can_answer(kernel)) {
        fault_set(fault, FAULT_LOCAL, "this kernel has no socket diagnostics for TCP (inet_diag, tcp_diag): %s",
                  strerror(errno));
    } else {
        *out = kernel;
        return true;
    }
    kernel_close(kernel);
    return false;
}

/* Nothing to fill by hand in an address of zeros: family 4 uses the first four bytes, 6 all of them. */
static void put_question(struct inet_diag_req_v2 *query, const struct endpoint *socket_side,
                         const struct endpoint *other_side)
{
    query->sdiag_family = socket_side->addr.family == 6 ? AF_INET6 : AF_INET;
    query->id.idiag_sport = htons(socket_side->port);
    query->id.idiag_dport = htons(other_side->port);
    memcpy(query->id.idiag_src, socket_side->addr.bytes, sizeof(query->id.idiag_src));
    memcpy(query->id.idiag_dst, other_side->addr.bytes, sizeof(query->id.idiag_dst));
    query->id.idiag_if = socket_side->addr.zone ? socket_side->addr.zone : other_side->addr.zone;
    query->id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
    query->id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
}

bool kernel_state(struct kernel *kernel, const struct endpoint *socket_side, const struct endpoint *other_side,
                  struct kernel_answer *out, struct fault *fault)
{
    const struct inet_diag_msg *found;
    const struct nlmsghdr *answer;
    struct nlmsghdr *request;

    put_question(put_request(kernel, 0, &request), socket_side, other_side);
    answer = netlink_ask(kernel->socket, request, &kernel->room);
    if (!answer && errno == ENOENT) {
        *out = (struct kernel_answer){.state = CLOSED};
        return true;
    }
    if (!answer)
        return fault_set(fault, FAULT_LOCAL, "socket diagnostics: %s", strerror(errno));
    found = mnl_nlmsg_get_payload(answer);
    if (answer->nlmsg_type != SOCK_DIAG_BY_FAMILY || mnl_nlmsg_get_payload_len(answer) < sizeof(*found))
        return fault_set(fault, FAULT_LOCAL, "socket diagnostics: an answer that can't be read");
    if (found->idiag_state >= sizeof(meanings) / sizeof(meanings[0]) || !meanings[found->idiag_state].known)
        return fault_set(fault, FAULT_LOCAL, "socket diagnostics: unknown state %u", found->idiag_state);
    out->state = meanings[found->idiag_state].state;
    out->listening = out->state == LISTEN;
    out->socket = (uint64_t)found->id.idiag_cookie[1] << 32 | found->id.idiag_cookie[0];
    return true;
}

void kernel_close(struct kernel *kernel)
{
    if (!kernel)
        return;
    if (kernel->socket)
        mnl_socket_close(kernel->socket);
    free(kernel);
}
