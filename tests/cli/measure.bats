#!/usr/bin/env bats
# What is measured from outside agrees with what the peer's kernel says of its socket, within the uncertainty that is
# stated; and nothing of ours is left there. The long ones are in tests/long.

load helper
load walks
load measure

setup_file() {
    measure_up
}

setup() {
    server sysctl -qw net.ipv4.tcp_synack_retries=1 net.ipv4.tcp_fin_timeout=3 net.ipv4.tcp_orphan_retries=1 \
        net.ipv4.tcp_max_tw_buckets=4096 net.ipv4.tcp_syncookies=1 net.ipv4.tcp_abort_on_overflow=0
}

teardown() {
    tell_failure
    heal
}

teardown_file() {
    net_down
}

# ---- timers ----------------------------------------------------------------------------------------------------------

# timers: how long SYN-RECEIVED, LAST-ACK, FIN-WAIT-1 and FIN-WAIT-2 last, over both families at once; none stated wider than
# these.
timers() {
    local address family
    for family in 4 6; do
        address="SERVER$family"
        measuring "syn$family" syn-ack "${!address}" "$ECHO"
        measuring "last$family" last-ack "${!address}" "$DISCARD"
        measuring "wait$family" fin-wait-2 "${!address}" "$CLOSES_FIRST"
    done
    for family in 4 6; do
        measured "syn$family"
        content
        came syn-ack 'done'
        agrees syn-ack gave-up SYN-RECEIVED "$1"
        found syn-ack memory 'word == "memory"'
        found syn-ack repeats "number == $2"
        left_alone "$ECHO"

        measured "last$family"
        content
        came last-ack 'done'
        agrees last-ack gave-up LAST-ACK "$1"
        left_alone "$DISCARD"

        measured "wait$family"
        content
        came fin-wait-2 'done'
        agrees fin-wait-2 length FIN-WAIT-2 "$1"
        # What tells is in the header of IPv4 alone.
        found fin-wait-2 holder "word == \"$([[ $family == 4 ]] && echo orphaned || echo unknown)\""
        left_alone "$CLOSES_FIRST"
    done
}

@test "the schedules and the ends of SYN-RECEIVED, LAST-ACK and FIN-WAIT-2" {
    timers 1.4 1
}

@test "... and when the peer tries longer; FIN-WAIT-2 of a socket that is still held does not end" {
    server sysctl -qw net.ipv4.tcp_synack_retries=2 net.ipv4.tcp_fin_timeout=5 net.ipv4.tcp_orphan_retries=3
    measuring held fin-wait-2 "$SERVER4" "$SHUTS_DOWN" --max 7s
    timers 1.5 2
    measured held
    content
    came fin-wait-2 bounded
    agrees fin-wait-2 length FIN-WAIT-2 -1
    found fin-wait-2 length 'least > 6 and .most == null'
    found fin-wait-2 holder 'word == "owned"'
    left_alone "$SHUTS_DOWN"
}

@test "... and when it does not try again" {
    server sysctl -qw net.ipv4.tcp_synack_retries=0
    measure syn-ack "$SERVER4" "$ECHO"
    content
    agrees syn-ack gave-up SYN-RECEIVED 1.4
    found syn-ack repeats 'number == 0'
    found syn-ack memory 'word == "memory"'
}

@test "what is lost on the way makes no interval false" {
    local i
    server sysctl -qw net.ipv4.tcp_orphan_retries=2
    lose 20
    for i in 1 2 3 4; do
        measuring "syn$i" syn-ack "$SERVER4" "$ECHO" --max 10s
        measuring "last$i" last-ack "$SERVER4" "$DISCARD" --max 10s
        measuring "wait$i" fin-wait-2 "$SERVER6" "$CLOSES_FIRST" --max 10s
    done
    for i in 1 2 3 4; do
        measured "syn$i"
        agrees syn-ack gave-up SYN-RECEIVED -1
        measured "last$i"
        agrees last-ack gave-up LAST-ACK -1
        measured "wait$i"
        agrees fin-wait-2 length FIN-WAIT-2 -1
    done
    [[ $(lost) -gt 20 ]]
}

