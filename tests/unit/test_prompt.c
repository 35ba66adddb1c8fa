/* src/cmd/prompt: what is typed at a pseudo terminal, what stands on its screen, and the lines that come of it. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/prompt.h"
#include "terminal.h"

#define DEADLINE_MS 10000
#define LINES_MAX 64
#define ESC "\033"

/* A prompt, its terminal, and the lines that it gave. */
struct desk {
    struct terminal terminal;
    struct termios found;
    struct prompt *prompt;
    FILE *out;
    char *lines[LINES_MAX];
    unsigned given, taken;
    bool ended;
    struct fault fault;
    char directory[32], history[64];
};

/* What can be completed: whole words of one line. */
static void complete(const char *text, size_t *start,
                     void (*take)(void *taker, const char *candidate, const char *what, bool open), void *taker)
{
    static const struct {
        const char *word, *what;
        bool open;
    } words[] = {
        {"syn", NULL, false},      {"syn-ack", NULL, false},  {"expect", NULL, false},           {"seq=", NULL, true},
        {"win=1", "small", false}, {"win=2", "large", false}, {"\xc3\xa9t\xc3\xa9", NULL, false}};
    const char *word = strrchr(text, ' ');

    word = word ? word + 1 : text;
    *start = (size_t)(word - text);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strncasecmp(words[i].word, word, strlen(word)) == 0)
            take(taker, words[i].word, words[i].what, words[i].open);
}

static void open_prompt(struct desk *desk)
{
    const struct prompt_config config = {
        .fd = desk->terminal.slave, .out = desk->out, .history_file = desk->history, .complete = complete};

    if (!prompt_open(&desk->prompt, &config, &desk->fault))
        fail_msg("%s", desk->fault.words);
    prompt_set(desk->prompt, "> ");
    prompt_show(desk->prompt);
}

static void close_prompt(struct desk *desk)
{
    prompt_close(desk->prompt);
    desk->prompt = NULL;
}

/* A desk of 80 columns with a prompt that is shown. */
static int set_up(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));

    assert_non_null(desk);
    terminal_open(&desk->terminal, 80);
    assert_int_equal(tcgetattr(desk->terminal.slave, &desk->found), 0);
    desk->out = fdopen(dup(desk->terminal.slave), "w");
    assert_non_null(desk->out);
    strcpy(desk->directory, "/tmp/tcpwalk-prompt-XXXXXX");
    assert_non_null(mkdtemp(desk->directory));
    snprintf(desk->history, sizeof(desk->history), "%s/history", desk->directory);
    open_prompt(desk);
    *state = desk;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *desk = *state;

    prompt_close(desk->prompt);
    fclose(desk->out);
    terminal_close(&desk->terminal);
    unlink(desk->history);
    rmdir(desk->directory);
    for (unsigned i = 0; i < desk->given; i++)
        free(desk->lines[i]);
    free(desk);
    return 0;
}

