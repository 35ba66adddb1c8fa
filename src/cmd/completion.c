/*
 * Completion scripts for shells. They ask the program what can come next ("tcpwalk completion words ...", which is theirs alone),
 * so that all of them offer what the tables of commands, options, the lab and the step language say.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/candidates.h"
#include "cmd/command.h"

/*
 * Bash cuts words at = ; | < > and :, and quotes are part of them. The words that count are those between blanks; a reply takes
 * the place of bash's own word at the cursor, which can be a part of the last of them or more than it.
 */
static const char bash[] =
    "# bash completion for tcpwalk\n"
    "_tcpwalk() {\n"
    "    local line=${COMP_LINE:0:COMP_POINT} cur=${COMP_WORDS[COMP_CWORD]} words kind text token lead cut quotes\n"
    "    line=${line//\\'/} cur=${cur#[\\'\\\"]} quotes=${line//[!\\\"]/}\n"
    "    ((${#quotes} % 2 == 0)) || line=${line%\\\"*}${line##*\\\"}\n"
    "    read -ra words <<<\"$line\"\n"
    "    [[ $line != *' ' ]] || words+=('')\n"
    "    token=${words[-1]} lead='' cut=''\n"
    "    [[ $cur != [=\\;\\|\\<\\>:] ]] || cur=''\n"
    "    if [[ $cur == *\"$token\" ]]; then lead=${cur%\"$token\"}; else cut=${token%\"$cur\"}; fi\n"
    "    COMPREPLY=()\n"
    "    while IFS=$'\\t' read -r kind text _; do\n"
    "        case $kind in\n"
    "        word | open) COMPREPLY+=(\"$lead${text#\"$cut\"}\") ;;\n"
    "        files) mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
    "        hosts) mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < <(compgen -A hostname -- \"$cur\") ;;\n"
    "        ports) mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < <(compgen -A service -- \"$cur\") ;;\n"
    "        interfaces) mapfile -t COMPREPLY < <(compgen -W \"$(ls /sys/class/net)\" -- \"$cur\") ;;\n"
    "        esac\n"
    "        [[ $kind != open && $kind != files ]] || compopt -o nospace 2>/dev/null || true\n"
    "        [[ $kind != files ]] || compopt -o filenames 2>/dev/null || true\n"
    "    done < <(\"${words[0]}\" completion words -- \"${words[@]:1}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _tcpwalk tcpwalk\n";

static const char zsh[] = "#compdef tcpwalk\n"
                          "local line; local -a row whole open\n"
                          "for line in \"${(@f)$(\"${(Q)words[1]}\" completion words -- "
                          "\"${(@)${(@Q)words[2,CURRENT]}#[\\'\\\"]}\" 2>/dev/null)}\"; do\n"
                          "    row=(\"${(@ps:\\t:)line}\")\n"
                          "    case $row[1] in\n"
                          "    word) whole+=(\"${row[2]//:/\\\\:}:$row[3]\") ;;\n"
                          "    open) open+=(\"${row[2]//:/\\\\:}:$row[3]\") ;;\n"
                          "    files) _files ;;\n"
                          "    hosts) _hosts ;;\n"
                          "    ports) _ports ;;\n"
                          "    interfaces) _net_interfaces ;;\n"
                          "    esac\n"
                          "done\n"
                          "(( $#whole )) && _describe -t words word whole\n"
                          "(( $#open )) && _describe -t open word open -S ''\n";

static const char fish[] = "function __tcpwalk_words\n"
                           "    set -l words (commandline -opc) (commandline -ct | string replace -r '^[\\'\"]' '')\n"
                           "    test (count $words) -gt 1; or set words $words ''\n"
                           "    for line in ($words[1] completion words -- $words[2..-1] 2>/dev/null)\n"
                           "        set -l row (string split \\t -- $line)\n"
                           "        switch $row[1]\n"
                           "            case word open\n"
                           "                printf '%s\\t%s\\n' $row[2] $row[3]\n"
                           "            case files\n"
                           "                __fish_complete_path $words[-1]\n"
                           "            case hosts\n"
                           "                __fish_print_hostnames\n"
                           "            case interfaces\n"
                           "                __fish_print_interfaces\n"
                           "        end\n"
                           "    end\n"
                           "end\n"
                           "complete -c tcpwalk -f -a '(__tcpwalk_words)'\n";

int run_completion(const struct command *command, const struct options *options, int count, char **operands,
                   const struct lab *lab, struct fault *fault)
{
    static const struct {
        const char *shell, *script;
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

    (void)command, (void)options, (void)lab;
    if (count > 0 && strcmp(operands[0], "words") == 0) {
        candidates_print(stdout, count - 1, operands + 1);
        return STATUS_DONE;
    }
    for (size_t i = 0; count == 1 && i < sizeof(shells) / sizeof(shells[0]); i++) {
        if (strcmp(operands[0], shells[i].shell) == 0) {
            fputs(shells[i].script, stdout);
            return STATUS_DONE;
        }
    }
    fault_set(fault, FAULT_USAGE, "completion needs one of bash, zsh and fish");
    return STATUS_USAGE;
}
