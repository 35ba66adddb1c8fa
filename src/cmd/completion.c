/* Completion scripts for shells, printed from the tables of commands and options. */
#include <stdio.h>
#include <string.h>

#include "cmd/command.h"

static void print_words(const char *separator)
{
    for (const struct command *command = commands; command->name; command++)
        printf("%s%s", command == commands ? "" : separator, command->name);
}

static void print_bash(void)
{
    printf("# bash completion for tcpwalk\n_tcpwalk() {\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    case $prev in\n"
           "    --interface|-i) COMPREPLY=($(compgen -W \"$(ls /sys/class/net)\" -- \"$cur\")); return ;;\n"
           "    --verify-netns) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
           "    completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- \"$cur\")); return ;;\n"
           "    esac\n"
           "    if [[ $cur == -* ]]; then\n        COMPREPLY=($(compgen -W '");
    for (const struct option_row *row = option_rows; row->name; row++)
        printf("%s--%s", row == option_rows ? "" : " ", row->name);
    printf("' -- \"$cur\"))\n    elif ((COMP_CWORD == 1)) || [[ $prev == lab ]]; then\n"
           "        COMPREPLY=($(compgen -W '");
    print_words(" ");
    printf("' -A hostname -- \"$cur\"))\n    else\n        COMPREPLY=($(compgen -A hostname -- \"$cur\"))\n  "
           "  fi\n}\n"
           "complete -F _tcpwalk tcpwalk\n");
}

/* zsh's _arguments wants : [ ] and ' of the help escaped. */
static void print_zsh_text(const char *text)
{
    for (; *text; text++) {
        if (strchr("[]:\\", *text))
            putchar('\\');
        if (*text == '\'')
            fputs("'\\'", stdout);
        putchar(*text);
    }
}

static void print_zsh(void)
{
    printf("#compdef tcpwalk\n_arguments -s \\\n");
    for (const struct option_row *row = option_rows; row->name; row++) {
        printf("    '--%s%s[", row->name, row->argument ? "=" : "");
        print_zsh_text(row->help);
        printf("]");
        if (row->argument)
            printf(":%s:%s", row->argument,
                   strcmp(row->argument, "IF") == 0     ? "_net_interfaces"
                   : strcmp(row->argument, "FILE") == 0 ? "_files"
                                                        : "");
        printf("' \\\n");
    }
    printf("    '1:command or host:(");
    print_words(" ");
    printf(")' \\\n    '*:host or port:_hosts'\n");
}

static void print_fish(void)
{
    printf("complete -c tcpwalk -f\n");
    for (const struct command *command = commands; command->name; command++)
        printf("complete -c tcpwalk -n __fish_use_subcommand -a %s -d \"%s\"\n", command->name, command->summary);
    for (const struct option_row *row = option_rows; row->name; row++) {
        printf("complete -c tcpwalk -l %s", row->name);
        if (row->letter)
            printf(" -s %c", row->letter);
        if (row->argument)
            printf(" -r");
        printf(" -d '");
        for (const char *at = row->help; *at; at++)
            printf(*at == '\'' || *at == '\\' ? "\\%c" : "%c", *at);
        printf("'\n");
    }
}

int run_completion(const struct command *command, const struct options *options, int count, char **operands,
                   const struct lab *lab, struct fault *fault)
{
    static const struct {
        const char *shell;
        void (*print)(void);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

    (void)command, (void)options, (void)lab;
    for (size_t i = 0; count == 1 && i < sizeof(shells) / sizeof(shells[0]); i++) {
        if (strcmp(operands[0], shells[i].shell) == 0) {
            shells[i].print();
            return STATUS_DONE;
        }
    }
    fault_set(fault, FAULT_USAGE, "completion needs one of bash, zsh and fish");
    return STATUS_USAGE;
}
