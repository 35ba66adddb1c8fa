# For the command-line tests: two machines, client and server, joined by a cable on which segments can be lost; and
# ways to start programs there, to wait for what they do, and to end exactly what was started.
#
#     client0 192.0.2.1, 2001:db8::1, fe80::1  ----  wire  ----  server0 192.0.2.2, 2001:db8::2, fe80::2
#
# Each of the three is a network namespace held by a sleeping process. Root makes them directly, everybody else inside
# a user namespace (where tcpdump does not run: it takes itself for root and fails to shed its privileges). The wire is
# no router and no bridge: it forwards every frame as it is, and what it loses is lost after the sender has sent it and
# before the receiver's capture can see it, as on a real cable.
#
# A test file says `load helper`, calls net_up in setup() and net_down in teardown(); or, where its tests may share
# the machines, in setup_file() and teardown_file(). Nothing here may be called inside `run`, except client, server
# and wire.

CLIENT4=192.0.2.1 CLIENT6=2001:db8::1 CLIENT_LINK=fe80::1%client0
SERVER4=192.0.2.2 SERVER6=2001:db8::2 SERVER_LINK=fe80::2%client0
export CLIENT4 CLIENT6 CLIENT_LINK SERVER4 SERVER6 SERVER_LINK

PATH="$PATH:/usr/sbin:/sbin"
TCPWALK="${TCPWALK:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/build/tcpwalk}"

# Process ids of what this process (a test, or its file) has started and not yet ended.
STARTED=()

# wait_for SECONDS COMMAND...: until the command succeeds, or fails when the time is up.
wait_for() {
    local deadline=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000)) seconds=$1
    shift
    until "$@"; do
        if ((${EPOCHREALTIME/[.,]/} > deadline)); then
            echo "after $seconds seconds still not so: $*" >&2
            return 1
        fi
        sleep 0.02
    done
}

# in_machine client|server|wire: fills the array IN with the words that run a command there.
in_machine() {
    local pid="NET_${1^^}"
    if [[ -z ${!pid-} ]]; then
        echo "there is no $1: call net_up first" >&2
        return 1
    fi
    IN=(nsenter -t "${!pid}" "${NET_ENTER[@]}" -n)
}

# client COMMAND..., server COMMAND..., wire COMMAND...: in the foreground, with its exit status.
client() {
    local IN
    in_machine client && "${IN[@]}" "$@"
}
server() {
    local IN
    in_machine server && "${IN[@]}" "$@"
}
wire() {
    local IN
    in_machine wire && "${IN[@]}" "$@"
}

# start NAME client|server COMMAND...: in the background, with its output in the file that `log NAME` names. The pid is
# in STARTED_PID. It has a process group of its own, and is killed when the test's process dies in whatever way.
start() {
    local name=$1 machine=$2 IN
    shift 2
    in_machine "$machine" || return
    : >"$(log "$name")" # what an earlier one of that name said must not be taken for this one's
    "${IN[@]}" setsid setpriv --pdeathsig KILL "$@" >"$(log "$name")" 2>&1 </dev/null 3>&- &
    STARTED_PID=$!
    STARTED+=("$STARTED_PID")
}

# log NAME: the file with the output of what start() started.
log() {
    echo "${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/$1.log"
}

# wait_for_words NAME WORDS: until what start() started has said so; shows what it did say where the time is up.
wait_for_words() {
    wait_for 10 grep -qF -e "$2" "$(log "$1")" || {
        cat "$(log "$1")" >&2
        return 1
    }
}

gone() {
    ! kill -0 "$1" 2>/dev/null || [[ $(ps -o state= -p "$1") == Z* ]]
}

# stop PID: ends what was started, with what it started itself.
stop() {
    local pid=$1 other others=()
    kill -TERM -- "-$pid" 2>/dev/null || true
    wait_for 3 gone "$pid" 2>/dev/null || true
    kill -KILL -- "-$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    for other in "${STARTED[@]}"; do
        [[ $other == "$pid" ]] || others+=("$other")
    done
    STARTED=("${others[@]}")
}

# listening PORT [client|server]: something listens there on TCP.
listening() {
    "${2:-server}" ss -Hltn "sport = :$1" | grep -q .
}

# start_server NAME PORT COMMAND...: starts a server and waits until it listens.
start_server() {
    local name=$1 port=$2
    shift 2
    start "$name" server "$@" || return
    wait_for 10 listening "$port" || {
        cat "$(log "$name")" >&2
        return 1
    }
}

