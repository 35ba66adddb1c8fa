/*
 * ICMP errors that arrive elsewhere than on the captured interface.
 *
 * The one that matters most is the kernel's own: when a neighbour answers neither ARP nor neighbour
 * discovery, the kernel sends itself a "host unreachable" over the loopback interface, about 3 seconds after
 * our segment (which then never shows in the capture). Errors that return by another path than the flow's are
 * heard as well.
 */
#ifndef IO_ELSEWHERE_H
#define IO_ELSEWHERE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/fault.h"
#include "base/nanos.h"
#include "io/capture.h"

#define ELSEWHERE_BYTES 640 /* an error quotes at most 576 bytes (IPv4); an IPv6 one needs its first 100 */

struct elsewhere {
    int fd; /* owned; becomes readable when something waits; -1 after elsewhere_close */
    uint8_t family;
    unsigned captured_index; /* errors that arrive there are the capture's to report */
    struct addr local;
    uint8_t bytes[ELSEWHERE_BYTES];
};

/*
 * Opens a raw ICMP or ICMPv6 socket (CAP_NET_RAW) for errors sent to the address `local`; captured_index is
 * the index of the interface that is captured. On failure the fault is set and there is nothing to close.
 */
bool elsewhere_open(struct elsewhere *elsewhere, const struct addr *local, unsigned captured_index,
                    struct fault *fault);

/* As if it were opened now with these: what waits is thrown away. */
void elsewhere_turn(struct elsewhere *elsewhere, const struct addr *local, unsigned captured_index);

/*
 * Takes the next error without waiting; false when there is none. The bytes start with the IP header
 * (LINK_RAW), are borrowed until the next call, and have the kernel's stamp on the capture's clock. They can
 * be about any flow.
 */
bool elsewhere_next(struct elsewhere *elsewhere, struct captured *out);

/* Closes the socket; fine when it is closed already. */
void elsewhere_close(struct elsewhere *elsewhere);

#endif
