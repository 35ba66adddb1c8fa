#!/usr/bin/env bats
# Bad input and bad luck: each gets one clear line, the right exit status, and leaves nothing behind.

# shellcheck disable=SC2030,SC2031 # each test is a subshell, and is meant to be

load helper
load walks

setup() {
    net_up
}

teardown() {
    tell_failure
    net_down
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

# ---- the command line ------------------------------------------------------------------------------------------------

@test "hosts and ports that are none" {
    refuses 2 'host and a port'
    refuses 2 'host and a port' open
    refuses 2 'host and a port' open "$SERVER4"
    refuses 2 "steps:1:1: '8' is no step" open "$SERVER4" 7 8
    refuses 2 '"?frobnicate' frobnicate
    refuses 2 'frobnicate' frobnicate "$SERVER4" 7
    refuses 2 'port 0 is not between 1 and 65535' "$SERVER4" 0
    refuses 2 'port 70000 is not between 1 and 65535' open "$SERVER4" 70000
    refuses 2 'port 99999999999999999999' open "$SERVER4" 99999999999999999999
    refuses 2 '"htpp" is neither a number nor a service' open "$SERVER4" htpp
    refuses 2 '"-1"|unknown option -1' open "$SERVER4" -1
    refuses 2 '"7x"' open "$SERVER4" 7x
    refuses 2 '""' open "$SERVER4" ''
    refuses 2 'not a host' open '' 7
    refuses 2 '"192.0.2.256" is not an address' open 192.0.2.256 7
    refuses 2 'not an address' open 2001:db8:::2 7
    refuses 2 'not a host' open 'two words' 7
    refuses 2 '0.0.0.0 is not a host' open 0.0.0.0 7
    refuses 2 '224.0.0.1 is not a host' open 224.0.0.1 7
    refuses 2 'ff02::1' open ff02::1 7
    refuses 2 '255 is not a host' open 192.0.2.255 7
    refuses 2 'link-local: name its interface' open fe80::2 7
    refuses 2 'only a link-local address' open 2001:db8::2%client0 7
}

@test "options that are none, that lack their value, or come twice" {
    refuses 2 'unknown option --frob' open --frob "$SERVER4" 7
    refuses 2 'unknown option -x' open -x "$SERVER4" 7
    refuses 2 'json.*twice' open --json --json "$SERVER4" 7
    refuses 2 'timeout.*twice' open --timeout 1s -t 2s "$SERVER4" 7
    refuses 2 '--timeout needs a value' open "$SERVER4" 7 --timeout
    refuses 2 '--quiet takes no value' open --quiet=yes "$SERVER4" 7
    refuses 2 '--ipv4 and --ipv6' open -4 -6 peer.invalid 7
    refuses 2 '192.0.2.2 is not an IPv6 address' open -6 "$SERVER4" 7
}

@test "values that are none" {
    local value
    for value in soon -1s 1sec '' 1e3s 99999999999999s ' 1s'; do
        refuses 2 "'$value' is not a duration" open "--timeout=$value" "$SERVER4" 7
    done
    for value in -1 x '' 101 1.5 0x10 18446744073709551617; do
        refuses 2 "'$value' is not a number from 0 to 100" open "--retries=$value" "$SERVER4" 7
    done
    refuses 2 "'0' is not a number from 1 to 255" open --ttl 0 "$SERVER4" 7
    refuses 2 "'256' is not a number" open --ttl 256 "$SERVER4" 7
    refuses 2 "'70000' is not a number from 1 to 65535" open --source-port 70000 "$SERVER4" 7
    refuses 2 "'0' is not a number" open --mss 0 "$SERVER4" 7
    refuses 2 "'15' is not a number from 0 to 14" open --wscale 15 "$SERVER4" 7
    refuses 2 "'4294967296' is not a number" open --isn 4294967296 "$SERVER4" 7
    refuses 2 "'here' is not an IPv4 or IPv6 address" open --source here "$SERVER4" 7
    refuses 2 'not of the same family' open --source "$CLIENT6" "$SERVER4" 7
    # shellcheck disable=SC1003 # backslashes
    for value in '\x4' '\q' 'end\' '\xzz'; do
        refuses 2 'send' open --send "$value" "$SERVER4" 7
    done
}

@test "options that are for measure alone, and those that are for walks" {
    local option whose
    for option in --max=3s --count=3 --data; do
        whose='measure and watch'
        [[ $option != --data ]] || whose=measure
        refuses 2 "^tcpwalk: ${option%%=*}: for $whose\$" open "$option" "$SERVER4" 7
        refuses 2 "^tcpwalk: ${option%%=*}: for $whose\$" "$option" "$SERVER4" 7
        refuses 2 "^tcpwalk: ${option%%=*}: for $whose\$" "$option" lab open echo
        refuses 2 "^tcpwalk: ${option%%=*}: for $whose\$" "$option" lab echo
        refuses 2 "^tcpwalk: ${option%%=*}: for $whose\$" "$option" completion bash
        # The help says so of each.
        tcpwalk --help
        grep -qE -- "^ +${option%%=*}( [A-Z]+)? +measure: " "$SAID"
    done
    for option in --html=p.html --mermaid --tap --probe --verify --verify-netns=x --leave --dry-run --print-script --source-port=7 --delay=0 \
        --linger=0; do
        refuses 2 "^tcpwalk: ${option%%=*}: a measurement has no use for it\$" measure rtt "$option" "$SERVER4" 7
        refuses 2 "^tcpwalk: ${option%%=*}: a measurement has no use for it\$" lab measure rtt "$option" echo
    done
    refuses 2 '^tcpwalk: --svg: teach has no use for it$' teach --svg p.svg open
    [[ ! -e p.html && ! -e p.svg ]]
}

@test "measurements that are none" {
    refuses 2 "'nothing' is nothing that can be measured" measure nothing "$SERVER4" 7
    refuses 2 "'' is nothing that can be measured" measure rtt, "$SERVER4" 7
    refuses 2 "'rt' is nothing that can be measured" measure rt "$SERVER4" 7
    refuses 2 'rtt is named twice' measure rtt,isn,rtt "$SERVER4" 7
    refuses 2 'profile .* stands alone' measure profile,rtt "$SERVER4" 7
    refuses 2 'profile .* stands alone' measure rtt,profile "$SERVER4" 7
    refuses 2 'a host and a port' measure rtt
    refuses 2 'a host and a port' measure rtt "$SERVER4"
    refuses 2 'a host and a port' measure rtt "$SERVER4" 7 open
    refuses 2 "'client' is not a service" lab measure rtt client
    refuses 2 "'0' is not a duration" measure rtt --max 0 "$SERVER4" 7
    refuses 2 "'0' is not a number from 1" measure rtt --count 0 "$SERVER4" 7
    refuses 2 "'10001' is not a number from 1 to 10000" measure rtt --count 10001 "$SERVER4" 7
    refuses 5 'svg: .*No such file' measure rtt --svg "$BATS_TEST_TMPDIR/nowhere/chart.svg" "$SERVER4" 7
    # What there is to be measured is listed, in the lab as well.
    tcpwalk measure
    content
    cp "$SAID" "$BATS_TEST_TMPDIR/listed"
    tcpwalk lab measure
    content
    diff "$BATS_TEST_TMPDIR/listed" "$SAID"
}

@test "help and version need no permission, and go to standard output" {
    tcpwalk --help
    content
    grep -q '^usage: tcpwalk' "$SAID"
    [[ $(wc -L <"$SAID") -le 120 ]]
    tcpwalk --version
    content
    grep -qE '^tcpwalk [0-9]+\.[0-9]+' "$SAID"
    tcpwalk open --help
    content
}

# ---- this machine ----------------------------------------------------------------------------------------------------

@test "without CAP_NET_RAW it says what is missing and how to get it" {
    if [[ $(id -u) == 0 ]]; then
        keep client setpriv --bounding-set=-net_raw --inh-caps=-net_raw "$TCPWALK" open "$SERVER4" 7
    else
        keep "$TCPWALK" open 127.0.0.1 7
    fi
    status 5
    complaint 'no permission.*CAP_NET_RAW.*setcap cap_net_raw=ep.*tcpwalk lab'
    [[ ! -s $SAID ]]
}

@test "the plain user that has CAP_NET_RAW and nothing else has all it needs" {
    [[ $(id -u) == 0 ]] || skip "only root can give one capability away"
    local program
    start_echo
    program=$(mktemp -d)
    chmod 755 "$program"
    install -m 755 "$TCPWALK" "$program/tcpwalk"
    keep client setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all,+net_raw \
        --ambient-caps=-all,+net_raw --bounding-set=-all,+net_raw \
        "$program/tcpwalk" close --linger 0 --json "$SERVER4" 7
    rm -rf "$program"
    content
    well_formed
    ended 'outcome == "closed"'
}

@test "an unknown host" {
    refuses 3 'unknown host.*nowhere.invalid' open nowhere.invalid 7
}

@test "no such interface, one that is down, one that does not lead there" {
    refuses 5 'no interface named nosuch0' open --interface nosuch0 "$SERVER4" 7
    refuses 5 'no interface named nosuch0' open fe80::2%nosuch0 7
    refuses 2 'not on' open --interface lo "$SERVER_LINK" 7
    client ip link add idle0 type veth peer name idle1
    refuses 5 'interface idle0 is down' open --interface idle0 "$SERVER4" 7
    client ip link set idle0 up
    # Where the kernel would let it leave: nobody is there.
    tell open --interface idle0 --timeout 300ms "$SERVER4" 7
    status 3
    began 'interface == "idle0"'
    refuses 3 'not reached over lo|no route' open --interface lo "$SERVER4" 7
}

@test "no route" {
    refuses 3 'no route to 198.51.100.1' open 198.51.100.1 7
    refuses 3 'no route to 2001:db8:ffff::1' open 2001:db8:ffff::1 7
    client ip route add blackhole 198.51.100.0/24
    refuses 3 'route to 198.51.100.1 is a blackhole' open 198.51.100.1 7
    client ip route replace prohibit 198.51.100.0/24
    refuses 3 'prohibited' open 198.51.100.1 7
    client ip -6 route add unreachable 2001:db8:ffff::/48
    refuses 3 'unreachable' open 2001:db8:ffff::1 7
}

@test "a source that is not ours" {
    refuses 5 'source 192.0.2.77 is not an address of this machine' open --source 192.0.2.77 "$SERVER4" 7
    refuses 5 'source 127.0.0.1 reaches this machine only' open --source 127.0.0.1 "$SERVER4" 7
}

@test "a neighbour that is not there" {
    # Our SYN never leaves. The kernel asks for the neighbour three times, a second apart, and then tells itself.
    local address
    for address in 192.0.2.99 2001:db8::99; do
        tell open "$address" 7 --timeout 8s
        status 3
        complaint 'unreachable'
        ended 'outcome == "unreachable"'
        whole 'any(.[]; .event == "icmp" and .hard)'
    done
}

@test "a local firewall that refuses our segments" {
    start_echo
    client nft 'table inet wall {
        chain out { type filter hook output priority 0; tcp dport 7 drop; }
    }'
    tcpwalk open "$SERVER4" 7
    status 5
    complaint 'firewall'
    tcpwalk open "$SERVER6" 7
    status 5
    complaint 'firewall'
    # It is told in the same way in the middle: only the FIN is refused.
    client nft flush ruleset
    client nft 'table inet wall {
        chain out { type filter hook output priority 0; tcp flags & fin == fin drop; }
    }'
    tcpwalk close "$SERVER4" 7 --json --source-port 7100
    status 5
    complaint 'firewall'
    ended 'status == 5 and .outcome == "failed"'
    # A RST would pass, and the peer is owed one.
    wait_for 3 forgotten 7100
    well_formed
}