static int64_t now_ms(void)
{
    struct timespec now;

    timespec_get(&now, TIME_UTC);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void take_lines(struct desk *desk)
{
    const char *line = NULL;

    while (!desk->ended) {
        switch (prompt_read(desk->prompt, &line, &desk->fault)) {
        case PROMPT_LINE:
            assert_true(desk->given < LINES_MAX);
            desk->lines[desk->given++] = strdup(line);
            break;
        case PROMPT_MORE:
            return;
        case PROMPT_END:
        case PROMPT_FAULT:
            desk->ended = true;
            break;
        }
    }
}

/* Waits, at most to the deadline, for something to be typed or printed, and takes it. */
static void turn(struct desk *desk, int64_t deadline)
{
    struct pollfd ready[] = {{.fd = desk->terminal.master, .events = POLLIN},
                             {.fd = desk->ended ? -1 : prompt_fd(desk->prompt), .events = POLLIN}};
    int64_t left = deadline - now_ms();

    if (poll(ready, 2, left > 0 ? (int)left : 0) > 0 && ready[1].revents)
        take_lines(desk);
    terminal_look(&desk->terminal);
}

/* Types, and waits until the cursor's row is this (| is the cursor). */
static void type(struct desk *desk, const char *keys, const char *row)
{
    int64_t deadline = now_ms() + DEADLINE_MS;

    terminal_type(&desk->terminal, keys, strlen(keys));
    while (strcmp(terminal_cursor_row(&desk->terminal), row) != 0) {
        if (now_ms() > deadline)
            fail_msg("after '%s' the screen says '%s', not '%s'", keys, terminal_cursor_row(&desk->terminal), row);
        turn(desk, deadline);
    }
}

/* Types, and waits for a line. */
static void type_line(struct desk *desk, const char *keys, const char *line)
{
    int64_t deadline = now_ms() + DEADLINE_MS;

    terminal_type(&desk->terminal, keys, strlen(keys));
    while (desk->taken == desk->given && !desk->ended && now_ms() <= deadline)
        turn(desk, deadline);
    if (desk->taken == desk->given)
        fail_msg("no line came after '%s': %s", keys, desk->fault.words);
    assert_string_equal(desk->lines[desk->taken], line);
    desk->taken++;
}

static void type_end(struct desk *desk, const char *keys)
{
    int64_t deadline = now_ms() + DEADLINE_MS;

    terminal_type(&desk->terminal, keys, strlen(keys));
    while (!desk->ended && now_ms() <= deadline)
        turn(desk, deadline);
    assert_true(desk->ended);
    assert_int_equal(desk->taken, desk->given);
}

/* Waits until everything typed was taken: a key that beeps is seen by nothing else. */
static void type_beep(struct desk *desk, const char *keys)
{
    int64_t deadline = now_ms() + DEADLINE_MS;
    unsigned before = desk->terminal.beeps;

    terminal_type(&desk->terminal, keys, strlen(keys));
    while (desk->terminal.beeps == before && now_ms() <= deadline)
        turn(desk, deadline);
    assert_int_equal(desk->terminal.beeps, before + 1);
}

static void say(struct desk *desk, const char *text)
{
    fprintf(desk->out, "%s\n", text);
    fflush(desk->out);
}

static void assert_row(struct desk *desk, unsigned back, const char *text)
{
    terminal_look(&desk->terminal);
    assert_string_equal(terminal_row(&desk->terminal, back), text);
}

/* Types what makes rows appear above, and waits until this one stands there. */
static void type_above(struct desk *desk, const char *keys, const char *text)
{
    int64_t deadline = now_ms() + DEADLINE_MS;

    terminal_type(&desk->terminal, keys, strlen(keys));
    while ((desk->terminal.row == 0 || strcmp(terminal_row(&desk->terminal, 1), text) != 0) && now_ms() <= deadline)
        turn(desk, deadline);
    assert_row(desk, 1, text);
}

/* ---- a line ---- */

static void typed_line(void **state)
{
    struct desk *desk = *state;

    type(desk, "", "> |");
    type(desk, "exxp", "> exxp|");
    type(desk, "\b\bpect", "> expect|");
    type(desk, "\001un", "> un|expect");
    type(desk, "\006\006-", "> unex-|pect");
    type(desk, "\005 S.", "> unex-pect S.|");
    type_line(desk, "\r", "unex-pect S.");
    type(desk, "", "|");
    assert_row(desk, 1, "> unex-pect S.");
    prompt_show(desk->prompt);
    type_line(desk, "\r", ""); /* an empty one is no end */
    prompt_show(desk->prompt);
    type(desk, "", "> |");
    assert_int_equal(desk->terminal.beeps, 0);
}

static void shown_again_as_it_was(void **state)
{
    struct desk *desk = *state;

    type(desk, "expect S.\002\002\002", "> expect| S.");
    prompt_hide(desk->prompt);
    prompt_hide(desk->prompt);
    type(desk, "", "|");
    say(desk, "a segment came");
    say(desk, "and another");
    prompt_show(desk->prompt);
    prompt_show(desk->prompt);
    type(desk, "", "> expect| S.");
    assert_row(desk, 1, "and another");
    assert_row(desk, 2, "a segment came");
    type(desk, "ed", "> expected| S.");
    assert_int_equal(desk->terminal.last_row, 2);
    type_line(desk, "\r", "expected S.");
}

static void typed_while_hidden(void **state)
{
    struct desk *desk = *state;

    type(desk, "ab", "> ab|");
    prompt_hide(desk->prompt);
    type(desk, "", "|");
    terminal_type(&desk->terminal, "cd\a", 3); /* ^G beeps, so that we know when it was taken */
    type_beep(desk, "");
    assert_string_equal(terminal_cursor_row(&desk->terminal), "|");
    prompt_show(desk->prompt);
    type(desk, "", "> abcd|");
}

static void prompt_changes(void **state)
{
    struct desk *desk = *state;

    type(desk, "syn\002", "> sy|n");
    prompt_set(desk->prompt, "ESTABLISHED> ");
    type(desk, "", "ESTABLISHED> sy|n");
    prompt_set(desk->prompt, "$ ");
    type(desk, "", "$ sy|n");
    assert_row(desk, 0, "$ syn");
    prompt_hide(desk->prompt);
    prompt_set(desk->prompt, "# ");
    type(desk, "", "|");
    prompt_show(desk->prompt);
    type(desk, "", "# sy|n");
}

/* In the middle of what libedit reads in one go, others can print, and it goes on after it. */
static void half_a_key(void **state)
{
    struct desk *desk = *state;

    type(desk, "ac", "> ac|");
    type(desk, ESC "[", "> ac|");
    prompt_hide(desk->prompt);
    say(desk, "between");
    prompt_show(desk->prompt);
    type(desk, "D", "> a|c");
    type(desk, "\026", "> a|c"); /* quoted insert */
    prompt_hide(desk->prompt);
    prompt_show(desk->prompt);
    type(desk, "\026", "> a^V|c");
    type(desk, "\bb", "> ab|c");
    type_line(desk, "\r", "abc");
}

static void search(void **state)
{
    struct desk *desk = *state;

    type_line(desk, "expect S.\r", "expect S.");
    type_line(desk, "ack\r", "ack");
    prompt_show(desk->prompt);
    type(desk, "\022", "> |  bck:");
    type(desk, "pe", "> ex|pect S.  bck:pe");
    prompt_hide(desk->prompt);
    say(desk, "a segment came");
    prompt_show(desk->prompt);
    type(desk, "c", "> ex|pect S.  bck:pec");
    type_line(desk, "\r", "expect S.");
    assert_row(desk, 1, "> expect S.");
}

static void control_d(void **state)
{
    struct desk *desk = *state;
    const char *line;

    type(desk, "a", "> a|");
    type_beep(desk, "\004");
    type(desk, "\b", "> |");
    type_end(desk, "\004");
    assert_int_equal(desk->fault.kind, FAULT_NONE);
    type(desk, "", "|");
    assert_int_equal(prompt_read(desk->prompt, &line, &desk->fault), PROMPT_END);
    prompt_show(desk->prompt);
    type(desk, "", "|");
}

static void hang_up(void **state)
{
    struct desk *desk = *state;
    const char *line;
    int64_t deadline = now_ms() + DEADLINE_MS;
    enum prompt_result result;

    close(desk->terminal.master);
    do {
        result = prompt_read(desk->prompt, &line, &desk->fault);
    } while (result == PROMPT_MORE && now_ms() < deadline);
    assert_int_equal(result, PROMPT_END);
    assert_int_equal(desk->fault.kind, FAULT_NONE);
}

/* Ctrl-D is no end of what was pasted before it, and each line stands on the screen with its prompt. */
static void pasted_lines(void **state)
{
    struct desk *desk = *state;

    type_line(desk, "syn\rexpect S.\rack\rab", "syn");
    type_line(desk, "", "expect S.");
    type_line(desk, "", "ack");
    prompt_show(desk->prompt);
    type(desk, "", "> ab|");
    assert_row(desk, 1, "> ack");
    assert_row(desk, 2, "> expect S.");
    assert_row(desk, 3, "> syn");
}

static void other_characters(void **state)
{
    struct desk *desk = *state;

    type(desk, "\xc3\xa9", "> \xc3\xa9|");
    terminal_type(&desk->terminal, "\xc3", 1); /* half of one */
    type(desk, "\xa8x", "> \xc3\xa9\xc3\xa8x|");
    type(desk, "\002\002\xe2\x82\xac", "> \xc3\xa9\xe2\x82\xac|\xc3\xa8x");
    type(desk, "\xff\x80z", "> \xc3\xa9\xe2\x82\xacz|\xc3\xa8x"); /* no characters at all */
    type(desk, "\026\033", "> \xc3\xa9\xe2\x82\xacz^[|\xc3\xa8x");
    type_line(desk, "\r", "\xc3\xa9\xe2\x82\xacz\033\xc3\xa8x");
    prompt_show(desk->prompt);
    terminal_type(&desk->terminal, "a\0b", 3);
    type(desk, "", "> ab|");
    type_line(desk, "\r", "ab");
}

/* ---- a line that does not fit ---- */

static void long_line(void **state)
{
    struct desk *desk = *state;
    char whole[200], row[100];

    for (unsigned i = 0; i < 150; i++)
        whole[i] = (char)('0' + i / 10 % 10);
    whole[150] = '\0';
    terminal_type(&desk->terminal, whole, 150);
    /* 77 columns for the line; the window moves in halves of what is between its marks. */
    snprintf(row, sizeof(row), "> <%s|", whole + 112);
    type(desk, "", row);
    snprintf(row, sizeof(row), "> |%.76s>", whole);
    type(desk, "\001", row);
    snprintf(row, sizeof(row), "> <%s|", whole + 112);
    type(desk, "\005", row);
    prompt_hide(desk->prompt);
    type(desk, "", "|");
    assert_int_equal(desk->terminal.last_row, 0);
    prompt_show(desk->prompt);
    type(desk, "", row);
    type_line(desk, "\r", whole);
    type(desk, "", "|");
    snprintf(row, sizeof(row), "> %.78s", whole);
    assert_row(desk, 2, row);
    assert_row(desk, 1, whole + 78);
}

static void no_column_too_many(void **state)
{
    struct desk *desk = *state;
    char line[200] = "";

    /* At whatever length, the cursor is in the first row, before its last column. */
    for (unsigned length = 1; length < 190; length++) {
        line[length - 1] = (char)('a' + length % 26);
        terminal_type(&desk->terminal, line + length - 1, 1);
        const int64_t deadline = now_ms() + DEADLINE_MS;
        while (now_ms() < deadline && strchr(terminal_cursor_row(&desk->terminal), '|')[-1] != line[length - 1])
            turn(desk, deadline);
        assert_int_equal(strchr(terminal_cursor_row(&desk->terminal), '|')[-1], line[length - 1]);
        assert_true(desk->terminal.column < 80);
        assert_int_equal(desk->terminal.last_row, 0);
    }
    for (unsigned length = 189; length > 0; length--)
        terminal_type(&desk->terminal, "\002", 1);
    type(desk, "", "> |bcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxy>");
}

static void resized(void **state)
{
    struct desk *desk = *state;
    prompt_set(desk->prompt, "CLOSED 0:- | LISTEN? > ");
    type(desk, "0123456789abcdefghij", "CLOSED 0:- | LISTEN? > 0123456789abcdefghij|");
    terminal_resize(&desk->terminal, 40);
    type(desk, "k", "<D 0:- | LISTEN? > <abcdefghijk|");
    terminal_resize(&desk->terminal, 80);
    type(desk, "l", "CLOSED 0:- | LISTEN? > 0123456789abcdefghijkl|");
    terminal_resize(&desk->terminal, 3); /* not believed, but survived */
    type_line(desk, "\r", "0123456789abcdefghijkl");
}

/* What is longer than any line is dropped, with a beep. */
static void too_long(void **state)
{
    struct desk *desk = *state;
    char whole[4096];

    memset(whole, 'a', 4095);
    whole[4095] = '\0';
    for (unsigned i = 0; i < 4095; i += 65)
        terminal_type(&desk->terminal, whole + i, 65);
    type_beep(desk, "b");
    type_beep(desk, "\001b");
    type_line(desk, "\r", whole);
    prompt_show(desk->prompt);
    type_beep(desk, ESC "9" ESC "9" ESC "9" ESC "9" ESC "9x"); /* 99999 of them */
    type(desk, "\025", "> |");
}

/* Keys on which libedit, left to itself, reads and writes where it should not. */
static void hard_on_libedit(void **state)
{
    struct desk *desk = *state;

    type_beep(desk, ESC "x"); /* its own commands: an empty one */
    type_line(desk, "a\r", "a");
    prompt_show(desk->prompt);
    type(desk, "abcdef\030\030\013", "> |");
    type(desk, "\030\030g", "> g|"); /* to a mark that is no more */
    type(desk, "\025", "> |");
    close_prompt(desk);
    terminal_resize(&desk->terminal, 10); /* has fewer places than the line has characters */
    open_prompt(desk);
    type(desk, "", "> |");
    for (unsigned i = 0; i < 40; i++)
        terminal_type(&desk->terminal, "0123456789012345678901234567890123456789", 40);
    terminal_type(&desk->terminal, "\001\00501234567890123456789", 22);
    type_beep(desk, "\022y"); /* a search, for what is not there */
    type(desk, "\007\025", "> |");
}

/* ---- completion ---- */

static void completion(void **state)
{
    struct desk *desk = *state;

    type(desk, "ex\t", "> expect |");
    type(desk, "s", "> expect s|");
    type(desk, "e\t", "> expect seq=|"); /* goes on */
    type_beep(desk, "5\t");
    type(desk, "\b\b\b\b\bS", "> expect S|");
    type_beep(desk, "x\t");
    type(desk, "\b\025SY\t", "> syn|"); /* corrected */
    type(desk, "\025SYN\t", "> syn|");
    type_above(desk, "\t", "syn      syn-ack"); /* there is a choice */
    type(desk, "", "> syn|");
    type(desk, "-\t", "> syn-ack |");
    type(desk, "w\t", "> syn-ack win=|");
    type_above(desk, "\t", "win=2  large");
    type(desk, "", "> syn-ack win=|");
    assert_row(desk, 2, "win=1  small");
    type(desk, "\025a b\001ex\t", "> expect |a b"); /* up to the cursor only */
    type(desk, "\001\013", "> |");
    type(desk, "\xc3\xa9\t", "> \xc3\xa9t\xc3\xa9 |");
}

static void nothing_to_complete(void **state)
{
    struct desk *desk = *state;
    const struct prompt_config config = {.fd = desk->terminal.slave, .out = desk->out};

    close_prompt(desk);
    assert_true(prompt_open(&desk->prompt, &config, &desk->fault));
    prompt_show(desk->prompt);
    type(desk, "e", "> e|");
    type_beep(desk, "\t");
    type_line(desk, "\r", "e");
}

/* ---- history ---- */

static unsigned history_lines(const struct desk *desk, char *first, char *last)
{
    FILE *file = fopen(desk->history, "r");
    unsigned count = 0;
    char line[100];

    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        if (count++ == 0)
            strcpy(first, line);
        strcpy(last, line);
    }
    fclose(file);
    return count;
}

