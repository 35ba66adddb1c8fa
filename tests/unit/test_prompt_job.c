/*
 * src/cmd/prompt and the signals of a terminal: a small shell runs a job with a prompt on a pseudo terminal, with job control, and
 * tells of every stop and of the end, and how the terminal was then.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/prompt.h"
#include "cmd/signals.h"
#include "terminal.h"

#define DEADLINE_MS 10000

/* What the shell tells of its job. */
struct report {
    int status; /* as of waitpid */
    bool found; /* the terminal was as the job had found it */
};

struct session {
    struct terminal terminal;
    pid_t shell;
    int reports, orders; /* from and to the shell */
    pid_t job;
};

static int64_t now_ms(void)
{
    struct timespec now;

    timespec_get(&now, TIME_UTC);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the job ---- */

/* As the program does it: signals are let in only while waiting. */
static int job(void)
{
    const struct prompt_config config = {.fd = STDIN_FILENO, .out = stdout};
    struct fault fault = {0};
    struct prompt *prompt;
    sigset_t wait_mask;
    const char *line;

    signals_catch(&wait_mask);
    if (!prompt_open(&prompt, &config, &fault))
        return 2;
    prompt_set(prompt, "> ");
    for (;;) {
        struct pollfd ready = {.fd = prompt_fd(prompt), .events = POLLIN};
        enum prompt_result result = PROMPT_MORE;
        prompt_show(prompt);
        if (ppoll(&ready, 1, NULL, &wait_mask) == 1)
            while ((result = prompt_read(prompt, &line, &fault)) == PROMPT_LINE) {
                if (strcmp(line, "abort") == 0)
                    abort();
                if (strcmp(line, "exit") == 0)
                    _exit(3); /* without a word to the prompt */
                printf("got %s\n", line);
                fflush(stdout);
            }
        if (signals_seen || result == PROMPT_END)
            break;
    }
    prompt_close(prompt);
    signals_obey();
    return 0;
}

/* ---- the shell ---- */

static void shell(int reports, int orders)
{
    struct termios found;
    struct report report;
    pid_t child;
    char order;

    signal(SIGTTOU, SIG_IGN);
    tcgetattr(STDIN_FILENO, &found);
    child = fork();
    if (child == 0) {
        setpgid(0, 0);
        tcsetpgrp(STDIN_FILENO, getpid());
        signal(SIGTTOU, SIG_DFL);
        close(reports);
        close(orders);
        _exit(job());
    }
    setpgid(child, child);
    if (write(reports, &child, sizeof(child)) != sizeof(child))
        _exit(1);
    while (waitpid(child, &report.status, WUNTRACED) == child) {
        int64_t deadline = now_ms() + (WIFSTOPPED(report.status) ? 0 : DEADLINE_MS);
        struct termios now;
        tcsetpgrp(STDIN_FILENO, getpid());
        do { /* after a death the keeper needs a moment */
            tcgetattr(STDIN_FILENO, &now);
            report.found = terminal_same(&now, &found);
        } while (!report.found && now_ms() < deadline);
        if (write(reports, &report, sizeof(report)) != sizeof(report) || !WIFSTOPPED(report.status))
            break;
        if (read(orders, &order, 1) != 1)
            break;
        if (order == 'r') /* a shell that leaves the terminal as it uses it itself */
            tcsetattr(STDIN_FILENO, TCSANOW, &found);
        tcsetpgrp(STDIN_FILENO, child);
        kill(-child, SIGCONT);
    }
    _exit(0);
}

static struct session *start(void)
{
    struct session *session = calloc(1, sizeof(*session));
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    int reports[2], orders[2], master;

    assert_non_null(session);
    assert_int_equal(pipe(reports), 0);
    assert_int_equal(pipe(orders), 0);
    setenv("TERM", "xterm", 1);
    setenv("EDITRC", "/dev/null", 1);
    fflush(stdout);
    session->shell = forkpty(&master, NULL, NULL, &size);
    assert_true(session->shell >= 0);
    if (session->shell == 0) {
        close(reports[0]);
        close(orders[1]);
        shell(reports[1], orders[0]);
    }
    close(reports[1]);
    close(orders[0]);
    session->reports = reports[0];
    session->orders = orders[1];
    terminal_adopt(&session->terminal, master, 80);
    assert_int_equal(read(session->reports, &session->job, sizeof(session->job)), sizeof(session->job));
    return session;
}

static void finish(struct session *session)
{
    close(session->orders);
    close(session->reports);
    terminal_close(&session->terminal);
    kill(session->shell, SIGKILL);
    waitpid(session->shell, NULL, 0);
    free(session);
}

/* Types, and waits for the cursor's row. */
static void type(struct session *session, const char *keys, const char *row)
{
    int64_t deadline = now_ms() + DEADLINE_MS;
    struct pollfd ready = {.fd = session->terminal.master, .events = POLLIN};

    terminal_type(&session->terminal, keys, strlen(keys));
    while (strcmp(terminal_cursor_row(&session->terminal), row) != 0) {
        if (now_ms() > deadline)
            fail_msg("after '%s' the screen says '%s', not '%s'", keys, terminal_cursor_row(&session->terminal), row);
        poll(&ready, 1, 100);
        terminal_look(&session->terminal);
    }
}

static struct report hear(struct session *session)
{
    struct pollfd ready = {.fd = session->reports, .events = POLLIN};
    struct report report;

    assert_int_equal(poll(&ready, 1, DEADLINE_MS + 1000), 1);
    assert_int_equal(read(session->reports, &report, sizeof(report)), sizeof(report));
    return report;
}

static void order(struct session *session, char what)
{
    assert_int_equal(write(session->orders, &what, 1), 1);
}

static void ends_by(void **state, const char *keys, int sent, int ended)
{
    struct session *session = start();
    struct report report;

    (void)state;
    type(session, "", "> |");
    type(session, "expe", "> expe|");
    if (keys)
        terminal_type(&session->terminal, keys, strlen(keys));
    else
        kill(session->job, sent);
    report = hear(session);
    assert_true(WIFSIGNALED(report.status));
    assert_int_equal(WTERMSIG(report.status), ended);
    assert_true(report.found);
    finish(session);
}

static void interrupted(void **state)
{
    ends_by(state, "\003", 0, SIGINT);
}

static void quit(void **state)
{
    ends_by(state, "\034", 0, SIGQUIT);
}

static void terminated(void **state)
{
    ends_by(state, NULL, SIGTERM, SIGTERM);
}

static void killed(void **state)
{
    ends_by(state, NULL, SIGKILL, SIGKILL);
}

static void not_caught(void **state)
{
    ends_by(state, NULL, SIGUSR1, SIGUSR1);
}

static void aborted(void **state)
{
    ends_by(state, "\025abort\r", 0, SIGABRT);
}

static void exits_without_a_word(void **state)
{
    struct session *session = start();
    struct report report;

    (void)state;
    type(session, "", "> |");
    terminal_type(&session->terminal, "exit\r", 5);
    report = hear(session);
    assert_int_equal(WEXITSTATUS(report.status), 3);
    assert_true(report.found);
    finish(session);
}

static void ends(void **state)
{
    struct session *session = start();
    struct report report;

    (void)state;
    type(session, "", "> |");
    terminal_type(&session->terminal, "a\r\004", 3);
    report = hear(session);
    assert_true(WIFEXITED(report.status));
    assert_int_equal(WEXITSTATUS(report.status), 0);
    assert_true(report.found);
    finish(session);
}

static void stopped(void **state)
{
    struct session *session = start();
    struct report report;

    (void)state;
    type(session, "", "> |");
    type(session, "expect\002\002", "> expe|ct");
    for (int i = 0; i < 2; i++) {
        terminal_type(&session->terminal, "\032", 1);
        report = hear(session);
        assert_true(WIFSTOPPED(report.status));
        assert_int_equal(WSTOPSIG(report.status), SIGTSTP);
        assert_true(report.found);
        terminal_look(&session->terminal);
        assert_string_equal(terminal_cursor_row(&session->terminal), "|");
        order(session, 'f');
        type(session, "", "> expe|ct");
    }
    type(session, "x", "> expex|ct");
    terminal_type(&session->terminal, "\r\004", 2);
    report = hear(session);
    assert_int_equal(report.status, 0);
    assert_true(report.found);
    terminal_look(&session->terminal);
    assert_string_equal(terminal_row(&session->terminal, 1), "got expexct");
    finish(session);
}

/* By kill -STOP it has no say; it takes the terminal again with what is typed next. */
static void stopped_by_force(void **state)
{
    struct session *session = start();
    struct report report;

    (void)state;
    type(session, "", "> |");
    type(session, "expect", "> expect|");
    kill(session->job, SIGSTOP);
    report = hear(session);
    assert_int_equal(WSTOPSIG(report.status), SIGSTOP);
    order(session, 'f');
    type(session, "x", "> expectx|");
    terminal_type(&session->terminal, "\r\004", 2);
    report = hear(session);
    assert_int_equal(report.status, 0);
    assert_true(report.found);
    finish(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interrupted),
        cmocka_unit_test(quit),
        cmocka_unit_test(terminated),
        cmocka_unit_test(killed),
        cmocka_unit_test(not_caught),
        cmocka_unit_test(aborted),
        cmocka_unit_test(exits_without_a_word),
        cmocka_unit_test(ends),
        cmocka_unit_test(stopped),
        cmocka_unit_test(stopped_by_force),
    };

    return !terminal_can_be() ? 0 : cmocka_run_group_tests_name("prompt's job", tests, NULL, NULL);
}
