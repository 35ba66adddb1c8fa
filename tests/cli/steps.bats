#!/usr/bin/env bats
# shellcheck disable=SC1003 # backslashes that end a quoted word are meant
# The step language at work: scripts, steps on the command line, expectations and their exit statuses, TAP, dry runs, and the
# prompt as a co-process. What the language itself accepts is in tests/unit/test_step*.c.

load helper
load walks

EXAMPLES="$BATS_TEST_DIRNAME/../examples"

setup_file() {
    need_lab
}

setup() {
    SCRIPT=$BATS_TEST_TMPDIR/script.walk
}

teardown() {
    tell_failure
    net_down
}

# Runs what follows without any privilege; who is not root has none.
UNPRIVILEGED=(env)
if [[ $(id -u) == 0 ]]; then
    UNPRIVILEGED=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all)
fi

# script LINE...: what $SCRIPT holds.
script() {
    printf '%s\n' "$@" >"$SCRIPT"
}

in_lab() {
    keep "${BOUND[@]}" "$TCPWALK" lab "$@"
}

# heard FILTER: one of the step events is so.
heard() {
    whole "any(.[]; .event == \"step\" and ($1))"
}

# ---- scripts and steps -----------------------------------------------------------------------------------------------

@test "a script that holds is exit 0, one that does not is 1, and says where, what came, and what differs" {
    script open 'send "hello\r\n"' 'expect P. len=7 ack=+8' 'expect data "^hello"'
    in_lab run "$SCRIPT" echo --json --verify
    well_formed
    confirmed
    content
    script open 'send "hello\r\n"' '  expect P. len=8 ack=+9 within 300ms'
    in_lab run "$SCRIPT" echo --json
    well_formed
    status 1
    complaint 'line 3: expect P. len=8 ack=\+9 within 300ms: .*differs in ack,len'
    heard '.ok == false and .line == 3 and .column == 3 and .differs == ["ack", "len"] and .n > 0'
    ended 'outcome == "unexpected" and .status == 1'
}

@test "steps stand behind the endpoint too, and strings need no quotes of their own there" {
    in_lab open http send 'GET / HTTP/1.0\r\n\r\n' ';' half-close ';' expect data 'HTTP/1\.[01] 200 OK' ';' expect F. --json
    well_formed
    content
    heard '.step == "send \"GET / HTTP/1.0\\r\\n\\r\\n\"" and .ok'
    in_lab echo 'syn; expect S.; ack' --json
    well_formed
    content
    began 'command == "steps"'
}

@test "named walks are scripts: what is printed gives the same steps, and the same walk" {
    local name
    for name in walk open half-close close simultaneous-open simultaneous-close listen; do
        "$TCPWALK" --print-script "$name" >"$SCRIPT"
        "$TCPWALK" --print-script run "$SCRIPT" | cmp - "$SCRIPT"
    done
    "$TCPWALK" --print-script walk --send 'say "hi"\r\n\x00\\' >"$SCRIPT"
    in_lab run "$SCRIPT" echo --json
    jq -r 'select(.event == "step").step' "$SAID" >"$(log one)"
    in_lab walk echo --send 'say "hi"\r\n\x00\\' --json
    jq -r 'select(.event == "step").step' "$SAID" | cmp - "$(log one)"
    ended 'bytes.out == 12'
}

@test "steps of the command line are printed once, and strings come through whatever they hold" {
    keep "$TCPWALK" --print-script listen 9000 accept ';' drain
    content
    [[ $(tr '\n' , <"$SAID") == listen,accept,drain, ]]
    keep "$TCPWALK" --print-script 192.0.2.77 80 open ';' send send ';' send 'a\\"b"' ';' expect data $'x\ny'
    content
    [[ $(<"$SAID") == $'open\nsend "send"\nsend "a\\\\\\"b\\""\nexpect data "x\\ny"' ]]
}

@test "a wrong script is exit 2 with its place, before anything is opened" {
    chmod 755 "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/*
    script open '' 'expct S.'
    keep "${UNPRIVILEGED[@]}" "$TCPWALK" run "$SCRIPT" 192.0.2.77 80
    status 2
    complaint "script.walk:3:1: 'expct' is no step; did you mean expect\?"
    [[ ! -s $SAID ]]
    keep "$TCPWALK" 192.0.2.77 80 'syn; expect S. ack=x'
    status 2
    complaint "steps:1:16: ack= wants"
    script 'open' 'expect data "(unclosed"'
    keep "$TCPWALK" run "$SCRIPT" 192.0.2.77 80
    status 2
    complaint 'script.walk:2:1: the pattern is no regular expression: '
    script 'send "before"' open
    keep "$TCPWALK" run "$SCRIPT" 192.0.2.77 80
    status 2
    complaint 'script.walk:1:1: '
    script 'open; send file /nonexistent'
    keep "$TCPWALK" run "$SCRIPT" 192.0.2.77 80
    status 2
    complaint 'script.walk:1:7: /nonexistent: No such file'
    keep "$TCPWALK" run /nonexistent 192.0.2.77 80
    status 2
    complaint '/nonexistent: No such file'
    : >"$SCRIPT"
    keep "$TCPWALK" run "$SCRIPT" 192.0.2.77 80
    status 2
    complaint 'script.walk:1:1: '
}

