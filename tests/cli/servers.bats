#!/usr/bin/env bats
# Walks to real servers: nginx, sshd, socat and Python's http.server, by every kind of address, with the server's
# kernel as the witness wherever it can be.

load helper
load walks

setup() {
    net_up
    ROOT=$BATS_TEST_TMPDIR/www
    mkdir "$ROOT"
    seq 2000 >"$ROOT/page"
    SIZE=$(wc -c <"$ROOT/page")
}

teardown() {
    tell_failure
    net_down
}

# walk_all ADDRESS PORT [ARGUMENT...]: every command there, the kernel as the witness; what is said is checked.
walk_all() {
    local address=$1 port=$2
    shift 2
    verified open "$address" "$port" --linger 0
    content
    ended 'outcome == "opened" and .local == "CLOSED"'
    claimed 'proven SYN-RECEIVED syn-acked' 'presumed ESTABLISHED ack-sent' 'presumed CLOSED rst-sent'
    wait_for 5 forgotten "$(jq -rs '.[0].local.port' "$SAID")"

    verified half-close "$address" "$port" --linger 0 "$@"
    content
    ended 'outcome == "closed" and .peer_end == "fin"'

    verified walk "$address" "$port" --linger 0 "$@"
    content
    ended 'outcome == "closed" and .peer_end == "fin"'

    verified close "$address" "$port" --linger 0
    content
    ended 'outcome == "closed" and .peer_end == "fin" and .closer != "none" and .close_segments >= 3'
}

nginx() {
    local config=$BATS_TEST_TMPDIR/nginx.conf
    mkdir "$BATS_TEST_TMPDIR/nginx"
    # One process, which needs no other user than root: inside a user namespace there is none.
    cat >"$config" <<-CONFIG
	daemon off;
	master_process off;
	user root root;
	pid $BATS_TEST_TMPDIR/nginx/pid;
	error_log stderr;
	events { }
	http {
	    access_log off;
	    client_body_temp_path $BATS_TEST_TMPDIR/nginx/body;
	    proxy_temp_path $BATS_TEST_TMPDIR/nginx/proxy;
	    fastcgi_temp_path $BATS_TEST_TMPDIR/nginx/fastcgi;
	    uwsgi_temp_path $BATS_TEST_TMPDIR/nginx/uwsgi;
	    scgi_temp_path $BATS_TEST_TMPDIR/nginx/scgi;
	    server { listen 80; listen [::]:80; root $ROOT; }
	}
	CONFIG
    start_server nginx 80 nginx -p "$BATS_TEST_TMPDIR/nginx" -e stderr -c "$config"
}

@test "nginx, by IPv4, IPv6 and loopback" {
    nginx
    walk_all "$SERVER4" 80 --send 'GET /page HTTP/1.0\r\n\r\n'
    walk_all "$SERVER6" 80 --send 'GET /page HTTP/1.0\r\n\r\n'
    # To send a request and to take the whole page is the half-close that everybody has seen.
    verified half-close "$SERVER4" 80 --linger 0 --send 'GET /page HTTP/1.0\r\nConnection: close\r\n\r\n'
    content
    ended "bytes.in > $SIZE and .bytes.in < $SIZE + 1000 and .bytes.out == 41"
    claimed 'presumed ESTABLISHED ack-sent' 'proven ESTABLISHED data-acked'
}

@test "nginx: a request that never comes is reset by us, or given up by it" {
    nginx
    verified close "$SERVER6" 80 --linger 0 --timeout 3s
    content
    ended 'outcome == "closed" and .closer == "local" and .bytes.in == 0'
}

@test "sshd says its name before us" {
    local config=$BATS_TEST_TMPDIR/sshd.conf
    ssh-keygen -q -t ed25519 -N '' -f "$BATS_TEST_TMPDIR/key"
    printf '%s\n' 'Port 22' 'UsePAM no' "PidFile none" "HostKey $BATS_TEST_TMPDIR/key" >"$config"
    # It wants a directory of its own in /run, which we make on a /run of our own.
    # shellcheck disable=SC2016 # its own parameters
    start_server sshd 22 unshare -m sh -c '
        mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec "$(command -v sshd)" -D -e -f "$1"' sh "$config"
    verified open "$SERVER4" 22 --delay 200ms
    content
    ended 'outcome == "opened"'
    verified close "$SERVER4" 22 --linger 0 --delay 300ms
    content
    # "SSH-2.0-..." and a line's end.
    ended 'outcome == "closed" and .closer == "local" and .bytes.in > 10 and .peer_end == "fin"'
    claimed 'presumed ESTABLISHED ack-sent' 'proven ESTABLISHED+FIN-WAIT-1 data-seen' 'presumed CLOSE-WAIT fin-sent'
    verified walk "$SERVER6" 22 --linger 0 --send 'SSH-2.0-none\r\n'
    ended 'bytes.in > 10'
}

@test "socat, by IPv4 and IPv6" {
    start_echo
    walk_all "$SERVER4" 7 --send 'hello\r\n'
    ended 'bytes.in == 0'
    walk_all "$SERVER6" 7 --send 'hello\r\n'
}

