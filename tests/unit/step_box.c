#include "step_box.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const char *const good_scripts[] = {
    "open",
    "open within 3s",
    "open; send \"GET / HTTP/1.0\\r\\n\\r\\n\"; half-close; drain; linger",
    "open; send hex 00ff0a within 2s; close within 10s",
    "open; send file /etc/hostname; send file \"with blank\"; send zeros 1000000 within 1m",
    "open; send \"\\x00\\0\\t\\\\\\\"\\xff\"; send \"\"",
    "listen; accept; expect data \"hello\"; close",
    "listen within 60s; synack win=1000; expect . ack=+1",
    "listen\naccept within 1.5s\nprobe\nabort\n",
    "syn; expect S.; synack",
    "syn options=<mss 1460,sackOK,TS 1 0,nop,wscale 7> win=65535; expect next S. ack=+1 within 500ms; ack; fin; rst",
    "segment SF. seq=+1 ack=-1 win=0 len=10 options=<mss 1460,nop,wscale 7,sackOK,TS 1 0>",
    "segment none seq=nxt+wnd-1 ack=una-1 urg=0xffff ttl=1 tos=255 id=1 reserved=15",
    "segment FSRP.UEW seq=@4294967295 ack=@0x12ab tsval=1 tsecr=2 data \"x;#<>\"",
    "segment . offset=15 checksum=bad fragment=8 data hex 00FF",
    "segment R checksum=0x1234 options=none",
    "segment S options=<>",
    "segment S options=nop,nop,sackok,eol",
    "segment S options=<kind 254 f989,kind 30,sack 1:2 0x3:4,raw 0204>",
    "ack seq=+wnd ack=+wnd-wnd+5 len=0; fin seq=nxt; rst seq=nxt-1",
    "open; expect any ack=+2; expect F?. ; expect S?F?R?; expect none; expect P.",
    "open; expect S. win>0 win<=100 win!=5 len=0 seq>=nxt ack<una+wnd ttl>=64 mss=1460 wscale<8",
    "open; expect S. options~<mss,wscale 7>; expect S. options~mss; expect S. options!~<TS, sackOK>",
    "open; expect S. options=<mss 1460,nop,nop,TS 1 2,sack 1:2>; expect any options=none; expect any options=<>",
    "open; expect . options~other; expect . options!~malformed; expect . options~<sack 1:2 3:4,TS>",
    "expect nothing for 500ms; expect local CLOSED",
    "open; expect state CLOSE-WAIT proven within 1s; expect state close-wait|LAST-ACK presumed; expect state LISTEN",
    "open; expect state TIME-WAIT within 1ns proven; expect local ESTABLISHED|FIN-WAIT-1 within 0s",
    "open; expect data \"HTTP/1\\.[01] 200\" within 2s; expect data \"\\\\n\\x5cn\\r\\n\\t\\x41\\\"\\(\"",
    "syn ttl=1; expect icmp; expect icmp within 1s; expect icmp time-exceeded within 1s; expect icmp other",
    "auto ack off; auto retransmit on; open; wait 200ms; wait 0.5s; wait 7; wait 1m",
    "# only a comment before\n\n  \t open # and behind\r\n;;;\n close;# and at the end",
    "open ; send \"S\xc3\xb6\" ; close",
    NULL,
};

void box_init(struct box *box, unsigned steps, size_t bytes)
{
    struct step *step_room = malloc(steps * sizeof(struct step));
    char *byte_room = malloc(bytes);

    memset(box, 0, sizeof(*box));
    script_init(&box->script, step_room, steps, byte_room, bytes);
}

void box_free(struct box *box)
{
    free(box->script.steps);
    free(box->script.bytes);
}

bool box_parse(struct box *box, const char *text, size_t length)
{
    char *copy = malloc(length);
    bool good;

    memcpy(copy, text, length);
    good = script_parse(&box->script, copy, length, 1, &box->error);
    free(copy);
    return good;
}

/* Fails the test with the text, in such a form that it can be put into a test of its own. */
static void fail_with(const char *text, size_t length, const char *what, const struct script_error *error)
{
    for (size_t i = 0; i < length; i++)
        print_error(text[i] >= ' ' && text[i] <= '~' && text[i] != '\\' && text[i] != '"' ? "%c" : "\\%03o",
                    (unsigned char)text[i]);
    fail_msg("\n%s (%u:%u: %s)", what, error->line, error->column, error->words);
}

#define HOLD(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            fail_with(text, length, #condition, error);                                                                \
    } while (0)

void survives_printing(const struct step *step)
{
    size_t length = script_print_step(step, NULL, 0);
    char *text = malloc(length + 1), *again = malloc(length + 1);
    struct box box;
    const struct script_error *error = &box.error;

    box_init(&box, 1, 3 * length + 64);
    HOLD(script_print_step(step, text, length + 1) == length);
    HOLD(strlen(text) == length);
    HOLD(box_parse(&box, text, length));
    HOLD(box.script.count == 1);
    HOLD(strcmp(box.script.steps[0].text, text) == 0);
    HOLD(script_same_step(step, &box.script.steps[0]));
    HOLD(script_same_step(&box.script.steps[0], step));
    script_print_step(&box.script.steps[0], again, length + 1);
    HOLD(strcmp(again, text) == 0);
    box_free(&box);
    free(text);
    free(again);
}

/* The error has a place in the text, and words that can be shown. */
static void error_is_good(const struct script_error *error, const char *text, size_t length)
{
    size_t words = strlen(error->words);
    unsigned lines = 1;

    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    HOLD(error->line >= 1 && error->line <= lines);
    HOLD(error->column >= 1 && error->column <= length + 1);
    HOLD(words > 0 && words < sizeof(error->words) - 1); /* not cut */
    for (size_t i = 0; i < words; i++)
        HOLD(error->words[i] >= ' ' && error->words[i] <= '~');
    HOLD(error->words[words - 1] != '.');
}

bool parses_or_says_why(const char *text, size_t length)
{
    struct box box;
    const struct script_error *error = &box.error;
    struct script before;
    struct step first;
    char bytes[16];
    bool good;

    box_init(&box, 40, 3000 + 6 * length);
    assert_true(box_parse(&box, "wait 1s", 7));
    before = box.script;
    first = box.script.steps[0];
    memcpy(bytes, box.script.bytes, before.bytes_used);
    memset(&box.error, 0, sizeof(box.error));
    good = box_parse(&box, text, length);
    HOLD(memcmp(&first, &box.script.steps[0], sizeof(first)) == 0);
    HOLD(memcmp(bytes, box.script.bytes, before.bytes_used) == 0);
    if (good) {
        for (unsigned i = 1; i < box.script.count; i++) {
            HOLD(box.script.steps[i].line >= 1 && box.script.steps[i].line <= length + 1);
            HOLD(box.script.steps[i].column >= 1 && box.script.steps[i].column <= length + 1);
            survives_printing(&box.script.steps[i]);
        }
        if (!script_check(&box.script, &box.error))
            error_is_good(&box.error, text, length);
    } else {
        HOLD(memcmp(&before, &box.script, sizeof(before)) == 0);
        error_is_good(&box.error, text, length);
    }
    box_free(&box);
    return good;
}