@test "a firewall here that hides the peer's segments hides them from its kernel only" {
    start_echo
    client nft 'table inet wall {
        chain in { type filter hook input priority 0; tcp sport 7 drop; }
    }'
    verified close "$SERVER4" 7 --linger 0
    content
    ended 'outcome == "closed"'
}

@test "a firewall there: silence, RST, or ICMP" {
    start_echo
    server nft 'table inet wall { chain in { type filter hook input priority 0; tcp dport 7 drop; }; }'
    tell open "$SERVER4" 7 --timeout 400ms --rto 100ms
    status 3
    ended 'outcome == "no-answer"'
    server nft flush ruleset
    server nft 'table inet wall { chain in { type filter hook input priority 0; tcp dport 7 reject with tcp reset; }; }'
    tell open "$SERVER6" 7
    status 4
    ended 'outcome == "refused"'
    server nft flush ruleset
    server nft 'table inet wall { chain in { type filter hook input priority 0; tcp dport 7 reject with icmpx type admin-prohibited; }; }'
    tell open "$SERVER4" 7
    status 3
    complaint 'admin-prohibited'
    ended 'outcome == "unreachable"'
    tell open "$SERVER6" 7
    status 3
    ended 'outcome == "unreachable"'
}

@test "ICMP after the open is advice, and ends nothing" {
    start_echo
    server nft 'table inet wall { chain in { type filter hook input priority 0;
        tcp flags & (fin | psh) == fin meta mark set 1 limit rate 1/day burst 1 packets reject with icmpx type host-unreachable; }; }'
    verified close "$SERVER4" 7 --rto 200ms --linger 0
    content
    ended 'outcome == "closed" and .segments.retransmitted == 1'
    whole 'any(.[]; .event == "icmp" and (.hard | not))'
}

