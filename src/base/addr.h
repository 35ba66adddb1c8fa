/* Internet addresses and endpoints as values: no sockets, no names, no look-ups. */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

struct addr {
    uint8_t family;    /* 4 or 6; 0 is no address */
    uint8_t bytes[16]; /* network order; the first four for IPv4, the rest zero */
    uint32_t zone;     /* interface index of a link-local IPv6 address, else 0 */
};

struct endpoint {
    struct addr addr;
    uint16_t port; /* host order */
};

/* One TCP connection as seen from our end. */
struct flow {
    struct endpoint local;
    struct endpoint peer;
};

/* Room for any address as text, with zone, and for any endpoint ("[fe80::1%eth0]:65535"). */
#define ADDR_TEXT 64
#define ENDPOINT_TEXT 72

/* Equal as addresses: family and bytes. The zone counts only when both name one. */
bool addr_equal(const struct addr *a, const struct addr *b);
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

/* An IPv4 endpoint as one number, which says nothing but which it is ... */
static inline uint64_t endpoint_word(const struct endpoint *endpoint)
{
    uint32_t word;

    memcpy(&word, endpoint->addr.bytes, sizeof(word));
    return (uint64_t)endpoint->port << 32 | word;
}

/* ... and the other way round. */
static inline void endpoint_of_word(uint64_t word, struct endpoint *out)
{
    const uint32_t addr = (uint32_t)word;

    *out = (struct endpoint){.addr = {.family = 4}, .port = (uint16_t)(word >> 32)};
    memcpy(out->addr.bytes, &addr, sizeof(addr));
}

/* No address, or 0.0.0.0 or :: (any address). */
bool addr_is_unspecified(const struct addr *addr);

/* fe80::/10, which means nothing without its zone. */
bool addr_is_link_local(const struct addr *addr);

/* Writes the address as text into out (ADDR_TEXT bytes), RFC 5952 form, "%zone" by index-to-name; returns out. */
char *addr_format(const struct addr *addr, char out[ADDR_TEXT]);

/* "192.0.2.1:7" or "[2001:db8::1]:7" into out (ENDPOINT_TEXT bytes); returns out. */
char *endpoint_format(const struct endpoint *endpoint, char out[ENDPOINT_TEXT]);

/* To and from the socket interface. addr_from_sockaddr gives family 0 for other families. */
struct endpoint endpoint_from_sockaddr(const struct sockaddr *sa);
socklen_t endpoint_to_sockaddr(const struct endpoint *endpoint, struct sockaddr_storage *out);

/* Reads a numeric address, with "%zone" (name or index) for IPv6; false when it is not one. */
bool addr_parse(const char *text, struct addr *out);

#endif
