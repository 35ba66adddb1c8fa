#include "base/addr.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

bool addr_equal(const struct addr *a, const struct addr *b)
{
    if (a->family != b->family || memcmp(a->bytes, b->bytes, sizeof(a->bytes)) != 0)
        return false;
    return a->zone == 0 || b->zone == 0 || a->zone == b->zone;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && addr_equal(&a->addr, &b->addr);
}

bool addr_is_unspecified(const struct addr *addr)
{
    static const uint8_t zero[16];

    return addr->family == 0 || memcmp(addr->bytes, zero, sizeof(zero)) == 0;
}

bool addr_is_link_local(const struct addr *addr)
{
    return addr->family == 6 && addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80;
}

char *addr_format(const struct addr *addr, char out[ADDR_TEXT])
{
    char zone[IF_NAMESIZE];
    size_t used;

    out[0] = '\0';
    inet_ntop(addr->family == 6 ? AF_INET6 : AF_INET, addr->bytes, out, ADDR_TEXT);
    if (addr->zone != 0 && addr_is_link_local(addr)) {
        used = strlen(out);
        if (if_indextoname(addr->zone, zone))
            snprintf(out + used, ADDR_TEXT - used, "%%%s", zone);
        else
            snprintf(out + used, ADDR_TEXT - used, "%%%u", (unsigned)addr->zone);
    }
    return out;
}

char *endpoint_format(const struct endpoint *endpoint, char out[ENDPOINT_TEXT])
{
    char addr[ADDR_TEXT];

    addr_format(&endpoint->addr, addr);
    snprintf(out, ENDPOINT_TEXT, endpoint->addr.family == 6 ? "[%s]:%u" : "%s:%u", addr, endpoint->port);
    return out;
}

struct endpoint endpoint_from_sockaddr(const struct sockaddr *sa)
{
    struct endpoint endpoint = {0};

    if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)sa;
        endpoint.addr.family = 4;
        memcpy(endpoint.addr.bytes, &in->sin_addr, 4);
        endpoint.port = ntohs(in->sin_port);
    } else if (sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
        endpoint.addr.family = 6;
        memcpy(endpoint.addr.bytes, &in6->sin6_addr, 16);
        endpoint.addr.zone = in6->sin6_scope_id;
        endpoint.port = ntohs(in6->sin6_port);
    }
    return endpoint;
}

socklen_t endpoint_to_sockaddr(const struct endpoint *endpoint, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof(*out));
    if (endpoint->addr.family == 6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
        in6->sin6_family = AF_INET6;
        memcpy(&in6->sin6_addr, endpoint->addr.bytes, 16);
        in6->sin6_scope_id = endpoint->addr.zone;
        in6->sin6_port = htons(endpoint->port);
        return sizeof(*in6);
    }
    struct sockaddr_in *in = (struct sockaddr_in *)out;
    in->sin_family = AF_INET;
    memcpy(&in->sin_addr, endpoint->addr.bytes, 4);
    in->sin_port = htons(endpoint->port);
    return sizeof(*in);
}

/* A zone: the name of an interface, or its index in decimal. 0 when it is neither. */
static uint32_t zone_parse(const char *text)
{
    uint32_t zone = if_nametoindex(text);
    uint64_t index = 0;

    if (zone != 0 || *text == '\0')
        return zone;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || index > UINT32_MAX)
            return 0;
        index = index * 10 + (uint64_t)(*text - '0');
    }
    return index > UINT32_MAX ? 0 : (uint32_t)index;
}

bool addr_parse(const char *text, struct addr *out)
{
    struct addr addr = {0};
    const char *percent = strchr(text, '%');
    char bare[ADDR_TEXT];
    size_t length = percent ? (size_t)(percent - text) : strlen(text);

    if (length == 0 || length >= sizeof(bare))
        return false;
    memcpy(bare, text, length);
    bare[length] = '\0';
    if (!percent && inet_pton(AF_INET, bare, addr.bytes) == 1) {
        addr.family = 4;
    } else if (inet_pton(AF_INET6, bare, addr.bytes) == 1) {
        addr.family = 6;
        if (percent && (addr.zone = zone_parse(percent + 1)) == 0)
            return false;
    } else {
        return false;
    }
    *out = addr;
    return true;
}
