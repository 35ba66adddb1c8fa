#include "core/segment.h"

#include <stddef.h>
#include <string.h>

char *segment_flags_text(uint8_t flags, char out[FLAGS_TEXT])
{
    /* tcpdump 4.99 print-tcp.c prints in this order; W is CWR, E is ECE. */
    static const struct {
        uint8_t bit;
        char letter;
    } letters[] = {
        {TCP_FIN, 'F'}, {TCP_SYN, 'S'}, {TCP_RST, 'R'}, {TCP_PSH, 'P'},
        {TCP_ACK, '.'}, {TCP_URG, 'U'}, {TCP_ECE, 'E'}, {TCP_CWR, 'W'},
    };
    char *at = out;

    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
        if (flags & letters[i].bit)
            *at++ = letters[i].letter;
    *at = '\0';
    if (at == out)
        memcpy(out, "none", sizeof("none"));
    return out;
}

/* Codes from RFC 792, RFC 1122 3.2.2.1, RFC 1812 5.2.7.1 and RFC 4443 3. */
static const struct icmp_name {
    uint8_t family, type;
    int16_t code; /* -1: any */
    const char *name;
} icmp_names[] = {
    {4, 3, 0, "net-unreachable"},      {4, 3, 1, "host-unreachable"},
    {4, 3, 2, "protocol-unreachable"}, {4, 3, 3, "port-unreachable"},
    {4, 3, 4, "fragmentation-needed"}, {4, 3, 5, "source-route-failed"},
    {4, 3, 6, "net-unknown"},          {4, 3, 7, "host-unknown"},
    {4, 3, 9, "net-prohibited"},       {4, 3, 10, "host-prohibited"},
    {4, 3, 13, "admin-prohibited"},    {4, 11, -1, "time-exceeded"},
    {4, 12, -1, "parameter-problem"},  {6, 1, 0, "no-route"},
    {6, 1, 1, "admin-prohibited"},     {6, 1, 2, "beyond-scope"},
    {6, 1, 3, "address-unreachable"},  {6, 1, 4, "port-unreachable"},
    {6, 1, 5, "policy-fail"},          {6, 1, 6, "reject-route"},
    {6, 2, -1, "packet-too-big"},      {6, 3, -1, "time-exceeded"},
    {6, 4, -1, "parameter-problem"},
};

const char *icmp_error_name(const struct icmp_error *error)
{
    for (size_t i = 0; i < sizeof(icmp_names) / sizeof(icmp_names[0]); i++) {
        const struct icmp_name *row = &icmp_names[i];
        if (row->family == error->family && row->type == error->type && (row->code < 0 || row->code == error->code))
            return row->name;
    }
    return "other";
}

const char *icmp_error_name_at(unsigned index)
{
    const size_t rows = sizeof(icmp_names) / sizeof(icmp_names[0]);

    for (size_t i = 0; i < rows; i++) {
        bool seen = false;
        for (size_t j = 0; j < i && !seen; j++)
            seen = strcmp(icmp_names[i].name, icmp_names[j].name) == 0;
        if (!seen && index-- == 0)
            return icmp_names[i].name;
    }
    return index == 0 ? "other" : NULL;
}
