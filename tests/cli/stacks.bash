# For the command-line tests, beside helper and walks: TCPs other than Linux as peers of the client. tests/stacks/ has
# what they are, and their services, which have the ports of the lab.
#
#     load helper
#     load walks
#     load stacks
#     setup() { net_up; }
#     teardown() { tell_failure; net_down; }
#
#     @test "lwIP closes" {
#         stack_up lwip
#         met close "$PEER4" 7
#         ended 'outcome == "closed"'
#     }

STACKS="$BATS_TEST_DIRNAME/../stacks"
BUILT="$BATS_TEST_DIRNAME/../../build/stacks"

# stack_up linux|lwip|gvisor|slirp4netns|passt: starts it where the client can reach it, by PEER4 and, where it speaks
# IPv6 here, PEER6. STACK is its name; WITNESS is set if it tells its states.
stack_up() {
    STACK=$1 WITNESS='' PEER4=$SERVER4
    export PEER6=$SERVER6 # for tests alone
    "${1}_up"
}

linux_up() {
    start serve server "$TCPWALK" lab serve all
    wait_for_words serve ready
}

# on_the_wire PROGRAM: one of our own, which takes the server's interface and addresses from its kernel. The client's
# kernel is deaf, so that a connection that was left stays as it is.
on_the_wire() {
    [[ -x $BUILT/$1 ]] || skip "there is no build/stacks/$1: see what building it said"
    server ip address flush dev server0
    client nft 'table inet deaf {
        chain in { type filter hook input priority 0; meta l4proto tcp drop; }
    }'
    WITNESS=$BATS_TEST_TMPDIR/$1.socket
    start "$1" server "$BUILT/$1" server0 "$SERVER4" "$SERVER6" "$WITNESS"
    wait_for_words "$1" ready
}

lwip_up() {
    on_the_wire lwip
}

gvisor_up() {
    on_the_wire gvisor
}

# behind PROGRAM: one that carries what comes out of a tap device of the client on to servers on the server's loopback.
behind() {
    command -v "$1" >/dev/null || skip "there is no $1"
    client ip tuntap add dev trial0 mode tap 2>"$(log tap)" || skip "no tap devices here: $(cat "$(log tap)")"
    client ip tuntap del dev trial0 mode tap
    server ip link set lo up
    start serve server "$TCPWALK" lab serve 127.0.0.1
    wait_for_words serve ready
    PEER6=''
}

# reachable ADDRESS: there is a way from the client to it.
reachable() {
    client ip -4 route get "$1" >/dev/null 2>&1
}

slirp4netns_up() {
    PEER4=10.0.2.2
    behind slirp4netns
    start slirp4netns server slirp4netns --netns-type=path --configure --mtu=1500 "/proc/$NET_CLIENT/ns/net" slirp0
    wait_for_words slirp4netns 'received tapfd'
    wait_for 10 reachable "$PEER4"
}

# It gives up the capability to look into /proc for a namespace, so it gets that as an open file. As a model for the
# client's network it wants one with a default route.
passt_up() {
    PEER4=10.0.3.2
    behind pasta
    server ip route add default via "$CLIENT4"
    exec {CLIENT_NET}<"/proc/$NET_CLIENT/ns/net"
    start pasta server pasta --foreground --stderr --quiet --runas 0 --config-net --ipv4-only --interface server0 \
        --address 10.0.3.1 --netmask 24 --gateway "$PEER4" --ns-ifname pasta0 --mtu 1500 \
        --tcp-ports none --udp-ports none --tcp-ns none --udp-ns none --netns-only --netns "/proc/self/fd/$CLIENT_NET"
    wait_for 10 reachable "$PEER4" || {
        cat "$(log pasta)" >&2
        return 1
    }
}

# The port of the next walk: each has its own, so that what the stack tells of it can be found.
NEXT_PORT=20000

# met ARGUMENT...: as tell; what was proven is held against what the stack says, if it says anything.
met() {
    tell "$@" --source-port "$((NEXT_PORT++))"
    [[ -z $WITNESS ]] || witnessed
}

# What was said, walk by walk: an array of arrays of events.
# shellcheck disable=SC2016 # jq's own variables
WALKS='def walks: reduce .[] as $event ([]; if $event.event == "start" then . + [[$event]] else .[-1] += [$event] end);'