static void history(void **state)
{
    struct desk *desk = *state;
    char first[100], last[100];
    struct stat status;

    type_line(desk, "syn\r", "syn");
    type_line(desk, "ack\r", "ack");
    type_line(desk, "ack\r", "ack");
    type_line(desk, "  \r", "  ");
    assert_int_equal(stat(desk->history, &status), 0); /* at once, so that nothing is lost */
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(history_lines(desk, first, last), 2);
    assert_string_equal(first, "syn");
    assert_string_equal(last, "ack");
    prompt_show(desk->prompt);
    type(desk, "half" ESC "[A", "> ack|");
    type(desk, ESC "[A", "> syn|");
    type(desk, ESC "[B" ESC "[B", "> half|");

    close_prompt(desk);
    terminal_look(&desk->terminal);
    open_prompt(desk);
    type(desk, ESC "[A" ESC "[A", "> syn|");
    type_line(desk, "\r", "syn");
    assert_int_equal(history_lines(desk, first, last), 3);
}

static void history_is_bounded(void **state)
{
    struct desk *desk = *state;
    char first[100], last[100];
    FILE *file = fopen(desk->history, "w");

    assert_non_null(file);
    for (unsigned i = 1; i <= 1500; i++)
        fprintf(file, "line %u\n", i);
    fclose(file);
    close_prompt(desk);
    assert_int_equal(history_lines(desk, first, last), 1000);
    assert_string_equal(first, "line 501");
    assert_string_equal(last, "line 1500");
    open_prompt(desk);
    type_line(desk, "new\r", "new");
    close_prompt(desk);
    assert_int_equal(history_lines(desk, first, last), 1000);
    assert_string_equal(first, "line 502");
    assert_string_equal(last, "new");
    open_prompt(desk);
    type(desk, ESC "<", "> |");
    type(desk, ESC "[A", "> new|");
}

