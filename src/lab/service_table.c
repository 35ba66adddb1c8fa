/* The services of the lab as a table, and what is read from it: look-up by name and port, names to addresses. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lab/behaviours.h"
#include "lab/lab.h"
#include "lab/links.h"

const struct lab_service lab_services[] = {
    {"echo", 7, LINKS_SERVER_HOST, "sends back what it gets, and closes after the client's FIN", &behaviour_echo},
    {"discard", 9, LINKS_SERVER_HOST, "takes what it gets without a word, and closes after the client's FIN",
     &behaviour_discard},
    {"daytime", 13, LINKS_SERVER_HOST, "sends the time and closes first, then waits for the client's FIN",
     &behaviour_daytime},
    {"chargen", 19, LINKS_SERVER_HOST, "sends a line every 20 ms, ten more of them after the client's FIN, then closes",
     &behaviour_chargen},
    {"http", 80, LINKS_SERVER_HOST,
     "an HTTP/1.0 server: reads a request up to its blank line, sends a page of three segments, closes",
     &behaviour_http},
    {"reset", 9001, LINKS_SERVER_HOST, "answers the client's first data, or its FIN, with RST (SO_LINGER 0)",
     &behaviour_reset},
    {"unread", 9002, LINKS_SERVER_HOST,
     "closes without reading the data that came, which the kernel turns into RST; without data closes in "
     "order",
     &behaviour_unread},
    {"never-closes", 9003, LINKS_SERVER_HOST, "takes the client's FIN and never closes: stuck in CLOSE-WAIT",
     &behaviour_never_closes},
    {"closes-late", 9004, LINKS_SERVER_HOST,
     "closes half a second after the client's FIN, so that the close takes four segments", &behaviour_closes_late},
    {"closes-first", 9005, LINKS_SERVER_HOST,
     "closes as soon as it has accepted, without a byte; data sent to it then is answered with RST",
     &behaviour_closes_first},
    {"queue-full", 9006, LINKS_SERVER_HOST,
     "its accept queue is full when the third ACK comes: the SYN-ACK is repeated, whatever is answered",
     &behaviour_queue_full},
    {"deferred", 9007, LINKS_SERVER_HOST,
     "stays in SYN-RECEIVED until data comes, for a minute (TCP_DEFER_ACCEPT); then like echo", &behaviour_deferred},
    {"syn-cookies", 9008, LINKS_SERVER_HOST,
     "answers with a SYN cookie: keeps no memory of the SYN and never repeats its SYN-ACK; then like echo",
     &behaviour_syn_cookies},
    {"refused", 9009, LINKS_SERVER_HOST, "nothing listens: the SYN is answered with RST", NULL},
    {"silent", 9010, LINKS_SERVER_HOST, "drops every segment without an answer of any kind", &behaviour_silent},
    {"unreachable", 9011, LINKS_UNREACHABLE_HOST,
     "a router answers the SYN with ICMP: host unreachable (over IPv6: no route), on any port", NULL},
    {"prohibited", 9012, LINKS_PROHIBITED_HOST,
     "a router answers the SYN with ICMP: administratively prohibited, on any port", NULL},
    {"shuts-down", 9013, LINKS_SERVER_HOST,
     "ends its direction as soon as it has accepted, without a byte, and takes what comes until the client's FIN",
     &behaviour_shuts_down},
    {NULL, 0, 0, NULL, NULL},
};

const struct lab_service *lab_service_find(const char *name_or_port)
{
    for (const struct lab_service *service = lab_services; service->name; service++) {
        char port[8];
        snprintf(port, sizeof(port), "%u", (unsigned)service->port);
        if (strcasecmp(service->name, name_or_port) == 0 || strcmp(port, name_or_port) == 0)
            return service;
    }
    return NULL;
}

/* The last byte of the address that a name of the lab stands for; 0 when it is no such name. */
static uint8_t host_of_name(const char *name)
{
    if (strcasecmp(name, "lab") == 0 || strcasecmp(name, "server.lab") == 0)
        return LINKS_SERVER_HOST;
    for (const struct lab_service *service = lab_services; service->name; service++) {
        size_t length = strlen(service->name);
        if (strncasecmp(name, service->name, length) == 0 && strcasecmp(name + length, ".lab") == 0)
            return service->host;
    }
    return 0;
}

size_t lab_resolve(const char *host, struct addr out[LAB_ADDRS])
{
    uint8_t last = host_of_name(host);

    if (last == 0)
        return 0;
    out[0] = links_addr4(last);
    out[1] = links_addr6(last);
    return 2;
}
