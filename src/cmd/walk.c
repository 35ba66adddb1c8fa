/* The commands that walk a script to its end: named walks, run and listen. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/command.h"
#include "cmd/complain.h"
#include "cmd/dry_run.h"
#include "cmd/escape.h"
#include "cmd/outputs.h"
#include "cmd/peer.h"
#include "cmd/plan.h"
#include "cmd/run.h"
#include "cmd/signals.h"
#include "step/shipped.h"

/* What a command walks, and with whom. */
struct order {
    const struct command *command;
    const struct options *options;
    const struct lab *lab; /* or NULL */
    char *script;          /* (owned) of the named walk or the file */
    size_t script_length;
    const char *script_name;
    char *words; /* (owned) the steps of the command line, or NULL */
    struct plan plan;
    unsigned own_steps; /* so many of the plan's steps are the script's, the others those of the command line */
    bool passive;
    struct peer peer;
    const char *host;
    const struct lab_client *client;
};

static size_t add_quoted(char *out, const char *word)
{
    size_t used = 0;

    out[used++] = '"';
    for (const char *at = word; *at; at++) {
        if (*at == '\\' && at[1] && at[1] != '\n')
            out[used++] = *at++;
        else if (*at == '"' || *at == '\n')
            out[used++] = '\\';
        out[used++] = *at == '\n' ? 'n' : *at;
    }
    out[used++] = '"';
    return used;
}

/* What follows the endpoint on the command line, as one text. After send and data an argument is a string. */
static char *join_steps(int count, char **words)
{
    bool quoted = false;
    size_t room = 1, used = 0;
    char *text;

    for (int i = 0; i < count; i++)
        room += 2 * strlen(words[i]) + 3;
    text = malloc(room);
    if (!text)
        return NULL;
    for (int i = 0; i < count; i++) {
        const char *word = words[i];
        bool after = i > 0 && !quoted && (strcmp(words[i - 1], "send") == 0 || strcmp(words[i - 1], "data") == 0);
        quoted = after && word[0] != '"' && strcmp(word, "hex") != 0 && strcmp(word, "file") != 0 &&
                 strcmp(word, "zeros") != 0;
        if (i > 0)
            text[used++] = ' ';
        if (quoted) {
            used += add_quoted(text + used, word);
        } else {
            memcpy(text + used, word, strlen(word));
            used += strlen(word);
        }
    }
    text[used] = '\0';
    return text;
}

/* ---- the script ---- */

static bool no_memory(struct fault *fault)
{
    return fault_set(fault, FAULT_LOCAL, "no memory");
}

/* The text of a named walk with the bytes of --send in the place that it has for them; without --send that line goes. */
static bool fill_shipped(const char *text, const char *send, char **out, struct fault *fault)
{
    static const char place[] = "send \"\"";
    const char *at = strstr(text, place), *rest;
    size_t room = strlen(text) + (send ? 2 * strlen(send) : 0) + 1;
    struct text filled;

    *out = malloc(room);
    if (!*out)
        return no_memory(fault);
    text_init(&filled, *out, room);
    if (!at) {
        text_add(&filled, "%s", text);
        return !send || fault_set(fault, FAULT_USAGE, "--send: this walk has no place for it");
    }
    rest = at + sizeof(place) - 1;
    text_add(&filled, "%.*s", (int)(at - text), text);
    if (!send) {
        text_add(&filled, "%s", *rest == '\n' ? rest + 1 : rest);
        return true;
    }
    text_add(&filled, "send \"");
    for (const char *byte = send; *byte; byte++) {
        if (*byte == '\\' && byte[1])
            text_add(&filled, "\\%c", *++byte);
        else
            text_add(&filled, *byte == '"' ? "\\\"" : *byte == '\n' ? "\\n" : "%c", *byte);
    }
    text_add(&filled, "\"%s", rest);
    return true;
}

/* Errors in --send are the option's, not those of a script that the user has not written. */
static bool check_send(const char *send, struct fault *fault)
{
    uint8_t *bytes;
    uint32_t len;
    bool read;

    if (!send)
        return true;
    bytes = malloc(strlen(send) + 1);
    if (!bytes)
        return no_memory(fault);
    read = escape_read(send, bytes, &len, fault);
    free(bytes);
    return read;
}