/* A history that can't be is none. */
static void no_history(void **state)
{
    struct desk *desk = *state;

    close_prompt(desk);
    assert_int_equal(mkfifo(desk->history, 0600), 0);
    open_prompt(desk);
    type_line(desk, "syn\r", "syn");
    prompt_show(desk->prompt);
    type(desk, ESC "[A", "> syn|");
    close_prompt(desk);
    unlink(desk->history);
    snprintf(desk->history, sizeof(desk->history), "%s/none/there", desk->directory);
    open_prompt(desk);
    type_line(desk, "ack\r", "ack");
}

/* ---- keys of one's own ---- */

static void vi_keys(void **state)
{
    struct desk *desk = *state;
    char path[80];
    FILE *file;

    close_prompt(desk);
    snprintf(path, sizeof(path), "%s/editrc", desk->directory);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs("bind -v\ntcpwalk:bind ^O ed-newline\n", file);
    fclose(file);
    setenv("EDITRC", path, 1);
    open_prompt(desk);
    unlink(path);
    type(desk, "expect S.", "> expect S.|");
    type(desk, ESC "0", "> |expect S.");
    type(desk, "f", "> |expect S."); /* which character to go to is still to come */
    prompt_hide(desk->prompt);
    prompt_show(desk->prompt);
    type(desk, "c", "> expe|ct S.");
    type(desk, "rk", "> expe|kt S.");
    type_beep(desk, "v"); /* no other editor is started */
    type(desk, "A win\t", "> expekt S. win=|");
    type_line(desk, ESC "\r", "expekt S. win=");
    prompt_show(desk->prompt);
    type(desk, "syn", "> syn|");
    type_line(desk, "\017", "syn"); /* by libedit's own function for enter */
    prompt_show(desk->prompt);
    type(desk, "ack", "> ack|");
    type_line(desk, "\r", "ack");
}

