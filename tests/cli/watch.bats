# tcpwalk watch: what passes on an interface, as connections, while it passes. Two machines and a wire (helper.bash); the
# client watches what it does itself.
load helper

setup() {
    net_up
    start_server echo 7 socat TCP6-LISTEN:7,ipv6only=0,fork,reuseaddr EXEC:cat
}

teardown() {
    net_down
}

# watching WORD ARG...: begins to watch client0, and waits for the word that says that it has begun
watching() {
    local word=$1
    shift
    start watch client timeout --foreground 60 "$TCPWALK" watch -i client0 "$@"
    WATCH=$STARTED_PID
    wait_for_words watch "$word"
}

# ends SIGNAL: its exit status in $status, all that it said in $output
ends() {
    status=0
    kill "-$1" "$WATCH"
    wait "$WATCH" || status=$?
    output=$(<"$(log watch)")
    echo "$output"
}

converse() {
    echo "${1-hello}" | client socat -t 5 - "TCP:${2-$SERVER4}:7" | grep -q "${1-hello}"
}

@test "a connection has its row as soon as it is over, and the totals come with Ctrl-C" {
    watching 'A opened'
    converse
    wait_for_words watch 'A, '
    run grep -q 'segments' "$(log watch)"
    [ "$status" -ne 0 ]
    converse again "[$SERVER6]"
    wait_for_words watch "     2 "
    ends INT
    [ "$status" -eq 0 ]
    [[ $output == *" -> $SERVER4:7"*"done "*"TIME-WAIT"*" -> [$SERVER6]:7"*"2 connections, "*" segments"* ]]
    [[ $output != *dropped* ]]
}

@test "one that is still open is told in the end" {
    watching 'A opened'
    start holder client socat PIPE "TCP:$SERVER4:7"
    wait_for 10 eval 'server ss -Htn state established "sport = :7" | grep -q .'
    ends TERM
    [ "$status" -eq 0 ]
    [[ $output == *"done "*"ESTABLISHED"*"ESTABLISHED"*"1 connection, "* ]]
}

@test "--json tells each event as it comes" {
    watching '"event":"start"' --json tcp port 7
    [ "$(jq -r '"\(.command) \(.interface) \(.filter)"' "$(log watch)")" = 'watch client0 tcp port 7' ]
    converse
    wait_for_words watch '"event":"connection"'
    ends INT
    [ "$status" -eq 0 ]
    [ "$(jq -rs '.[-1] | "\(.event) \(.status) \(.connections) \(.dropped)"' "$(log watch)")" = 'summary 0 1 0' ]
    [ "$(jq -rs 'map(select(.event == "connection")) | length' "$(log watch)")" -eq 1 ]
    [ "$(jq -rs 'map(.not_after | numbers) | min > 0 and max < 60' "$(log watch)")" = true ]
}

@test "--connection is a ladder that grows, --csv a line each" {
    start watch client timeout --foreground 60 "$TCPWALK" watch -i client0 --connection 1 --max 30s
    WATCH=$STARTED_PID
    wait_for_words watch 'segment' # the head of the ladder
    start csv client timeout --foreground 60 "$TCPWALK" watch -i any --csv --count 1000000
    wait_for_words csv 'number,start,'
    start holder client socat PIPE "TCP:$SERVER4:7"
    wait_for_words watch 'B presumed, else' # the handshake is there while it is open
    stop "$STARTED_PID"
    wait_for_words watch 'close: '
    wait_for_words csv ",7,opener,done,"
    ends INT
    [ "$status" -eq 0 ]
    [[ $output == *"SYN-SENT"*"SYN-RECEIVED"*"ESTABLISHED"*"FIN-WAIT-1"*"close: A, "* ]]
}

@test "--write keeps whole packets, with what they show" {
    watching 'A opened' --write "$BATS_TEST_TMPDIR/kept.pcapng"
    converse "$(printf '%01200d' 1)"
    wait_for_words watch 'A, '
    ends INT
    [ "$status" -eq 0 ]
    run "$TCPWALK" read "$BATS_TEST_TMPDIR/kept.pcapng"
    echo "$output"
    [[ $output == *"A, "*" 1.20k/1.20k"* ]]
    run tcpdump -nr "$BATS_TEST_TMPDIR/kept.pcapng" 'tcp and greater 1200'
    [[ $output == *"length 1201"* ]]
    grep -qa 'it sent its FIN' "$BATS_TEST_TMPDIR/kept.pcapng"
}

# rows FILE: how each connection was left
rows() {
    jq -Sc 'select(.event == "connection") | [.connection, .open, .close, .history, (.a, .b | .state, .else, .certainty, .in_state)]' \
        "$1" | sort
}

