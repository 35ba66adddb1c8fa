/*
 * The prompt. What is typed goes byte by byte to the line editor (editor.c, which has libedit in it and says how), and what the
 * line looks like then is drawn here.
 *
 * One rule keeps the screen right whatever else is printed: it shows a function of the prompt's text, the line and the cursor,
 * drawn anew in full each time, in the row in which the cursor stands, and never up to that row's last column. So there is
 * nothing to remember but whether it is shown and how many columns it takes; hiding it is a row of blanks, and a window that
 * was resized needs no care beyond asking for its size at each drawing. A line that does not fit is seen through a window, with
 * < and > where it goes on. No escape sequence is needed for this, only blanks and carriage returns.
 *
 * The terminal is raw from prompt_open to prompt_close, but for Ctrl-Z, which comes as a character: then it is put back as it was
 * found while the process group is stopped. If we were stopped otherwise (kill -STOP) and a shell left it cooked, it is made
 * raw at the next drawing.
 *
 * If we die before prompt_close, a child puts the terminal back: keeper.h.
 */
#include "cmd/prompt.h"

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cmd/editor.h"
#include "cmd/history.h"
#include "cmd/keeper.h"
#include "cmd/row.h"

/* So many bytes are asked for at a time. */
#define CHUNK 4096

struct prompt {
    struct prompt_config config;
    char *history_file; /* owned, or NULL */

    /* what was read and not taken yet: bytes[begin..end) */
    char *bytes; /* owned */
    size_t begin, end;
    bool eof;       /* nothing follows these */
    bool over;      /* PROMPT_END was or would be said */
    unsigned lines; /* taken so far */

    /* a terminal's */
    struct editor *editor; /* owned; NULL: plain lines */
    struct termios found, raw;
    pid_t keeper;    /* 0: none */
    locale_t locale; /* for the width of characters; 0: none to be had */
    char *text;      /* owned */
    bool shown;
    unsigned drawn; /* columns that are not blank */
};

/* ---- reading ---- */

enum got { GOT_BYTES, GOT_NOTHING, GOT_END, GOT_FAULT };

static enum prompt_result fail(struct prompt *prompt, struct fault *fault, enum fault_kind kind, const char *words)
{
    prompt->over = true;
    fault_set(fault, kind, "%s", words);
    return PROMPT_FAULT;
}

/* Reads a chunk, if that needs no waiting, behind what is there already. */
static enum got read_more(struct prompt *prompt, struct fault *fault)
{
    struct pollfd ready = {.fd = prompt->config.fd, .events = POLLIN};
    ssize_t got;

    if (prompt->eof)
        return GOT_END;
    memmove(prompt->bytes, prompt->bytes + prompt->begin, prompt->end - prompt->begin);
    prompt->end -= prompt->begin;
    prompt->begin = 0;
    if (poll(&ready, 1, 0) != 1)
        return GOT_NOTHING;
    got = read(prompt->config.fd, prompt->bytes + prompt->end, CHUNK);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return GOT_NOTHING;
    if (got < 0 && !(prompt->editor && errno == EIO)) { /* EIO: the terminal hung up */
        char words[FAULT_WORDS];
        snprintf(words, sizeof(words), "reading a line: %s", strerror(errno));
        fail(prompt, fault, FAULT_LOCAL, words);
        return GOT_FAULT;
    }
    if (got <= 0) {
        prompt->eof = true;
        return GOT_END;
    }
    prompt->end += (size_t)got;
    return GOT_BYTES;
}

static enum prompt_result give_plain(struct prompt *prompt, size_t length, size_t taken, const char **line,
                                     struct fault *fault)
{
    char *start = prompt->bytes + prompt->begin, words[80];
    const char *what = length > PROMPT_LINE_MAX ? "is longer than 64 KiB" : "has a null byte";

    prompt->lines++;
    if (length > PROMPT_LINE_MAX || memchr(start, '\0', length)) {
        snprintf(words, sizeof(words), "line %u %s", prompt->lines, what);
        return fail(prompt, fault, FAULT_USAGE, words);
    }
    if (length > 0 && start[length - 1] == '\r')
        length--;
    start[length] = '\0'; /* there is room behind what was read */
    prompt->begin += taken;
    *line = start;
    return PROMPT_LINE;
}

static enum prompt_result read_plain(struct prompt *prompt, const char **line, struct fault *fault)
{
    size_t looked = 0;

