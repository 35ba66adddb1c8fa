#!/usr/bin/env bats
# TCPs other than Linux as peers: lwIP, gVisor's netstack, libslirp (slirp4netns) and passt. What walks come to there,
# what each answers in each state, and where it differs. lwIP and gVisor tell in which state they send each segment,
# and that contradicts nothing that was proven.

load helper
load walks
load stacks

setup() {
    net_up
}

teardown() {
    if [[ -z ${BATS_TEST_COMPLETED-} && -n ${WITNESS-} && -s $(log "$STACK") ]]; then
        echo "$STACK said at last:"
        tail -n 15 "$(log "$STACK")"
    fi
    tell_failure
    net_down
}

# named_walks ADDRESS: to peers that keep to RFC 9293.
named_walks() {
    met open "$1" 7 --linger 0
    content
    ended 'outcome == "opened" and .local == "CLOSED"'
    claimed 'proven SYN-RECEIVED syn-acked' 'presumed ESTABLISHED ack-sent' 'presumed CLOSED rst-sent'

    met half-close "$1" 7 --linger 0 --send hello
    content
    ended 'outcome == "closed" and .peer_end == "fin" and .bytes == {out: 5, in: 5, after_fin: .bytes.after_fin}'

    met close "$1" 9 --linger 0
    content
    ended 'outcome == "closed" and .closer == "local"'
    claimed 'presumed CLOSE-WAIT fin-sent' 'proven *LAST-ACK*'

    met walk "$1" 7 --linger 0 --send hello
    content
    ended 'outcome == "closed" and .bytes.in == 5'

    # It closes first.
    met "$1" 80 --linger 0 'open; send "GET / HTTP/1.0\r\n\r\n"; expect F.; close'
    content
    ended 'outcome == "closed" and .closer == "peer" and .bytes.in > 20'
    claimed 'proven *FIN-WAIT-1*' 'presumed FIN-WAIT-2*' 'proven TIME-WAIT*'

    never_closes "$1"
}

# never_closes ADDRESS: which is no failure of half-close.
never_closes() {
    met half-close "$1" 9003 --timeout 300ms
    content
    ended 'outcome == "half-closed"'
    claimed 'proven CLOSE-WAIT fin-acked'
    met close "$1" 9003 --timeout 300ms
    status 3
    ended 'outcome == "half-closed"'
}

# refuses ADDRESS
refuses() {
    met open "$1" 9009
    status 4
    ended 'outcome == "refused"'
    claimed 'proven CLOSED *'
}

# resets ADDRESS: the service that answers data with RST does so.
resets() {
    met "$1" 9001 'open; send "x"; expect R.?; expect state CLOSED|LISTEN proven'
    content
    ended 'outcome == "reset"'
}

# probed STATE EXPECTED: the step probe is answered there, and that is what is believed then.
probed() {
    local port steps
    read -r port steps <<<"${REACHED[$1]}"
    met "$PEER4" "$port" "$steps probe; expect state $2"
    content
    unnoted probe-unanswered
}

# options_of_syn_ack FILTER: its SYN-ACK has these.
options_of_syn_ack() {
    whole "first(.[] | select(.event == \"segment\" and .dir == \"in\")) | .options $1"
}

# repeats FLAGS STATE FROM TO: in the state it repeats what has those flags; the first time after that many seconds.
repeats() {
    local port steps
    read -r port steps <<<"${REACHED[$2]}"
    met "$PEER4" "$port" "$steps expect $1 within $4"
    content
    whole "map(select(.dir? == \"in\" and .flags == \"$1\").t) | .[1] - .[0] | . > $3 and . < $4"
}

# ---- lwIP ------------------------------------------------------------------------------------------------------------

@test "lwIP: named walks, by IPv4 and IPv6" {
    stack_up lwip
    named_walks "$PEER4"
    refuses "$PEER4"
    resets "$PEER4"
    named_walks "$PEER6"
    refuses "$PEER6"
    resets "$PEER6"
}

@test "lwIP: each state is what lwIP calls it" {
    local state port steps
    stack_up lwip
    for state in SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 CLOSE-WAIT CLOSING LAST-ACK TIME-WAIT; do
        read -r port steps <<<"${REACHED[$state]}"
        met "$PEER4" "$port" --leave "$steps"
        content
        is_in "$state"
    done
}

@test "lwIP: the step probe" {
    stack_up lwip
    probed ESTABLISHED 'ESTABLISHED proven'
    probed FIN-WAIT-1 'FIN-WAIT-1 proven'
    probed CLOSE-WAIT 'CLOSE-WAIT proven'
    probed LAST-ACK 'LAST-ACK|CLOSING proven'
    # It has no timestamps, so whether our last ACK has arrived stays open.
    probed FIN-WAIT-2 'FIN-WAIT-2 presumed'
    met "$PEER4" 9 'open; probe; expect state ESTABLISHED presumed'
    content
}

