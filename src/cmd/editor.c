/*
 * libedit, made to fit a program that waits for other things too.
 *
 * libedit's el_wgets() wants to read the terminal by itself until a line is finished. Its mode without buffering (EL_UNBUFFERED,
 * and the callbacks of its readline interface, which rest on it) comes back after each command, but not within one: the rest of
 * an escape sequence, the character after Ctrl-V or after vi's r and f, the pattern of a search are read in loops of their own,
 * and nothing else would happen until they have come. To hand it only whole keys is to know all those loops, and what ~/.editrc
 * made of them. And its drawing believes that nobody else writes to the terminal, and does not tell where it left the cursor.
 *
 * So el_wgets() runs on a stack of its own here (a coroutine, by swapcontext(3)). When it wants a character, our reading function
 * switches back to the stack of the program, in the middle of whatever command that is; editor_take() switches to it again with
 * the byte that came. Between the two, libedit's line buffer says what the user should see: editor_view(). What libedit draws
 * goes nowhere; prompt.c draws the line anew from that view, in one row, and so always knows what is on the screen.
 *
 * el_wgets() is never left while all goes well: leaving it makes the terminal cooked for a moment, and what comes in then is
 * echoed. Enter is bound to a function of ours, which keeps the line and has libedit start over (CC_FATAL). libedit takes no
 * signals (EL_SIGNAL is off unless asked for) and does not stop us: Ctrl-Z is no signal in its mode (susp=), see prompt.c.
 */
#include "cmd/editor.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <ucontext.h>
#include <wchar.h>
#include <wctype.h>

#include "cmd/history.h"
#include "cmd/libedit.h"
#include "cmd/tab.h"
#include "cmd/wide.h"

/*
 * What libedit does not survive is a line that outgrows its screen (which nobody sees here), and one that reaches the end of its
 * buffers while a search puts its pattern behind it. So screen and buffers get more room than the longest line needs, and
 * what would make it longer is dropped. The longest is what a terminal without an editor takes, too.
 */
#define LONGEST 4095
#define PATTERN_LONGEST 1100
#define BUFFER_ROOM 7000
#define SCREEN_COLUMNS L"8192"
#define SCREEN_ROWS L"16"

/* As much as a program gets by custom: a search of libedit's calls itself for each character. Only what is used takes memory. */
#define STACK (8 * 1024 * 1024)
#define GUARD (64 * 1024) /* below it: a multiple of every page size */

/* Loaded when the first editor was opened. */
static const struct libedit *lib;

/* ---- the editor ---- */

struct editor {
    struct prompt_config config;
    EditLine *edit;
    HistoryW *history;
    FILE *nowhere; /* what libedit draws */
    bool beep;

    /* the two stacks */
    ucontext_t outside, inside;
    void *stack; /* owned, with its guard */
    wchar_t key; /* what libedit's next read gets */
    bool begun;  /* el_wgets() has just been entered */
    enum editor_result result;

    mbstate_t partial; /* of a character of several bytes */
    struct bytes line, view;
    char *notice; /* owned, or NULL */
    char *given;  /* the one that was asked for last, likewise */
};

static struct editor *editor_of(EditLine *edit)
{
    void *self = NULL;

    lib->el_wget(edit, EL_CLIENTDATA, &self);
    return self;
}

/* ---- two stacks ---- */

/* The address sanitizer wants to be told. */
#ifdef __has_feature
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
static struct {
    void *fake;
    const void *bottom;
    size_t size;
} main_stack, own_stack;
#define LEAVING(from, to) __sanitizer_start_switch_fiber(&(from).fake, (to).bottom, (to).size)
#define ARRIVED(at, from) __sanitizer_finish_switch_fiber((at).fake, &(from).bottom, &(from).size)
#else
#define LEAVING(from, to) (void)0
#define ARRIVED(at, from) (void)0
#endif

/* libedit goes on until it wants a character. The mask of signals stays what it is. */
static void go_inside(struct editor *editor)
{
    sigprocmask(SIG_BLOCK, NULL, &editor->inside.uc_sigmask);
    LEAVING(main_stack, own_stack);
    swapcontext(&editor->outside, &editor->inside);
    ARRIVED(main_stack, own_stack);
}

static void go_outside(struct editor *editor)
{
    LEAVING(own_stack, main_stack);
    swapcontext(&editor->inside, &editor->outside);
    ARRIVED(own_stack, main_stack);
}