@test "no TIME-WAIT is kept, nor FIN-WAIT-2 without its application; SYN cookies" {
    server sysctl -qw net.ipv4.tcp_max_tw_buckets=0 net.ipv4.tcp_syncookies=2
    mark
    measuring cookies syn-ack "$SERVER4" "$ECHO"
    measure time-wait "$SERVER4" "$SHUTS_DOWN" --max 10s
    content
    came time-wait 'done'
    [[ $(kernel_saw "$SHUTS_DOWN") != *TIME-WAIT* ]]
    found time-wait none 'word == "none-seen"'
    found time-wait length 'least == 0 and .most < 3'
    measure time-wait "$SERVER4" "$CLOSES_FIRST" --max 10s
    status 4
    came time-wait reset
    [[ $(kernel_saw "$CLOSES_FIRST") != *-WAIT-2* ]]

    measured cookies
    content
    [[ $(kernel_saw "$ECHO") != *SYN-RECEIVED* ]]
    found syn-ack memory 'word == "cookie"'
    found syn-ack repeats 'number == 0'
    unfound syn-ack gave-up
    left_alone "$ECHO"
}

# ---- ends ------------------------------------------------------------------------------------------------------------

# no_guard: our end has left nothing that listens.
no_guard() {
    [[ -z $(client ss -Hltn) ]]
}

# stopped_by SIGNAL WHAT PORT STATE: a measurement is stopped in its middle, when the kernel has the connection in that state.
# For the signal LINK, our interface goes down instead.
stopped_by() {
    local status=0
    mark
    start stopped client env --default-signal=INT "$TCPWALK" measure --json "$2" "$SERVER4" "$3"
    wait_for 10 saw_state "$3" "$4"
    wait_for 10 client_sent_thrice
    if [[ $1 == LINK ]]; then
        client ip link set client0 down
    else
        kill "-$1" "$STARTED_PID"
    fi
    wait_for 5 gone "$STARTED_PID"
    wait "$STARTED_PID" || status=$?
    # shellcheck disable=SC2034 # for walks.bash
    STATUS=$status KEPT="measure $2, stopped by $1"
    grep -v '^tcpwalk: ' "$(log stopped)" >"$SAID" || true
    grep '^tcpwalk: ' "$(log stopped)" >"$COMPLAINED" || true
    wait_for 3 no_guard
    [[ $1 == KILL ]] || well_formed
}

saw_state() {
    [[ $(kernel_saw "$1") == *"$2"* ]]
}

# client_sent_thrice: time enough for a question or two.
client_sent_thrice() {
    ((${SECONDS_BEGAN:=$SECONDS} + 2 <= SECONDS))
}

@test "interrupted, it tells what was measured until then, and leaves nothing" {
    stopped_by INT time-wait "$CLOSES_FIRST" TIME-WAIT
    status 130
    complaint 'interrupt|SIGINT'
    came time-wait interrupted
    found time-wait length 'least > 0.5 and .most == null'
    agrees time-wait length TIME-WAIT -1
    left_alone "$CLOSES_FIRST"

    server sysctl -qw net.ipv4.tcp_synack_retries=5 net.ipv4.tcp_orphan_retries=0
    stopped_by INT syn-ack "$ECHO" SYN-RECEIVED
    status 130
    came syn-ack interrupted
    left_alone "$ECHO"

    stopped_by INT last-ack "$DISCARD" LAST-ACK
    status 130
    came last-ack interrupted
    left_alone "$DISCARD"

    stopped_by INT fin-wait-2 "$SHUTS_DOWN" FIN-WAIT-2
    status 130
    came fin-wait-2 interrupted
    left_alone "$SHUTS_DOWN"
}

@test "killed, it leaves nothing on our side" {
    stopped_by KILL fin-wait-2 "$CLOSES_FIRST" FIN-WAIT-2
    status 137
    wait_for 10 only_in "$CLOSES_FIRST" TIME-WAIT
}

