#include "tcb_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

const uint8_t bytes[8000];

struct tcb_settings settings_with(uint8_t options)
{
    return (struct tcb_settings){
        .iss = 1000,
        .tsval = 100,
        .mss = 1460,
        .window = 64240,
        .wscale = 7,
        .options = options,
        .ttl = 64,
    };
}

void end_init(struct end *end, const struct tcb_settings *settings)
{
    *end = (struct end){.irs = 5000, .its_tsval = 900, .its_window = 60000};
    tcb_init(&end->tcb, settings);
}

void expect(struct end *end, const char *line)
{
    struct line_zero zero = {end->tcb.settings.iss, end->irs, end->tcb.settings.tsval};
    char got[SEGMENT_LINE];
    struct segment segment;
    const uint8_t *payload;

    if (!tcb_output(&end->tcb, end->tick, &segment, &payload, &end->repeated)) {
        if (line)
            fail_msg("expected '%s', got nothing", line);
        return;
    }
    segment_line(&segment, zero, got);
    if (!line)
        fail_msg("expected nothing, got '%s'", got);
    assert_string_equal(got, line);
    assert_int_equal(payload != NULL, segment.len > 0);
    assert_int_equal(segment.ttl, 64);
}

unsigned arrives(struct end *end, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    struct segment segment = {
        .flags = flags,
        .seq = end->irs + seq,
        .ack = (flags & TCP_ACK) ? end->tcb.settings.iss + ack : 0,
        .len = len,
        .window = end->its_window,
    };

    if (end->tcb.timestamps) {
        segment.options.present = TCP_OPT_TIMESTAMPS;
        segment.options.tsval = end->its_tsval++;
        segment.options.tsecr = end->tcb.tsval_last;
    }
    return tcb_input(&end->tcb, &segment);
}

unsigned syn_arrives(struct end *end, uint8_t flags, uint8_t options)
{
    struct segment segment = {
        .flags = flags,
        .seq = end->irs,
        .ack = (flags & TCP_ACK) ? end->tcb.settings.iss + 1 : 0,
        .window = end->its_window,
        .options = {.present = options, .mss = 1400, .wscale = 5, .tsval = end->its_tsval},
    };

    if (options & TCP_OPT_TIMESTAMPS)
        end->its_tsval++;
    return tcb_input(&end->tcb, &segment);
}

void open_plain(struct end *end)
{
    const struct tcb_settings settings = settings_with(OPTIONS_PLAIN);

    end_init(end, &settings);
    tcb_open(&end->tcb);
    expect(end, "S seq 0 win 64240 mss 1460");
    assert_int_equal(syn_arrives(end, TCP_SYN | TCP_ACK, OPTIONS_PLAIN), TCB_OPENED | TCB_PROGRESS);
    expect(end, ". seq 1 ack 1 win 64240");
    expect(end, NULL);
    assert_int_equal(end->tcb.state, ESTABLISHED);
}

void open_full(struct end *end)
{
    const struct tcb_settings settings = settings_with(OPTIONS_ALL);

    end_init(end, &settings);
    tcb_open(&end->tcb);
    expect(end, "S seq 0 win 64240 mss 1460 sackok wscale 7 ts 0 0");
    assert_int_equal(syn_arrives(end, TCP_SYN | TCP_ACK, OPTIONS_ALL), TCB_OPENED | TCB_PROGRESS);
    expect(end, ". seq 1 ack 1 win 501 ts 1 900");
    expect(end, NULL);
}
