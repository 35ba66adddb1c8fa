#!/usr/bin/env bats
# What is measured of a server's manners is what the server was made to do, and what its kernel says of it; nothing of ours is
# left there.

load helper
load walks
load measure

setup_file() {
    measure_up 5001 5002 5003 5004
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

# ---- manners ---------------------------------------------------------------------------------------------------------

# shellcheck disable=SC2016 # jq's own variables
SPANS='[inputs | split(" ") | {port: .[0] | tonumber, took: .[1] | tonumber}] as $took
    | $said | map(select(.event == "sample" and .kind == "span")) | sort_by(.t) as $spans
    | [$spans | group_by(.port)[] | to_entries[]
        | .key as $nth | .value as $span | [$took[] | select(.port == $span.port)][$nth].took as $true
        | {true: $true, least: $span.least, most: $span.most}]'

# closes_after COUNT SECONDS...: so many closes, each of which took as long as the server says.
closes_after() {
    local count=$1
    shift
    start_server server 5001 "$BATS_TEST_DIRNAME/measured-server" closes-after 5001 "$@"
    measure close-wait "$SERVER4" 5001 --count "$count"
    content
    came close-wait 'done'
    found close-wait closes "number == $count"
    # The kernel's dwell is a little longer than the server's, which has to be woken.
    jq -nRe --slurpfile said "$SAID" "$SPANS"' | length == '"$count"' and
        all(.[]; .most >= .true and .least <= .true + 0.08 and .most - .true < 0.3)' "$(log server)" >/dev/null
    left_alone 5001
    stop "$STARTED_PID"
}

@test "how long an application takes to close" {
    closes_after 20 0
    found close-wait median 'least <= 0.001 and .most < 0.05'
    closes_after 10 0.05
    found close-wait median 'least <= 0.13 and .most >= 0.05'
    closes_after 10 0.2
    found close-wait minimum 'least <= 0.28 and .most >= 0.2'
    closes_after 24 0 0.05 0.05 0.2
    found close-wait minimum 'least <= 0.02 and .most < 0.045'
    found close-wait median 'least <= 0.13 and .most >= 0.05 and .most < 0.19'
    found close-wait p99 'least <= 0.28 and .most >= 0.2'
}

@test "one that does not close is told, and not waited for again" {
    measure close-wait "$SERVER4" "$NEVER_CLOSES" --max 3s
    status 1
    came close-wait otherwise
    found close-wait stays 'number >= 1'
    left_alone "$NEVER_CLOSES"
}

# accepts NAME SERVICE WORD KERNEL: the measurement of that name has found the handshake to be so, and the kernel saw these
# states.
accepts() {
    measured "$1"
    content
    came accept 'done'
    found accept handshake "word == \"$3\""
    [[ $(kernel_saw "$2") =~ ^(SYN-RECEIVED )?$4$ ]] || {
        echo "its kernel saw $(kernel_saw "$2")"
        return 1
    }
    left_alone "$2"
}

@test "what is behind a handshake: established, queue full, deferred; with a byte of data, and without" {
    server sysctl -qw net.ipv4.tcp_synack_retries=5
    mark
    measuring open accept "$SERVER4" "$ECHO"
    measuring open6 accept "$SERVER6" "$DISCARD"
    measuring deferred accept "$SERVER6" "$DEFERRED"
    measuring full accept "$SERVER4" "$QUEUE_FULL"
    accepts open "$ECHO" established 'ESTABLISHED CLOSED'
    found accept application 'word == "unknown"'
    accepts open6 "$DISCARD" established 'ESTABLISHED CLOSED'
    accepts deferred "$DEFERRED" deferred CLOSED
    found accept data 'word == "not-sent"'
    accepts full "$QUEUE_FULL" queue-full CLOSED

    mark
    measuring open accept "$SERVER6" "$ECHO" --send hello
    measuring deferred accept "$SERVER4" "$DEFERRED" --data
    measuring full accept "$SERVER6" "$QUEUE_FULL" --data
    accepts open "$ECHO" established 'ESTABLISHED CLOSED'
    found accept application 'word == "accepted"'
    accepts deferred "$DEFERRED" deferred 'ESTABLISHED CLOSED'
    found accept data 'word == "opened"'
    accepts full "$QUEUE_FULL" queue-full CLOSED
    found accept data 'word == "ignored"'
}

@test "a queue that is full and aborts refuses" {
    server sysctl -qw net.ipv4.tcp_abort_on_overflow=1
    measure accept "$SERVER4" "$QUEUE_FULL"
    status 4
    came accept reset
    found accept handshake 'word == "reset"'
}

# closes SERVICE NAME=WORD...: how it is found to close, by a measurement that began before.
closes() {
    local service=$1 finding
    shift
    measured "close$service"
    content
    for finding; do
        found close "${finding%=*}" "word | test(\"^(${finding#*=})\$\")"
    done
    left_alone "$service"
}

@test "how it closes" {
    local service
    for service in "$ECHO" "$RESETS" "$UNREAD" "$CLOSES_LATE" "$CLOSES_FIRST" "$SHUTS_DOWN"; do
        measuring "close$service" close "$SERVER4" "$service"
    done
    closes "$ECHO" close='three|four' unread=fin data-after-our-fin=nothing data-after-its-fin=not-tried
    closes "$RESETS" close=rst unread=rst
    closes "$UNREAD" close='three|four' unread=rst
    closes "$CLOSES_LATE" close=four unread='fin|rst' data-after-our-fin=nothing
    # These close by themselves: whose FIN is first is a matter of chance.
    closes "$CLOSES_FIRST" close="first|three|four|both" data-after-its-fin=rst
    closes "$SHUTS_DOWN" close="first|three|four|both" data-after-its-fin=ack
}

@test "keepalives: when, how often, and the end; the ends of idle connections" {
    local way=$BATS_TEST_DIRNAME/measured-server
    start_server server1 5001 "$way" keepalive 5001 2 1 3
    start_server server2 5002 "$way" idle-closes 5002 3
    start_server server3 5003 "$way" idle-resets 5003 3
    start_server server4 5004 "$way" holds 5004
    measuring forgotten idle "$SERVER6" 5004 --max 11s
    measuring keepalive keepalive "$SERVER4" 5001 --max 20s
    measuring answered idle "$SERVER6" 5001 --max 9s
    measuring closes idle "$SERVER4" 5002 --max 12s
    measuring resets idle "$SERVER6" 5003 --max 12s
    # When the connection to be asked after 4.5 s has been asked, the peer forgets the others without a word that arrives.
    wait_for 8 only_so_many_held 1
    drop to-client 'tcp sport 5004'
    server ss -HtK state established sport = :5004 >"$(log killed)" || true # it complains of families without any
    heal

    measured keepalive
    content
    came keepalive 'done'
    found keepalive keepalive 'least > 1.9 and .most < 2.3'
    found keepalive interval 'least > 0.9 and .most < 1.3'
    # Two, and three more, each unanswered: then it gives up.
    found keepalive ended 'least > 4.8 and .most < 5.6'
    agrees keepalive ended ESTABLISHED 1
    left_alone 5001

    measured answered
    content
    came idle bounded
    found idle keepalive 'least > 1.9 and .most < 2.3'
    found idle lasted 'least > 6 and .most == null'

    measured closes
    content
    found idle ended 'least > 2.9 and .most < 3.3'
    whole 'any(.[]; .event == "finding" and (.text | contains("with FIN")))'
    left_alone 5002

    measured resets
    content
    found idle ended 'least > 2.9 and .most < 3.3'
    whole 'any(.[]; .event == "finding" and (.text | contains("with RST")))'
    left_alone 5003

    measured forgotten
    content
    forgotten_within
    left_alone 5004
}

# only_so_many_held N: the holding server's kernel has this many connections.
only_so_many_held() {
    (($(sockets 5004 | grep -c ESTAB) == $1))
}

# forgotten_within: the silent end is found, and came within the interval by the kernel.
forgotten_within() {
    local port
    port=$(jq -s 'map(select(.kind == "refused"))[0].port' "$SAID")
    jq -ne --argjson port "$port" --slurpfile said "$SAID" --slurpfile watched <(grep '^{' "$WATCHED") '
        ($watched | map(select(.port == $port and has("to")))) as $changes
        | ($said[] | select(.event == "finding" and .name == "ended")) as $found
        | ($changes[-1].after - $changes[0].before) as $least | ($changes[-1].before - $changes[0].after) as $most
        | $found.least <= $most and $found.most >= $least and ($found.text | contains("silence"))' >/dev/null
}

@test "round trips: as the wire has them, and what it loses" {
    measure rtt "$SERVER4" "$ECHO" --count 60
    content
    found rtt loss 'value == 0'
    found rtt minimum 'least > 0 and .least < 0.005'
    whole '(map(select(.kind == "span")) | length) == 60'
    whole 'map(select(.event == "finding") | {(.name): .least}) | add | .minimum <= .median and .median <= .p99 and .p99 <= .maximum'
    left_alone "$ECHO"

    # Segments of 74 bytes, ten a second: what comes sooner waits for its turn.
    wire tc qdisc add dev to-server root tbf rate 32kbit burst 1600 limit 100000
    measure rtt "$SERVER6" "$ECHO" --count 40
    wire tc qdisc del dev to-server root
    content
    found rtt maximum 'least > 0.01'
    found rtt minimum 'least < 0.01'

    lose 30 to-client
    measure rtt "$SERVER4" "$ECHO" --count 24
    heal
    content
    found rtt loss 'value > 0.02 and .value < 0.75'
    found rtt maximum 'most < 0.9'
}
