#include "wire/network_list.h"

/* A number that is a hash, because there was no room: no number of a place is that high. */
#define UNNAMED UINT32_C(0x80000000)

static bool is(const struct network_list_one *one, const struct packet *packet)
{
    const struct network_path *path = &packet->path;

    if (one->hash != packet->network || one->path.count != path->count)
        return false;
    for (unsigned i = 0; i < path->count && i < NETWORK_LAYERS; i++)
        if (one->path.kinds[i] != path->kinds[i] || one->path.ids[i] != path->ids[i])
            return false;
    return true;
}

uint32_t network_list_number(struct network_list *networks, const struct packet *packet)
{
    uint32_t at = packet->network % NETWORKS_BUCKETS;

    if (packet->network == 0)
        return 0;
    for (; networks->buckets[at]; at = (at + 1) % NETWORKS_BUCKETS)
        if (is(&networks->all[networks->buckets[at] - 1], packet))
            return networks->buckets[at];
    if (networks->count == NETWORKS_MAX)
        return packet->network | UNNAMED;
    networks->all[networks->count++] = (struct network_list_one){packet->network, packet->path};
    networks->buckets[at] = (uint16_t)networks->count;
    return networks->count;
}

const struct network_path *network_list_path(const struct network_list *networks, uint32_t number)
{
    return number == 0 || number > networks->count ? NULL : &networks->all[number - 1].path;
}

const char *network_kind_name(enum network_kind kind)
{
    static const char *const names[] = {
        [NETWORK_VLAN] = "vlan", [NETWORK_GRE] = "gre", [NETWORK_VXLAN] = "vxlan", [NETWORK_GENEVE] = "geneve"};

    return names[kind];
}

void network_list_name(const struct network_list *networks, uint32_t number, struct text *text)
{
    const struct network_path *path = network_list_path(networks, number);

    if (!path) {
        if (number)
            text_add(text, "network %08x", number);
        return;
    }
    for (unsigned i = 0; i < path->count && i < NETWORK_LAYERS; i++)
        text_add(text, "%s%s %u", i ? "/" : "", network_kind_name((enum network_kind)path->kinds[i]), path->ids[i]);
    if (path->count > NETWORK_LAYERS)
        text_add(text, "/...");
}
