#!/usr/bin/env bats
# Installing, and taking away again, the program with its manuals and completions.

load helper
load walks

setup() {
    TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    TARGET=$BATS_TEST_TMPDIR/target
    # The build as delivered is there already; without make's own variables, which an outer one may have set.
    MAKE=(env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s -C "$TOP" "DESTDIR=$TARGET" PREFIX=/usr)
}

teardown() {
    tell_failure
}

installed() {
    (cd "$TARGET" && find . -type f | LC_ALL=C sort)
}

@test "install puts exactly these files there, and uninstall takes them away" {
    "${MAKE[@]}" install
    [[ "$(installed)" == "./usr/bin/tcpwalk
./usr/share/bash-completion/completions/tcpwalk
./usr/share/fish/vendor_completions.d/tcpwalk.fish
./usr/share/locale/ko/LC_MESSAGES/tcpwalk.mo
./usr/share/man/ko/man8/tcpwalk.8
./usr/share/man/man5/tcpwalk-json.5
./usr/share/man/man5/tcpwalk-lesson.5
./usr/share/man/man5/tcpwalk-step.5
./usr/share/man/man8/tcpwalk.8
./usr/share/zsh/site-functions/_tcpwalk" ]]
    [[ $(stat -c %a "$TARGET/usr/bin/tcpwalk") == 755 ]]
    [[ $(stat -c %a "$TARGET/usr/share/man/man8/tcpwalk.8") == 644 ]]
    # A second time is no harm.
    "${MAKE[@]}" install
    touch "$TARGET/usr/bin/other"
    "${MAKE[@]}" uninstall
    [[ "$(installed)" == ./usr/bin/other ]]
    "${MAKE[@]}" uninstall
}

@test "another prefix" {
    "${MAKE[@]}" install PREFIX=/opt/walk
    [[ -x $TARGET/opt/walk/bin/tcpwalk && -e $TARGET/opt/walk/share/man/man8/tcpwalk.8 ]]
    "${MAKE[@]}" uninstall PREFIX=/opt/walk
    [[ -z $(installed) ]]
}

@test "what is installed runs" {
    "${MAKE[@]}" install
    keep "$TARGET/usr/bin/tcpwalk" --version
    content
    grep -q '^tcpwalk ' "$SAID"
    LC_ALL=ko_KR.UTF-8 keep "$TARGET/usr/bin/tcpwalk" teach
    content
    grep -q 세그먼트 "$SAID"
    "$TARGET/usr/bin/tcpwalk" lab close -q --linger 0 echo || skip "no lab here"
}

# described WORD PAGE...: each of these manuals, as text, has it.
described() {
    local page
    for page in "${@:2}"; do
        grep -qF -- "$1" "$page" || {
            echo "not in ${page##*/}: $1"
            return 1
        }
    done
}

@test "the manuals are found, and describe every option, command and status" {
    command -v mandoc >/dev/null || skip "there is no mandoc"
    "${MAKE[@]}" install
    local page word
    page=$BATS_TEST_TMPDIR/page
    mandoc -T utf8 "$TARGET/usr/share/man/man8/tcpwalk.8" | sed 's/.\x08//g' >"$page"
    grep -q 'TCPWALK(8)' "$page"
    mandoc -T utf8 "$TARGET/usr/share/man/ko/man8/tcpwalk.8" | sed 's/.\x08//g' >"$page.ko"
    grep -q '3-way 핸드셰이크' "$page.ko"
    mandoc -T utf8 "$TARGET/usr/share/man/man5/tcpwalk-json.5" | sed 's/.\x08//g' | grep -q 'TCPWALK-JSON(5)'
    mandoc -T utf8 "$TARGET/usr/share/man/man5/tcpwalk-step.5" | sed 's/.\x08//g' | grep -q 'TCPWALK-STEP(5)'
    for word in $("$TCPWALK" --help | grep -oE -- '--[a-z0-9-]+' | sort -u); do
        described "$word" "$page" "$page.ko"
    done
    for word in $("$TCPWALK" --help | sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p') \
        $("$TCPWALK" lab | awk '$2 ~ /^[0-9]+$/ || $1 ~ /^client-/ { print $1 }'); do
        described "$word" "$page" "$page.ko"
    done
}

# completed WORD...: what bash completes on a line with these words behind the program, the last word being the one at the
# cursor. Bash itself cuts words at = | ; < and > too: CUR is what it takes for the last one, if not all of it.
completed() {
    (
        # shellcheck disable=SC1090 # it is made by the build
        . "$TARGET/usr/share/bash-completion/completions/tcpwalk"
        set -- "$TARGET/usr/bin/tcpwalk" "$@"
        COMP_WORDS=("${@:1:$#-1}" "${CUR-${*: -1}}") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMPREPLY=()
        _tcpwalk
        printf '%s\n' "${COMPREPLY[@]}"
    )
}

# offered WANTED... -- WORD...: every one of them is completed there.
offered() {
    local wanted=() word
    while [[ $1 != -- ]]; do
        wanted+=("$1")
        shift
    done
    shift
    completed "$@" >"$SAID"
    for word in "${wanted[@]}"; do
        grep -qxF -e "$word" "$SAID" || {
            echo "not completed after $*: $word"
            return 1
        }
    done
}

# listed FIRST LAST INDENT COMMAND...: the first words of what the command prints between these two lines, so far from the left.
listed() {
    local first=$1 last=$2 indent=$3
    shift 3
    "$@" | sed -nE "/$first/,/$last/s/^ {$indent}([a-z][a-z-]+).*/\\1/p" | sort -u
}

@test "the completion for bash: commands, options, and what follows some of them" {
    local words
    "${MAKE[@]}" install
    bash -n "$TARGET/usr/share/bash-completion/completions/tcpwalk"
    bash -c '. "$1"; complete -p tcpwalk' bash "$TARGET/usr/share/bash-completion/completions/tcpwalk" | grep -q _tcpwalk
    mapfile -t words < <(listed '^commands:' '^$' 2 "$TCPWALK" --help)
    ((${#words[@]} > 10))
    offered "${words[@]}" -- ''
    offered half-close -- ha
    mapfile -t words < <("$TCPWALK" --help | grep -oE -- '--[a-z0-9-]+' | sort -u)
    ((${#words[@]} > 30))
    offered "${words[@]}" -- --
    offered --verify-netns -- --verify-
    offered bash zsh fish -- completion ''
    offered lo -- --interface ''
    offered lo -- open -i l
    touch "$BATS_TEST_TMPDIR/half.walk"
    offered "$BATS_TEST_TMPDIR/half.walk" -- run "$BATS_TEST_TMPDIR/ha"
    offered "$BATS_TEST_TMPDIR/half.walk" -- lab run "$BATS_TEST_TMPDIR/ha"
    offered "$BATS_TEST_TMPDIR/half.walk" -- --verify-netns "$BATS_TEST_TMPDIR/ha"
    # A value is none of the operands.
    offered expect -- open --timeout 3s 192.0.2.1 80 exp
    offered expect -- --timeout=3s 192.0.2.1 80 exp
}

@test "the completion for bash: servers and clients after lab" {
    local services clients
    "${MAKE[@]}" install
    mapfile -t services < <("$TCPWALK" lab | awk '$2 ~ /^[0-9]+$/ { print $1 }')
    mapfile -t clients < <("$TCPWALK" lab | awk '$1 ~ /^client(-[a-z]+)*$/ && $2 != "for" { print $1 }')
    ((${#services[@]} > 15 && ${#clients[@]} > 4))
    offered "${services[@]}" walk listen run -- lab ''
    offered "${services[@]}" -- lab close --verify ''
    offered "${clients[@]}" -- lab listen ''
    offered "${services[@]}" "${clients[@]}" -- lab run script.walk ''
    offered echo -- lab close 127.0.0.1 e
    [[ -z $(completed lab listen e) && -z $(completed lab close client) ]]
}

@test "the completion for bash: what can be measured, alone or in a list, then host and port" {
    local kinds services word
    "${MAKE[@]}" install
    mapfile -t kinds < <("$TCPWALK" measure | sed -nE 's/^  ([a-z][a-z0-9-]+) .*/\1/p')
    ((${#kinds[@]} > 10))
    offered "${kinds[@]}" -- measure ''
    offered "${kinds[@]}" -- measure --max 2s ''
    offered "${kinds[@]}" -- lab measure ''
    offered syn-ack -- lab measure s
    # In a list: those that are not in it, and no profile, which is one itself.
    for word in "${kinds[@]}"; do
        [[ $word == profile || $word == rtt ]] || offered "rtt,$word" -- measure rtt,
    done
    [[ -z $(completed measure rtt,rt) && -z $(completed measure rtt,pro) ]]
    offered close close-wait -- measure clo
    offered rtt,close-wait,close -- measure rtt,close-wait,clo
    mapfile -t services < <("$TCPWALK" lab | awk '$2 ~ /^[0-9]+$/ { print $1 }')
    offered "${services[@]}" lab -- lab measure rtt,isn ''
    offered echo -- lab measure rtt 127.0.0.1 e
    [[ -z $(completed lab measure rtt client) ]]
    # Which services a machine knows is its own affair; of the host the shell knows the names.
    [[ $("$TCPWALK" completion words -- measure rtt '') == hosts ]]
    [[ $("$TCPWALK" completion words -- measure rtt localhost '') == ports ]]
    touch "$BATS_TEST_TMPDIR/chart.svg"
    offered "$BATS_TEST_TMPDIR/chart.svg" -- measure --svg "$BATS_TEST_TMPDIR/cha"
}

@test "the completion for bash: the words of the step language, as the tables have them" {
    local words
    "${MAKE[@]}" install
    mapfile -t words < <(listed '^Steps:' '^Behind' 4 "$TCPWALK" help steps)
    ((${#words[@]} > 15))
    offered "${words[@]}" -- 192.0.2.1 80 ''
    offered "${words[@]}" -- open 192.0.2.1 80 ''
    offered "${words[@]}" -- listen 80 ''
    offered "${words[@]}" -- lab open echo ''
    offered "${words[@]}" -- lab listen client ''
    offered nothing state local data icmp next any -- 192.0.2.1 80 expect ''
    mapfile -t words < <("$TCPWALK" help states | sed -nE 's/^ +([A-Z0-9-]+)$/\1/p')
    ((${#words[@]} == 11))
    offered "${words[@]}" -- 192.0.2.1 80 expect state ''
    mapfile -t words < <("$TCPWALK" help fields | sed -nE 's/^ +([a-z]+)=.*/\1=/p')
    ((${#words[@]} > 12))
    offered tsecr= len= checksum= options= -- 192.0.2.1 80 segment S ''
    offered within -- 192.0.2.1 80 expect S. ''
    # The part of a word that bash takes for all of it; a step in quotes; another step before.
    CUR=LA offered LAST-ACK -- 192.0.2.1 80 expect state 'CLOSE-WAIT|LA'
    CUR='=' offered nxt una -- 192.0.2.1 80 ack seq=
    offered 'open; half-close' -- 192.0.2.1 80 "'open; ha"
    offered 'CLOSE-WAIT|LAST-ACK' -- 192.0.2.1 80 expect state '"CLOSE-WAIT|LA'
    offered steps numbers expect -- help ''
    # Where anything can stand nothing is offered.
    [[ -z $(completed 192.0.2.1 80 send '"GET') ]]
}

@test "the completions for zsh and fish are read by these shells, and fish completes" {
    "${MAKE[@]}" install
    local fish=$TARGET/usr/share/fish/vendor_completions.d/tcpwalk.fish
    head -n 1 "$TARGET/usr/share/zsh/site-functions/_tcpwalk" | grep -q '^#compdef tcpwalk'
    grep -q 'complete -c tcpwalk' "$fish"
    # Where they are not installed, that is all that can be looked at.
    ! command -v zsh >/dev/null || zsh -n "$TARGET/usr/share/zsh/site-functions/_tcpwalk"
    command -v fish >/dev/null || return 0
    fish -n "$fish"
    PATH=$TARGET/usr/bin:$PATH HOME=$BATS_TEST_TMPDIR keep fish -c "source $fish; complete -C 'tcpwalk lab open echo exp'
        complete -C 'tcpwalk --dry'; complete -C 'tcpwalk lab listen client-k'; complete -C 'tcpwalk h 80 \"open; hal'"
    content
    cut -f 1 "$SAID" | diff - <(printf '%s\n' expect --dry-run client-keeps-open 'open; half-close')
}

@test "completion of a shell that there is not" {
    keep "$TCPWALK" completion tcsh
    status 2
    complaint 'bash'
    keep "$TCPWALK" completion
    status 2
    complaint 'bash'
    local shell
    for shell in bash zsh fish; do
        keep "$TCPWALK" completion "$shell"
        content
        [[ $(wc -l <"$SAID") -gt 5 ]]
    done
}

@test "the installed program, granted CAP_NET_RAW, walks for a plain user" {
    [[ $(id -u) == 0 ]] || skip "only root can grant a capability to a file"
    # Where everybody may go; the tests' own directories are root's.
    TARGET=$(mktemp -d)
    chmod 755 "$TARGET"
    MAKE=(env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s -C "$TOP" "DESTDIR=$TARGET" PREFIX=/usr)
    "${MAKE[@]}" install
    if ! "${MAKE[@]}" setcap; then
        rm -rf "$TARGET"
        skip "this file system keeps no capabilities"
    fi
    [[ $(getcap "$TARGET/usr/bin/tcpwalk") == *cap_net_raw=ep ]]
    net_up
    start_echo
    # A copy is granted nothing.
    cp "$TARGET/usr/bin/tcpwalk" "$TARGET/copy"
    keep client setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$TARGET/copy" open "$SERVER4" 7
    status 5
    complaint CAP_NET_RAW
    keep client setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
        "$TARGET/usr/bin/tcpwalk" close --linger 0 --json "$SERVER4" 7
    content
    well_formed
    ended 'outcome == "closed"'
    # So do its steps: made by hand, typed, and on the passive side.
    local granted=(client setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$TARGET/usr/bin/tcpwalk")
    keep "${granted[@]}" "$SERVER4" 7 'syn; expect S.; ack; segment P. len=5 urg=1; expect . ack=+6; fin; expect F.' --json
    content
    well_formed
    keep bash -c 'printf "open\nhalf-close\nexpect F.\n" | "$@"' _ nsenter -t "$NET_CLIENT" "${NET_ENTER[@]}" -n \
        "${granted[@]:1}" step "$SERVER4" 7 --json
    content
    well_formed
    start listener client "${granted[@]:1}" listen 9000 'accept; expect data "hello"; close' --json
    wait_for_words listener 'waiting for a SYN'
    server socat -u - "TCP4:$CLIENT4:9000" <<<hello
    wait_for_words listener '"event":"end","status":0,"outcome":"closed"'
    rm -rf "$TARGET"
    net_down
}