@test "--verify of a peer that is elsewhere" {
    start_echo
    refuses 5 "verify.*not in this machine's network.*--verify-netns" close --verify "$SERVER4" 7
    refuses 5 'verify-netns.*No such file' close --verify-netns "$BATS_TEST_TMPDIR/nothing" "$SERVER4" 7
    refuses 5 'verify' close --verify-netns /dev/null "$SERVER4" 7
    refuses 5 'link-local peer in another network namespace' close --verify-netns "/proc/$NET_SERVER/ns/net" "$SERVER_LINK" 7
}

# ---- signals ---------------------------------------------------------------------------------------------------------

# interrupted SIGNAL NUMBER PORT PEER_STATE ARGUMENT...: a walk from that port is sent the signal once the peer is in
# that state (none: once our SYN is out). It ends by the signal, says so in a line, and the peer is rid of it.
interrupted() {
    local signal=$1 number=$2 port=$3 state=$4
    shift 4
    # A background process has SIGINT ignored, unlike one at a terminal.
    start walk client env --default-signal=INT "$TCPWALK" "$@" --json --source-port "$port" --timeout 60s
    if [[ $state == none ]]; then
        wait_for_words walk '"SYN-SENT"'
    else
        wait_for 10 in_state "$state" "$port"
    fi
    kill "-$signal" "$STARTED_PID"
    outlast walk "$STARTED_PID"
    status $((128 + number))
    complaint 'interrupted'
    well_formed
    ended 'outcome == "failed" and .status == 5'
    wait_for 5 forgotten "$port"
    run listening "$port" client
    [[ $status != 0 ]]
    [[ -z $(client ss -Hl0) ]]
}

