/* An HTTP/1.0 server with one page, long enough for a few segments. */
#include <stdio.h>
#include <string.h>

#include "lab/behaviours.h"
#include "lab/conn.h"

/*
 * As a server that has something to do before it answers: long enough for Linux to acknowledge a FIN behind
 * the request by itself, which it does after about 41 ms.
 */
#define THINKING (60 * NANOS_PER_MS)

/* About 3 kB: three segments of an Ethernet's size, on IPv4 and IPv6. */
static const char page[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>The states of TCP</title></head>\n<body>\n"
    "<h1>The states of TCP</h1>\n"
    "<p>This page comes from the lab of tcpwalk: a real TCP in a network of its own. It is long enough to "
    "need\n"
    "several segments, so that you can see them counted and acknowledged. Its server speaks HTTP/1.0: it "
    "closes\n"
    "after the page, so it takes the active part of the close unless you sent your FIN before.</p>\n"
    "<dl>\n"
    "<dt>LISTEN</dt>\n<dd>Waits for anyone's SYN. There is no connection yet, only the readiness for one: "
    "the\n"
    "server's listening socket stays in this state however many connections come out of it.</dd>\n"
    "<dt>SYN-SENT</dt>\n<dd>Has sent a SYN and waits for one that acknowledges it. Repeats its own after a "
    "second,\n"
    "then after two, four, eight, until somebody answers or patience ends. A second SYN\n"
    "that crosses the first one makes both sides open at the same time: rare, and allowed.</dd>\n"
    "<dt>SYN-RECEIVED</dt>\n<dd>Has got a SYN and sent its own. Only the third segment is missing. Servers "
    "under a\n"
    "flood keep this state in the sequence number of the answer, and forget the client until it comes "
    "back.</dd>\n"
    "<dt>ESTABLISHED</dt>\n<dd>Both sides know of each other, and data flows in both directions. Nothing in "
    "this\n"
    "state happens by itself: without data and without keep-alive it can last for years,\n"
    "also when one of the two machines has been switched off in the meantime.</dd>\n"
    "<dt>FIN-WAIT-1</dt>\n<dd>Has said that it will send nothing more, and waits to hear that this was "
    "heard. It\n"
    "still takes whatever the other side has to say.</dd>\n"
    "<dt>FIN-WAIT-2</dt>\n<dd>Its end has been heard, the other's has not come. The connection is half "
    "closed: one\n"
    "direction is over, and the other may go on as long as it likes. Clients that send a whole request and "
    "end\n"
    "their direction at once come here, and read the answer in this state.</dd>\n"
    "<dt>CLOSE-WAIT</dt>\n<dd>Has heard the other's end and waits for its own application to close. Only "
    "the\n"
    "application can end this state; a server that shows many of these has forgotten to, and will run out "
    "of\n"
    "descriptors one day.</dd>\n"
    "<dt>CLOSING</dt>\n<dd>Both ends were said at the same time, and crossed on their way. Each side waits "
    "to hear\n"
    "that its own was heard.</dd>\n"
    "<dt>LAST-ACK</dt>\n<dd>Has heard the other's end, said its own, and waits for the very last "
    "acknowledgment. It\n"
    "repeats its FIN until that comes.</dd>\n"
    "<dt>TIME-WAIT</dt>\n<dd>Everything is said and heard. The side that closed first stays for a while, to "
    "answer\n"
    "a FIN that is repeated, and to let old segments die before the same ports are used again. A minute on\n"
    "Linux, four by the standard; a busy client that always closes first runs out of ports by it.</dd>\n"
    "<dt>CLOSED</dt>\n<dd>No connection at all: the state of everything that never was, or is over. A "
    "segment that\n"
    "comes here is answered with RST.</dd>\n"
    "</dl>\n<p>The names, and what leads from each to the next, are in RFC 9293, section 3.3.2.</p>\n"
    "</body>\n</html>\n";

static void answer(struct conn *conn, const char *status, const char *body, size_t size)
{
    char whole[sizeof(page) + 256];
    bool head_only = strcmp(conn->http.method, "HEAD") == 0;
    int head = snprintf(whole, sizeof(whole) - sizeof(page),
                        "HTTP/1.0 %s\r\nServer: tcpwalk-lab\r\nContent-Type: text/html\r\nContent-Length: %zu\r\n"
                        "Connection: close\r\n\r\n",
                        status, size);

    if (!head_only)
        memcpy(whole + head, body, size);
    conn_send(conn, whole, (size_t)head + (head_only ? 0 : size));
    conn_finish(conn);
}

static void refuse(struct conn *conn, const char *status)
{
    char body[160];
    int size = snprintf(body, sizeof(body), "<!DOCTYPE html>\n<title>%s</title>\n<p>%s</p>\n", status, status);

    answer(conn, status, body, (size_t)size);
}

/* Of the request only its method is kept, and how near it is to its blank line. */
static void read_request(struct conn *conn, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size && !conn->http.asked; i++) {
        char c = (char)bytes[i];
        if (conn->http.length < sizeof(conn->http.method) - 1)
            conn->http.method[conn->http.length++] = c == ' ' ? '\0' : c;
        if (c == '\n')
            conn->http.newlines++;
        else if (c != '\r')
            conn->http.newlines = 0;
        if (conn->http.newlines < 2)
            continue;
        conn->http.asked = true; /* what follows the request is thrown away */
        conn_pause(conn, THINKING);
    }
}

static void reply(struct conn *conn)
{
    if (strcmp(conn->http.method, "GET") == 0 || strcmp(conn->http.method, "HEAD") == 0)
        answer(conn, "200 OK", page, sizeof(page) - 1);
    else
        refuse(conn, "501 Not Implemented");
}

/* The client's FIN before the blank line. */
static void request_cut(struct conn *conn)
{
    if (conn->http.asked)
        return; /* the answer follows all the same */
    if (conn->http.length > 0)
        refuse(conn, "400 Bad Request");
    else
        conn_finish(conn);
}

const struct lab_behaviour behaviour_http = {
    .backlog = 1024,
    .accepts = true,
    .data = read_request,
    .ended = request_cut,
    .due = reply,
};