/* Keeps a finished line, for us and for the history. */
static void finish_line(struct editor *editor, const wchar_t *text, size_t count)
{
    HistEventW event;
    wchar_t *wide;

    editor->result = EDITOR_FAULT;
    if (!wide_to_bytes(&editor->line, text, count, 0, NULL))
        return;
    editor->result = EDITOR_LINE;
    if (count > LONGEST || editor->line.at[strspn(editor->line.at, " \t")] == '\0' ||
        !(wide = wide_from(editor->line.at)))
        return;
    /* 0: it is the same as the one before */
    if (lib->history_w(editor->history, &event, H_ENTER, wide) > 0 && editor->config.history_file)
        history_append(editor->config.history_file, editor->line.at);
    free(wide);
}

/* The first function on the other stack. Never returns: the editor is closed while it waits for a character. */
static void edit_lines(unsigned high, unsigned low)
{
    struct editor *editor = (struct editor *)(uintptr_t)((uint64_t)high << 32 | low);

    ARRIVED(own_stack, main_stack);
    for (;;) {
        int count = 0;
        const wchar_t *line;

        editor->begun = true;
        line = lib->el_wgets(editor->edit, &count);

        /* A line comes here only by a key that the user has bound to libedit's own function for it. */
        if (line && count > 0) {
            finish_line(editor, line, (size_t)count - (line[count - 1] == L'\n'));
            continue;
        }
        for (editor->result = EDITOR_END;;)
            go_outside(editor);
    }
}

/* ---- what libedit calls ---- */

/* Buffers grow and never shrink. The size of the screen is asked from the terminal whenever el_wgets() is entered. */
static void make_room(EditLine *edit)
{
    wchar_t blanks[BUFFER_ROOM + 1];

    wmemset(blanks, L' ', BUFFER_ROOM);
    blanks[BUFFER_ROOM] = L'\0';
    lib->el_wset(edit, EL_SETTC, L"co", SCREEN_COLUMNS, NULL);
    lib->el_wset(edit, EL_SETTC, L"li", SCREEN_ROWS, NULL);
    if (lib->el_winsertstr(edit, blanks) == 0)
        lib->el_deletestr(edit, BUFFER_ROOM);
    lib->el_wset(edit, EL_REFRESH);
}

static int read_key(EditLine *edit, wchar_t *out)
{
    struct editor *editor = editor_of(edit);

    if (editor->begun)
        make_room(edit);
    editor->begun = false;
    go_outside(editor);
    *out = editor->key;
    return 1;
}

/* What libedit draws is lost, but for its beeps. */
static ssize_t draw_nowhere(void *self, const char *drawn, size_t length)
{
    struct editor *editor = self;

    if (memchr(drawn, '\a', length))
        editor->beep = true;
    return (ssize_t)length;
}

static unsigned char on_enter(EditLine *edit, wint_t key)
{
    const LineInfoW *info = lib->el_wline(edit);

    (void)key;
    finish_line(editor_of(edit), info->buffer, (size_t)(info->lastchar - info->buffer));
    return CC_FATAL;
}

static void notice(struct editor *editor, const char *text)
{
    free(editor->notice);
    editor->notice = strdup(text);
}

static unsigned char on_clear_screen(EditLine *edit, wint_t key)
{
    char *clear = NULL;

    (void)key;
    lib->el_wget(edit, EL_GETTC, "cl", &clear);
    if (clear)
        notice(editor_of(edit), clear);
    return CC_REFRESH;
}

/* Puts a text in the place of these characters before the cursor. */
static bool replace(EditLine *edit, const char *old, const char *fresh)
{
    wchar_t *wide = wide_from(fresh);
    size_t count = mbstowcs(NULL, old, 0);
    bool possible = wide && count != (size_t)-1;

    if (possible) {
        lib->el_deletestr(edit, (int)count);
        lib->el_winsertstr(edit, wide);
    }
    free(wide);
    return possible;
}

static unsigned char on_tab(EditLine *edit, wint_t key)
{
    struct editor *editor = editor_of(edit);
    const LineInfoW *info = lib->el_wline(edit);
    unsigned char result = CC_ERROR;
    struct tab tab;

    (void)key;
    if (!wide_to_bytes(&editor->view, info->buffer, (size_t)(info->cursor - info->buffer), 0, NULL))
        return CC_ERROR;
    tab_press(&editor->config, editor->view.at, editor_columns(editor->config.fd), &tab);
    if (tab.put && replace(edit, editor->view.at + tab.start, tab.put))
        result = CC_REFRESH;
    if (tab.list) {
        notice(editor, tab.list);
        result = CC_REFRESH;
    }
    tab_free(&tab);
    return result;
}