# hold COMMAND...: runs the command, which is to unshare, with a sleeping process in the new namespace. Its pid is in
# STARTED_PID. It sleeps for good and is ended by net_down; setpriv comes after the change of namespaces, which would
# undo what it does.
hold() {
    setsid "$@" setpriv --pdeathsig KILL sleep infinity >>"$(log net)" 2>&1 </dev/null 3>&- &
    STARTED_PID=$!
    STARTED+=("$STARTED_PID")
    wait_for 5 holds "$STARTED_PID" 2>/dev/null
}

# It sleeps, or has failed.
holds() {
    [[ $(ps -o comm= -p "$1") == sleep ]] || gone "$1"
}

# Which user namespace to enter follows from who made it, also in a test that inherits the machines from its file.
net_enter() {
    NET_ENTER=()
    [[ ${NET_USER-} != own ]] || NET_ENTER=(-U --preserve-credentials)
}
net_enter

# net_up: makes client, wire and server; skips the test where the machine allows no namespaces.
net_up() {
    local IN machine
    export NET_USER=caller NET_CLIENT NET_WIRE NET_SERVER

    if [[ $(id -u) != 0 ]] || ! unshare -n true 2>/dev/null; then
        NET_USER=own
        unshare -Urn true 2>"$(log net)" || skip "no network namespaces here: $(cat "$(log net)")"
        hold unshare -Urn
    else
        hold unshare -n
    fi
    NET_CLIENT=$STARTED_PID
    net_enter
    IN=(nsenter -t "$NET_CLIENT" "${NET_ENTER[@]}")
    hold "${IN[@]}" unshare -n
    NET_WIRE=$STARTED_PID
    hold "${IN[@]}" unshare -n
    NET_SERVER=$STARTED_PID

    wire ip link add to-client type veth peer name client0 netns "$NET_CLIENT"
    wire ip link add to-server type veth peer name server0 netns "$NET_SERVER"
    for machine in client server; do
        wire ip link set "to-$machine" up
        "$machine" ip link set lo up
        "$machine" ip link set "${machine}0" addrgenmode none up
    done
    net_addresses client "$CLIENT4" "$CLIENT6" "${CLIENT_LINK%\%*}"
    net_addresses server "$SERVER4" "$SERVER6" "${SERVER_LINK%\%*}"
    wire nft -f - <<'END'
table netdev wire {
    chain losses-to-server { }
    chain losses-to-client { }
    chain from-client {
        type filter hook ingress device to-client priority 0;
        jump losses-to-server
        fwd to to-server
    }
    chain from-server {
        type filter hook ingress device to-server priority 0;
        jump losses-to-client
        fwd to to-client
    }
}
END
}

# net_addresses client|server IPv4 IPv6 LINK-LOCAL
net_addresses() {
    "$1" ip address add "$2/24" dev "${1}0"
    "$1" ip address add "$3/64" dev "${1}0" nodad
    "$1" ip address add "$4/64" dev "${1}0" nodad
}

# net_down: ends what this test (or file) has started, last first.
net_down() {
    while ((${#STARTED[@]})); do
        stop "${STARTED[-1]}"
    done
}

# drop to-server|to-client NFT-EXPRESSION: from now on the wire loses the TCP segments that match, for instance
#     drop to-server 'tcp flags & (fin | ack) == fin | ack'
drop() {
    wire nft add rule netdev wire "losses-$1" meta l4proto tcp "$2" counter drop
}

# drop_first N to-server|to-client NFT-EXPRESSION: as drop, but only the first N that match.
drop_first() {
    drop "$2" "$3 limit rate 1/day burst $1 packets"
}

# lose PERCENT [to-server|to-client]: the wire loses that part of the TCP segments at random, 1 to 100 of a hundred; in
# both directions unless one is named.
lose() {
    local way
    for way in ${2:-to-server to-client}; do
        drop "$way" "numgen random mod 100 <= $(($1 - 1))"
    done
}

# heal: the wire loses nothing any more, and forgets what it counted.
heal() {
    wire nft flush chain netdev wire losses-to-server
    wire nft flush chain netdev wire losses-to-client
}

# lost [to-server|to-client]: prints how many segments the wire has lost.
lost() {
    local way
    for way in ${1:-to-server to-client}; do
        wire nft list chain netdev wire "losses-$way"
    done | counted
}

# counted: adds up the packets that the counters in an nft listing have counted.
counted() {
    awk '{ for (i = 1; i < NF; i++) if ($i == "packets") n += $(i + 1) } END { print n + 0 }'
}

# on_terminal COLUMNS LOCALE COMMAND...: what it says there, without colour.
on_terminal() {
    local columns=$1 locale=$2
    shift 2
    SHELL=/bin/bash timeout 60 script -qec "stty cols $columns; NO_COLOR=1 TERM=xterm LC_ALL=$locale $*" /dev/null \
        </dev/null 2>/dev/null | tr -d '\r' >said
}