@test "--max bounds it, and what is known then is a lower bound" {
    server sysctl -qw net.ipv4.tcp_synack_retries=5 net.ipv4.tcp_orphan_retries=0 net.ipv4.tcp_fin_timeout=60
    measuring a syn-ack "$SERVER4" "$ECHO" --max 3s
    measuring b last-ack "$SERVER6" "$DISCARD" --max 3s
    measuring c fin-wait-2,time-wait "$SERVER4" "$CLOSES_FIRST" --max 3s
    measured a 8
    content
    came syn-ack bounded
    agrees syn-ack gave-up SYN-RECEIVED -1
    found syn-ack gave-up 'least > 2 and .most == null'
    left_alone "$ECHO"
    measured b 8
    content
    came last-ack bounded
    found last-ack gave-up 'least > 1.5 and .most == null'
    left_alone "$DISCARD"
    measured c 8
    content
    came fin-wait-2 bounded
    came time-wait bounded
    found fin-wait-2 length 'least > 2 and .most == null'
    found time-wait length 'least > 2 and .most == null'
    left_alone "$CLOSES_FIRST"
}

@test "a peer that refuses, or is silent" {
    measure rtt,syn-ack,close-wait,isn "$SERVER4" "$REFUSED"
    status 4
    for what in rtt syn-ack close-wait isn; do
        came "$what" refused
    done
    drop to-server 'tcp dport 7'
    measure accept "$SERVER4" "$ECHO" --max 2s
    status 3
    came accept no-answer
}

@test "what it waits for is shown on a terminal alone, on standard error" {
    local IN
    printf '%s\n' 'wait time-wait: [0-9]+ s of at most 2 s; awaiting' end >"$(log typed)"
    in_machine client
    keep "${BOUND[@]}" "${IN[@]}" "$BATS_TEST_DIRNAME/typist" "$(log typed)" \
        bash -c "'$TCPWALK' measure time-wait $SERVER4 $CLOSES_FIRST --max 2s >'$(log out)'"
    status 0
    [[ $(<"$(log out)") != *awaiting* ]]
    grep -q 'TIME-WAIT lasted' "$(log out)"

    printf '%s\n' end >"$(log typed)"
    keep "${BOUND[@]}" "${IN[@]}" "$BATS_TEST_DIRNAME/typist" "$(log typed)" \
        bash -c "'$TCPWALK' measure time-wait $SERVER4 $CLOSES_FIRST --max 2s 2>'$(log err)'"
    status 0
    [[ $(<"$SAID") != *awaiting* ]]
    grep -q 'TIME-WAIT lasted' "$SAID"
    [[ ! -s $(log err) ]]
}

# refuses STATUS PATTERN ARGUMENT...: that is what these arguments get, and not a byte on standard output.
refuses() {
    local want=$1 pattern=$2
    shift 2
    tcpwalk "$@"
    status "$want"
    complaint "$pattern"
    [[ ! -s $SAID ]]
}

@test "bad input gets one line" {
    refuses 2 "'frobnicate' is nothing that can be measured" measure frobnicate "$SERVER4" 7
    refuses 2 "'' is nothing that can be measured" measure '' "$SERVER4" 7
    refuses 2 "'' is nothing that can be measured" measure rtt, "$SERVER4" 7
    refuses 2 'rtt is named twice' measure rtt,isn,rtt "$SERVER4" 7
    refuses 2 'a host and a port' measure rtt
    refuses 2 'a host and a port' measure rtt "$SERVER4"
    refuses 2 'a host and a port' measure rtt "$SERVER4" 7 8
    refuses 2 'port 0 is not between' measure rtt "$SERVER4" 0
    refuses 2 'count' measure --count 0 rtt "$SERVER4" 7
    refuses 2 'count' measure --count -1 rtt "$SERVER4" 7
    refuses 2 'count' measure --count x rtt "$SERVER4" 7
    refuses 2 'max' measure --max x rtt "$SERVER4" 7
    refuses 2 'max' measure --max 0 rtt "$SERVER4" 7
    refuses 2 'leave' measure --leave rtt "$SERVER4" 7
    refuses 2 'verify' measure --verify rtt "$SERVER4" 7
    refuses 2 'send' measure --send '\q' close "$SERVER4" 7
    refuses 5 'svg.*/missing/x.svg.*No such file' measure --svg /missing/x.svg rtt "$SERVER4" 7
}

# Last, since the network is of no use afterwards.
@test "a link that goes down ends it, and what was measured until then is told" {
    server sysctl -qw net.ipv4.tcp_orphan_retries=0
    stopped_by LINK last-ack "$DISCARD" LAST-ACK
    status 5
    complaint 'client0.*down'
    came last-ack interrupted
    found last-ack gave-up 'least > 0.5 and .most == null'
}
