#include "terminal.h"

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include <cmocka.h>

void terminal_adopt(struct terminal *terminal, int master, unsigned columns)
{
    memset(terminal, 0, sizeof(*terminal));
    terminal->master = master;
    terminal->slave = -1;
    terminal->columns = columns;
    setlocale(LC_CTYPE, "C.UTF-8"); /* the screen's; the prompt has its own */
    setenv("TERM", "xterm", 1);
    setenv("EDITRC", "/dev/null", 1);
}

bool terminal_can_be(void)
{
    int master, slave;

    if (openpty(&master, &slave, NULL, NULL, NULL) != 0) {
        printf("1..0 # skip no pseudo terminal: %s\n", strerror(errno));
        return false;
    }
    close(master);
    close(slave);
    return true;
}

void terminal_open(struct terminal *terminal, unsigned columns)
{
    struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)columns};
    int master, slave;

    assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
    terminal_adopt(terminal, master, columns);
    terminal->slave = slave;
}

void terminal_resize(struct terminal *terminal, unsigned columns)
{
    struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)columns};

    assert_int_equal(ioctl(terminal->master, TIOCSWINSZ, &size), 0);
    for (unsigned row = 0; row < TERMINAL_ROWS; row++)
        for (unsigned column = columns; column < TERMINAL_COLUMNS; column++)
            terminal->screen[row][column] = 0;
    terminal->columns = columns;
    if (terminal->column > columns)
        terminal->column = columns;
}

void terminal_close(struct terminal *terminal)
{
    close(terminal->master);
    if (terminal->slave >= 0)
        close(terminal->slave);
}

void terminal_type(const struct terminal *terminal, const char *keys, size_t length)
{
    assert_int_equal(write(terminal->master, keys, length), length);
}

static void next_row(struct terminal *terminal)
{
    assert_true(terminal->row + 1 < TERMINAL_ROWS);
    if (++terminal->row > terminal->last_row)
        terminal->last_row = terminal->row;
}

static void show(struct terminal *terminal, wchar_t character)
{
    switch (character) {
    case L'\r':
        terminal->column = 0;
        return;
    case L'\n':
        next_row(terminal);
        return;
    case L'\a':
        terminal->beeps++;
        return;
    default:
        break;
    }
    if (character < L' ' || wcwidth(character) < 1)
        fail_msg("a character %#x was printed", (unsigned)character);
    if (terminal->column == terminal->columns) { /* as terminals do it: only the next character wraps */
        next_row(terminal);
        terminal->column = 0;
    }
    terminal->screen[terminal->row][terminal->column++] = character;
}

void terminal_look(struct terminal *terminal)
{
    struct pollfd ready = {.fd = terminal->master, .events = POLLIN};
    char byte;

    while (poll(&ready, 1, 0) == 1 && (ready.revents & POLLIN) && read(terminal->master, &byte, 1) == 1) {
        mbstate_t state = {0};
        wchar_t character;
        terminal->partial[terminal->partial_length++] = byte;
        size_t length = mbrtowc(&character, terminal->partial, terminal->partial_length, &state);
        assert_int_not_equal(length, (size_t)-1);
        if (length == (size_t)-2)
            continue;
        terminal->partial_length = 0;
        show(terminal, character);
    }
}

static const char *row_text(const struct terminal *terminal, unsigned row, int mark)
{
    static char text[TERMINAL_COLUMNS * 4 + 2];
    const wchar_t *cells = terminal->screen[row];
    int used = TERMINAL_COLUMNS;
    mbstate_t state = {0};
    size_t length = 0;

    while (used > 0 && (cells[used - 1] == 0 || cells[used - 1] == L' '))
        used--;
    for (int i = 0; i < used || i <= mark; i++) {
        if (i == mark)
            text[length++] = '|';
        if (i < used || i < mark)
            length += wcrtomb(text + length, cells[i] ? cells[i] : L' ', &state);
    }
    text[length] = '\0';
    return text;
}

const char *terminal_row(const struct terminal *terminal, unsigned back)
{
    assert_true(back <= terminal->row);
    return row_text(terminal, terminal->row - back, -1);
}

const char *terminal_cursor_row(const struct terminal *terminal)
{
    return row_text(terminal, terminal->row, (int)terminal->column);
}

bool terminal_same(const struct termios *a, const struct termios *b)
{
    return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_cflag == b->c_cflag &&
           a->c_lflag == b->c_lflag && memcmp(a->c_cc, b->c_cc, sizeof(a->c_cc)) == 0;
}