/* ---- the terminal and the process ---- */

static void terminal_restored(void **state)
{
    struct desk *desk = *state;
    struct termios now;
    struct pollfd ready = {.fd = desk->terminal.slave, .events = POLLIN};

    assert_int_equal(tcgetattr(desk->terminal.slave, &now), 0);
    assert_int_equal(now.c_lflag & (ICANON | ECHO), 0);
    assert_int_not_equal(now.c_lflag & ISIG, 0);
    type_line(desk, "a\r", "a");
    prompt_show(desk->prompt);
    type(desk, "b", "> b|");
    terminal_type(&desk->terminal, "for the shell\r", 14);
    assert_int_equal(poll(&ready, 1, DEADLINE_MS), 1);
    close_prompt(desk);
    assert_int_equal(tcgetattr(desk->terminal.slave, &now), 0);
    assert_true(terminal_same(&now, &desk->found));
    assert_row(desk, 0, "");
    assert_int_equal(poll(&ready, 1, 0), 1); /* what was typed ahead is still there */
}

static void made_raw_again(void **state)
{
    struct desk *desk = *state;
    struct termios now;

    type(desk, "ab", "> ab|");
    assert_int_equal(tcsetattr(desk->terminal.slave, TCSANOW, &desk->found), 0);
    prompt_hide(desk->prompt);
    prompt_show(desk->prompt);
    assert_int_equal(tcgetattr(desk->terminal.slave, &now), 0);
    assert_int_equal(now.c_lflag & (ICANON | ECHO), 0);
    type(desk, "c", "> abc|");
}