@test "lwIP: segments at random, some lost: it contradicts nothing that was proven" {
    stack_up lwip
    random_walks "${TCPWALK_STACKS_WALKS:-40}" "${TCPWALK_STACKS_SEED:-1}"
}

@test "lwIP: what it answers in each state" {
    stack_up lwip
    answers_as_listed
}

@test "lwIP: where it differs from Linux" {
    stack_up lwip
    met open "$PEER4" 9
    options_of_syn_ack '== {mss: 1460, wscale: 1}'
    # An old byte in SYN-RECEIVED opens the connection.
    met "$PEER4" 9 --leave 'syn; expect S. ack=+1; segment . seq=una-1024 len=1; expect . seq=+1 ack=+1'
    content
    is_in ESTABLISHED
    # A FIN without ACK is taken for one.
    met "$PEER4" 9003 'open; segment F; expect . ack=+2'
    content
    claimed 'proven CLOSE-WAIT *'
    # A RST that is not exact is challenged, as it should be.
    met "$PEER4" 9 --leave 'open; send "x"; rst seq=nxt+1; expect . ack=nxt; rst seq=nxt-1; expect nothing for 50ms'
    content
    is_in ESTABLISHED
    repeats F. LAST-ACK 1.5 4
    repeats S. SYN-RECEIVED 1.5 4
}

# ---- gVisor ----------------------------------------------------------------------------------------------------------

@test "gVisor: named walks, by IPv4 and IPv6" {
    stack_up gvisor
    named_walks "$PEER4"
    refuses "$PEER4"
    resets "$PEER4"
    named_walks "$PEER6"
    refuses "$PEER6"
    resets "$PEER6"
}

@test "gVisor: each state is what gVisor calls it" {
    local state port steps
    stack_up gvisor
    for state in SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 CLOSE-WAIT CLOSING LAST-ACK TIME-WAIT; do
        read -r port steps <<<"${REACHED[$state]}"
        met "$PEER4" "$port" --leave "$steps"
        content
        # It may say so a moment after its segment.
        wait_for 2 is_in "$state"
    done
}

@test "gVisor: the step probe" {
    stack_up gvisor
    probed ESTABLISHED 'ESTABLISHED proven'
    probed FIN-WAIT-1 'FIN-WAIT-1 proven'
    probed FIN-WAIT-2 'FIN-WAIT-2 proven'
    probed CLOSE-WAIT 'CLOSE-WAIT proven'
    probed LAST-ACK 'LAST-ACK|CLOSING proven'
}

@test "gVisor: segments at random, some lost: it contradicts nothing that was proven" {
    stack_up gvisor
    random_walks "${TCPWALK_STACKS_WALKS:-40}" "${TCPWALK_STACKS_SEED:-1}"
}

@test "gVisor: what it answers in each state" {
    stack_up gvisor
    answers_as_listed
}

@test "gVisor: where it differs from Linux" {
    stack_up gvisor
    met open "$PEER4" 9
    options_of_syn_ack '| .mss == 1460 and .sack_permitted and has("tsval") and .wscale == 5'
    # It says nothing of bytes that it had.
    met "$PEER4" 9 'open; send "x"; expect . ack=+2; segment . seq=una-1 len=1; expect . ack=+2 options!~<sack>'
    content
    # A RST anywhere in the window ends a connection.
    met "$PEER4" 9 'open; send "x"; expect . ack=+2; rst seq=nxt+1; segment .; expect R'
    content
    ended 'outcome == "reset"'
    # A segment without timestamps does not open one that has them.
    met "$PEER4" 9 --leave 'syn; expect S. ack=+1; ack options=none; expect nothing for 50ms'
    content
    is_in SYN-RECEIVED
    repeats F. LAST-ACK 0.15 1
    repeats S. SYN-RECEIVED 0.9 2
}

# ---- the witness -----------------------------------------------------------------------------------------------------

@test "a claim that is not true is found, and so is a segment that was never sent" {
    local whole="$BATS_TEST_TMPDIR/whole"
    stack_up lwip
    met close "$PEER4" 9 --linger 0
    cp "$SAID" "$whole"
    jq -c 'if .reason? == "fin-covers-ours" then .to = ["CLOSING"] else . end' "$whole" >"$SAID"
    run witnessed
    [[ $status != 0 && $output == 'lwip: port 20000, segment '*': proven ["CLOSING"], but it was ["LAST-ACK"]' ]]
    jq -c 'if .dir? == "in" and .flags == "F." then .seq += 1 else . end' "$whole" >"$SAID"
    run witnessed
    [[ $status != 0 && $output == *' is not what was sent' ]]
}

