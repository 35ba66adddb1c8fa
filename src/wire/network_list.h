/*
 * Virtual networks by number, in the order in which they appear, and by name: "vlan 10/vxlan 5". What a packet was in
 * (packet.h) may be longer than a table has room for; for such ones its hash is all there is. Nothing is ever taken out.
 */
#ifndef WIRE_NETWORK_LIST_H
#define WIRE_NETWORK_LIST_H

#include "base/text.h"
#include "wire/packet.h"

#define NETWORKS_MAX 8192 /* more are numbered, but have no name */
#define NETWORKS_BUCKETS (2 * NETWORKS_MAX)

/* All zero: none yet. */
struct network_list {
    uint32_t count;
    struct network_list_one {
        uint32_t hash;
        struct network_path path;
    } all[NETWORKS_MAX];
    uint16_t buckets[NETWORKS_BUCKETS]; /* numbers, from 1; 0: empty */
};

/* The number of the network in which this packet was seen: from 1, the same whenever it is the same; 0: in none. */
uint32_t network_list_number(struct network_list *networks, const struct packet *packet);

/* Adds the name of the one with this number, outermost first; nothing for 0. */
void network_list_name(const struct network_list *networks, uint32_t number, struct text *text);

/* "vlan", "gre", ... as people and programs read it. Static text. */
const char *network_kind_name(enum network_kind kind);

/* What the one with this number is; NULL for 0, and where there was no room for it. It lives as long as the list. */
const struct network_path *network_list_path(const struct network_list *networks, uint32_t number);

#endif