static volatile sig_atomic_t handled;

static void on_signal(int number)
{
    (void)number;
    handled++;
}

/* Neither handlers nor masks are changed, and what is blocked stays blocked, also while keys are handled. */
static void signals_left_alone(void **state)
{
    static const int numbers[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGTSTP,
                                  SIGCONT, SIGTTIN, SIGTTOU, SIGCHLD, SIGWINCH};
    struct desk *desk = *state;
    struct sigaction before[10], after;
    sigset_t mask, later, usual;

    close_prompt(desk);
    signal(SIGWINCH, on_signal);
    signal(SIGUSR1, on_signal);
    for (unsigned i = 0; i < 10; i++)
        sigaction(numbers[i], NULL, &before[i]);
    sigprocmask(SIG_BLOCK, NULL, &usual);
    open_prompt(desk);
    mask = usual;
    sigaddset(&mask, SIGUSR1);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    handled = 0;
    raise(SIGUSR1);
    type_line(desk, "ab\t\b" ESC "[A\022x\r", "a");
    assert_int_equal(handled, 0);
    for (unsigned i = 0; i < 10; i++) {
        sigaction(numbers[i], NULL, &after);
        assert_true(before[i].sa_handler == after.sa_handler);
    }
    sigprocmask(SIG_SETMASK, &usual, &later);
    for (int i = 1; i < 32; i++)
        assert_int_equal(sigismember(&mask, i), sigismember(&later, i));
    assert_int_equal(handled, 1);
    signal(SIGWINCH, SIG_DFL);
    signal(SIGUSR1, SIG_DFL);
}

