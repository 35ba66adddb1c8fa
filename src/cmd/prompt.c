/*
 * The prompt, with libedit.
 *
 * Theory of operation. libedit wants to read the terminal itself and to wait for it; here the walk's loop waits, and what has
 * been typed must never keep it. So bytes are read without waiting into a buffer of ours, and libedit is called only when a whole
 * key is there (a character, or an escape sequence): its reading function takes from that buffer. In its unbuffered mode
 * el_gets() returns after each key. While lines of others are printed the prompt is off the screen: what it takes up is
 * erased, and EL_REFRESH draws it anew.
 *
 * The terminal is in raw mode only while the prompt is shown; keeper.c sees to it that it does not stay so.
 */
#include "cmd/prompt.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <histedit.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "cmd/keeper.h"

/*
 * libedit is loaded when a prompt is opened: linked, it and the three libraries that it needs would cost every other command
 * 0.3 ms and 0.4 MB (measured).
 */
#define LIBEDIT "libedit.so.2"

static struct libedit {
    void *handle;
    __typeof__(el_init) *el_init;
    __typeof__(el_end) *el_end;
    __typeof__(el_set) *el_set;
    __typeof__(el_get) *el_get;
    __typeof__(el_gets) *el_gets;
    __typeof__(el_line) *el_line;
    __typeof__(el_insertstr) *el_insertstr;
    __typeof__(el_deletestr) *el_deletestr;
    __typeof__(el_source) *el_source;
    __typeof__(history_init) *history_init;
    __typeof__(history_end) *history_end;
    __typeof__(history) *history;
} libedit;

static const struct {
    const char *name;
    size_t offset;
} symbols[] = {
    {"el_init", offsetof(struct libedit, el_init)},
    {"el_end", offsetof(struct libedit, el_end)},
    {"el_set", offsetof(struct libedit, el_set)},
    {"el_get", offsetof(struct libedit, el_get)},
    {"el_gets", offsetof(struct libedit, el_gets)},
    {"el_line", offsetof(struct libedit, el_line)},
    {"el_insertstr", offsetof(struct libedit, el_insertstr)},
    {"el_deletestr", offsetof(struct libedit, el_deletestr)},
    {"el_source", offsetof(struct libedit, el_source)},
    {"history_init", offsetof(struct libedit, history_init)},
    {"history_end", offsetof(struct libedit, history_end)},
    {"history", offsetof(struct libedit, history)},
};

static bool load_libedit(struct fault *fault)
{
    libedit.handle = dlopen(LIBEDIT, RTLD_NOW | RTLD_LOCAL);
    if (!libedit.handle)
        return fault_set(fault, FAULT_LOCAL, "a prompt needs " LIBEDIT " (Debian package libedit2)");
    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
        void *symbol = dlsym(libedit.handle, symbols[i].name);
        if (!symbol)
            return fault_set(fault, FAULT_LOCAL, LIBEDIT " has no %s", symbols[i].name);
        memcpy((char *)&libedit + symbols[i].offset, &symbol, sizeof(symbol));
    }
    return true;
}

#define LINE_MAX_BYTES (64 * 1024)
#define PROMPT_MAX 320
#define HISTORY_LINES 1000

/* So many bytes of keys are taken at once. */
#define KEYS_ROOM 4096

struct prompt {
    struct prompt_config config;
    /* plain lines, and keys that libedit has not been given yet */
    char bytes[LINE_MAX_BYTES + 1];
    size_t used, taken;
    bool ended;
    /* the terminal */
    EditLine *edit; /* NULL: plain */
    History *history;
    FILE *in;
    struct termios found;
    char text[PROMPT_MAX];
    char line[LINE_MAX_BYTES];
    bool raw; /* the terminal is libedit's */
    bool shown;
    int keeper; /* of the settings as they were found */
};

/* ---- plain lines ---- */

