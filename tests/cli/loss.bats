#!/usr/bin/env bats
# Walks over a cable that loses: whatever is lost, the walk ends as it should, no proven claim is false (the peer's
# kernel says so), and the peer is left with nothing.

load helper
load walks

setup() {
    net_up
    FIN='tcp flags & (fin | rst) == fin'
    SYN='tcp flags & (syn | ack) == syn'
    SYN_ACK='tcp flags & (syn | ack) == syn | ack'
}

teardown() {
    tell_failure
    net_down
}

# many_walks ADDRESS COUNT: with a port of its own each.
many_walks() {
    local port
    start_echo
    lose 30
    for ((port = 6000; port < 6000 + $2; port++)); do
        verified close "$1" 7 --rto 200ms --retries 20 --timeout 60s --linger 1s --send hello --source-port "$port"
        content
        ended 'outcome == "closed" and .peer_end == "fin" and .bytes.out == 5 and .bytes.in == 5'
    done
    [[ $(lost) -gt 0 ]]
    heal
    # A last ACK of ours may have been lost for good: then the peer's own timer ends it, in two minutes. Most are gone.
    local left=0
    for ((port = 6000; port < 6000 + $2; port++)); do
        wait_for 3 forgotten "$port" 2>/dev/null || left=$((left + 1))
    done
    [[ $left -le 2 ]]
}

@test "thirty of a hundred lost each way: five walks by IPv4" {
    many_walks "$SERVER4" 5
}

@test "thirty of a hundred lost each way: five walks by IPv6" {
    many_walks "$SERVER6" 5
}

@test "our SYN is lost, and sent again" {
    start_echo
    drop_first 2 to-server "$SYN"
    verified close "$SERVER4" 7 --rto 100ms --linger 0
    content
    ended 'outcome == "closed" and .segments.retransmitted == 2 and .segments.peer_retransmitted == 0'
    # The round trip is that of the SYN which was answered, if it can be told; never that of the first.
    ended 'timing.open_rtt // 0 | . < 0.1'
    ended 'timing.open >= 0.3'
}

@test "its SYN-ACK is lost, and sent again" {
    start_echo
    drop_first 1 to-client "$SYN_ACK"
    verified close "$SERVER6" 7 --rto 200ms --linger 0
    content
    ended 'outcome == "closed" and .segments.retransmitted >= 1'
    claimed 'proven SYN-RECEIVED syn-acked' 'presumed ESTABLISHED ack-sent'
}

@test "our ACK of the SYN-ACK is lost: ESTABLISHED is refuted, and our second ACK cures it" {
    start_echo
    drop_first 1 to-server 'tcp flags & (syn | ack | fin | psh) == ack'
    verified open "$SERVER4" 7 --delay 1500ms
    content
    ended 'outcome == "opened" and .segments.peer_retransmitted == 1'
    noted syn-ack-repeated
    noted still-syn-received
    unnoted accept-queue-full
    claimed 'presumed ESTABLISHED ack-sent' 'refuted SYN-RECEIVED syn-ack-repeated' 'presumed ESTABLISHED ack-sent'
    whole 'map(select(.event == "verify")) | any(.[]; .kernel == "ESTABLISHED")'
}

@test "our ACK of the SYN-ACK is lost, and our data does its work" {
    start_echo
    drop_first 1 to-server 'tcp flags & (syn | ack | fin | psh) == ack'
    verified close "$SERVER4" 7 --send x --linger 0
    content
    ended 'outcome == "closed" and .bytes.in == 1'
    noted still-syn-received
    unnoted syn-ack-repeated
}

@test "our data is lost, and sent again" {
    start_echo
    drop_first 2 to-server 'tcp flags & psh == psh'
    verified close "$SERVER4" 7 --send hello --rto 200ms --delay 10ms --linger 0
    content
    ended 'outcome == "closed" and .segments.retransmitted >= 2 and .bytes == {out: 5, in: 5, after_fin: .bytes.after_fin}'
    ended 'history | test("D.*T")'
}