static bool read_script(struct order *order, struct fault *fault)
{
    struct plan_piece pieces[2] = {{0}};
    unsigned count = 0;

    if (order->script)
        pieces[count++] = (struct plan_piece){order->script_name, order->script, order->script_length, 1};
    if (order->words)
        pieces[count++] = (struct plan_piece){"steps", order->words, strlen(order->words), 1};
    if (!plan_read(&order->plan, pieces, count, true, fault))
        return false;
    order->own_steps = order->script ? order->plan.first_of_last : 0;
    order->passive = order->plan.script.steps[0].kind == STEP_LISTEN;
    return true;
}

static bool take_shipped(struct order *order, const char *name, struct fault *fault)
{
    const struct shipped *shipped = shipped_find(name);

    if (!check_send(order->options->send, fault) ||
        !fill_shipped(shipped->text, order->options->send, &order->script, fault))
        return false;
    order->script_name = shipped->name;
    order->script_length = strlen(order->script);
    return true;
}

/* Puts auto probe on where the steps begin: behind what the script says of itself, and behind listen, which must be first. */
static bool add_probing(struct order *order, struct fault *fault)
{
    static const char first[] = "listen\n", step[] = "auto probe on\n";
    size_t at = 0, room = order->script_length + sizeof(step);
    char *script = malloc(room);
    struct text text;

    if (!script)
        return no_memory(fault);
    while (order->script[at] == '#')
        at += strcspn(order->script + at, "\n") + 1;
    if (strncmp(order->script + at, first, sizeof(first) - 1) == 0)
        at += sizeof(first) - 1;
    text_init(&text, script, room);
    text_add(&text, "%.*s%s%s", (int)at, order->script, step, order->script + at);
    free(order->script);
    order->script = script;
    order->script_length = strlen(script);
    return true;
}

/* A walk that ends with a reset goes on with the user's steps instead. */
static void drop_abort(struct order *order)
{
    static const char abort[] = "\nabort\n";
    size_t end = sizeof(abort) - 1;

    if (order->script && order->script_length > end && strcmp(order->script + order->script_length - end, abort) == 0) {
        order->script_length -= end - 1;
        order->script[order->script_length] = '\0';
    }
}

static bool take_words(struct order *order, int count, char **words, struct fault *fault)
{
    if (count == 0)
        return true;
    drop_abort(order);
    order->words = join_steps(count, words);
    return order->words ? true : no_memory(fault);
}

static bool take_file(struct order *order, const char *path, struct fault *fault)
{
    uint8_t *bytes;

    if (order->options->send)
        return fault_set(fault, FAULT_USAGE, "--send is for the named walks: a script has the step send");
    if (order->options->probe)
        return fault_set(fault, FAULT_USAGE, "--probe is for the named walks: a script has the step auto probe on");
    if (!outputs_spare(order->options, &path, 1, fault) ||
        !plan_load_file(path, &bytes, &order->script_length, fault))
        return false;
    order->script = (char *)bytes;
    order->script_name = strcmp(path, "-") == 0 ? "standard input" : path;
    return true;
}

/* Listens: with steps of one's own instead of the named walk. */
static bool take_listen(struct order *order, int count, char **words, struct fault *fault)
{
    static const char listen[] = "listen\n";

    if (count == 0)
        return take_shipped(order, "listen", fault);
    if (strcspn(words[0], " \t;#") != sizeof("listen") - 1 || strncmp(words[0], "listen", sizeof("listen") - 1) != 0) {
        order->script = strdup(listen);
        order->script_length = sizeof(listen) - 1;
        order->script_name = "listen";
    }
    return take_words(order, count, words, fault);
}

/* ---- the peer ---- */

/* How many operands name the other end: HOST PORT, PORT alone for one who listens, a client of the lab. */
static int endpoint_operands(const struct order *order)
{
    return order->passive ? 1 : 2;
}

static bool find_peer(struct order *order, char **operands, struct fault *fault)
{
    if (!order->passive) {
        order->host = operands[0];
        return peer_resolve(order->options, order->lab, operands, &order->peer, fault);
    }
    return peer_listen(order->options, order->lab, operands[0], &order->peer, &order->client, fault);
}

/* ---- the commands ---- */

