/* Data frames of IEEE 802.11, bare or behind what the capturing driver says of the radio. */
#ifndef WIRE_WIFI_H
#define WIRE_WIFI_H

#include <stdint.h>

#include "wire/bytes.h"

/* As link_read(), for the link types LINK_WIFI to LINK_PPI. */
const char *wifi_read(int link_type, struct bytes *packet, uint8_t *version);

#endif