@test "http.server of Python" {
    start_server python 8000 python3 -m http.server --bind :: --directory "$ROOT" 8000
    walk_all "$SERVER6" 8000 --send 'GET /page HTTP/1.0\r\n\r\n'
    verified half-close "$SERVER4" 8000 --linger 0 --send 'GET /page HTTP/1.0\r\n\r\n'
    content
    ended "bytes.in > $SIZE and .bytes.in < $SIZE + 1000"
}

# Sends the page only after it has seen our FIN.
start_late() {
    start_server late 9000 socat -t 30 TCP6-LISTEN:9000,ipv6only=0,fork,reuseaddr \
        SYSTEM:"cat >/dev/null; cat '$ROOT/page'"
}

all_after_fin() {
    content
    ended "bytes == {out: 8, in: $SIZE, after_fin: $SIZE} and .segments_after_fin > 0"
    ended 'outcome == "closed" and .closer == "local"'
}

@test "what comes after our FIN is counted to the byte" {
    start_late
    verified half-close "$SERVER4" 9000 --linger 0 --send 'request\n'
    all_after_fin
    claimed 'presumed CLOSE-WAIT fin-sent' 'presumed CLOSED fin-ack-sent'
    verified half-close "$SERVER6" 9000 --linger 0 --send 'request\n'
    all_after_fin
    # One line of the ladder says so as well.
    tcpwalk half-close "$SERVER4" 9000 --linger 0 --send 'request\n'
    content
    tr -s ' \n' ' ' <"$SAID" | grep -qF "$SIZE bytes"
}

@test "a small MSS of ours brings the page in small segments" {
    start_late
    verified half-close "$SERVER4" 9000 --linger 0 --send 'request\n' --mss 200
    all_after_fin
    # The capture may see several of them as one.
    whole 'map(select(.event == "segment" and .dir == "in" and .len > 0))
        | length > 1 and all(.[:-1][]; .len % 188 == 0 or (.flags | contains("P")))'
}

@test "many segments of ours arrive in order" {
    local bytes
    bytes=$(printf 'x%.0s' {1..9000})
    start_echo
    verified walk "$SERVER4" 7 --linger 0 --send "$bytes"
    content
    ended 'bytes == {out: 9000, in: 9000, after_fin: .bytes.after_fin}'
    # A small window of ours does not keep it from coming.
    verified walk "$SERVER4" 7 --linger 0 --send "$bytes" --window 1000 --no-wscale
    content
    ended 'bytes.in == 9000'
}

@test "each option of our SYN can be left out" {
    local option
    start_echo
    for option in mss wscale sack timestamps; do
        verified close "$SERVER4" 7 --linger 0 --send x "--no-$option"
        content
        ended 'outcome == "closed"'
    done
    verified close "$SERVER6" 7 --linger 0 --send x --no-mss --no-wscale --no-sack --no-timestamps
    content
    whole '.[1].options == {}'
    verified close "$SERVER4" 7 --linger 0 --ttl 17 --isn 4294967295 --window 5000 --wscale 3 --mss 1000 --source-port 4321
    content
    whole '.[1] | .ttl == 17 and .seq == 4294967295 and .win == 5000 and .options.wscale == 3 and .options.mss == 1000'
    began 'local.port == 4321'
}

@test "a link-local address with its zone" {
    start_echo
    tell close "$SERVER_LINK" 7 --linger 0 --send hello
    content
    ended 'outcome == "closed" and .bytes.in == 5'
    began 'local.addr == "fe80::1%client0" and .peer.addr == "fe80::2%client0" and .interface == "client0"'
    tcpwalk open fe80::2 7
    status 2
    complaint 'link-local: name its interface'
    # As the source of a walk to an ordinary address it will do, too.
    tell close "$SERVER6" 7 --linger 0 --source "$CLIENT6" --interface client0
    content
}

@test "over loopback, where the kernel can always be asked" {
    local address
    start echo client socat TCP6-LISTEN:7,ipv6only=0,fork,reuseaddr EXEC:cat
    wait_for 10 listening 7 client
    for address in 127.0.0.1 ::1 127.3.2.1 "$CLIENT4" "$CLIENT6"; do
        tell close "$address" 7 --verify --linger 0 --send hello
        confirmed
        content
        ended 'outcome == "closed" and .bytes.in == 5'
        began 'interface == "lo"'
    done
    tell close "$CLIENT_LINK" 7 --verify --linger 0
    confirmed
    content
    began 'interface == "lo"'
}

# with_hosts LINE... -- COMMAND...: on the client, with these lines as its hosts file.
with_hosts() {
    local hosts=$BATS_TEST_TMPDIR/hosts
    : >"$hosts"
    while [[ $1 != -- ]]; do
        echo "$1" >>"$hosts"
        shift
    done
    shift
    # shellcheck disable=SC2016 # its own parameters
    client unshare -m sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$hosts" "$@"
}

