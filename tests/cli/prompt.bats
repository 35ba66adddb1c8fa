#!/usr/bin/env bats
# The prompt of `tcpwalk step` on a terminal: what it shows, what it does with keys while segments arrive, and how it leaves the
# terminal.

load helper
load walks

setup_file() {
    need_lab
}

teardown() {
    tell_failure
    net_down
}

# typing SERVICE LINE...: at the prompt, as tests/cli/typist has it.
typing() {
    local service=$1
    shift
    printf '%s\n' "$@" >"$(log typed)"
    # The keeper of the terminal is no leak of memory, and a sanitizer would take it for one.
    HOME=$BATS_TEST_TMPDIR TERM=xterm ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" \
        keep "${BOUND[@]}" "$BATS_TEST_DIRNAME/typist" "$(log typed)" "$TCPWALK" lab step "$service"
    status 0
}

@test "the prompt shows both states and the numbers, before and after each step" {
    typing closes-late \
        'wait CLOSED 0:- . LISTEN\? > ' 'type open\r' \
        'wait ESTABLISHED 1:1 . ESTABLISHED\? > ' 'type send "hello"\r' \
        'wait ESTABLISHED 6:1 . ESTABLISHED > ' 'type half-close\r' \
        'wait FIN-WAIT-2 7:1 . CLOSE-WAIT > ' 'type expect F.\r' \
        'wait met: expect F.' 'wait TIME-WAIT 7:2 . CLOSED\? > ' 'type quit\r' end
    grep -q '^exit status 0' "$SAID"
    grep -q '^terminal restored True' "$SAID"
}

@test "what arrives is printed while a line is half typed, and the line is still there" {
    typing closes-late \
        'wait LISTEN\? > ' 'type open\r' 'wait ESTABLISHED\? > ' 'type half-close\r' \
        'wait CLOSE-WAIT > ' 'type expect F. wi' 'wait expect F. wi' \
        'wait LAST-ACK' 'wait CLOSED\? > expect F. wi' 'type thin 3s\r' 'wait met: expect F. within 3s' 'type \x04' end
    grep -q '^terminal restored True' "$SAID"
}

@test "completion, history, help, and lines that are no step" {
    typing echo \
        'wait LISTEN\? > ' 'type half\t\r' 'wait half-close: there is no connection to' \
        'type expect st\tTIM\twithin 10ms\r' 'wait NOT MET .line 2.*TIME-WAIT within 10ms' \
        'type nonsense\r' 'wait FAILED .line 3, column 1.: nonsense: ' 'type \x1b[A' 'wait nonsense' \
        'type \x15help wait\r' 'wait Lets time pass' 'type open\ropen\r' 'wait there is a connection already' \
        'type quit\r' end
    grep -q '^exit status 1' "$SAID"
    grep -q 'nonsense' "$BATS_TEST_TMPDIR/.tcpwalk_history"
    [[ $(stat -c %a "$BATS_TEST_TMPDIR/.tcpwalk_history") == 600 ]]
}

@test "an escape alone does not keep the walk, and several lines can come at once" {
    typing closes-late \
        'wait LISTEN\? > ' 'type open\rhalf-close\r\x1b' 'wait CLOSE-WAIT' 'wait LAST-ACK' 'wait CLOSED' \
        'type b\x15quit\r' end
    grep -q '^exit status 0' "$SAID"
}

@test "Ctrl-C, SIGTERM and kill -9 leave the terminal as it was" {
    typing discard 'wait LISTEN\? > ' 'type open\r' 'wait ESTABLISHED\? > ' 'type expe' 'wait expe' 'type \x03' end
    grep -q '^exit status -2' "$SAID"
    grep -q '^terminal restored True' "$SAID"
    grep -q 'history ShAR' "$SAID"
    typing discard 'wait LISTEN\? > ' 'type open\r' 'wait ESTABLISHED\? > ' 'kill SIGTERM' end
    grep -q '^exit status -15' "$SAID"
    grep -q '^terminal restored True' "$SAID"
    typing discard 'wait LISTEN\? > ' 'type open\r' 'wait ESTABLISHED\? > ' 'kill SIGKILL' end
    grep -q '^exit status -9' "$SAID"
    grep -q '^terminal restored True' "$SAID"
}