@test "Ctrl-C while nobody answers" {
    drop to-client 'tcp sport 7'
    interrupted INT 2 7001 none open "$SERVER4" 7
    interrupted TERM 15 7002 none open "$SERVER6" 7
}

@test "Ctrl-C while the peer is in SYN-RECEIVED" {
    start_echo
    drop to-client 'tcp sport 7'
    interrupted INT 2 7003 SYN-RECV open "$SERVER4" 7
    interrupted TERM 15 7004 SYN-RECV open "$SERVER6" 7
}

@test "Ctrl-C while the connection is open" {
    start_echo
    interrupted INT 2 7005 ESTAB close "$SERVER4" 7 --delay 30s
    interrupted TERM 15 7006 ESTAB close "$SERVER6" 7 --delay 30s
    interrupted HUP 1 7007 ESTAB close "$SERVER4" 7 --delay 30s
}

@test "Ctrl-C while the connection is half-closed" {
    start_holder
    interrupted INT 2 7008 CLOSE-WAIT half-close "$SERVER4" 9003
    interrupted TERM 15 7009 CLOSE-WAIT half-close "$SERVER6" 9003
}

@test "Ctrl-C while the peer has closed first" {
    start_server first 13 socat TCP6-LISTEN:13,ipv6only=0,fork,reuseaddr SYSTEM:'echo now'
    interrupted INT 2 7010 FIN-WAIT-2 close "$SERVER4" 13 --delay 30s
}

@test "Ctrl-C while data of ours is not acknowledged" {
    start_echo
    start walk client env --default-signal=INT "$TCPWALK" close --json --source-port 7011 --delay 300ms --send hello \
        --rto 100ms --retries 100 --timeout 60s "$SERVER4" 7
    wait_for 10 in_state ESTAB 7011
    drop to-server 'tcp flags & psh == psh'
    wait_for_words walk '"retransmission":true'
    kill -INT "$STARTED_PID"
    outlast walk "$STARTED_PID"
    status 130
    well_formed
    ended 'outcome == "failed"'
    wait_for 5 forgotten 7011
}