# has_timed CONNECTION: a timer may have ended a state of it
has_timed() {
    jq -es "any(.[]; .connection == $1 and .reason == \"timer\")" "$(log watch)" >/dev/null 2>&1
}

@test "--write says of the next packet, or in the end, what a timer may have ended" {
    local kept="$BATS_TEST_TMPDIR/kept.pcapng"
    watching '"event":"start"' --json --write "$kept" tcp port 7
    start first client socat SYSTEM:'echo hello; read a; read b' "TCP:$SERVER4:7"
    wait_for 10 has_timed 1
    start second client socat PIPE "TCP:$SERVER4:7"
    wait_for_words watch '"connection":2'
    start third client socat SYSTEM:'echo hello; read a; read b' "TCP:$SERVER4:7"
    wait_for 10 has_timed 3
    ends INT
    [ "$status" -eq 0 ]
    tshark -n -r "$kept" -T fields -e tcp.stream -e frame.comment -E 'aggregator=|' >"$BATS_TEST_TMPDIR/said"
    grep -qE '^1.connection 1, before this packet, at [0-9.]+ s or later, [AB]: .*timer' "$BATS_TEST_TMPDIR/said"
    [ "$(grep -c 'connection 3.*timer' "$BATS_TEST_TMPDIR/said")" -eq 0 ]
    [ "$(grep -ca 'connection 1, after' "$kept")" -eq 0 ]
    grep -qaE 'connection 3, after the last packet, at [0-9.]+ s or later, [AB]: .*timer' "$kept"
    # Rows are of the last segment of each: read has the same, though nobody waited there.
    rows "$(log watch)" >"$BATS_TEST_TMPDIR/watched"
    "$TCPWALK" read --json "$kept" >"$BATS_TEST_TMPDIR/read.json"
    rows "$BATS_TEST_TMPDIR/read.json" | diff "$BATS_TEST_TMPDIR/watched" -
    grep -q proven "$BATS_TEST_TMPDIR/watched"
    "$TCPWALK" read --csv --sort number "$kept" | grep -c ',proven,' | grep -x 3
}

@test "it ends after so many packets, or so much time" {
    watching 'A opened' --count 3 tcp
    converse
    status=0
    wait "$WATCH" || status=$?
    [ "$status" -eq 0 ]
    grep -q '^1 connection, 3 segments$' "$(log watch)"
    run client timeout 20 "$TCPWALK" watch -i client0 --max 300ms
    [ "$status" -eq 0 ]
    [[ $output == *"0 connections, 0 segments"* ]]
}

@test "an interface that goes down ends it with status 5, after what it has seen" {
    watching 'A opened'
    converse
    wait_for_words watch 'A, '
    client ip link set client0 down
    status=0
    wait "$WATCH" || status=$?
    cat "$(log watch)"
    [ "$status" -eq 5 ]
    grep -q '^1 connection, ' "$(log watch)"
    grep -q 'tcpwalk: interface client0 went down' "$(log watch)"
}

@test "packets that are dropped are told: once at the time, and in the totals" {
    watching '"event":"start"' --json
    kill -STOP -- "-$WATCH"
    client python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(200000):
    try: s.sendto(bytes(700), ("192.0.2.2", 9))
    except OSError: pass'
    kill -CONT -- "-$WATCH"
    wait_for_words watch '"event":"dropped"'
    ends INT
    [ "$status" -eq 0 ]
    [ "$(grep -c 'packets were dropped: they come faster than they can be followed' "$(log watch)")" -eq 1 ]
    grep '^{' "$(log watch)" | jq -se '(map(select(.event == "dropped") | .packets) | add) as $n | .[-1].dropped == $n and $n > 0'
}

@test "what can't be watched is said in one line" {
    run client "$TCPWALK" watch
    [ "$status" -eq 2 ]
    [[ $output == *"watch takes an interface: -i eth0"* ]]
    run client "$TCPWALK" watch -i nowhere0
    [ "$status" -eq 5 ]
    [ "$output" = 'tcpwalk: interface nowhere0: no such interface' ]
    run client "$TCPWALK" watch -i client0 src prt 7
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
    run client "$TCPWALK" watch -i client0 --filter 'tcp' port 7
    [ "$status" -eq 2 ]
    run client "$TCPWALK" watch -i client0 --rto 1s
    [ "$status" -eq 2 ]
    run client setpriv --bounding-set -net_raw "$TCPWALK" watch -i client0
    echo "$output"
    [ "$status" -eq 5 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == *CAP_NET_RAW* ]]
}
