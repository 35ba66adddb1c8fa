#!/usr/bin/env bats
# The guard: the client's kernel stays silent about a connection that it does not know, holds the port, and is its
# own again as soon as the program has gone, in whatever way.

load helper
load walks

setup() {
    net_up
    # What leaves the client counts, not what tcpwalk says of it.
    wire nft -f - <<-'RULES'
	table netdev count {
	    chain resets {
	        type filter hook ingress device to-client priority -10;
	        tcp flags & rst == rst counter
	    }
	}
	RULES
}

teardown() {
    tell_failure
    net_down
}

# resets: how many RST have left the client.
resets() {
    wire nft list chain netdev count resets | counted
}

# resets_are_ours: as many have left as the last walk says that it sent.
resets_are_ours() {
    local ours
    ours=$(jq -s 'map(select(.event == "segment" and .dir == "out" and (.flags | contains("R")))) | length' "$SAID")
    [[ $(resets) == "$ours" ]] || {
        echo "$(resets) RST left, of which $ours are ours"
        return 1
    }
    wire nft flush chain netdev count resets
    wire nft add rule netdev count resets 'tcp flags & rst == rst counter'
}

# peer_ttl TTL: from now on the server's segments leave with this TTL, and hop limit.
peer_ttl() {
    server nft -f - <<-RULES
	table inet ttl {
	    chain out {
	        type filter hook output priority 0;
	        meta nfproto ipv4 ip ttl set $1
	        meta nfproto ipv6 meta l4proto tcp ip6 hoplimit set $1
	    }
	}
	RULES
}

quiet_walks() {
    local address
    start_echo
    start_holder
    start_server first 13 socat TCP6-LISTEN:13,ipv6only=0,fork,reuseaddr SYSTEM:'echo now'
    for address in "$SERVER4" "$SERVER6"; do
        verified close "$address" 7 --linger 0 --send hello --delay 50ms
        content
        whole "all(.[]; .event != \"segment\" or .dir == \"out\" or .ttl == $1)"
        resets_are_ours
        verified close "$address" 13 --linger 0 --delay 50ms
        content
        resets_are_ours
        verified open "$address" 7
        content
        resets_are_ours
        verified half-close "$address" 9003 --timeout 500ms
        content
        resets_are_ours
        tell open "$address" 9999
        status 4
        resets_are_ours
        [[ $(resets) == 0 ]]
    done
}

@test "no RST but ours leaves, the peer sending TTL 64" {
    peer_ttl 64
    quiet_walks 64
}

@test "no RST but ours leaves, the peer sending TTL 255 from the same link" {
    peer_ttl 255
    quiet_walks 255
}

