/* Hosts and ports as the command line names them, to addresses and numbers. */
#ifndef IO_RESOLVE_H
#define IO_RESOLVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/fault.h"

#define RESOLVE_MAX 16

/*
 * The addresses of a host: a numeric address ("192.0.2.1", "2001:db8::1", "[::1]", "fe80::1%eth0"), or a name
 * that the system's resolver knows. family is 4 or 6, or 0 for both. Fills *count (1 to RESOLVE_MAX)
 * addresses, without duplicates, in the resolver's order, which is the one to try them in (RFC 6724).
 * IPv4-mapped addresses become IPv4, as they would on the wire. No name server is asked for a numeric host,
 * nor for what only a mistyped one can be.
 *
 * FAULT_UNREACHABLE for a name that can't be resolved; FAULT_USAGE for what is no host, has the other family,
 * or is link-local without a zone; FAULT_LOCAL for a zone that is no interface and for trouble in the
 * resolver.
 */
bool resolve_host(const char *host, int family, struct addr out[RESOLVE_MAX], unsigned *count, struct fault *fault);

/*
 * A port as a number from 1 to 65535 or as a TCP service's name ("http"), in host order. FAULT_USAGE when it
 * is neither; systems without a service table know numbers only.
 */
bool resolve_port(const char *text, uint16_t *out, struct fault *fault);

#endif