static enum prompt_result plain_line(struct prompt *prompt, const char **line, struct fault *fault)
{
    for (;;) {
        char *start = prompt->bytes + prompt->taken, *end = memchr(start, '\n', prompt->used - prompt->taken);
        if (!end && prompt->ended && prompt->used > prompt->taken)
            end = prompt->bytes + prompt->used;
        if (end) {
            prompt->taken = (size_t)(end - prompt->bytes) + (end < prompt->bytes + prompt->used ? 1 : 0);
            *end = '\0';
            if (end > start && end[-1] == '\r')
                end[-1] = '\0';
            *line = start;
            return PROMPT_LINE;
        }
        if (prompt->ended)
            return PROMPT_END;
        memmove(prompt->bytes, start, prompt->used - prompt->taken);
        prompt->used -= prompt->taken;
        prompt->taken = 0;
        if (prompt->used == LINE_MAX_BYTES) {
            fault_set(fault, FAULT_USAGE, "standard input: a line is longer than 64 KiB");
            return PROMPT_FAULT;
        }
        ssize_t got = read(prompt->config.fd, prompt->bytes + prompt->used, LINE_MAX_BYTES - prompt->used);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return PROMPT_MORE;
        if (got < 0) {
            fault_set(fault, FAULT_LOCAL, "standard input: %s", strerror(errno));
            return PROMPT_FAULT;
        }
        prompt->ended = got == 0;
        prompt->used += (size_t)got;
    }
}

/* ---- the terminal ---- */

static struct prompt *prompt_of(EditLine *edit)
{
    void *self = NULL;

    libedit.el_get(edit, EL_CLIENTDATA, &self);
    return self;
}

static char *give_prompt(EditLine *edit)
{
    return prompt_of(edit)->text;
}

/* libedit's reading function: one character of the keys that are there. */
static int give_key(EditLine *edit, wchar_t *out)
{
    struct prompt *prompt = prompt_of(edit);
    mbstate_t state = {0};
    size_t length;

    if (prompt->taken == prompt->used)
        return 0;
    length = mbrtowc(out, prompt->bytes + prompt->taken, prompt->used - prompt->taken, &state);
    if (length == 0 || length > prompt->used - prompt->taken) {
        *out = (unsigned char)prompt->bytes[prompt->taken] < 0x80 ? (wchar_t)prompt->bytes[prompt->taken] : L'?';
        length = 1;
    }
    prompt->taken += length;
    return 1;
}

/* Is a whole key there, so that libedit will not ask for more? */
static bool key_is_whole(const struct prompt *prompt)
{
    const char *key = prompt->bytes + prompt->taken;
    size_t size = prompt->used - prompt->taken, at;

    if (size == 0)
        return false;
    if (key[0] == 0x16) /* ^V: the next character as it is */
        return size > 1;
    if (key[0] != 0x1b)
        return true;
    if (size < 2)
        return false;
    if (key[1] != '[' && key[1] != 'O')
        return true;
    for (at = 2; at < size; at++)
        if (key[at] >= 0x40 && key[at] <= 0x7e)
            return true;
    return false;
}

static bool read_keys(struct prompt *prompt)
{
    struct timeval now = {0};
    fd_set set;
    ssize_t got;

    if (prompt->taken > 0) {
        memmove(prompt->bytes, prompt->bytes + prompt->taken, prompt->used - prompt->taken);
        prompt->used -= prompt->taken;
        prompt->taken = 0;
    }
    if (prompt->used >= KEYS_ROOM)
        return false;
    FD_ZERO(&set);
    FD_SET(prompt->config.fd, &set);
    if (select(prompt->config.fd + 1, &set, NULL, NULL, &now) != 1)
        return false;
    got = read(prompt->config.fd, prompt->bytes + prompt->used, KEYS_ROOM - prompt->used);
    if (got <= 0) {
        prompt->ended = got == 0 || errno != EINTR;
        return false;
    }
    prompt->used += (size_t)got;
    return true;
}

static void take_terminal_again(struct prompt *prompt);

static enum prompt_result edited_line(struct prompt *prompt, const char **line)
{
    HistEvent event;