    for (;;) {
        const char *start = prompt->bytes + prompt->begin;
        size_t length = prompt->end - prompt->begin;
        const char *stop = memchr(start + looked, '\n', length - looked);
        if (stop)
            return give_plain(prompt, (size_t)(stop - start), (size_t)(stop - start) + 1, line, fault);
        looked = length;
        if (length > PROMPT_LINE_MAX)
            return give_plain(prompt, length, length, line, fault);
        switch (read_more(prompt, fault)) {
        case GOT_BYTES:
            break;
        case GOT_NOTHING:
            return PROMPT_MORE;
        case GOT_END:
            prompt->over = length == 0;
            return length > 0 ? give_plain(prompt, length, length, line, fault) : PROMPT_END;
        case GOT_FAULT:
            return PROMPT_FAULT;
        }
    }
}

/* ---- drawing ---- */

/* A shell may have left the terminal cooked when it let us go on. */
static void make_raw(const struct prompt *prompt)
{
    struct termios now;

    if (tcgetattr(prompt->config.fd, &now) == 0 && (now.c_lflag & ICANON))
        tcsetattr(prompt->config.fd, TCSANOW, &prompt->raw);
}

/* Prints the row at once, so that nobody sees half of it: the line as it is now, or a finished one. NULL: erases it. */
static void print_row(struct prompt *prompt, const struct row *row, bool finished)
{
    char *bytes = NULL;
    size_t size;
    FILE *out = open_memstream(&bytes, &size);
    unsigned columns = editor_columns(prompt->config.fd), drawn = 0;

    if (!out)
        return;
    if (!row)
        row_erase(out, columns, prompt->drawn);
    else if (finished)
        row_finish(out, row, prompt->drawn);
    else
        drawn = row_draw(out, row, columns, prompt->drawn);
    if (fclose(out) == 0) {
        fwrite(bytes, 1, size, prompt->config.out);
        fflush(prompt->config.out);
        prompt->drawn = drawn;
    }
    free(bytes);
}

static void draw(struct prompt *prompt)
{
    struct row row = {.text = prompt->text};

    row.line = editor_view(prompt->editor, &row.length, &row.cursor);
    if (!row.line)
        return;
    make_raw(prompt);
    print_row(prompt, &row, false);
}

/* The finished line stays. */
static void draw_finished(struct prompt *prompt, const char *line)
{
    const struct row row = {.text = prompt->text, .line = line, .length = strlen(line)};

    print_row(prompt, &row, true);
    prompt->shown = false;
}

/* ---- what is typed ---- */

static locale_t enter_locale(const struct prompt *prompt)
{
    return uselocale(prompt->locale);
}

static void stop_and_go_on(struct prompt *prompt)
{
    bool shown = prompt->shown;

    prompt_hide(prompt);
    tcsetattr(prompt->config.fd, TCSANOW, &prompt->found);
    kill(0, SIGTSTP); /* the whole group, as the terminal would have done; we stop in here */
    tcsetattr(prompt->config.fd, TCSANOW, &prompt->raw);
    if (shown)
        prompt_show(prompt);
}

static void print_notice(struct prompt *prompt, const char *notice)
{
    bool shown = prompt->shown;

    prompt_hide(prompt);
    fputs(notice, prompt->config.out);
    fflush(prompt->config.out);
    if (shown)
        prompt_show(prompt);
}

/* One byte. PROMPT_MORE when the line goes on. */
static enum prompt_result take_byte(struct prompt *prompt, unsigned char byte, const char **line, struct fault *fault)
{
    enum editor_result result;
    const char *notice;

    if (byte == prompt->found.c_cc[VSUSP] && byte != _POSIX_VDISABLE) {
        stop_and_go_on(prompt);
        return PROMPT_MORE;
    }
    result = editor_take(prompt->editor, byte);
    notice = editor_notice(prompt->editor);
    if (notice)
        print_notice(prompt, notice);
    switch (result) {
    case EDITOR_MORE:
        return PROMPT_MORE;
    case EDITOR_LINE:
        *line = editor_line(prompt->editor);
        draw_finished(prompt, *line);
        return PROMPT_LINE;
    case EDITOR_END:
        prompt->over = true;
        prompt_hide(prompt);
        return PROMPT_END;
    case EDITOR_FAULT:
        break;
    }
    return fail(prompt, fault, FAULT_LOCAL, "no memory for a line");
}

static enum prompt_result read_typed(struct prompt *prompt, const char **line, struct fault *fault)
{
    enum prompt_result result = PROMPT_MORE;
    enum got got;