static int print_script(const struct order *order)
{
    if (order->script)
        fwrite(order->script, 1, order->script_length, stdout);
    for (unsigned i = order->own_steps; order->words && i < order->plan.script.count; i++)
        printf("%s\n", order->plan.script.steps[i].text);
    return STATUS_DONE;
}

static int walk_order(struct order *order, struct fault *fault)
{
    const struct script *script = &order->plan.script;
    struct run run = {
        .errand = {.command = order->command->name,
                   .options = order->options,
                   .lab = order->lab,
                   .client = order->client,
                   .host = order->host,
                   .steps = script->steps,
                   .step_count = script->count,
                   .passive = order->passive,
                   .expects = order->plan.expectations > 0,
                   .expects_data = order->plan.expects_data,
                   .watch_fd = -1},
        .port = order->peer.port,
        .expectations = order->plan.expectations,
    };

    return run_addresses(&run, order->peer.addresses, order->peer.count, fault);
}

static int usage(const struct command *command, bool listens, struct fault *fault)
{
    const char *ends = listens ? "a port" : "a host and a port";

    if (command->run == run_run)
        fault_set(fault, FAULT_USAGE, "run takes a file, and with this one %s (see tcpwalk --help)", ends);
    else
        fault_set(fault, FAULT_USAGE, "%s takes %s, then steps if you like (see tcpwalk --help)", command->name, ends);
    return STATUS_USAGE;
}

/* With the script at hand: finds the peer, and walks. */
static int carry_out(struct order *order, int count, char **operands, struct fault *fault)
{
    if (order->options->print_script)
        return print_script(order);
    if (order->options->dry_run)
        return dry_run(&order->plan, order->options, order->passive, fault);
    if (order->passive && order->command == &bare_steps) {
        fault_set(fault, FAULT_USAGE, "steps that listen need no host: tcpwalk listen PORT STEP...");
        return STATUS_USAGE;
    }
    if (count < endpoint_operands(order))
        return usage(order->command, order->passive, fault);
    return find_peer(order, operands, fault) ? walk_order(order, fault) : exit_status_of(fault);
}

static int finish(struct order *order, int status, const struct fault *fault)
{
    free(order->script);
    free(order->words);
    plan_free(&order->plan);
    if (fault->kind == FAULT_INTERRUPTED) {
        complain("%s", fault->words);
        signals_obey();
    }
    return status;
}

int run_walk(const struct command *command, const struct options *options, int count, char **operands,
             const struct lab *lab, struct fault *fault)
{
    struct order order = {.command = command, .options = options, .lab = lab};
    const struct shipped *shipped = shipped_find(command->name);
    bool listens = shipped && strstr(shipped->text, "\nlisten\n"), bare = options->print_script || options->dry_run;
    int ends = listens ? 1 : 2, status;

    if (count < ends && !(bare && count == 0))
        return usage(command, listens, fault);
    if (count < ends)
        ends = count;
    bool taken = shipped && strcmp(command->name, "listen") == 0
                     ? take_listen(&order, count - ends, operands + ends, fault)
                     : (!shipped || take_shipped(&order, command->name, fault)) &&
                           take_words(&order, count - ends, operands + ends, fault);
    taken = taken && (!options->probe || !order.script || add_probing(&order, fault));
    status = taken && read_script(&order, fault) ? carry_out(&order, count, operands, fault) : exit_status_of(fault);
    return finish(&order, status, fault);
}

int run_run(const struct command *command, const struct options *options, int count, char **operands,
            const struct lab *lab, struct fault *fault)
{
    struct order order = {.command = command, .options = options, .lab = lab};
    int status;

    if (count == 0) {
        fault_set(fault, FAULT_USAGE, "run takes a file, a host and a port (see tcpwalk --help)");
        return STATUS_USAGE;
    }
    if (!take_file(&order, operands[0], fault) || !read_script(&order, fault))
        return finish(&order, exit_status_of(fault), fault);
    if (count - 1 > endpoint_operands(&order)) {
        fault_set(fault, FAULT_USAGE, "'%s': run takes nothing behind the port; steps are in the file",
                  operands[1 + endpoint_operands(&order)]);
        status = STATUS_USAGE;
    } else {
        status = carry_out(&order, count - 1, operands + 1, fault);
    }
    return finish(&order, status, fault);
}