# Prints what is wrong, one line each: segments that were received but not sent, and claims of what the peer was when
# it sent a segment, proven or refuted otherwise, that name none of the states that it had then.
# shellcheck disable=SC2016 # jq's own variables
CONTRADICTIONS=$WALKS'
    ($said | walks | .[]) as $walk
    | ($walk | map(select(.event == "segment" and .dir == "in"))) as $in
    | ($word | map(select(.remote == $walk[0].local.port))) as $sent
    | (range($in | length) as $i | select(($in[$i] | [.flags, .seq, .len]) != ($sent[$i] | [.flags, .seq, .len]))
        | "port \($walk[0].local.port), segment \($in[$i].n) is not what was sent"),
    ($walk[] | select(.event == "transition" and .side == "peer" and .certainty != "presumed")
        | . as $claim
        | ([$in | to_entries[] | select(.value.n as $n | $claim.evidence | index($n)).key] | last) as $at
        | if $at == null then "\(.text): no segment of the peer is its evidence"
          elif any(.to[], "?"; . as $state | $sent[$at].states | index($state)) then empty
          else "port \($walk[0].local.port), segment \($in[$at].n): \(.certainty) \(.to), but it was \($sent[$at].states)" end)'

# heard_all: the stack has told as many segments as were received in the last run.
heard_all() {
    local ports wanted
    { read -r ports && read -r wanted; } < <(jq -rs '
        (map(select(.event == "start").local.port | tostring) | join("|")), (map(select(.dir? == "in")) | length)' "$SAID")
    (($(grep -cE "^\{.*\"remote\":($ports)," "$(log "$STACK")") >= wanted))
}

# witnessed: the stack's own word contradicts nothing that was proven in the last run.
witnessed() {
    local wrong
    wait_for 5 heard_all || return
    wrong=$(jq -nr --slurpfile said "$SAID" --slurpfile word <(grep '^{' "$(log "$STACK")") "$CONTRADICTIONS") || return
    [[ -z $wrong ]] || {
        echo "$STACK: $wrong"
        return 1
    }
}

# is_in STATE: the stack has the connection of the last run in this state now.
is_in() {
    local port
    port=$(jq -s 'map(select(.event == "start")) | last.local.port' "$SAID")
    socat -u "UNIX-CONNECT:$WITNESS" - | grep -q " $port $1\$"
}

# The states in which a stack is asked, each with the service's port and the steps that bring it there.
declare -gA REACHED=(
    [CLOSED]='9009'
    [LISTEN]='7'
    [SYN-RECEIVED]='7 syn; expect S. ack=+1; '
    [ESTABLISHED]='9 open; send "x"; expect . ack=+2; '
    [FIN-WAIT-1]='9013 auto ack off; syn; expect S. ack=+1; ack; expect F.; '
    [FIN-WAIT-2]='9013 open; expect F.; '
    [CLOSE-WAIT]='9003 open; half-close; '
    [CLOSING]='9013 auto ack off; syn; expect S. ack=+1; ack; expect F.; fin; expect any ack=+2; '
    [LAST-ACK]='7 auto ack off; syn; expect S. ack=+1; ack; fin; expect F. ack=+2; '
    [TIME-WAIT]='9013 open; expect F.; fin; expect any ack=+2; '
)

# The segments that ask, by the names of answers.tsv. Their TTL is for us to find them again.
declare -gA ASKED=(
    [probe]='segment . seq=una-1024 ack=-1073741823 len=1' # what the step probe asks first
    [old-byte]='segment . seq=una-1024 len=1'
    [bare]='segment . seq=una-1'
    [old-ack]='segment . ack=nxt-1073741824'
    [null]='segment none seq=una-1'
    [syn]='segment S seq=+0'
)

# The answers to the segments with that TTL, one a line: what came first before we reset, as in answers.tsv.
# shellcheck disable=SC2016 # jq's own variables
ANSWERS=$WALKS'
    walks[] | map(select(.event == "segment"))
    | (map(select(.dir == "out" and .ttl == 77)) | first.n) as $asked
    | map(select(.n > $asked))
    | .[:(map(.dir == "out" and (.flags | contains("R"))) | index(true)) // length]
    | map(select(.dir == "in")) | first.flags // "-"
    | {"S.": "SA", "R.": "RA", "R": "R", "F.": "F", ".": "A"}[.] // .'

# ask STATE QUESTION WANTED: it is brought into the state, and asked.
ask() {
    local port steps within=1s
    read -r port steps <<<"${REACHED[$1]}"
    [[ $3 != - ]] || within=60ms
    tcpwalk "$PEER4" "$port" "$steps ${ASKED[$2]} ttl=77; expect any within $within" --json \
        --source-port "$((NEXT_PORT++))"
    ((STATUS < 2)) || status "0 or 1"
}

# answers_as_listed: all of the stack's rows in answers.tsv. A cell * is not asked. A FIN that the peer repeats on its own can
# come just then and is no answer: then it is asked again.
answers_as_listed() {
    local row questions i answer answers cells=() all="$BATS_TEST_TMPDIR/all" wrong=0
    : >"$all"
    while read -ra row; do
        [[ ${row[0]} != stack ]] || questions=("${row[@]:2}")
        [[ ${row[0]} == "$STACK" ]] || continue
        for i in "${!questions[@]}"; do
            [[ ${row[i + 2]} != '*' ]] || continue
            ask "${row[1]}" "${questions[i]}" "${row[i + 2]}" || return
            cat "$SAID" >>"$all"
            cells+=("${row[1]} ${questions[i]} ${row[i + 2]}")
        done
    done <"$STACKS/answers.tsv"
    mv "$all" "$SAID"
    well_formed || return
    [[ -z $WITNESS ]] || witnessed || return

    mapfile -t answers < <(jq -rs "$ANSWERS" "$SAID")
    ((${#cells[@]} > 40 && ${#answers[@]} == ${#cells[@]})) || return
    for i in "${!cells[@]}"; do
        read -ra row <<<"${cells[i]}"
        answer=${answers[i]}
        for _ in 1 2; do
            [[ $answer == F && ${row[2]} != F ]] || break
            ask "${row[@]}" || return
            answer=$(jq -rs "$ANSWERS" "$SAID")
        done
        [[ $answer == "${row[2]}" ]] || {
            echo "$STACK in ${row[0]} answers ${row[1]} with $answer instead of ${row[2]}"
            wrong=1
        }
    done
    return "$wrong"
}

# What random walks are made of: how they begin, what follows, and the services. Steps that may not stand where they come
# make a walk end early, or not begin. What makes lwIP break RFC 9293 is not among them: a SYN in the window in
# TIME-WAIT, which it resets without an end of TIME-WAIT, and bytes in the place of a FIN, of which it acknowledges both.
# Nor is any other SYN: it may open another connection of the same ports, whose states would be taken for this one's.
BEGINNINGS=(
    'open within 300ms' 'syn; wait 3ms' 'syn; expect S. within 300ms' 'syn; expect S. within 300ms; ack'
    'auto ack off; syn; expect S. within 300ms; ack'
)
CONTINUATIONS=(
    'segment . seq=una-1 len=1' 'segment . seq=una-1024 len=1' 'segment . seq=una-1' 'segment . seq=nxt+wnd len=1'
    'segment . seq=nxt+wnd-1 len=2' 'segment . ack=nxt-1073741824' 'segment . ack=nxt-1' 'segment . ack=nxt+1'
    'segment . win=0' 'segment . tsval=1' 'segment . len=1000' 'segment P. len=1' 'segment P. len=3 seq=nxt+2'
    'segment P. len=2 options=none' 'segment FP. len=2' 'segment none seq=una-1' 'segment none seq=nxt' 'segment F'
    'segment FSRP.U' 'segment R.' 'rst' 'rst seq=nxt+1' 'rst seq=nxt-1' fin fin 'fin seq=nxt+1' ack 'auto ack off'
    'auto ack on' 'send "x"' 'half-close within 100ms' probe 'wait 5ms' 'wait 50ms' 'expect any within 30ms'
    'expect F. within 100ms'
)
SERVICES=(7 9 80 9001 9003 9004 9005 9013)

# random_walks N SEED: so many walks of steps drawn at random, a quarter of them with a wire that loses some of our
# segments; to stacks with a witness, which has the last word.
random_walks() {
    local i k steps wrong all="$BATS_TEST_TMPDIR/all"
    RANDOM=$2
    : >"$all"
    for ((i = 0; i < $1; i++)); do
        ((i != $1 * 3 / 4)) || lose 25 to-server
        steps=${BEGINNINGS[RANDOM % ${#BEGINNINGS[@]}]}
        for ((k = RANDOM % 8; k >= 0; k--)); do
            steps+="; ${CONTINUATIONS[RANDOM % ${#CONTINUATIONS[@]}]}"
            ((RANDOM % 3)) || steps+='; wait 3ms'
        done
        echo "port $NEXT_PORT: $steps" >>"$(log steps)"
        tcpwalk "$PEER4" "${SERVICES[RANDOM % ${#SERVICES[@]}]}" "$steps" --json --rto 100ms --timeout 500ms \
            --source-port "$((NEXT_PORT++))"
        ((STATUS < 5)) || status 'less than 5'
        cat "$SAID" >>"$all"
    done
    heal
    mv "$all" "$SAID"
    well_formed || return
    (($(jq -s 'map(select(.certainty? == "proven" and .side == "peer")) | length' "$SAID") > $1)) || return
    wrong=$(witnessed) || {
        printf 'seed %s: %s\n' "$2" "$wrong"
        grep -F "$(grep -o 'port [0-9]*' <<<"$wrong")" "$(log steps)"
        return 1
    }
}