@test "its data is lost: what comes after it is a gap that is filled" {
    start_server late 9000 socat -t 30 TCP6-LISTEN:9000,ipv6only=0,fork,reuseaddr SYSTEM:'cat >/dev/null; seq 3000'
    drop_first 1 to-client 'ip length > 1000'
    verified half-close "$SERVER4" 9000 --linger 0 --send x
    content
    [[ $(lost) == 1 ]]
    ended "bytes.in == $(seq 3000 | wc -c) and .bytes.after_fin == .bytes.in and .segments.peer_retransmitted >= 0"
    whole 'any(.[]; .event == "segment" and .dir == "out" and (.options | has("sack")))'
}

# sent_in_full BYTES: all of ours arrived, and none of it had to share its segment with SACK blocks.
sent_in_full() {
    content
    ended "outcome == \"closed\" and .bytes.out == $1"
    whole 'all(.[]; .event != "segment" or .dir == "in" or .len == 0 or (.options | has("sack") | not))'
}

@test "its data is lost before we send: no segment of ours is too big for what there is to report" {
    # Its first line is lost again and again, its second arrives; then we send.
    start_server early 9000 socat -t 30 TCP6-LISTEN:9000,ipv6only=0,fork,reuseaddr,nodelay \
        SYSTEM:'echo one; sleep 0.05; echo second; cat >/dev/null'
    drop_first 4 to-client 'ip length 56'
    verified close "$SERVER4" 9000 --linger 0 --delay 200ms --send "$(printf 'x%.0s' {1..24000})"
    [[ $(lost) == 4 ]]
    sent_in_full 24000
    ended 'bytes.in == 11'
    whole 'any(.[]; .event == "segment" and .dir == "out" and (.options | has("sack")))'
}

@test "its data is lost while we send" {
    start_echo
    drop_first 1 to-client 'tcp flags & psh == psh'
    tell close "$SERVER4" 7 --linger 0 --send "$(printf 'x%.0s' {1..24000})"
    [[ $(lost) == 1 ]]
    sent_in_full 24000
    ended 'bytes.in == 24000'
}

@test "our FIN is lost, and sent again with back-off" {
    start_echo
    drop_first 2 to-server "$FIN"
    verified close "$SERVER6" 7 --rto 200ms --linger 0
    content
    ended 'outcome == "closed" and .segments.retransmitted == 2 and .close_segments >= 3 and .closer == "local"'
    whole 'map(select(.event == "segment" and .dir == "out" and (.flags | contains("F"))).t)
        | length == 3 and .[2] - .[1] > 1.5 * (.[1] - .[0])'
}

@test "its ACK of our FIN is lost: our FIN is sent again, or its FIN tells" {
    start_server late 9004 socat -t 30 TCP6-LISTEN:9004,ipv6only=0,fork,reuseaddr SYSTEM:'cat >/dev/null; sleep 0.7'
    drop_first 1 to-client 'tcp flags & (syn | fin | psh | ack) == ack'
    verified close "$SERVER4" 9004 --rto 200ms --linger 0
    content
    ended 'outcome == "closed" and .segments.retransmitted >= 1 and .close_segments == 4'
    claimed 'presumed CLOSE-WAIT fin-sent' 'proven CLOSE-WAIT fin-acked' 'proven LAST-ACK fin-after-ours'
}

@test "its FIN is lost, and sent again by it" {
    start_server late 9004 socat -t 30 TCP6-LISTEN:9004,ipv6only=0,fork,reuseaddr SYSTEM:'cat >/dev/null; sleep 0.3'
    drop_first 1 to-client "$FIN"
    verified close "$SERVER4" 9004 --linger 0
    content
    [[ $(lost) == 1 ]]
    ended 'outcome == "closed" and .peer_end == "fin"'
    claimed 'proven CLOSE-WAIT fin-acked' 'proven LAST-ACK fin-after-ours' 'presumed CLOSED fin-ack-sent'
}