/* libtinfo forgets eight bytes each time that a terminal is opened. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libtinfo.so";
}

const char *__lsan_default_options(void);
const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}

/* ---- plain lines ---- */

/* A pipe with a prompt at its end. */
struct pipe_desk {
    int ends[2];
    struct prompt *prompt;
    struct fault fault;
    const char *line;
};

static struct pipe_desk open_pipe(void)
{
    struct pipe_desk desk = {0};
    struct prompt_config config = {.out = stdout};

    assert_int_equal(pipe(desk.ends), 0);
    config.fd = desk.ends[0];
    assert_true(prompt_open(&desk.prompt, &config, &desk.fault));
    assert_int_equal(prompt_fd(desk.prompt), desk.ends[0]);
    prompt_set(desk.prompt, "never seen> ");
    prompt_show(desk.prompt);
    prompt_hide(desk.prompt);
    return desk;
}

static void close_pipe(struct pipe_desk *desk)
{
    prompt_close(desk->prompt);
    close(desk->ends[0]);
    if (desk->ends[1] >= 0)
        close(desk->ends[1]);
}

/* Writes, and takes what comes of it. */
static enum prompt_result pass(struct pipe_desk *desk, const char *bytes, size_t length)
{
    assert_int_equal(write(desk->ends[1], bytes, length), length);
    desk->line = NULL;
    return prompt_read(desk->prompt, &desk->line, &desk->fault);
}

static enum prompt_result pass_end(struct pipe_desk *desk)
{
    if (desk->ends[1] >= 0)
        close(desk->ends[1]);
    desk->ends[1] = -1;
    return prompt_read(desk->prompt, &desk->line, &desk->fault);
}

static void plain_lines(void **state)
{
    struct pipe_desk desk = open_pipe();

    (void)state;
    assert_int_equal(pass(&desk, "", 0), PROMPT_MORE);
    assert_int_equal(pass(&desk, "sy", 2), PROMPT_MORE);
    assert_int_equal(pass(&desk, "n\n\nack\r\nfi", 10), PROMPT_LINE);
    assert_string_equal(desk.line, "syn");
    assert_int_equal(pass(&desk, "", 0), PROMPT_LINE);
    assert_string_equal(desk.line, "");
    assert_int_equal(pass(&desk, "", 0), PROMPT_LINE);
    assert_string_equal(desk.line, "ack");
    assert_int_equal(pass(&desk, "", 0), PROMPT_MORE);
    assert_int_equal(pass_end(&desk), PROMPT_LINE); /* without its end */
    assert_string_equal(desk.line, "fi");
    assert_int_equal(pass_end(&desk), PROMPT_END);
    assert_int_equal(pass_end(&desk), PROMPT_END);
    assert_int_equal(desk.fault.kind, FAULT_NONE);
    close_pipe(&desk);
}

/* Writes a line of so many bytes; the result of the last reading. */
static enum prompt_result pass_long(struct pipe_desk *desk, size_t length, const char *end)
{
    enum prompt_result result = PROMPT_MORE;
    char chunk[1024];

    memset(chunk, 'a', sizeof(chunk));
    for (; length > 0 && result == PROMPT_MORE; length -= length < sizeof(chunk) ? length : sizeof(chunk))
        result = pass(desk, chunk, length < sizeof(chunk) ? length : sizeof(chunk));
    return result == PROMPT_MORE ? pass(desk, end, strlen(end)) : result;
}

