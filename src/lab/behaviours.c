/* The behaviours that need no machinery of their own. */
#include "lab/behaviours.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "lab/conn.h"

#define QUEUE 1024 /* of connections waiting to be accepted: room for a burst */

#define CHARGEN_PACE (20 * NANOS_PER_MS)
#define CHARGEN_AFTER_FIN 10 /* lines: 0.2 s in which the other direction is seen to flow */
#define CLOSES_LATE_PAUSE (500 * NANOS_PER_MS)
#define DEFER_SECONDS 60

void behave_echo(struct conn *conn, const unsigned char *bytes, size_t size)
{
    conn_send(conn, bytes, size);
}

const struct lab_behaviour behaviour_echo = {
    .backlog = QUEUE,
    .accepts = true,
    .data = behave_echo,
    .ended = conn_finish,
};

const struct lab_behaviour behaviour_discard = {
    .backlog = QUEUE,
    .accepts = true,
    .ended = conn_finish,
};

/* The time in a line, after RFC 867. */
static void tell_time(struct conn *conn)
{
    char line[64];
    struct tm tm;
    time_t now = time(NULL);

    if (gmtime_r(&now, &tm)) {
        size_t length = strftime(line, sizeof(line), "%A, %B %d, %Y %H:%M:%S-UTC\r\n", &tm);
        conn_send(conn, line, length);
    }
    conn_finish(conn);
}

const struct lab_behaviour behaviour_daytime = {
    .backlog = QUEUE,
    .accepts = true,
    .opened = tell_time,
    .ended = conn_finish,
};

static void chargen_start(struct conn *conn)
{
    conn_pause(conn, CHARGEN_PACE);
}

/* A line of 72 printable characters, each line beginning one further, after RFC 864. */
static void chargen_line(struct conn *conn)
{
    char line[74];

    for (size_t i = 0; i < 72; i++)
        line[i] = (char)(' ' + (conn->chargen.line + i) % 95);
    line[72] = '\r';
    line[73] = '\n';
    conn->chargen.line = (conn->chargen.line + 1) % 95;
    conn_send(conn, line, sizeof(line)); /* nothing, while an earlier line still waits for room */
    if (conn->ended && ++conn->chargen.after_fin >= CHARGEN_AFTER_FIN)
        conn_finish(conn);
    else
        conn_pause(conn, CHARGEN_PACE);
}

static void stay(struct conn *conn)
{
    (void)conn;
}

const struct lab_behaviour behaviour_chargen = {
    .backlog = QUEUE,
    .accepts = true,
    .opened = chargen_start,
    .ended = stay,
    .due = chargen_line,
};

static void reset_on_data(struct conn *conn, const unsigned char *bytes, size_t size)
{
    (void)bytes;
    (void)size;
    conn_abort(conn);
}

const struct lab_behaviour behaviour_reset = {
    .backlog = QUEUE,
    .accepts = true,
    .data = reset_on_data,
    .ended = conn_abort,
};

/* Whatever came, it stays unread. */
const struct lab_behaviour behaviour_unread = {
    .backlog = QUEUE,
    .accepts = true,
    .readable = conn_close,
};

const struct lab_behaviour behaviour_never_closes = {
    .backlog = QUEUE,
    .accepts = true,
    .ended = stay,
};

static void close_late(struct conn *conn)
{
    conn_pause(conn, CLOSES_LATE_PAUSE);
}

const struct lab_behaviour behaviour_closes_late = {
    .backlog = QUEUE,
    .accepts = true,
    .ended = close_late,
    .due = conn_finish,
};

const struct lab_behaviour behaviour_closes_first = {
    .backlog = QUEUE,
    .accepts = true,
    .opened = conn_close,
};

/* What comes is still read until the other side's FIN: FIN-WAIT-2 without a limit in time, unlike closes-first. */
const struct lab_behaviour behaviour_shuts_down = {
    .backlog = QUEUE,
    .accepts = true,
    .opened = conn_finish,
    .ended = conn_finish,
};

static bool defer(int fd, uint8_t family)
{
    (void)family;
    return setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &(int){DEFER_SECONDS}, sizeof(int)) == 0;
}

const struct lab_behaviour behaviour_deferred = {
    .backlog = QUEUE,
    .accepts = true,
    .prepare = defer,
    .data = behave_echo,
    .ended = conn_finish,
};

bool behave_deaf(int fd)
{
    struct sock_filter drop[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    struct sock_fprog program = {.len = 1, .filter = drop};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
}

/* A socket listens, so the kernel has nothing to refuse; a minimum TTL and a filter let nothing reach it. */
static bool go_deaf(int fd, uint8_t family)
{
    int level = family == 4 ? IPPROTO_IP : IPPROTO_IPV6;
    int option = family == 4 ? IP_MINTTL : IPV6_MINHOPCOUNT;

    return setsockopt(fd, level, option, &(int){255}, sizeof(int)) == 0 && behave_deaf(fd);
}

const struct lab_behaviour behaviour_silent = {
    .backlog = QUEUE,
    .prepare = go_deaf,
};

/* ---- of clients; some behave as a service does ---- */

static void say_hello(struct conn *conn)
{
    static const char hello[] = "hello\r\n";

    conn_send(conn, hello, sizeof(hello) - 1);
}

const struct lab_behaviour behaviour_client = {
    .opened = say_hello,
    .ended = conn_finish,
};

static void ask_for_page(struct conn *conn)
{
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";

    conn_send(conn, request, sizeof(request) - 1);
}

const struct lab_behaviour behaviour_client_http = {
    .opened = ask_for_page,
    .ended = conn_finish,
};

const struct lab_behaviour behaviour_client_closes_late = {
    .opened = say_hello,
    .ended = close_late,
    .due = conn_finish,
};