/* ---- beginning and end ---- */

/*
 * Keys of other line editors that libedit does not know by itself, and no commands to libedit, whose answers nobody would see.
 * ~/.editrc has the last word on these.
 */
static const wchar_t *const keys[][2] = {
    {L"^R", L"em-inc-search-prev"}, {L"\\e[3~", L"ed-delete-next-char"}, {L"\\e[1~", L"ed-move-to-beg"},
    {L"\\e[4~", L"ed-move-to-end"}, {L"\\e[7~", L"ed-move-to-beg"},      {L"\\e[8~", L"ed-move-to-end"},
    {L"\\e[1;5C", L"em-next-word"}, {L"\\e[1;5D", L"ed-prev-word"},      {L"\\e[5C", L"em-next-word"},
    {L"\\e[5D", L"ed-prev-word"},   {L"\\ex", L"ed-unassigned"},         {L"\\eX", L"ed-unassigned"},
};

/* And those that must be ours, whatever ~/.editrc says: in the table in use, and in vi's for commands. */
static const wchar_t *const own_keys[][2] = {
    {L"^I", L"tcpwalk-tab"}, {L"^M", L"tcpwalk-enter"}, {L"^J", L"tcpwalk-enter"}, {L"^L", L"tcpwalk-clear"}};

static void bind_keys(EditLine *edit)
{
    lib->el_wset(edit, EL_ADDFN, L"tcpwalk-enter", L"take the line", on_enter);
    lib->el_wset(edit, EL_ADDFN, L"tcpwalk-clear", L"clear the screen", on_clear_screen);
    lib->el_wset(edit, EL_ADDFN, L"tcpwalk-tab", L"complete the word", on_tab);
    lib->el_wset(edit, EL_EDITOR, L"emacs");
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        lib->el_wset(edit, EL_BIND, keys[i][0], keys[i][1], NULL);
    lib->el_source(edit, NULL);
    for (size_t i = 0; i < sizeof(own_keys) / sizeof(own_keys[0]); i++) {
        lib->el_wset(edit, EL_BIND, own_keys[i][0], own_keys[i][1], NULL);
        lib->el_wset(edit, EL_BIND, L"-a", own_keys[i][0], own_keys[i][1], NULL);
    }
    lib->el_wset(edit, EL_BIND, L"-a", L"v", L"ed-unassigned", NULL); /* would wait for another editor to end */
    lib->el_wset(edit, EL_BIND, L"-a", L":", L"ed-unassigned", NULL);
}

static void remember(void *taker, const char *line)
{
    struct editor *editor = taker;
    wchar_t *wide = wide_from(line);
    HistEventW event;

    if (wide && wcslen(wide) <= LONGEST)
        lib->history_w(editor->history, &event, H_ENTER, wide);
    free(wide);
}

static bool open_library(struct editor *editor)
{
    const cookie_io_functions_t nowhere = {.write = draw_nowhere};
    int fd = editor->config.fd;
    HistEventW event;

    editor->nowhere = fopencookie(editor, "w", nowhere);
    editor->history = lib->history_winit();
    if (!editor->nowhere || !editor->history)
        return false;
    editor->edit = lib->el_init_fd("tcpwalk", editor->nowhere, editor->nowhere, editor->nowhere, fd, fd, fd);
    if (!editor->edit)
        return false;
    lib->history_w(editor->history, &event, H_SETSIZE, HISTORY_LINES);
    lib->history_w(editor->history, &event, H_SETUNIQUE, 1);
    if (editor->config.history_file)
        history_read(editor->config.history_file, remember, editor);
    lib->el_wset(editor->edit, EL_CLIENTDATA, editor);
    lib->el_wset(editor->edit, EL_GETCFN, read_key);
    lib->el_wset(editor->edit, EL_HIST, lib->history_w, editor->history);
    /* The one holds if libedit finds that the terminal differs from its notion of one, the other if not. */
    lib->el_wset(editor->edit, EL_SETTY, L"-d", L"-susp", L"susp=", NULL);
    bind_keys(editor->edit);
    return true;
}