@test "by name: the first address refuses, the second is walked" {
    with_hosts '192.0.2.2 peer.test' -- getent hosts peer.test >/dev/null || skip "names don't come from a hosts file here"
    start_server echo 7 socat TCP4-LISTEN:7,fork,reuseaddr EXEC:cat
    keep with_hosts "$SERVER6 peer.test" "$SERVER4 peer.test" -- "${BOUND[@]}" "$TCPWALK" close --linger 0 peer.test 7
    status 0
    complaint '^tcpwalk: 2001:db8::2.*refused.*next address'
    grep -q 'peer.test (192.0.2.2)' "$SAID"

    keep with_hosts "$SERVER6 peer.test" "$SERVER4 peer.test" -- "${BOUND[@]}" "$TCPWALK" close --linger 0 \
        --json --verify-netns "/proc/$NET_SERVER/ns/net" peer.test 7
    status 0
    well_formed
    confirmed
    began 'peer == {addr: "192.0.2.2", port: 7, name: "peer.test"}'

    # Only one family of it.
    keep with_hosts "$SERVER6 peer.test" "$SERVER4 peer.test" -- "$TCPWALK" close -4 --linger 0 peer.test 7
    content
    keep with_hosts "$SERVER6 peer.test" "$SERVER4 peer.test" -- "$TCPWALK" close -6 --linger 0 peer.test 7
    status 4
    complaint '2001:db8::2.*refused'
    # An IPv6 peer has no IPv4 address.
    keep with_hosts "$SERVER6 peer.test" -- "$TCPWALK" close -4 peer.test 7
    status 3
    complaint 'peer.test'
}

@test "by name: the first address has no route, or is silent; the second is walked" {
    with_hosts '192.0.2.2 peer.test' -- getent hosts peer.test >/dev/null || skip "names don't come from a hosts file here"
    start_echo
    keep with_hosts "2001:db8:ffff::1 peer.test" "$SERVER4 peer.test" -- \
        "${BOUND[@]}" "$TCPWALK" close --linger 0 peer.test 7
    status 0
    grep -q 'peer.test (192.0.2.2)' "$SAID"

    drop to-server 'ip6 daddr 2001:db8::2'
    keep with_hosts "$SERVER6 peer.test" "$SERVER4 peer.test" -- \
        "${BOUND[@]}" "$TCPWALK" close --linger 0 --timeout 500ms --rto 100ms peer.test 7
    status 0
    complaint '2001:db8::2.*no.answer.*next address'
    grep -q 'peer.test (192.0.2.2)' "$SAID"
}

@test "by the name of its service" {
    start_echo
    client getent services echo/tcp >/dev/null || skip "this system knows no names of services"
    tell close "$SERVER4" echo --linger 0
    content
    began 'peer.port == 7'
}

@test "--leave leaves the connection to the peer" {
    start_holder
    verified open "$SERVER4" 9003 --leave --source-port 5000
    content
    ended 'left and .outcome == "opened" and .history == "ShA"'
    in_state ESTAB 5000
    verified half-close "$SERVER4" 9003 --leave --source-port 5001 --timeout 300ms
    content
    ended 'left and .outcome == "half-closed"'
    in_state CLOSE-WAIT 5001
    # What is not left is gone.
    verified half-close "$SERVER4" 9003 --source-port 5002 --timeout 300ms
    content
    wait_for 5 forgotten 5002
    verified open "$SERVER4" 9003 --source-port 5003
    wait_for 5 forgotten 5003
}

@test "--low-latency walks as well" {
    start_echo
    verified close "$SERVER4" 7 --linger 0 --low-latency
    content
    ended 'outcome == "closed"'
}

@test "two walks at a time don't see each other" {
    local first second
    start_echo
    start first client "$TCPWALK" half-close --json --linger 0 --delay 300ms --send one "$SERVER4" 7
    first=$STARTED_PID
    start second client "$TCPWALK" half-close --json --linger 0 --delay 300ms --send three "$SERVER4" 7
    second=$STARTED_PID
    outlast first "$first"
    content
    well_formed
    ended 'outcome == "closed" and .bytes.in == 3'
    outlast second "$second"
    content
    well_formed
    ended 'outcome == "closed" and .bytes.in == 5'
}

@test "--verify-netns of another network: its kernel has no such socket, which contradicts nothing" {
    local machine
    start_echo
    for machine in NET_CLIENT NET_WIRE; do
        # So that ESTABLISHED is proven, and CLOSE-WAIT or what follows.
        tell close "$SERVER4" 7 --linger 0 --send hello --delay 50ms --verify-netns "/proc/${!machine}/ns/net"
        content
        confirmed
        noted no-such-socket
        unnoted syn-cookie
        whole 'map(select(.event == "note" and .token == "no-such-socket")) | length == 1'
        whole 'any(.[]; .event == "verify" and (.agrees | not))'
        whole 'all(.[]; .event != "verify" or .kernel == "CLOSED")'
    done
}

@test "without standard input, output and error a quiet walk is no different" {
    local closed
    start_echo
    for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
        # shellcheck disable=SC2016 # its own parameters
        keep client bash -c '"$@" '"$closed" bash "${BOUND[@]}" "$TCPWALK" close -q --linger 0 --send hello "$SERVER4" 7
        content
        [[ ! -s $SAID ]]
    done
}