static void plain_length(void **state)
{
    struct pipe_desk desk = open_pipe();

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pass_long(&desk, PROMPT_LINE_MAX, "\n"), PROMPT_LINE);
        assert_int_equal(strlen(desk.line), PROMPT_LINE_MAX);
    }
    assert_int_equal(pass_long(&desk, PROMPT_LINE_MAX + 1, "\n"), PROMPT_FAULT);
    assert_int_equal(desk.fault.kind, FAULT_USAGE);
    assert_string_equal(desk.fault.words, "line 4 is longer than 64 KiB");
    assert_int_equal(pass_end(&desk), PROMPT_END);
    close_pipe(&desk);
}

static void plain_null_byte(void **state)
{
    struct pipe_desk desk = open_pipe();

    (void)state;
    assert_int_equal(pass(&desk, "syn\na\0k\n", 8), PROMPT_LINE);
    assert_int_equal(pass(&desk, "", 0), PROMPT_FAULT);
    assert_int_equal(desk.fault.kind, FAULT_USAGE);
    assert_string_equal(desk.fault.words, "line 2 has a null byte");
    close_pipe(&desk);
}

static void plain_file(void **state)
{
    FILE *file = tmpfile();
    struct prompt_config config = {.out = stdout, .fd = fileno(file)};
    struct fault fault = {0};
    struct prompt *prompt;
    const char *line;

    (void)state;
    fputs("one\ntwo", file);
    rewind(file);
    assert_true(prompt_open(&prompt, &config, &fault));
    assert_int_equal(prompt_read(prompt, &line, &fault), PROMPT_LINE);
    assert_string_equal(line, "one");
    assert_int_equal(prompt_read(prompt, &line, &fault), PROMPT_LINE);
    assert_string_equal(line, "two");
    assert_int_equal(prompt_read(prompt, &line, &fault), PROMPT_END);
    prompt_close(prompt);
    fclose(file);

    config.fd = open("/", O_RDONLY | O_DIRECTORY);
    assert_true(prompt_open(&prompt, &config, &fault));
    assert_int_equal(prompt_read(prompt, &line, &fault), PROMPT_FAULT);
    assert_int_equal(fault.kind, FAULT_LOCAL);
    assert_string_equal(fault.words, "reading a line: Is a directory");
    prompt_close(prompt);
    prompt_close(NULL);
    close(config.fd);
}

/* A terminal for which no prompt is wanted keeps its settings. */
static void plain_terminal(void **state)
{
    struct desk *desk = *state;
    const struct prompt_config config = {.fd = desk->terminal.slave, .out = desk->out, .plain = true};
    struct termios now;

    close_prompt(desk);
    assert_true(prompt_open(&desk->prompt, &config, &desk->fault));
    assert_int_equal(tcgetattr(desk->terminal.slave, &now), 0);
    assert_true(terminal_same(&now, &desk->found));
    type_line(desk, "syn\n", "syn");
    type_end(desk, "\004");
}

#define at_desk(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest plain[] = {
        cmocka_unit_test(plain_lines),
        cmocka_unit_test(plain_length),
        cmocka_unit_test(plain_null_byte),
        cmocka_unit_test(plain_file),
    };
    const struct CMUnitTest typed[] = {
        at_desk(typed_line),
        at_desk(shown_again_as_it_was),
        at_desk(typed_while_hidden),
        at_desk(prompt_changes),
        at_desk(half_a_key),
        at_desk(search),
        at_desk(control_d),
        at_desk(hang_up),
        at_desk(pasted_lines),
        at_desk(other_characters),
        at_desk(long_line),
        at_desk(no_column_too_many),
        at_desk(resized),
        at_desk(completion),
        at_desk(too_long),
        at_desk(hard_on_libedit),
        at_desk(nothing_to_complete),
        at_desk(history),
        at_desk(history_is_bounded),
        at_desk(no_history),
        at_desk(vi_keys),
        at_desk(terminal_restored),
        at_desk(made_raw_again),
        at_desk(signals_left_alone),
        at_desk(plain_terminal),
    };
    int failed = cmocka_run_group_tests_name("plain lines", plain, NULL, NULL);

    if (terminal_can_be())
        failed += cmocka_run_group_tests_name("prompt", typed, NULL, NULL);
    return failed;
}
