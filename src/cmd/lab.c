/* The command lab: the same commands against a private network with real servers. */
#include <stdio.h>
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

int run_lab(const struct command *command, const struct options *options, int count, char **operands,
            const struct lab *lab, struct fault *fault)
{
    const struct command *inner = &commands[0];
    struct lab own;
    char host[64];
    char *pair[2];
    int status;

    (void)command;
    if (lab) {
        fault_set(fault, FAULT_USAGE, "lab can't be run inside the lab");
        return STATUS_USAGE;
    }
    if (count == 0)
        return print_services();
    if (command_find(operands[0])) {
        inner = command_find(operands[0]);
        count--;
        operands++;
    } else if (strcmp(operands[0], "serve") == 0) {
        return serve(count - 1, operands + 1, fault);
    }
    if (inner->run != run_walk || count < 1 || count > 2) {
        fault_set(fault, FAULT_USAGE,
                  "lab takes a walk and a service: tcpwalk lab close echo (tcpwalk lab lists them)");
        return STATUS_USAGE;
    }
    if (count == 1) {
        const struct lab_service *service = lab_service_find(operands[0]);
        if (!service) {
            fault_set(fault, FAULT_USAGE, "'%s' is not a service of the lab (tcpwalk lab lists them)", operands[0]);
            return STATUS_USAGE;
        }
        snprintf(host, sizeof(host), "%s.lab", service->name);
        pair[0] = host;
        pair[1] = operands[0];
        operands = pair;
        count = 2;
    }
    if (!lab_start(&own, fault))
        return exit_status_of(fault);
    status = inner->run(inner, options, count, operands, &own, fault);
    lab_stop(&own);
    return status;
}