@test "a second Ctrl-C does no harm" {
    start_holder
    start walk client env --default-signal=INT "$TCPWALK" half-close --json --source-port 7012 --timeout 60s "$SERVER4" 9003
    wait_for 10 in_state CLOSE-WAIT 7012
    kill -INT "$STARTED_PID"
    kill -INT "$STARTED_PID" 2>/dev/null || true
    kill -TERM "$STARTED_PID" 2>/dev/null || true
    outlast walk "$STARTED_PID"
    [[ $STATUS == 130 || $STATUS == 143 ]]
    wait_for 5 forgotten 7012
}

@test "Ctrl-C with --leave leaves" {
    start_holder
    start walk client env --default-signal=INT "$TCPWALK" half-close --json --leave --source-port 7013 --timeout 60s \
        "$SERVER4" 9003
    wait_for 10 in_state CLOSE-WAIT 7013
    # Until its ACK of our FIN is in: after us, our kernel would answer that with RST.
    wait_for_words walk '"fin-acked"'
    kill -INT "$STARTED_PID"
    outlast walk "$STARTED_PID"
    status 130
    well_formed
    ended 'left'
    in_state CLOSE-WAIT 7013
}

@test "an ignored SIGINT stays ignored" {
    start_echo
    # As it is in the background.
    start walk client "$TCPWALK" close --json --linger 0 --source-port 7014 --delay 500ms "$SERVER4" 7
    wait_for 10 in_state ESTAB 7014
    kill -INT "$STARTED_PID"
    outlast walk "$STARTED_PID"
    content
    well_formed
    ended 'outcome == "closed"'
}

@test "Ctrl-C in the lab ends the lab with it" {
    local children
    start walk client env --default-signal=INT "$TCPWALK" lab close --json --delay 30s closes-late
    wait_for_words walk 'ESTABLISHED'
    mapfile -t children < <(pgrep -P "$STARTED_PID")
    kill -INT "$STARTED_PID"
    outlast walk "$STARTED_PID"
    status 130
    complaint interrupted
    well_formed
    wait_for 5 gone "${children[0]}"
}

# ---- standard output -------------------------------------------------------------------------------------------------

# cut_short COMMAND...: its standard output is closed by the reader after one line; its status is kept.
cut_short() {
    export KEPT="$* | head -n 1"
    STATUS=0
    # shellcheck disable=SC2016 # its own parameters
    client bash -c '"${@:2}" 2>"$1" | head -n 1; exit "${PIPESTATUS[0]}"' bash "$COMPLAINED" "${BOUND[@]}" "$@" >"$SAID" ||
        STATUS=$?
}

unwritable() {
    status 5
    complaint 'standard output|Broken pipe|No space|written'
    wait_for 5 forgotten "$1"
}

@test "standard output closed early: | head -1" {
    start_holder
    cut_short "$TCPWALK" half-close --json --source-port 7020 --delay 300ms --timeout 60s "$SERVER4" 9003
    unwritable 7020
    [[ $(wc -l <"$SAID") == 1 ]]
    cut_short "$TCPWALK" half-close --source-port 7021 --delay 300ms --timeout 60s "$SERVER6" 9003
    unwritable 7021
    cut_short "$TCPWALK" lab close --json --delay 300ms echo
    status 5
    complaint 'standard output|Broken pipe|written'
}

# to_full COMMAND...: with standard output on a device that is full.
to_full() {
    export KEPT="$* >/dev/full"
    STATUS=0
    : >"$SAID"
    client "${BOUND[@]}" "$@" >/dev/full 2>"$COMPLAINED" || STATUS=$?
}

@test "standard output that is full" {
    [[ -c /dev/full ]] || skip "there is no /dev/full"
    start_holder
    to_full "$TCPWALK" half-close --json --source-port 7022 --timeout 60s "$SERVER4" 9003
    unwritable 7022
    to_full "$TCPWALK" half-close --source-port 7023 --timeout 60s "$SERVER6" 9003
    unwritable 7023
    to_full "$TCPWALK" --help
    status 5
    complaint 'standard output'
    to_full "$TCPWALK" lab
    status 5
    complaint 'standard output'
    to_full "$TCPWALK" completion bash
    status 5
    complaint 'standard output'
    # What writes nothing does not mind.
    to_full "$TCPWALK" open -q "$SERVER4" 9003
    status 0
    [[ ! -s $COMPLAINED ]]
}