    take_terminal_again(prompt);
    prompt_show(prompt);
    while (read_keys(prompt) || key_is_whole(prompt)) {
        while (key_is_whole(prompt)) {
            int count = 0;
            const char *typed = libedit.el_gets(prompt->edit, &count);
            if (!typed || count <= 0)
                continue;
            if (typed[count - 1] != '\n' && typed[count - 1] != '\r') {
                if (count == 1 && typed[0] == 0x04)
                    return PROMPT_END;
                continue;
            }
            snprintf(prompt->line, sizeof(prompt->line), "%.*s", count - 1, typed);
            libedit.el_set(prompt->edit, EL_UNBUFFERED,
                           0); /* the terminal is its own again, and the next line begins anew */
            prompt->raw = prompt->shown = false;
            if (prompt->line[strspn(prompt->line, " \t")] != '\0')
                libedit.history(prompt->history, &event, H_ENTER, prompt->line);
            *line = prompt->line;
            return PROMPT_LINE;
        }
    }
    return prompt->ended ? PROMPT_END : PROMPT_MORE;
}

enum prompt_result prompt_read(struct prompt *prompt, const char **line, struct fault *fault)
{
    return prompt->edit ? edited_line(prompt, line) : plain_line(prompt, line, fault);
}

void prompt_set(struct prompt *prompt, const char *text)
{
    if (!prompt->edit || strcmp(prompt->text, text) == 0)
        return;
    if (prompt->shown)
        prompt_hide(prompt);
    snprintf(prompt->text, sizeof(prompt->text), "%s", text);
}

