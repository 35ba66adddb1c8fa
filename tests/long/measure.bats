#!/usr/bin/env bats
# The clocks of Linux as it is delivered, in full: two minutes and more, so they are run by `make check-long`. All are measured at
# once, and each test waits for one.

load ../cli/helper
load ../cli/walks
load ../cli/measure

# begin NAME WHAT ADDRESS PORT: its pid is kept for the test that waits for it, in the file NAME.pid.
begin() {
    measuring "$@"
    echo "$STARTED_PID" >"$BATS_FILE_TMPDIR/$1.pid"
}

setup_file() {
    measure_up 13
    server sysctl -qw net.ipv4.tcp_synack_retries=5 net.ipv4.tcp_fin_timeout=60 net.ipv4.tcp_orphan_retries=0
    begin syn4 syn-ack "$SERVER4" "$ECHO"
    begin syn6 syn-ack "$SERVER6" "$ECHO"
    begin last4 last-ack "$SERVER4" "$DISCARD"
    begin last6 last-ack "$SERVER6" "$DISCARD"
    begin wait4 fin-wait-2 "$SERVER4" "$CLOSES_FIRST"
    begin wait6 fin-wait-2 "$SERVER6" "$CLOSES_FIRST"
    begin time4 time-wait "$SERVER4" "$SHUTS_DOWN"
    begin time6 time-wait "$SERVER6" "$SHUTS_DOWN"
    drop to-server 'tcp dport 13 numgen random mod 100 <= 11'
    drop to-client 'tcp sport 13 numgen random mod 100 <= 11'
    begin lossy time-wait "$SERVER4" 13
}

teardown() {
    tell_failure
}

teardown_file() {
    net_down
}

# ended_well NAME: waits for it; it is no child of this process, and its exit status is that in its last line.
ended_well() {
    local pid
    pid=$(<"$BATS_FILE_TMPDIR/$1.pid")
    # shellcheck disable=SC2034 # for tell_failure
    KEPT="the measurement $1"
    wait_for 200 gone "$pid"
    cp "$BATS_FILE_TMPDIR/$1.log" "$SAID"
    well_formed
    whole 'last | .event == "end" and .status == 0'
}

# not_restarted: the kernel's timer of the measured TIME-WAIT ran down from the beginning to its end while it was asked: once a
# second the watcher saw what was left.
not_restarted() {
    local port
    port=$(client_port time-wait)
    grep '^{' "$WATCHED" | jq -es --argjson port "$port" 'map(select(.port == $port))
        | all(.[]; has("restarted") | not)
        and (map(select((.timer // 0) > 1) | .timer + .at) | length > 50 and (max - min) < 0.5)
        and (map(select(has("timer")).timer) | first > 58 and last < 3 and . == (sort | reverse))' >/dev/null
}

@test "TIME-WAIT in full, and asking does not start its timer anew" {
    local family
    for family in 4 6; do
        ended_well "time$family"
        came time-wait 'done'
        agrees time-wait length TIME-WAIT 1.6
        found time-wait length 'least > 59 and .most < 66'
        found time-wait method 'word == "flagless"'
        unfound time-wait restarted
        whole '(map(select(.kind == "answered")) | length) > 80'
        not_restarted
    done
}

@test "TIME-WAIT over a path that loses: an interval that holds, whether its timer was started anew or not" {
    ended_well lossy
    agrees time-wait length TIME-WAIT -1
    found time-wait length 'least > 50'
    whole 'any(.[]; .kind == "silent")'
}

@test "FIN-WAIT-2 in full" {
    local family
    for family in 4 6; do
        ended_well "wait$family"
        came fin-wait-2 'done'
        agrees fin-wait-2 length FIN-WAIT-2 1
        found fin-wait-2 length 'least > 58 and .most < 64'
    done
}

@test "the SYN-ACK is repeated five times, then the peer gives up" {
    local family
    for family in 4 6; do
        ended_well "syn$family"
        came syn-ack 'done'
        agrees syn-ack gave-up SYN-RECEIVED 1.5
        found syn-ack gave-up 'least > 61 and .most < 67'
        found syn-ack repeats 'number == 5'
    done
}

@test "the FIN is repeated eight times or nine, then the peer gives up" {
    local family
    for family in 4 6; do
        ended_well "last$family"
        came last-ack 'done'
        agrees last-ack gave-up LAST-ACK 1
        found last-ack gave-up 'least > 95 and .most < 140'
        found last-ack repeats 'number >= 8'
    done
}

@test "nothing of ours is left at the peer but TIME-WAIT" {
    local port
    for port in "$ECHO" "$DISCARD" "$CLOSES_FIRST" "$SHUTS_DOWN"; do
        left_alone "$port"
    done
}
