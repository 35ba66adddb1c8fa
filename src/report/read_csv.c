#include <ctype.h>
#include <inttypes.h>

#include "report/phrase.h"
#include "report/read.h"

#define NETWORK_WORDS 160

/* ",a_in_listen,a_in_syn_sent" and so on: how long that end was there. */
static void put_state_names(int end, FILE *out)
{
    for (unsigned state = 0; state < STATE_COUNT; state++) {
        fprintf(out, ",%c_in_", end);
        for (const char *at = state_name((enum state)state); *at; at++)
            fputc(*at == '-' ? '_' : tolower((unsigned char)*at), out);
    }
}

void read_csv_head(FILE *out)
{
    fprintf(out, "number,start,end,first_packet,last_packet,a_addr,a_port,b_addr,b_port,a_is,open,open_rtt,open_time,"
                 "closer,close,closed,reset_by,history");
    for (unsigned i = 0; i < ENDS; i++) {
        fprintf(out,
                ",%c_state,%c_certainty,%c_segments,%c_bytes,%c_retransmitted,%c_doubles,%c_strays,%c_unseen,"
                "%c_icmp_errors",
                'a' + i, 'a' + i, 'a' + i, 'a' + i, 'a' + i, 'a' + i, 'a' + i, 'a' + i, 'a' + i);
        put_state_names('a' + (int)i, out);
    }
    for (unsigned i = 0; i < ENDS; i++)
        fprintf(out, ",%c_network", 'a' + i);
    fprintf(out, "\n");
}

/* Seconds with nanoseconds, or nothing. */
static void put_time(nanos time, FILE *out)
{
    const char *sign = time < 0 ? "-" : "";
    nanos size = time < 0 ? -time : time;

    if (time == NANOS_NONE)
        fprintf(out, ",");
    else
        fprintf(out, ",%s%" PRId64 ".%09" PRId64, sign, size / NANOS_PER_S, size % NANOS_PER_S);
}

static void put_network(const struct network_list *networks, uint32_t network, FILE *out)
{
    char words[NETWORK_WORDS];
    struct text text;

    text_init(&text, words, sizeof(words));
    network_list_name(networks, network, &text);
    fprintf(out, ",%s", words);
}

void read_csv_row(const struct summary *summary, const struct network_list *networks, nanos epoch, FILE *out)
{
    static const char *const ends[] = {"a", "b", ""};
    static const char *const is[] = {
        [ORIENTED_BY_SYN] = "opener", [ORIENTED_BY_ANSWER] = "opener-by-answer", [ORIENTED_BY_PORTS] = "unknown"};
    char text[ADDR_TEXT], states[STATE_SET_TEXT];

    fprintf(out, "%" PRIu64, summary->number);
    put_time(summary->first_at - epoch, out);
    put_time(summary->last_at - epoch, out);
    fprintf(out, ",%" PRIu64 ",%" PRIu64, summary->first_packet, summary->last_packet);
    for (unsigned i = 0; i < ENDS; i++)
        fprintf(out, ",%s,%u", addr_format(&summary->ends[i].at.addr, text), summary->ends[i].at.port);
    fprintf(out, ",%s,%s", is[summary->orientation], opening_name(summary->opening));
    put_time(summary->open_rtt, out);
    put_time(summary->open, out);
    fprintf(out, ",%s,%s,%s,%s,%s", ends[summary->closer], closing_name(summary->closing),
            summary->closed ? "yes" : "no", ends[summary->resetter], summary->history);
    for (unsigned i = 0; i < ENDS; i++) {
        const struct summary_end *end = &summary->ends[i];
        bool presumed = end->claim.certainty == PRESUMED;
        fprintf(out, ",%s,%s", state_set_text(presumed ? end->claim.likely : end->claim.to, "|", states),
                certainty_name(end->claim.certainty));
        fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, end->segments,
                end->bytes, end->retransmitted, end->doubles, end->strays, end->unseen, end->icmp_errors);
        for (unsigned state = 0; state < STATE_COUNT; state++)
            put_time(end->in_state[state], out);
    }
    for (unsigned i = 0; i < ENDS; i++)
        put_network(networks, summary->ends[i].network, out);
    fprintf(out, "\n");
}