static unsigned columns_of(const struct prompt *prompt)
{
    struct winsize size;

    return ioctl(fileno(prompt->config.out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void prompt_hide(struct prompt *prompt)
{
    const LineInfo *info;
    size_t before;

    if (!prompt->edit || !prompt->shown)
        return;
    info = libedit.el_line(prompt->edit);
    before = strlen(prompt->text) + (size_t)(info->cursor - info->buffer);
    fputc('\r', prompt->config.out);
    for (size_t rows = before / columns_of(prompt); rows > 0; rows--)
        fputs("\033[A", prompt->config.out);
    fputs("\033[J", prompt->config.out);
    fflush(prompt->config.out);
    prompt->shown = false;
}

void prompt_show(struct prompt *prompt)
{
    if (!prompt->edit || prompt->shown)
        return;
    if (prompt->raw)
        libedit.el_set(prompt->edit, EL_REFRESH);
    else
        libedit.el_set(prompt->edit, EL_UNBUFFERED, 1); /* which draws too */
    prompt->raw = prompt->shown = true;
}

/* After a stop and fg the shell has set the terminal as it likes it. */
static void take_terminal_again(struct prompt *prompt)
{
    struct termios now;

    if (!prompt->raw || tcgetattr(prompt->config.fd, &now) != 0 || !(now.c_lflag & ICANON))
        return;
    libedit.el_set(prompt->edit, EL_UNBUFFERED, 0);
    prompt->raw = prompt->shown = false;
}

/* ---- completion ---- */

struct choice {
    struct prompt *prompt;
    size_t typed; /* bytes of the word so far */
    unsigned count;
    char common[256]; /* what all candidates begin with */
    bool open;
    bool print;
};

static void take_candidate(void *context, const char *candidate, const char *what, bool open)
{
    struct choice *choice = context;
    size_t same = 0;

    if (choice->print) {
        fprintf(choice->prompt->config.out, "  %-24s %s\n", candidate, what ? what : "");
        return;
    }
    if (choice->count++ == 0) {
        snprintf(choice->common, sizeof(choice->common), "%s", candidate);
        choice->open = open;
        return;
    }
    while (choice->common[same] && choice->common[same] == candidate[same])
        same++;
    choice->common[same] = '\0';
    choice->open = true;
}

static unsigned char complete(EditLine *edit, int key)
{
    struct prompt *prompt = prompt_of(edit);
    struct choice choice = {.prompt = prompt};
    const LineInfo *info = libedit.el_line(edit);
    char before[1024];
    size_t length = (size_t)(info->cursor - info->buffer), start = length;

    (void)key;
    if (!prompt->config.complete || length >= sizeof(before))
        return CC_ERROR;
    memcpy(before, info->buffer, length);
    before[length] = '\0';
    prompt->config.complete(before, &start, take_candidate, &choice);
    choice.typed = length - start;
    if (choice.count == 0)
        return CC_ERROR;
    if (strlen(choice.common) > choice.typed || choice.count == 1) {
        if (choice.count == 1 && !choice.open && strlen(choice.common) + 1 < sizeof(choice.common))
            strcat(choice.common, " ");
        libedit.el_deletestr(edit, (int)choice.typed);
        libedit.el_insertstr(edit, choice.common);
        return CC_REFRESH;
    }
    choice.print = true;
    fputc('\n', prompt->config.out);
    prompt->config.complete(before, &start, take_candidate, &choice);
    fflush(prompt->config.out);
    return CC_REDISPLAY;
}

/* ---- beginning and end ---- */

static bool open_terminal(struct prompt *prompt, struct fault *fault)
{
    HistEvent event;
    int copy = dup(prompt->config.fd);

    if (!load_libedit(fault)) {
        if (copy >= 0)
            close(copy);
        return false;
    }
    setlocale(LC_CTYPE, "");
    prompt->in = copy >= 0 ? fdopen(copy, "r") : NULL;
    if (!prompt->in)
        return fault_set(fault, FAULT_LOCAL, "the terminal: %s", strerror(errno));
    prompt->edit = libedit.el_init("tcpwalk", prompt->in, prompt->config.out, stderr);
    prompt->history = libedit.history_init();
    if (!prompt->edit || !prompt->history)
        return fault_set(fault, FAULT_LOCAL, "the terminal can't be used for editing");
    libedit.history(prompt->history, &event, H_SETSIZE, HISTORY_LINES);
    libedit.history(prompt->history, &event, H_SETUNIQUE, 1);
    if (prompt->config.history_file)
        libedit.history(prompt->history, &event, H_LOAD, prompt->config.history_file);
    libedit.el_set(prompt->edit, EL_CLIENTDATA, prompt);
    libedit.el_set(prompt->edit, EL_PROMPT, give_prompt);
    libedit.el_set(prompt->edit, EL_EDITOR, "emacs");
    libedit.el_set(prompt->edit, EL_SIGNAL, 0);
    libedit.el_set(prompt->edit, EL_HIST, libedit.history, prompt->history);
    libedit.el_set(prompt->edit, EL_ADDFN, "tcpwalk-complete", "complete", complete);
    libedit.el_set(prompt->edit, EL_BIND, "^I", "tcpwalk-complete", NULL);
    libedit.el_set(prompt->edit, EL_GETCFN, give_key);
    libedit.el_source(prompt->edit, NULL);
    prompt->keeper = keeper_post(prompt->config.fd, &prompt->found);
    return true;
}

bool prompt_open(struct prompt **out, const struct prompt_config *config, struct fault *fault)
{
    struct prompt *prompt = calloc(1, sizeof(*prompt));
    int flags;

    *out = NULL;
    if (!prompt)
        return fault_set(fault, FAULT_LOCAL, "no memory");
    prompt->config = *config;
    prompt->keeper = -1;
    if (!config->plain && isatty(config->fd) && tcgetattr(config->fd, &prompt->found) == 0) {
        if (!open_terminal(prompt, fault)) {
            prompt_close(prompt);
            return false;
        }
    } else if (!isatty(config->fd)) {
        flags = fcntl(config->fd, F_GETFL);
        if (flags >= 0)
            fcntl(config->fd, F_SETFL, flags | O_NONBLOCK);
    }
    *out = prompt;
    return true;
}

int prompt_fd(const struct prompt *prompt)
{
    return prompt->config.fd;
}

static void save_history(struct prompt *prompt)
{
    HistEvent event;
    mode_t mask;

    if (!prompt->history || !prompt->config.history_file)
        return;
    mask = umask(077);
    libedit.history(prompt->history, &event, H_SAVE, prompt->config.history_file);
    umask(mask);
}

void prompt_close(struct prompt *prompt)
{
    if (!prompt)
        return;
    if (prompt->edit) {
        prompt_hide(prompt);
        libedit.el_set(prompt->edit, EL_UNBUFFERED, 0);
        libedit.el_end(prompt->edit);
        tcsetattr(prompt->config.fd, TCSADRAIN, &prompt->found);
    }
    save_history(prompt);
    if (prompt->history)
        libedit.history_end(prompt->history);
    if (prompt->in)
        fclose(prompt->in);
    keeper_relieve(prompt->keeper);
    free(prompt);
}
