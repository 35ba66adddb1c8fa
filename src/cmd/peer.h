/* HOST PORT of a command line: names and services, also those of the lab, to addresses. */
#ifndef CMD_PEER_H
#define CMD_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/fault.h"
#include "cmd/options.h"
#include "io/resolve.h"

struct lab;
struct lab_client;

struct peer {
    struct addr addresses[RESOLVE_MAX];
    unsigned count;
    uint16_t port;
};

/*
 * operands are HOST and PORT; lab is NULL outside of the lab. Only addresses of the family that the options ask for, or that
 * --source can reach. FAULT_USAGE for what is no host or port, as resolve.h has it.
 */
bool peer_resolve(const struct options *options, const struct lab *lab, char *const operands[2], struct peer *out,
                  struct fault *fault);

/* Is this a port, by number or by the name of a service? */
bool peer_is_port(const char *text);

/*
 * The operand of one who listens: our port, and the addresses to listen on: --source if given, else any of the family that
 * the options ask for (IPv4 alone when they ask for none). In the lab it is a client, which then has a row in *client.
 */
bool peer_listen(const struct options *options, const struct lab *lab, const char *operand, struct peer *out,
                 const struct lab_client **client, struct fault *fault);

#endif