@test "files, zeros and hex are sent as they are" {
    head -c 20000 /dev/urandom >"$BATS_TEST_TMPDIR/blob"
    script open "send file $BATS_TEST_TMPDIR/blob" 'send zeros 1000' 'send hex 00ff0a' 'half-close' 'expect F. within 5s'
    in_lab run "$SCRIPT" echo --json
    well_formed
    content
    ended 'bytes.out == 21003 and .bytes.in == 21003'
    # More than fits into one segment, over an interface that takes the largest ones.
    in_lab 127.0.0.1 discard 'open; send zeros 300000; half-close' --json
    well_formed
    content
    ended 'bytes.out == 300000'
}

@test "a reset that is expected is fine, one that is not is exit 4" {
    in_lab refused 'syn; expect R. ack=+1; expect state CLOSED proven' --json
    well_formed
    content
    ended 'outcome == "refused" and .status == 0'
    in_lab reset 'open; send "x"; wait 200ms' --json
    well_formed
    status 4
    ended 'outcome == "reset"'
    in_lab reset 'open; send "x"; expect F. within 5s'
    status 1
    in_lab refused 'open; expect S.'
    status 4
}

@test "ICMP errors are expected by name" {
    in_lab prohibited 'syn; expect icmp admin-prohibited' -4 --json
    well_formed
    content
    in_lab prohibited.lab 9012 'syn; expect icmp port-unreachable within 300ms' -4
    status 1
}

@test "what is wrong on purpose goes out, and the peer's kernel does with it what it must" {
    # A checksum that is wrong is dropped, so the peer's SYN-ACK comes only for the second SYN.
    in_lab echo 'syn checksum=bad; expect nothing for 200ms; syn; expect S. ack=+1' --json --verify
    well_formed
    confirmed
    content
    # A FIN behind a gap is not taken.
    in_lab discard 'open; segment F. seq=nxt+5; expect . ack=+1; expect state ESTABLISHED|SYN-RECEIVED' --json --verify
    well_formed
    confirmed
    content
    # A RST that is not exact is challenged, an exact one is not.
    in_lab discard 'open; segment R seq=nxt+1; expect . ack=+1; segment R; expect nothing for 100ms; segment .; expect R' \
        --json --verify
    well_formed
    confirmed
    content
    in_lab discard 'open; segment S seq=nxt+1; expect . ack=+1; segment P. len=5 reserved=5 urg=3 tos=8 ttl=9; expect . ack=+6' \
        --json --verify
    well_formed
    confirmed
    content
    whole 'any(.[]; .event == "segment" and .reserved == 5 and .urg == 3 and .tos == 8 and .ttl == 9)'
    # In fragments: put together again by the peer.
    in_lab discard 'open; segment P. len=100 fragment=40; expect . ack=+101' --json --verify -4
    well_formed
    confirmed
    content
}

@test "silence, waits and withheld ACKs" {
    in_lab closes-late 'open; auto ack off; half-close; expect F.; expect F. within 2s; expect nothing for 50ms; ack; close' \
        --json --verify
    well_formed
    confirmed
    content
    in_lab silent 'syn; expect nothing for 200ms; expect S. within 100ms' --json
    well_formed
    status 1
    heard '.why == "nothing came"'
}

# ---- other outputs ---------------------------------------------------------------------------------------------------

@test "TAP: a test for each expectation, and one for the walk" {
    script open 'expect state ESTABLISHED' half-close 'expect F. within 300ms' 'expect nothing for 100ms'
    in_lab run "$SCRIPT" never-closes --tap
    status 1
    [[ $(grep -c '^ok\|^not ok' "$SAID") == 4 ]]
    grep -qx '1..4' "$SAID"
    grep -qx 'ok 1 - expect state ESTABLISHED' "$SAID"
    grep -qx 'not ok 2 - expect F. within 300ms' "$SAID"
    grep -q '^not ok 3 - .*not reached' "$SAID"
    grep -q '^not ok 4 - the walk: not as expected' "$SAID"
    in_lab run "$EXAMPLES/established.walk" discard --tap
    content
    [[ $(grep -c '^not ok' "$SAID") == 0 ]]
}

