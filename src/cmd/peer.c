#include "cmd/peer.h"

#include <string.h>

#include "lab/lab.h"

/* Where one listens for a client of the lab: our side of it, and any port. */
#define LAB_OWN_ADDR4 "192.0.2.1"
#define LAB_OWN_ADDR6 "2001:db8::1"
#define LAB_LISTEN_PORT 9000

bool peer_resolve(const struct options *options, const struct lab *lab, char *const operands[2], struct peer *out,
                  struct fault *fault)
{
    const struct lab_service *service = lab ? lab_service_find(operands[1]) : NULL;
    struct addr found[LAB_ADDRS];
    size_t in_lab = lab ? lab_resolve(operands[0], found) : 0;
    struct addr numeric;
    int family = options->ipv4 ? 4 : options->ipv6 ? 6 : 0;

    /* Of a name, only addresses that our own can reach. */
    if (family == 0 && !addr_parse(operands[0], &numeric))
        family = options->source.family;
    if (options->ipv4 && options->ipv6)
        return fault_set(fault, FAULT_USAGE, "--ipv4 and --ipv6 exclude each other");
    if (service)
        out->port = service->port;
    else if (!resolve_port(operands[1], &out->port, fault))
        return false;
    if (lab && in_lab == 0 && !addr_parse(operands[0], &numeric) && strcmp(operands[0], "localhost") != 0)
        return fault_set(fault, FAULT_USAGE, "'%s' is neither a command nor a host of the lab", operands[0]);
    if (in_lab == 0)
        return resolve_host(operands[0], family, out->addresses, &out->count, fault);
    out->count = 0;
    for (size_t i = 0; i < in_lab; i++)
        if (family == 0 || found[i].family == family)
            out->addresses[out->count++] = found[i];
    return true;
}

bool peer_is_port(const char *text)
{
    struct fault fault = {0};
    uint16_t port;

    return resolve_port(text, &port, &fault);
}

bool peer_listen(const struct options *options, const struct lab *lab, const char *operand, struct peer *out,
                 const struct lab_client **client, struct fault *fault)
{
    bool six = options->ipv6 || options->source.family == 6;

    if (options->ipv4 && options->ipv6)
        return fault_set(fault, FAULT_USAGE, "--ipv4 and --ipv6 exclude each other");
    *client = lab ? lab_client_find(operand) : NULL;
    out->port = LAB_LISTEN_PORT;
    if (lab && !*client)
        return fault_set(fault, FAULT_USAGE, "'%s' is not a client of the lab (tcpwalk lab lists them)", operand);
    if (!lab && !resolve_port(operand, &out->port, fault))
        return false;
    out->count = 1;
    if (options->source.family != 0)
        out->addresses[0] = options->source;
    else
        addr_parse(lab ? (six ? LAB_OWN_ADDR6 : LAB_OWN_ADDR4) : six ? "::" : "0.0.0.0", &out->addresses[0]);
    return true;
}