    for (;;) {
        while (prompt->begin < prompt->end && result == PROMPT_MORE)
            result = take_byte(prompt, (unsigned char)prompt->bytes[prompt->begin++], line, fault);
        if (result != PROMPT_MORE)
            return result;
        got = read_more(prompt, fault);
        if (got == GOT_BYTES)
            continue;
        if (got != GOT_NOTHING) {
            prompt->over = true;
            prompt_hide(prompt);
            return got == GOT_END ? PROMPT_END : PROMPT_FAULT;
        }
        if (editor_beeps(prompt->editor))
            fputc('\a', prompt->config.out);
        fflush(prompt->config.out);
        if (prompt->shown)
            draw(prompt);
        return PROMPT_MORE;
    }
}

enum prompt_result prompt_read(struct prompt *prompt, const char **line, struct fault *fault)
{
    enum prompt_result result;
    locale_t before;

    if (prompt->over)
        return PROMPT_END;
    if (!prompt->editor)
        return read_plain(prompt, line, fault);
    before = enter_locale(prompt);
    result = read_typed(prompt, line, fault);
    uselocale(before);
    return result;
}

/* ---- showing ---- */

void prompt_set(struct prompt *prompt, const char *text)
{
    char *copy;

    if (!prompt->editor || strcmp(prompt->text, text) == 0)
        return;
    copy = strdup(text);
    if (!copy)
        return;
    free(prompt->text);
    prompt->text = copy;
    if (prompt->shown) {
        prompt->shown = false;
        prompt_show(prompt);
    }
}

void prompt_hide(struct prompt *prompt)
{
    if (!prompt->shown)
        return;
    print_row(prompt, NULL, false);
    prompt->shown = false;
}

void prompt_show(struct prompt *prompt)
{
    locale_t before;

    if (!prompt->editor || prompt->shown || prompt->over)
        return;
    prompt->shown = true;
    before = enter_locale(prompt);
    draw(prompt);
    uselocale(before);
}

/* ---- beginning and end ---- */

static bool open_terminal(struct prompt *prompt, struct fault *fault)
{
    locale_t before;
    bool opened;

    prompt->text = strdup("> ");
    if (!prompt->text)
        return fault_set(fault, FAULT_LOCAL, "no memory");
    /* Whatever the user's locale is called, terminals speak UTF-8. */
    prompt->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    before = enter_locale(prompt);
    opened = editor_open(&prompt->editor, &prompt->config, fault);
    uselocale(before);
    if (!opened) {
        tcsetattr(prompt->config.fd, TCSANOW, &prompt->found);
        return false;
    }
    if (tcgetattr(prompt->config.fd, &prompt->raw) != 0)
        return fault_set(fault, FAULT_LOCAL, "the terminal: %s", strerror(errno));
    prompt->keeper = keeper_post(prompt->config.fd, &prompt->found, &prompt->raw);
    return true;
}

/* Emacs' own shell window does the editing itself, which TERM says. */
static bool is_for_editing(const struct prompt_config *config)
{
    const char *term = getenv("TERM");

    return !config->plain && isatty(config->fd) && isatty(fileno(config->out)) && !(term && strcmp(term, "emacs") == 0);
}

bool prompt_open(struct prompt **out, const struct prompt_config *config, struct fault *fault)
{
    struct prompt *prompt = calloc(1, sizeof(*prompt));

    *out = NULL;
    if (!prompt)
        return fault_set(fault, FAULT_LOCAL, "no memory");
    prompt->config = *config;
    prompt->bytes = malloc(PROMPT_LINE_MAX + CHUNK + 1);
    if (config->history_file)
        prompt->config.history_file = prompt->history_file = strdup(config->history_file);
    if (!prompt->bytes || (config->history_file && !prompt->history_file))
        fault_set(fault, FAULT_LOCAL, "no memory");
    else if (!is_for_editing(config) || tcgetattr(config->fd, &prompt->found) != 0 || open_terminal(prompt, fault)) {
        *out = prompt;
        return true;
    }
    prompt_close(prompt);
    return false;
}

int prompt_fd(const struct prompt *prompt)
{
    return prompt->config.fd;
}

void prompt_close(struct prompt *prompt)
{
    if (!prompt)
        return;
    if (prompt->editor) {
        prompt_hide(prompt);
        editor_close(prompt->editor);
        tcsetattr(prompt->config.fd, TCSANOW, &prompt->found);
        keeper_dismiss(prompt->keeper);
        if (prompt->history_file)
            history_trim(prompt->history_file);
    }
    if (prompt->locale)
        freelocale(prompt->locale);
    free(prompt->history_file);
    free(prompt->bytes);
    free(prompt->text);
    free(prompt);
}
