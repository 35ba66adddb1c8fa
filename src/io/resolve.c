#include "io/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

/* A name can't be longer (RFC 1035 2.3.4), nor an address with its zone. */
#define HOST_TEXT 256

/* 0, 4 or 6 to what the resolver and people call it. */
static int to_af(int family)
{
    return family == 4 ? AF_INET : family == 6 ? AF_INET6 : AF_UNSPEC;
}

/* ::ffff:192.0.2.1 never is on the wire: connect() makes it IPv4 too. */
static void unmap(struct addr *addr)
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    struct addr bare = {.family = 4};

    if (addr->family != 6 || memcmp(addr->bytes, prefix, sizeof(prefix)) != 0)
        return;
    memcpy(bare.bytes, addr->bytes + 12, 4);
    *addr = bare;
}

/* Takes the brackets off "[::1]"; false when the text is no possible host. */
static bool copy_host(const char *host, char out[HOST_TEXT])
{
    size_t length = strlen(host);

    if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
        host++;
        length -= 2;
        if (!memchr(host, ':', length))
            return false;
    }
    if (length == 0 || length >= HOST_TEXT)
        return false;
    memcpy(out, host, length);
    out[length] = '\0';
    return true;
}

/* A numeric address was read: is it one that can be used as it stands? */
static bool accept_numeric(const char *host, int family, struct addr *addr, struct fault *fault)
{
    char name[IF_NAMESIZE];

    unmap(addr);
    if (family != 0 && addr->family != family)
        return fault_set(fault, FAULT_USAGE, "%s is not an IPv%d address", host, family);
    if (addr_is_link_local(addr)) {
        if (addr->zone == 0)
            return fault_set(fault, FAULT_USAGE, "%s is link-local: name its interface too, as in %s%%eth0", host,
                             host);
        if (!if_indextoname(addr->zone, name))
            return fault_set(fault, FAULT_LOCAL, "%s: no such interface", host);
    } else if (addr->zone != 0) {
        return fault_set(fault, FAULT_USAGE, "%s: only a link-local address has an interface in it", host);
    }
    return true;
}

/* What is not an address, but can only have been meant as one, gets its own words and no question to a name server. */
static bool refuse_mistyped(const char *host, struct fault *fault)
{
    const char *percent = strchr(host, '%');
    struct in6_addr ignored;
    char bare[HOST_TEXT];

    if (percent) {
        snprintf(bare, sizeof(bare), "%.*s", (int)(percent - host), host);
        if (inet_pton(AF_INET6, bare, &ignored) == 1)
            return fault_set(fault, FAULT_LOCAL, "%s: no interface named %s", host, percent + 1);
    }
    if (strchr(host, ':') || percent)
        return fault_set(fault, FAULT_USAGE, "\"%s\" is not an address", host);
    if (strspn(host, "0123456789.") == strlen(host))
        return fault_set(fault, FAULT_USAGE, "\"%s\" is not an address", host);
    if (strpbrk(host, " \t\r\n/@,[]"))
        return fault_set(fault, FAULT_USAGE, "\"%s\" is not a host", host);
    return true;
}

static bool resolver_fault(const char *host, int family, int error, struct fault *fault)
{
    switch (error) {
    case EAI_NONAME:
        /* Also said of a name whose addresses are all of the other family. */
        if (family != 0)
            return fault_set(fault, FAULT_UNREACHABLE, "host %s is unknown or has no IPv%d address", host, family);
        return fault_set(fault, FAULT_UNREACHABLE, "unknown host %s", host);
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
        return fault_set(fault, FAULT_UNREACHABLE, "host %s has no such address", host);
    case EAI_AGAIN:
        return fault_set(fault, FAULT_UNREACHABLE, "unknown host %s: no answer from a name server", host);
    case EAI_SYSTEM:
        return fault_set(fault, FAULT_LOCAL, "host %s can't be looked up: %s", host, strerror(errno));
    case EAI_MEMORY:
        return fault_set(fault, FAULT_LOCAL, "host %s can't be looked up: out of memory", host);
    default:
        return fault_set(fault, FAULT_UNREACHABLE, "unknown host %s: %s", host, gai_strerror(error));
    }
}

static bool known(const struct addr *list, unsigned count, const struct addr *addr)
{
    for (unsigned i = 0; i < count; i++)
        if (addr_equal(&list[i], addr))
            return true;
    return false;
}

/* Link-local results without a zone can't be used: an /etc/hosts line may have one among others that can. */
static unsigned collect(const struct addrinfo *list, struct addr out[RESOLVE_MAX])
{
    unsigned count = 0;

    for (const struct addrinfo *at = list; at && count < RESOLVE_MAX; at = at->ai_next) {
        struct addr addr = endpoint_from_sockaddr(at->ai_addr).addr;

        unmap(&addr);
        if (!addr_is_link_local(&addr))
            addr.zone = 0;
        else if (addr.zone == 0)
            continue;
        if (addr.family != 0 && !known(out, count, &addr))
            out[count++] = addr;
    }
    return count;
}

/* addr_parse reads what is written today; the resolver also knows old spellings like "127.1", without asking anyone. */
static bool read_numeric(const char *host, struct addr *out)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *list = NULL;

    if (addr_parse(host, out))
        return true;
    if (strchr(host, ':') || getaddrinfo(host, NULL, &hints, &list) != 0)
        return false;
    *out = endpoint_from_sockaddr(list->ai_addr).addr;
    freeaddrinfo(list);
    return true;
}

bool resolve_host(const char *host, int family, struct addr out[RESOLVE_MAX], unsigned *count, struct fault *fault)
{
    /* Families of which we have no address are not left out (AI_ADDRCONFIG): the lab may have little but loopback. */
    struct addrinfo hints = {.ai_family = to_af(family), .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    char bare[HOST_TEXT];
    int error;

    if (!copy_host(host, bare))
        return fault_set(fault, FAULT_USAGE, "\"%.64s\" is not a host", host);
    if (read_numeric(bare, &out[0])) {
        *count = 1;
        return accept_numeric(bare, family, &out[0], fault);
    }
    if (!refuse_mistyped(bare, fault))
        return false;
    error = getaddrinfo(bare, NULL, &hints, &list);
    if (error != 0)
        return resolver_fault(bare, family, error, fault);
    *count = collect(list, out);
    freeaddrinfo(list);
    if (*count == 0)
        return fault_set(fault, FAULT_UNREACHABLE, "host %s has no usable address", bare);
    return true;
}

bool resolve_port(const char *text, uint16_t *out, struct fault *fault)
{
    struct servent entry;
    struct servent *found = NULL;
    char buffer[2048]; /* one line of the table, with its aliases */
    unsigned long number = 0;

    if (*text != '\0' && strspn(text, "0123456789") == strlen(text)) {
        for (const char *at = text; *at != '\0' && number <= 65535; at++)
            number = number * 10 + (unsigned long)(*at - '0');
        if (number < 1 || number > 65535)
            return fault_set(fault, FAULT_USAGE, "port %.32s is not between 1 and 65535", text);
        *out = (uint16_t)number;
        return true;
    }
    if (*text != '\0' && getservbyname_r(text, "tcp", &entry, buffer, sizeof(buffer), &found) == 0 && found) {
        *out = ntohs((uint16_t)entry.s_port);
        return true;
    }
    return fault_set(fault, FAULT_USAGE, "port \"%.64s\" is neither a number nor a service that this system knows",
                     text);
}
