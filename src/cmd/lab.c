/* The command lab: the same commands against a private network with real servers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/wrap.h"
#include "lab/lab.h"

static int print_services(void)
{
    wrap_print(stdout, 0,
               "tcpwalk lab [COMMAND] [OPTION...] [HOST] SERVICE runs a command against these servers, in a private "
               "network that it makes and that is gone afterwards. No root is needed.");
    printf("\n  %-13s %5s  %s\n", "service", "port", "what it does");
    for (const struct lab_service *service = lab_services; service->name; service++)
        wrap_print(stdout, (unsigned)printf("  %-13s %5u  ", service->name, service->port), service->what);
    printf("\n  %-20s %s\n", "client", "for tcpwalk lab listen CLIENT: what it does");
    for (const struct lab_client *client = lab_clients; client->name; client++)
        wrap_print(stdout, (unsigned)printf("  %-20s ", client->name), client->what);
    printf("\n");
    wrap_print(stdout, 0,
               "HOST is lab or SERVICE.lab (192.0.2.2, 2001:db8::2), or 127.0.0.1 and ::1 for the same over loopback. "
               "tcpwalk lab serve [ADDR|all] runs the servers in the network where you are, on 127.0.0.1 or ADDR.");
    return STATUS_DONE;
}

static void say_ready(void *context)
{
    (void)context;
    printf("ready\n");
    fflush(stdout);
}

static int serve(int count, char **operands, struct fault *fault)
{
    struct addr address;

    bool all = count == 1 && strcmp(operands[0], "all") == 0;

    /* Not all addresses unless asked for: whoever can reach the machine could use the servers. */
    if (count > 1 || !addr_parse(count == 1 && !all ? operands[0] : "127.0.0.1", &address)) {
        fault_set(fault, FAULT_USAGE, "lab serve takes one numeric address, or all");
        return STATUS_USAGE;
    }
    return lab_serve(all ? NULL : &address, say_ready, NULL, fault) ? STATUS_DONE : exit_status_of(fault);
}

/* So many operands stand before the host: a file, or what is to be measured. */
static int words_before(const struct command *inner)
{
    return inner->run == run_run || inner->run == run_measure ? 1 : 0;
}

/*
 * The operands of the inner command, with a host before the service where none is named: [FILE] [HOST] SERVICE [STEP...].
 * Returns how many there are; out needs one more than count.
 */
static int add_host(const struct command *inner, int count, char **operands, char *host, size_t size, char **out)
{
    int files = words_before(inner), filled = 0;
    bool connects = files || strncmp(inner->operands, "HOST", 4) == 0;

    for (int i = 0; i < count; i++) {
        const struct lab_service *service = connects && i == files ? lab_service_find(operands[i]) : NULL;
        if (service) {
            snprintf(host, size, "%s.lab", service->name);
            out[filled++] = host;
        }
        out[filled++] = operands[i];
    }
    return filled;
}

static int run_inside(const struct command *inner, const struct options *options, int count, char **operands,
                      struct fault *fault)
{
    char host[64], **all = calloc((size_t)count + 2, sizeof(*all));
    struct lab own;
    int status;

    if (!all) {
        fault_set(fault, FAULT_LOCAL, "no memory");
        return STATUS_LOCAL;
    }
    count = add_host(inner, count, operands, host, sizeof(host), all);
    if (lab_start(&own, fault)) {
        status = inner->run(inner, options, count, all, &own, fault);
        lab_stop(&own);
    } else {
        status = exit_status_of(fault);
    }
    free(all);
    return status;
}

int run_lab(const struct command *command, const struct options *options, int count, char **operands,
            const struct lab *lab, struct fault *fault)
{
    const struct command *inner = &commands[0];
    bool named = false;

    (void)command;
    if (lab) {
        fault_set(fault, FAULT_USAGE, "lab can't be run inside the lab");
        return STATUS_USAGE;
    }
    if (count == 0)
        return print_services();
    if (command_find(operands[0])) {
        inner = command_find(operands[0]);
        named = true;
        count--;
        operands++;
    } else if (strcmp(operands[0], "serve") == 0) {
        return serve(count - 1, operands + 1, fault);
    }
    /* Without a command, steps behind the service are all that is done. */
    if (count > 0 && inner == &commands[0] && !named && count > (lab_service_find(operands[0]) ? 1 : 2))
        inner = &bare_steps;
    if (named && inner->run == run_measure && count == 0)
        return inner->run(inner, options, 0, NULL, NULL, fault);
    if (!inner->walks || count < 1) {
        fault_set(fault, FAULT_USAGE,
                  "lab takes a walk and a service, or listen and a client: tcpwalk lab close echo, tcpwalk lab listen "
                  "client (tcpwalk lab lists them)");
        return STATUS_USAGE;
    }
    int files = words_before(inner);
    bool clients = inner->run != run_measure;
    if (count == files + 1 && !lab_service_find(operands[files]) && !(clients && lab_client_find(operands[files]))) {
        fault_set(fault, FAULT_USAGE, "'%s' is not a service of the lab (tcpwalk lab lists them)", operands[files]);
        return STATUS_USAGE;
    }
    return run_inside(inner, options, count, operands, fault);
}
