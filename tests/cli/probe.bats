#!/usr/bin/env bats
# Probes against real kernels: after every step of a walk with --probe the belief is one state, wherever the wire can tell; a
# presumption that is false is refuted or left presumed, and never proven; and the peer's kernel contradicts nothing.

load helper
load walks

setup_file() {
    need_lab
}

teardown() {
    tell_failure
    net_down
}

# What is believed after each step: "open: ESTABLISHED". ~STATE: by habit only; STATE?: presumed; all of several.
# shellcheck disable=SC2016 # jq's own variables
AFTER_STEPS='foreach inputs as $e ({};
    if $e.event == "transition" and $e.side == "peer" then .claim = $e else . end;
    if $e.event == "step" and ($e.step | test("^(auto|listen)") | not) then
        "\($e.step | split(" ")[0]): " + (.claim
            | (if .certainty == "presumed" then (.to | join("+")) + "?"
               elif (.by_habit // [] | length) == 1 then "~" + .by_habit[0]
               else .to | join("+") end))
    else empty end)'

# after_steps: one line for each step of the last run.
after_steps() {
    jq -nr "$AFTER_STEPS" "$SAID"
}

# found LINE-PATTERN...: each step left what the pattern at its place says.
found() {
    local line lines=() i=0
    mapfile -t lines < <(after_steps)
    for line; do
        # shellcheck disable=SC2053 # it is a pattern
        [[ ${lines[i]-} == $line ]] || {
            printf 'step %d left "%s", not "%s"\n' $((i + 1)) "${lines[i]-}" "$line"
            return 1
        }
        i=$((i + 1))
    done
    ((${#lines[@]} == i)) || {
        printf 'and then there was: %s\n' "${lines[@]:i}"
        return 1
    }
}

# one_state [AND-PATTERN]: every step left one state. Where the connection is gone a port that listens is as silent as one that
# does not, or says RST as it does; that the pattern names can't be told either.
one_state() {
    local line
    while read -r line; do
        case ${line#*: } in
        *\?) ;;
        *+*)
            [[ ${line#*: } != LISTEN+CLOSED ]] || continue
            # shellcheck disable=SC2053
            [[ -z ${1-} || ${line#*: } != $1 ]] || continue
            ;;
        *) continue ;;
        esac
        echo "left open: $line"
        return 1
    done < <(after_steps)
}

# probed ARGUMENT...: in the lab, with probes, as JSON lines, its kernel being asked at each step.
probed() {
    keep "${BOUND[@]}" "$TCPWALK" lab "$@" --probe --json --verify
    well_formed
    confirmed
}

# by_all WALK SERVICE [ARGUMENT...]: by IPv4 and IPv6, with and without the options of TCP that help.
by_all() {
    local family options open
    for family in -4 -6; do
        for options in '' --no-sack --no-timestamps '--no-sack --no-timestamps'; do
            open=
            # Without timestamps nothing says that our ACK of its FIN has come.
            [[ $options != *--no-timestamps* ]] || open='FIN-WAIT-1+FIN-WAIT-2'
            # Without SACK that it was open rests on a habit; after our RST that helps no more.
            [[ $options != *--no-sack* || $1 != open ]] || open='@(LISTEN+SYN-RECEIVED+CLOSED|FIN-WAIT-1+FIN-WAIT-2)'
            # shellcheck disable=SC2086 # words
            probed "$@" "$family" $options
            one_state "$open"
        done
    done
}

# one_state_of_three ARGUMENT...: of a service that sends all the time. Where this machine is busy for as long as it pauses, its data
# cross each probe, and nothing tells the states apart then.
one_state_of_three() {
    local try
    for try in 1 2 3; do
        probed "$@"
        status 0
        ! one_state || return 0
        echo "try $try left it open"
    done
    return 1
}

# ---- on a clean path ----

@test "open: one state after each step, from every service" {
    local service
    for service in echo daytime chargen closes-first shuts-down reset; do
        by_all open "$service"
        status 0
    done
}

@test "open: data, and its answer" {
    local family
    for family in -4 -6; do
        probed open "$family" --send 'ten bytes\n' echo
        found 'open: *ESTABLISHED' 'send: *ESTABLISHED' 'abort: LISTEN+CLOSED'
        probed open "$family" --send 'ten bytes\n' discard
        found 'open: *ESTABLISHED' 'send: ESTABLISHED' 'abort: LISTEN+CLOSED'
    done
}

@test "open: refused, and nothing is asked" {
    by_all open refused
    status 4
    found 'open: CLOSED'
    whole 'all(.[]; .event != "segment" or (has("probe") | not))'
}

@test "close: one state after each step, from every service" {
    local service
    for service in echo chargen unread closes-late closes-first shuts-down; do
        by_all close "$service"
        status 0
        found 'open: *' 'close: @(LISTEN+CLOSED|TIME-WAIT)'
    done
}

@test "close: stuck in CLOSE-WAIT" {
    by_all close never-closes --timeout 200ms
    status 3
    found 'open: *ESTABLISHED' 'close: CLOSE-WAIT'
}

@test "half-close and walk: one state after each step" {
    local family service
    for family in -4 -6; do
        for service in echo closes-late closes-first shuts-down; do
            probed half-close "$family" "$service"
            status 0
            one_state
            probed walk "$family" "$service"
            status 0
            one_state
        done
        one_state_of_three half-close "$family" chargen
        one_state_of_three walk "$family" chargen
        probed half-close "$family" --timeout 200ms never-closes
        found 'open: ESTABLISHED' 'half-close: CLOSE-WAIT' 'drain: CLOSE-WAIT' 'linger: CLOSE-WAIT'
        probed walk "$family" --send 'GET / HTTP/1.0\r\n\r\n' http
        status 0
        one_state
    done
}

@test "simultaneous-close: CLOSING, then TIME-WAIT by the echo of our ACK" {
    local family options
    for family in -4 -6; do
        for options in '' --no-sack; do
            # shellcheck disable=SC2086 # words
            probed simultaneous-close "$family" $options closes-first
            status 0
            one_state
            found 'syn: SYN-RECEIVED' 'expect: SYN-RECEIVED' 'ack: *' 'expect: FIN-WAIT-1' 'fin: CLOSING' \
                'expect: CLOSING' 'ack: TIME-WAIT' 'expect: TIME-WAIT'
            claimed 'proven CLOSING *' 'proven TIME-WAIT fin-receipt'
        done
        # Nothing tells without timestamps.
        probed simultaneous-close "$family" --no-timestamps shuts-down
        status 0
        one_state CLOSING+TIME-WAIT
    done
}

@test "simultaneous-open: SYN-RECEIVED and ESTABLISHED look alike until there is data, and in the end nobody is there" {
    local family
    for family in -4 -6; do
        probed simultaneous-open "$family" client
        status 0
        one_state '@(SYN-RECEIVED+ESTABLISHED|ESTABLISHED+FIN-WAIT-1)'
        claimed 'proven SYN-RECEIVED *' 'proven LISTEN+CLOSED bare-refused'
        ended 'peer == ["LISTEN", "CLOSED"] and .certainty == "proven"'
    done
}

@test "listen: one state after each step, from every client" {
    local family client
    for family in -4 -6; do
        for client in client-closes-first client-shuts-down; do
            probed listen "$family" "$client"
            status 0
            one_state
            found 'accept: *' 'drain: FIN-WAIT-2' 'close: TIME-WAIT'
        done
        for client in client client-http client-closes-late; do
            probed listen "$family" --timeout 700ms "$client"
            status 0
            # It has said something, and more may be queued behind that, with a FIN.
            one_state ESTABLISHED+FIN-WAIT-1
            found 'accept: *ESTABLISHED' 'drain: *' 'close: ~CLOSED'
        done
        probed listen "$family" --timeout 200ms client-keeps-open
        status 3
        found 'accept: ESTABLISHED' 'drain: ESTABLISHED' 'close: CLOSE-WAIT'
    done
}

# ---- what can't be told, and what can ----

@test "FIN-WAIT-2: of a socket that is held, and of one that is closed" {
    local family
    for family in -4 -6; do
        probed listen "$family" client-shuts-down
        whole 'any(.[]; .event == "transition" and .to == ["FIN-WAIT-2"] and .certainty == "proven" and .detail == "owned"
            and .habit == "minisock")'
        whole 'all(.[]; .event != "transition" or .detail != "orphaned")'
    done
    probed listen -4 client-closes-first
    whole 'any(.[]; .event == "transition" and .to == ["FIN-WAIT-2"] and .certainty == "proven" and .detail == "orphaned"
        and .habit == "minisock")'
    whole 'all(.[]; .event != "transition" or .detail != "owned")'
    # Without timestamps the same habit tells it from FIN-WAIT-1, too.
    probed listen -4 --no-timestamps client-closes-first
    whole 'any(.[]; .event == "transition" and .to == ["FIN-WAIT-1", "FIN-WAIT-2"] and .by_habit == ["FIN-WAIT-2"]
        and .detail == "orphaned")'
    # IPv6 has no numbers of packets.
    probed listen -6 client-closes-first
    whole 'all(.[]; .event != "transition" or (has("detail") | not))'
}

@test "three segments close: LAST-ACK by habit, since it came fast" {
    local tries=0
    until probed close -4 echo && ended 'close_segments == 3' >/dev/null; do
        # A busy machine makes it four.
        ((++tries < 20))
    done
    whole 'any(.[]; .event == "transition" and .reason == "fin-covers-ours" and .to == ["CLOSING", "LAST-ACK"]
        and .by_habit == ["LAST-ACK"] and .habit == "fin-patience")'
}

@test "the end of a close: nobody is there any more, and that ends the linger" {
    probed close -4 --linger 20s closes-late
    status 0
    claimed 'proven LAST-ACK *' 'presumed CLOSED fin-ack-sent' 'proven LISTEN+CLOSED rst-no-connection'
    ended 'timing.total < 5'
}

# ---- presumptions that are false ----

# never_proven STATE: no claim that this is where the peer is; but as one of several, or presumed.
never_proven() {
    whole "all(.[]; .event != \"transition\" or .side != \"peer\" or .certainty == \"presumed\" or .to != [\"$1\"])"
    whole "all(.[]; .event != \"transition\" or .side != \"peer\" or .by_habit != [\"$1\"])"
}

@test "a full accept queue: it has not opened" {
    local options
    for options in -4 -6 '-4 --no-sack' '-4 --no-timestamps' '-4 --no-sack --no-timestamps'; do
        # shellcheck disable=SC2086 # words
        probed open $options queue-full
        never_proven ESTABLISHED
        claimed 'presumed ESTABLISHED ack-sent' 'refuted *SYN-RECEIVED* *'
    done
    probed open -4 queue-full
    claimed 'refuted *SYN-RECEIVED* *' 'proven SYN-RECEIVED ack-unseen'
    whole 'any(.[]; .event == "transition" and .reason == "ack-unseen" and .detail == "memory")'
}

@test "an open that is deferred until data comes" {
    local options
    for options in -4 -6 '-4 --no-sack' '-4 --no-timestamps' '-4 --no-sack --no-timestamps'; do
        # shellcheck disable=SC2086 # words
        probed open $options deferred
        never_proven ESTABLISHED
        claimed 'presumed ESTABLISHED ack-sent' 'refuted *SYN-RECEIVED* *'
    done
    # And then it comes.
    probed open -4 --send x deferred
    claimed 'refuted *SYN-RECEIVED* *' 'proven ESTABLISHED data-acked'
}

@test "SYN cookies: a probe before our ACK does not open it, and one after it shows that it is open" {
    local family
    printf '%s\n' syn 'expect S. ack=+1' 'probe all' 'expect state SYN-RECEIVED' >"$BATS_TEST_TMPDIR/script"
    for family in -4 -6; do
        keep "${BOUND[@]}" "$TCPWALK" lab run "$family" --json --verify "$BATS_TEST_TMPDIR/script" syn-cookies
        well_formed
        confirmed
        status 0
        whole 'all(.[]; .event != "verify" or .listening)'
        whole '[.[] | select(.event == "segment") | .probe // empty] | contains(["old-ack", "bare", "syn-copy"])'
        probed open "$family" syn-cookies
        one_state
        found 'open: ESTABLISHED' 'abort: LISTEN+CLOSED'
    done
}

@test "our third ACK is lost" {
    net_up
    start_echo
    local options
    for options in "$SERVER4" "$SERVER6" "--no-sack $SERVER4" "--no-timestamps $SERVER4" \
        "--no-sack --no-timestamps $SERVER4"; do
        heal
        drop_first 1 to-server 'tcp flags & (syn | ack | fin | psh) == ack'
        # shellcheck disable=SC2086 # words
        verified open --probe $options 7
        [[ $(lost) == 1 ]]
        never_proven ESTABLISHED
        claimed 'presumed ESTABLISHED ack-sent' 'refuted *SYN-RECEIVED* *'
    done
}

@test "our third ACK is lost, and so is what is asked for it: it stays presumed" {
    net_up
    start_echo
    drop to-server 'tcp flags & (syn | fin | rst | psh) == 0'
    verified open --probe "$SERVER4" 7
    noted probe-unanswered
    never_proven ESTABLISHED
    found 'open: ESTABLISHED[?]' 'abort: *'
}

# last_ack_lost PORT ADDRESS [OPTION...]: half a second after our FIN comes its, and our ACK of that is lost.
last_ack_lost() {
    local port=$1
    shift
    heal
    start walk client "$TCPWALK" close --probe --json --source-port "$port" --verify-netns "/proc/$NET_SERVER/ns/net" "$@" 9004
    wait_for 10 in_state CLOSE-WAIT "$port"
    drop_first 1 to-server 'tcp flags & (syn | fin | rst | psh | ack) == ack'
    outlast walk "$STARTED_PID"
    well_formed
    confirmed
    content
    [[ $(lost) == 1 ]]
}

@test "our last ACK is lost: the peer is still in LAST-ACK" {
    net_up
    start_server late 9004 socat -t 30 TCP6-LISTEN:9004,ipv6only=0,fork,reuseaddr SYSTEM:'cat >/dev/null; sleep 0.5'
    local port=6200 options
    for options in "$SERVER4" "$SERVER6" "--no-timestamps $SERVER4" "--no-sack --no-timestamps $SERVER4"; do
        # shellcheck disable=SC2086 # words
        last_ack_lost $port $options
        claimed 'proven LAST-ACK fin-after-ours' 'presumed CLOSED fin-ack-sent' 'refuted LAST-ACK both-fins' \
            'presumed CLOSED fin-ack-sent' 'proven LISTEN+CLOSED *'
        # Shown before its FIN was repeated.
        wait_for 2 forgotten $port
        port=$((port + 1))
    done
}

@test "our FIN is lost: it is still open, and we send it again" {
    net_up
    start_echo
    drop_first 1 to-server 'tcp flags & (fin | rst) == fin'
    verified close --probe --rto 1s "$SERVER4" 7
    content
    claimed 'proven ESTABLISHED sack-seen' 'presumed CLOSE-WAIT fin-sent' 'proven *LAST-ACK *'
}

@test "its FIN is lost: an old byte shows that it is out" {
    net_up
    start_server late 9004 socat -t 30 TCP6-LISTEN:9004,ipv6only=0,fork,reuseaddr SYSTEM:'cat >/dev/null; sleep 0.2'
    drop to-client 'tcp flags & (fin | rst) == fin'
    verified open --probe "$SERVER4" 9004 'half-close; wait 500ms; auto probe off; probe; wait 1ms'
    claimed 'proven CLOSE-WAIT fin-acked' 'proven *LAST-ACK* *'
    [[ $(lost) -gt 0 ]]
}

# ---- as a step of the language ----

@test "--probe is auto probe on at the head of the script, and the script does the same" {
    keep "$TCPWALK" --print-script close --probe
    content
    grep -qx 'auto probe on' "$SAID"
    cp "$SAID" "$BATS_TEST_TMPDIR/script"
    [[ $(grep -v '^#' "$SAID" | head -n 1) == 'auto probe on' ]]
    keep "${BOUND[@]}" "$TCPWALK" lab run -4 --json --verify "$BATS_TEST_TMPDIR/script" closes-late
    well_formed
    confirmed
    found 'open: ESTABLISHED' 'close: LISTEN+CLOSED'
    probed close -4 closes-late
    found 'open: ESTABLISHED' 'close: LISTEN+CLOSED'
    # Behind listen, which is to be the first.
    keep "$TCPWALK" --print-script listen --probe
    [[ $(grep -v '^#' "$SAID" | head -n 2 | tr '\n' ' ') == 'listen auto probe on ' ]]
}

@test "--probe is refused where there is a script of one's own" {
    printf 'open\nclose\n' >"$BATS_TEST_TMPDIR/script"
    keep "$TCPWALK" lab run --probe "$BATS_TEST_TMPDIR/script" echo
    status 2
    complaint '--probe is for the named walks.*auto probe on'
}

@test "probe all asks everything that is harmless, and the connection lives" {
    keep "${BOUND[@]}" "$TCPWALK" lab open -4 --json --verify echo 'probe all; send "ping"; expect data "^ping"; close'
    well_formed
    confirmed
    status 0
    whole '[.[] | select(.event == "segment" and .dir == "out") | .probe // empty] | contains(["old-byte", "old-ack", "bare"])'
    ended 'outcome == "closed" and .bytes.out == 4'
}

@test "probe destructive says what it risks, and what comes of it is claimed truly" {
    keep "${BOUND[@]}" "$TCPWALK" lab open -4 --json --verify discard 'wait 50ms; probe destructive; wait 50ms'
    well_formed
    confirmed
    whole '[.[] | select(.event == "note" and .token == "probe-destructive")] | length == 3'
    whole '[.[] | select(.event == "segment" and .dir == "out") | .probe // empty] == ["new-byte", "syn", "rst"]'
}