static bool open_stack(struct editor *editor)
{
    const uint64_t self = (uintptr_t)editor;

    editor->stack =
        mmap(NULL, GUARD + STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (editor->stack == MAP_FAILED) {
        editor->stack = NULL;
        return false;
    }
    if (mprotect(editor->stack, GUARD, PROT_NONE) != 0 || getcontext(&editor->inside) != 0)
        return false;
    editor->inside.uc_stack.ss_sp = (char *)editor->stack + GUARD;
    editor->inside.uc_stack.ss_size = STACK;
    editor->inside.uc_link = NULL;
#ifdef __SANITIZE_ADDRESS__
    own_stack.fake = NULL;
    own_stack.bottom = editor->inside.uc_stack.ss_sp;
    own_stack.size = STACK;
#endif
    makecontext(&editor->inside, (void (*)(void))edit_lines, 2, (unsigned)(self >> 32), (unsigned)self);
    return true;
}

bool editor_open(struct editor **out, const struct prompt_config *config, struct fault *fault)
{
    struct editor *editor;

    *out = NULL;
    lib = libedit_load(fault);
    if (!lib)
        return false;
    editor = calloc(1, sizeof(*editor));
    if (!editor)
        return fault_set(fault, FAULT_LOCAL, "no memory");
    editor->config = *config;
    if (!open_stack(editor) || !open_library(editor)) {
        editor_close(editor);
        return fault_set(fault, FAULT_LOCAL, "no memory for the line editor");
    }
    go_inside(editor); /* to its first wish for a character, in raw mode */
    *out = editor;
    return true;
}

static size_t line_length(const struct editor *editor)
{
    const LineInfoW *info = lib->el_wline(editor->edit);

    return (size_t)(info->lastchar - info->buffer);
}

/* Some commands of libedit leave what others do not expect: the cursor behind the end (a mark that is older than the line). */
static void heal(struct editor *editor)
{
    const LineInfoW *info = lib->el_wline(editor->edit);
    size_t length = line_length(editor);

    if (info->cursor > info->lastchar)
        lib->el_cursor(editor->edit, (int)(info->lastchar - info->cursor));
    if (length > LONGEST + PATTERN_LONGEST) { /* a character a million times */
        lib->el_cursor(editor->edit, (int)(info->lastchar - info->cursor));
        lib->el_deletestr(editor->edit, (int)(length - LONGEST));
        lib->el_wset(editor->edit, EL_REFRESH);
        editor->beep = true;
    }
}

enum editor_result editor_take(struct editor *editor, unsigned char byte)
{
    size_t length = mbrtowc(&editor->key, (const char *)&byte, 1, &editor->partial);

    if (length == (size_t)-2)
        return EDITOR_MORE;
    if (length == (size_t)-1) {
        editor->partial = (mbstate_t){0};
        if (byte >= 0x80) /* no character: as if it had not come */
            return EDITOR_MORE;
        editor->key = byte;
    }
    if (line_length(editor) >= LONGEST && iswprint((wint_t)editor->key)) {
        editor->beep = true;
        return EDITOR_MORE;
    }
    editor->result = EDITOR_MORE;
    go_inside(editor);
    heal(editor);
    return editor->result;
}

const char *editor_line(const struct editor *editor)
{
    return editor->line.at;
}

const char *editor_view(struct editor *editor, size_t *length, size_t *cursor)
{
    const LineInfoW *info = lib->el_wline(editor->edit);

    if (!wide_to_bytes(&editor->view, info->buffer, (size_t)(info->lastchar - info->buffer),
                       (size_t)(info->cursor - info->buffer), cursor))
        return NULL;
    *length = editor->view.length;
    return editor->view.at;
}

const char *editor_notice(struct editor *editor)
{
    free(editor->given);
    editor->given = editor->notice;
    editor->notice = NULL;
    return editor->given;
}

bool editor_beeps(struct editor *editor)
{
    bool beep = editor->beep;

    editor->beep = false;
    return beep;
}

void editor_close(struct editor *editor)
{
    if (!editor)
        return;
    if (editor->edit) {
        /* Left to itself it would drop what was typed ahead; the terminal is prompt.c's to restore. */
        lib->el_wset(editor->edit, EL_EDITMODE, 0);
        lib->el_end(editor->edit);
    }
    if (editor->history)
        lib->history_wend(editor->history);
    if (editor->nowhere)
        fclose(editor->nowhere);
    if (editor->stack)
        munmap(editor->stack, GUARD + STACK);
    free(editor->line.at);
    free(editor->view.at);
    free(editor->notice);
    free(editor->given);
    free(editor);
}

unsigned editor_columns(int terminal)
{
    struct winsize size;

    return ioctl(terminal, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}