@test "TAP of a name with several addresses, and of steps that are typed, is one plan" {
    in_lab open lab refused 'expect F.' --tap
    status 4
    [[ $(grep -cE '^(not )?ok' "$SAID") == 2 && $(grep -c '^1\.\.2$' "$SAID") == 1 ]]
    grep -q '^# another address is tried: refused' "$SAID"
    keep "${BOUND[@]}" bash -c 'printf "%s\n" open "expect local ESTABLISHED" | "$@"' _ "$TCPWALK" lab step echo --tap
    content
    [[ $(tail -1 "$SAID") == 1..2 && $(grep -c '^ok' "$SAID") == 2 ]]
}

@test "a dry run in JSON goes as far as one in words, and ends like it" {
    script open 'send zeros 400000' close
    keep "$TCPWALK" --dry-run run "$SCRIPT" --json
    well_formed
    content
    heard '.step == "close" and .ok'
    script open 'rst' 'expect local CLOSED' 'drain within 1s'
    keep "$TCPWALK" --dry-run run "$SCRIPT" --json
    status 1
}

@test "a dry run needs no privilege, no host and no time" {
    local file before=$SECONDS
    for file in "$EXAMPLES"/*.walk; do
        keep "${UNPRIVILEGED[@]}" "$TCPWALK" --dry-run run "$file"
        content
        grep -q 'A dry run' "$SAID"
    done
    keep "$TCPWALK" --dry-run close
    content
    grep -q 'SYN-RECEIVED -> ESTABLISHED: its SYN is acknowledged' "$SAID"
    grep -q 'LAST-ACK -> CLOSED' "$SAID"
    keep "$TCPWALK" --dry-run half-close --json
    well_formed
    content
    ((SECONDS - before < 30))
}

# ---- the co-process --------------------------------------------------------------------------------------------------

@test "steps come by a pipe, and each is answered by its event" {
    keep "${BOUND[@]}" bash -c 'printf "%s\n" "open" "send \"hi\"" "expct" "expect data \"hi\"" "expect F. within 200ms" \
        "half-close" "expect F." | "$@"' _ "$TCPWALK" lab step echo --json --verify
    well_formed
    confirmed
    status 1
    [[ $(jq -r 'select(.event == "step") | "\(.line) \(.ok)"' "$SAID" | tr '\n' ,) == \
        '1 true,2 true,3 false,4 true,5 false,6 true,7 true,' ]]
    ended 'outcome == "closed"'
}

@test "each step that comes by a pipe has one event, in order: very many, wrong ones, and those behind one that failed" {
    local line typed="$BATS_TEST_TMPDIR/typed"
    {
        yes '# no step' | head -1000
        yes 'no step at all' | head -1000
        echo 'open'
        yes 'auto ack on; send "x"; expect local ESTABLISHED' | head -500
        echo 'listen; send "not sent"; expect F.'
        echo 'close'
    } >"$typed"
    printf 'exec "$@" <%q\n' "$typed" >"$BATS_TEST_TMPDIR/feed"
    keep "${BOUND[@]}" bash "$BATS_TEST_TMPDIR/feed" "$TCPWALK" lab step echo --json
    well_formed
    status 1
    [[ $(jq -r 'select(.event == "step") | "\(.line) \(.ok)"' "$SAID" | uniq -c | awk '{ print $1, $2, $3 }' | cksum) == \
        "$({
            for line in {1001..2000}; do echo "1 $line false"; done
            echo '1 2001 true'
            for line in {2002..2501}; do echo "3 $line true"; done
            echo '3 2502 false'
            echo '1 2503 true'
        } | cksum)" ]]
    heard '.line == 2502 and .step == "expect F." and .why == "not done: a step before it failed"'
    ended 'outcome == "closed" and .bytes.out == 500'
}

@test "an end of input in the middle resets what is open" {
    keep "${BOUND[@]}" bash -c 'printf "open" | "$@"' _ "$TCPWALK" lab step discard --json --verify
    well_formed
    confirmed
    status 0
    ended 'outcome == "opened" and .history == "ShAR"'
}

@test "the examples of a co-process, in bash and in Python" {
    TCPWALK="$TCPWALK lab" keep "${BOUND[@]}" "$EXAMPLES/syn-ack-schedule.sh" 2 echo
    content
    grep -q '^repeated after 1\.0' "$SAID"
    grep -q '^repeated after 3\.0' "$SAID"
    TCPWALK="$TCPWALK lab" keep "${BOUND[@]}" python3 "$EXAMPLES/echo-times.py" 1000 echo
    content
    grep -qE '^1 bytes: [0-9.]+ ms' "$SAID"
    grep -qE '^32768 bytes: [0-9.]+ ms' "$SAID"
}