@test "standard output that is closed" {
    start_holder
    STATUS=0
    # shellcheck disable=SC2016 # its own parameters
    client bash -c '"${@:2}" 2>"$1" >&-' bash "$COMPLAINED" "${BOUND[@]}" "$TCPWALK" half-close --json --source-port 7024 \
        --timeout 60s "$SERVER4" 9003 || STATUS=$?
    unwritable 7024
}

@test "a disk that fills up in the middle" {
    start_echo
    local disk=$BATS_TEST_TMPDIR/disk
    mkdir "$disk"
    STATUS=0
    # shellcheck disable=SC2016 # its own parameters
    client unshare -m sh -c 'mount -t tmpfs -o size=4k none "$1" || exit 77; shift; exec "$@" >"$DISK/lines" 2>"$ERRORS"' \
        sh "$disk" env "TERM=dumb" true || STATUS=$?
    [[ $STATUS != 77 ]] || skip "no file system can be mounted here"
    STATUS=0
    # shellcheck disable=SC2016 # its own parameters
    DISK=$disk ERRORS=$COMPLAINED client unshare -m sh -c \
        'mount -t tmpfs -o size=4k none "$DISK"; exec "$@" >"$DISK/lines" 2>"$ERRORS"' \
        sh "${BOUND[@]}" "$TCPWALK" half-close --json --source-port 7025 --delay 100ms --send hello "$SERVER4" 7 || STATUS=$?
    unwritable 7025
    complaint 'No space left'
}

@test "standard error that is closed or full changes nothing" {
    STATUS=0
    client bash -c '"$@" 2>&-' bash "$TCPWALK" open "$SERVER4" 9 >"$SAID" || STATUS=$?
    status 4
    STATUS=0
    client bash -c '"$@" 2>/dev/full' bash "$TCPWALK" open "$SERVER4" 9 >"$SAID" || STATUS=$?
    status 4
}

# ---- the link --------------------------------------------------------------------------------------------------------

@test "our interface goes down in the middle" {
    start_holder
    start walk client "$TCPWALK" half-close --json --source-port 7030 --delay 30s "$SERVER4" 9003
    wait_for 10 in_state ESTAB 7030
    client ip link set client0 down
    outlast walk "$STARTED_PID"
    status 5
    complaint 'client0.*down|down'
    well_formed
    ended 'outcome == "failed" and .status == 5'
    run listening 7030 client
    [[ $status != 0 ]]
}

@test "our interface goes down while we wait, and by IPv6" {
    start_holder
    start walk client "$TCPWALK" half-close --json --source-port 7031 --timeout 60s "$SERVER6" 9003
    wait_for 10 in_state CLOSE-WAIT 7031
    client ip link set client0 down
    outlast walk "$STARTED_PID"
    status 5
    complaint 'down'
    well_formed
}

@test "our interface vanishes in the middle" {
    start_holder
    start walk client "$TCPWALK" half-close --json --source-port 7032 --timeout 60s "$SERVER4" 9003
    wait_for 10 in_state CLOSE-WAIT 7032
    wire ip link del to-client
    outlast walk "$STARTED_PID"
    status 5
    complaint 'client0|interface|gone|down'
    well_formed
}

@test "the server's interface goes down: silence" {
    start_echo
    start walk client "$TCPWALK" close --json --source-port 7033 --delay 500ms --rto 100ms --retries 2 "$SERVER4" 7
    wait_for 10 in_state ESTAB 7033
    server ip link set server0 down
    outlast walk "$STARTED_PID"
    status 3
    complaint 'no.answer'
    well_formed
    ended 'outcome == "no-answer"'
}

@test "our address is taken away in the middle" {
    start_holder
    start walk client "$TCPWALK" close --json --source-port 7034 --delay 500ms --rto 100ms --retries 2 --timeout 2s "$SERVER4" 9003
    wait_for 10 in_state ESTAB 7034
    client ip address del "$CLIENT4/24" dev client0
    outlast walk "$STARTED_PID"
    [[ $STATUS == 3 || $STATUS == 5 ]]
    complaint '.'
    well_formed
    ended "status == $STATUS"
}

@test "the server is killed in the middle" {
    start_holder
    start walk client "$TCPWALK" half-close --json --source-port 7035 --timeout 20s "$SERVER4" 9003
    local walk=$STARTED_PID
    wait_for 10 in_state CLOSE-WAIT 7035
    stop "${STARTED[-2]}"
    outlast walk "$walk"
    [[ $STATUS == 0 || $STATUS == 4 ]]
    well_formed
    ended "status == $STATUS and .peer_end != \"none\""
}