# ---- libslirp --------------------------------------------------------------------------------------------------------

@test "slirp4netns: named walks" {
    stack_up slirp4netns
    named_walks "$PEER4"
    refuses "$PEER4"
}

@test "slirp4netns: the step probe" {
    stack_up slirp4netns
    probed ESTABLISHED 'ESTABLISHED proven'
    # It answers with its FIN.
    probed FIN-WAIT-1 'FIN-WAIT-1 proven'
    probed LAST-ACK 'LAST-ACK|CLOSING proven'
    probed CLOSE-WAIT 'CLOSE-WAIT proven'
    # It has no timestamps.
    probed FIN-WAIT-2 'FIN-WAIT-2 presumed'
    met "$PEER4" 9 'open; probe; expect state ESTABLISHED presumed'
    content
}

@test "slirp4netns: what it answers in each state" {
    stack_up slirp4netns
    answers_as_listed
}

@test "slirp4netns: where it differs from Linux" {
    stack_up slirp4netns
    met open "$PEER4" 9
    options_of_syn_ack '== {mss: 1460}'
    # A RST anywhere in the window, or right before it, ends a connection; and is answered by RST when there is none.
    met "$PEER4" 9 'open; send "x"; expect . ack=+2; rst seq=nxt+1; segment .; expect R'
    content
    ended 'outcome == "reset"'
    met "$PEER4" 9 'open; send "x"; expect . ack=+2; rst seq=nxt-1; segment .; expect R'
    content
    met "$PEER4" 9009 'segment R; expect R.'
    content
    # A SYN in the window ends it with two RSTs.
    met "$PEER4" 9 'open; send "x"; expect . ack=+2; segment S seq=nxt; expect R.; expect R.?'
    status 0
    repeats F. LAST-ACK 0.9 3
    # Also where it listens it answers a segment without flags with RST: that nobody listens is not proven by one.
    met open "$PEER4" 9 --probe
    status 0
    claimed 'proven LISTEN+CLOSED bare-refused'
}

# ---- passt -----------------------------------------------------------------------------------------------------------

@test "passt: named walks" {
    stack_up passt
    met open "$PEER4" 7 --linger 0
    content
    ended 'outcome == "opened"'
    options_of_syn_ack '| (keys == ["mss", "wscale"])'
    met close "$PEER4" 9 --linger 0
    content
    ended 'outcome == "closed" and .closer == "local"'
    claimed 'proven LAST-ACK *'
    met "$PEER4" 9005 'open; expect F.; close'
    content
    ended 'outcome == "closed" and .closer == "peer"'
    never_closes "$PEER4"
}

@test "passt: a server that sends after our FIN and closes: its bytes come, its FIN may not" {
    stack_up passt
    met half-close "$PEER4" 7 --send hello --timeout 500ms --linger 0
    content
    # On a busy machine it was seen to send them again and again, each time as new ones.
    ended 'bytes.in >= 5 and .bytes.in % 5 == 0 and (.outcome == "half-closed" or .outcome == "closed")'
    claimed 'proven *CLOSE-WAIT*'
}

@test "passt: what it answers in each state, which is next to nothing" {
    stack_up passt
    answers_as_listed
}

@test "passt: where it differs from Linux" {
    stack_up passt
    # It refuses with a RST without ACK, which RFC 9293 does not let us believe.
    met open "$PEER4" 9009 --timeout 300ms
    status 3
    ended 'outcome == "no-answer"'
    whole 'any(.[]; .dir? == "in" and .flags == "R")'
    # Silence proves nothing.
    met "$PEER4" 9 'open; probe; expect state ESTABLISHED presumed'
    content
    noted probe-unanswered
    # Any RST ends the connection, and nothing answers for one that it does not know.
    met "$PEER4" 9 'open; send "x"; expect . ack=+2; rst seq=nxt+1; segment P. len=1; expect nothing for 100ms'
    content
    # There is no TIME-WAIT: the same ports are good for a new connection at once.
    met "$PEER4" 9005 'open; expect F.; close; wait 100ms; segment S seq=+0; expect S.'
    content
    claimed 'proven TIME-WAIT *' 'proven SYN-RECEIVED *'
}

# ---- Linux -----------------------------------------------------------------------------------------------------------

@test "Linux: what it answers in each state, for comparison" {
    stack_up linux
    answers_as_listed
}
