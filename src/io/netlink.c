#include "io/netlink.h"

#include <errno.h>
#include <string.h>

/* The kernel's verdict on a request that has no other answer: 0 or an errno. */
static int verdict(const struct nlmsghdr *message)
{
    const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*error))
        return EBADMSG;
    return -error->error;
}

const struct nlmsghdr *netlink_ask(const struct mnl_socket *socket, struct nlmsghdr *request, struct netlink_room *room)
{
    const struct nlmsghdr *answer = (const struct nlmsghdr *)room->bytes;
    const uint32_t seq = request->nlmsg_seq; /* kept apart: the request may be where the answer goes */
    ssize_t got;

    if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
        return NULL;
    do {
        do {
            got = mnl_socket_recvfrom(socket, room->bytes, sizeof(room->bytes));
        } while (got < 0 && errno == EINTR);
        if (got < 0)
            return NULL;
        if (!mnl_nlmsg_ok(answer, (int)got)) {
            errno = EBADMSG;
            return NULL;
        }
    } while (answer->nlmsg_seq != seq);
    if (answer->nlmsg_type == NLMSG_ERROR) {
        errno = verdict(answer);
        return NULL;
    }
    return answer;
}

struct sorting {
    const struct nlattr **table;
    uint16_t count;
};

static int sort_one(const struct nlattr *attribute, void *argument)
{
    const struct sorting *sorting = argument;
    uint16_t type = mnl_attr_get_type(attribute);

    if (type < sorting->count)
        sorting->table[type] = attribute;
    return MNL_CB_OK;
}

static struct sorting start_sorting(const struct nlattr *table[], uint16_t count)
{
    for (uint16_t i = 0; i < count; i++)
        table[i] = NULL;
    return (struct sorting){.table = table, .count = count};
}

void netlink_attributes(const struct nlmsghdr *message, size_t header, const struct nlattr *table[], uint16_t count)
{
    struct sorting sorting = start_sorting(table, count);

    mnl_attr_parse(message, (unsigned)header, sort_one, &sorting);
}

void netlink_nested(const struct nlattr *outer, const struct nlattr *table[], uint16_t count)
{
    struct sorting sorting = start_sorting(table, count);

    mnl_attr_parse_nested(outer, sort_one, &sorting);
}

bool netlink_value(const struct nlattr *attribute, void *out, size_t size)
{
    if (!attribute || mnl_attr_get_payload_len(attribute) < size)
        return false;
    memcpy(out, mnl_attr_get_payload(attribute), size);
    return true;
}