@test "our last ACK is lost: the walk is still there when the peer repeats its FIN" {
    # With the default linger, which is made for this.
    start_server late 9004 socat -t 30 TCP6-LISTEN:9004,ipv6only=0,fork,reuseaddr SYSTEM:'cat >/dev/null; sleep 0.3'
    start walk client "$TCPWALK" close --json --source-port 6100 --verify-netns "/proc/$NET_SERVER/ns/net" "$SERVER4" 9004
    wait_for 10 in_state CLOSE-WAIT 6100
    drop_first 1 to-server 'tcp flags & (syn | fin | rst | psh | ack) == ack'
    outlast walk "$STARTED_PID"
    content
    well_formed
    confirmed
    [[ $(lost) == 1 ]]
    ended 'outcome == "closed" and .segments.peer_retransmitted >= 1 and .peer == ["CLOSED"]'
    claimed 'proven LAST-ACK fin-after-ours' 'presumed CLOSED fin-ack-sent' 'refuted LAST-ACK fin-repeated' \
        'presumed CLOSED fin-ack-sent'
    # Answered, it has forgotten at once.
    wait_for 1 forgotten 6100
}

@test "without linger the lost last ACK stays lost, and our end does not claim otherwise" {
    start_server late 9004 socat -t 30 TCP6-LISTEN:9004,ipv6only=0,fork,reuseaddr SYSTEM:'cat >/dev/null; sleep 0.5'
    start walk client "$TCPWALK" close --json --linger 0 --source-port 6101 "$SERVER4" 9004
    wait_for 10 in_state CLOSE-WAIT 6101
    drop_first 1 to-server 'tcp flags & (syn | fin | rst | psh | ack) == ack'
    outlast walk "$STARTED_PID"
    content
    well_formed
    ended 'outcome == "closed" and .peer == ["CLOSED"] and .certainty == "presumed" and (.peer_else | contains(["LAST-ACK"]))'
}

@test "the peer's FIN is repeated, though our ACKs of it are all lost: the linger has an end" {
    start_server late 9004 socat -t 30 TCP6-LISTEN:9004,ipv6only=0,fork,reuseaddr SYSTEM:'cat >/dev/null; sleep 0.3'
    start walk client "$TCPWALK" close --json --linger 500ms --source-port 6102 "$SERVER6" 9004
    wait_for 10 in_state CLOSE-WAIT 6102
    drop to-server 'tcp flags & (syn | fin | rst | psh | ack) == ack'
    outlast walk "$STARTED_PID"
    content
    well_formed
    ended 'outcome == "closed" and .segments.peer_retransmitted >= 1 and .timing.total < 10'
    claimed 'presumed CLOSED fin-ack-sent' 'refuted LAST-ACK fin-repeated'
}

@test "our FIN is lost where the peer closed first: it waits in FIN-WAIT-2, then TIME-WAIT" {
    start_server first 13 socat TCP6-LISTEN:13,ipv6only=0,fork,reuseaddr SYSTEM:'echo now'
    drop_first 1 to-server "$FIN"
    verified close "$SERVER4" 13 --rto 200ms --delay 100ms --linger 0
    content
    ended 'outcome == "closed" and .closer == "peer" and .segments.retransmitted == 1 and .peer == ["TIME-WAIT"]'
    claimed 'presumed FIN-WAIT-2 fin-ack-sent' 'proven TIME-WAIT both-fins'
}

@test "everything is lost after the open: given up, in bounded time" {
    start_echo
    start walk client "$TCPWALK" close --json --delay 300ms --rto 50ms --retries 3 --source-port 6103 "$SERVER4" 7
    wait_for 10 in_state ESTAB 6103
    lose 100
    outlast walk "$STARTED_PID"
    status 3
    complaint 'no.answer.*FIN, sent 4 times, was not acknowledged'
    well_formed
    ended 'outcome == "no-answer" and .segments.retransmitted == 3'
}

@test "each of our segments twice and each of the peer's twice: nothing is taken for more than it is" {
    start_echo
    if ! wire nft add rule netdev wire losses-to-server dup to to-server ||
        ! wire nft add rule netdev wire losses-to-client dup to to-client; then
        skip "this kernel's nft can't duplicate"
    fi
    verified close "$SERVER4" 7 --send hello --linger 100ms
    content
    unnoted accept-queue-full
    ended 'outcome == "closed" and .bytes == {out: 5, in: 5, after_fin: .bytes.after_fin}'
    verified half-close "$SERVER6" 7 --send hello --linger 100ms
    content
    ended 'outcome == "closed" and .bytes.in == 5'
    verified open "$SERVER4" 7
    content
}
