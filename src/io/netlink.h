/* One question to the kernel over netlink, and its one answer. What route.c and kernel.c share. */
#ifndef IO_NETLINK_H
#define IO_NETLINK_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for one answer: the largest, a link with all its attributes, takes about 2 KiB. */
#define NETLINK_ROOM 16384

struct netlink_room {
    _Alignas(struct nlmsghdr) unsigned char bytes[NETLINK_ROOM];
};

/*
 * Sends the request and waits for the answer, which the kernel has ready when it has taken the request. The
 * caller numbers its requests (nlmsg_seq), each differently from the one before: leftovers with another
 * number are skipped. Returns the first message of the answer, inside room, until the next question; or NULL
 * with errno set, to the kernel's own error where it sent one. The request may lie in room itself: the answer
 * overwrites it.
 */
const struct nlmsghdr *netlink_ask(const struct mnl_socket *socket, struct nlmsghdr *request,
                                   struct netlink_room *room);

/*
 * Sorts the attributes after a message's fixed part of header bytes by their type: table[type] for types below count,
 * NULL where there is none. They point into the message.
 */
void netlink_attributes(const struct nlmsghdr *message, size_t header, const struct nlattr *table[], uint16_t count);

/* The same for the attributes inside another one. */
void netlink_nested(const struct nlattr *outer, const struct nlattr *table[], uint16_t count);

/* Copies size bytes of an attribute's value; false, and out left alone, when it is NULL or shorter. */
bool netlink_value(const struct nlattr *attribute, void *out, size_t size);

#endif