@test "a kernel without a guard would have reset: the count works" {
    start_server python 7 python3 -c 'import socket, time
listener = socket.create_server(("192.0.2.2", 7)); listener.accept(); time.sleep(60)'
    # A SYN that the client's kernel does not know of.
    cat >"$BATS_TEST_TMPDIR/syn.py" <<-'PY'
	import socket, struct
	raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
	def total(data):
	    while len(data) % 2: data += b"\0"
	    value = sum(struct.unpack("!%dH" % (len(data) // 2), data))
	    while value >> 16: value = (value & 0xffff) + (value >> 16)
	    return ~value & 0xffff
	tcp = struct.pack("!HHIIBBHHH", 5555, 7, 1, 0, 5 << 4, 2, 1000, 0, 0)
	pseudo = socket.inet_aton("192.0.2.1") + socket.inet_aton("192.0.2.2") + struct.pack("!BBH", 0, 6, len(tcp))
	tcp = tcp[:16] + struct.pack("!H", total(pseudo + tcp)) + tcp[18:]
	raw.sendto(tcp, ("192.0.2.2", 0))
	PY
    client python3 "$BATS_TEST_TMPDIR/syn.py"
    some_reset() { [[ $(resets) == 1 ]]; }
    wait_for 5 some_reset
}

@test "a source port in use is refused" {
    start_echo
    start taken client socat TCP4-LISTEN:4000,reuseaddr,fork EXEC:cat
    wait_for 10 listening 4000 client
    tcpwalk close "$SERVER4" 7 --source-port 4000
    status 5
    complaint 'source port 4000 is in use'
    [[ ! -s $SAID ]]
    # By the other protocol it is free.
    verified close "$SERVER6" 7 --source-port 4000 --linger 0
    content
}

@test "a connection of the kernel's own with the same ports is refused" {
    start_holder
    start own client socat -u TCP4:"$SERVER4":9003,sourceport=4001,reuseaddr STDOUT
    wait_for 10 in_state ESTAB 4001
    tcpwalk close "$SERVER4" 9003 --source-port 4001
    status 5
    complaint '4001'
    in_state ESTAB 4001
    [[ $(resets) == 0 ]]
}

@test "the port is held during the walk, and free as soon as it ends" {
    local walk
    start_holder
    start walk client "$TCPWALK" half-close --source-port 4002 --timeout 60s "$SERVER4" 9003
    walk=$STARTED_PID
    wait_for 10 in_state CLOSE-WAIT 4002
    listening 4002 client
    # Neither another walk nor anybody else gets it.
    tcpwalk open "$SERVER4" 9003 --source-port 4002
    status 5
    complaint 'source port 4002 is in use'
    run client timeout 5 socat TCP4-LISTEN:4002,reuseaddr STDOUT
    [[ $status != 0 && $output == *'in use'* ]]
    stop "$walk"
    wait_for 5 forgotten 4002

    for _ in 1 2 3; do
        verified open "$SERVER4" 9003 --source-port 4002
        content
        run listening 4002 client
        [[ $status != 0 ]]
    done
}

# nothing_left PID...: no process, no socket, no rule.
nothing_left() {
    local pid
    for pid; do
        wait_for 5 gone "$pid"
    done
    [[ -z $(client ss -Htln) ]]
    [[ -z $(client ss -Htan) ]]
    [[ -z $(client nft list ruleset) ]]
    [[ -z $(client ss -Hl0) ]]
    [[ -z $(client ss -Hlw) ]]
}

@test "after kill -9 nothing is left, and the port is free" {
    local walk children
    start_holder
    start walk client "$TCPWALK" half-close --source-port 4003 --timeout 60s "$SERVER4" 9003
    walk=$STARTED_PID
    wait_for 10 in_state CLOSE-WAIT 4003
    mapfile -t children < <(pgrep -P "$walk")
    kill -KILL "$walk"
    wait_for 5 gone "$walk"
    wait "$walk" || true
    nothing_left "${children[@]}"
    verified open "$SERVER6" 9003 --source-port 4003
    content
    # The peer had no RST from us; its kernel's next segment would get one from ours.
    in_state CLOSE-WAIT 4003
}

@test "after an ordinary end nothing is left" {
    start_echo
    verified close "$SERVER4" 7
    content
    nothing_left
    verified open "$SERVER6" 7
    content
    nothing_left
}

# Sends a RST with exact numbers from the client, as somebody else there might: SOURCE PORT, SEQ.
cat_reset_py() {
    cat >"$BATS_TEST_TMPDIR/reset.py" <<-'PY'
	import socket, struct, sys
	port, seq, six = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "6"
	source, target = ("2001:db8::1", "2001:db8::2") if six else ("192.0.2.1", "192.0.2.2")
	family = socket.AF_INET6 if six else socket.AF_INET
	raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP)
	raw.bind((source, 0))
	def total(data):
	    while len(data) % 2: data += b"\0"
	    value = sum(struct.unpack("!%dH" % (len(data) // 2), data))
	    while value >> 16: value = (value & 0xffff) + (value >> 16)
	    return ~value & 0xffff
	tcp = struct.pack("!HHIIBBHHH", port, 9003, seq, 0, 5 << 4, 4, 0, 0, 0)
	pseudo = socket.inet_pton(family, source) + socket.inet_pton(family, target)
	pseudo += struct.pack("!IHBB", len(tcp), 0, 0, 6) if six else struct.pack("!BBH", 0, 6, len(tcp))
	tcp = tcp[:16] + struct.pack("!H", total(pseudo + tcp)) + tcp[18:]
	raw.sendto(tcp, (target, 0))
	PY
}

reset_behind_our_back() {
    local address=$1 family=$2 port=$3
    start_holder
    cat_reset_py
    start walk client "$TCPWALK" close --json --source-port "$port" --isn 1000 --delay 60s "$address" 9003
    wait_for 10 in_state ESTAB "$port"
    client python3 "$BATS_TEST_TMPDIR/reset.py" "$port" 1001 "$family"
    outlast walk "$STARTED_PID"
    status 5
    complaint 'RST'
    well_formed
    ended 'status == 5 and .outcome == "failed"'
    noted foreign-rst
    # It was exact: the peer is gone.
    forgotten "$port"
    [[ $(resets) == 1 ]]
}

@test "a RST that leaves behind our back is local trouble" {
    reset_behind_our_back "$SERVER4" 4 4004
}

@test "a RST that leaves behind our back is local trouble, by IPv6" {
    reset_behind_our_back "$SERVER6" 6 4005
}

@test "a guard that is taken away is noticed" {
    start_holder
    peer_ttl 64
    start walk client "$TCPWALK" close --json --source-port 4006 --delay 1s --timeout 20s "$SERVER4" 9003
    wait_for 10 in_state ESTAB 4006
    # The kernel's own way to end a socket of somebody else's.
    client ss -KHtln 'sport = :4006' >"$BATS_TEST_TMPDIR/killed" 2>&1 || true
    if listening 4006 client; then
        skip "this kernel can't end a listening socket (CONFIG_INET_DIAG_DESTROY)"
    fi
    # The peer acknowledges our FIN, and our kernel answers that with RST.
    outlast walk "$STARTED_PID"
    status 5
    complaint 'guard did not hold'
    well_formed
    noted foreign-rst
}
