# For the command-line tests, beside the helper: runs tcpwalk, keeps what it said, and asks questions about it.
#
#     load helper
#     load walks
#     setup() { net_up; }
#     teardown() { tell_failure; net_down; }
#
#     @test "the peer closes" {
#         start_echo
#         verified close "$SERVER4" 7
#         ended 'outcome == "closed" and .closer == "local"'
#     }
#
# Every run that writes JSON lines is held against schema.jq, whatever else the test asks.

# Where the last run's standard output and standard error are, and its exit status.
SAID="${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/said"
COMPLAINED="${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/complained"
STATUS=0

# Walks end long before; this is for those that would not end at all.
BOUND=(timeout -k 2 90)

# keep COMMAND...: runs it and keeps what it says.
keep() {
    KEPT="$*"
    STATUS=0
    "$@" >"$SAID" 2>"$COMPLAINED" </dev/null 3>&- || STATUS=$?
}

# tcpwalk ARGUMENT...: on the client.
tcpwalk() {
    keep client "${BOUND[@]}" "$TCPWALK" "$@"
}

# need_lab: in setup_file(), where the tests run in the lab: skips them where there can be none.
need_lab() {
    "$TCPWALK" lab open -q --linger 0 echo 2>"$(log lab)" || {
        ! grep -qE 'namespace|lab: ' "$(log lab)" || skip "no lab here: $(cat "$(log lab)")"
        cat "$(log lab)" >&2
        return 1
    }
}

# tell ARGUMENT...: on the client, as JSON lines, which have to be well-formed.
tell() {
    tcpwalk "$@" --json
    well_formed
}

# verified ARGUMENT...: as tell, the peer being on the server, whose kernel is asked at each step and agrees.
verified() {
    tell "$@" --verify-netns "/proc/$NET_SERVER/ns/net"
    confirmed
}

# confirmed: a kernel was asked, and contradicted nothing that was proven.
confirmed() {
    whole 'any(.[]; .event == "verify") and all(.[]; .event != "verify" or (.violates | not))'
}

# well_formed: what was said is JSON lines as tcpwalk-json(5) has them.
well_formed() {
    local wrong
    wrong=$(jq -Rnr -f "${BASH_SOURCE[0]%/*}/schema.jq" "$SAID") || return
    [[ -z $wrong ]] || {
        echo "$wrong"
        return 1
    }
}

# ended FILTER: holds of the last event, which is "end"; the filter begins with one of its fields.
ended() {
    jq -es "last | .$1" "$SAID" >/dev/null || {
        echo "it did not end so: $1"
        return 1
    }
}

# began FILTER: holds of the last "start" event.
began() {
    jq -es "map(select(.event == \"start\")) | last | .$1" "$SAID" >/dev/null || {
        echo "it did not start so: $1"
        return 1
    }
}

# whole FILTER: holds of all events, as an array.
whole() {
    jq -es "$1" "$SAID" >/dev/null || {
        echo "not so: $1"
        return 1
    }
}

# noted TOKEN: there was such a note.
noted() {
    whole "any(.[]; .event == \"note\" and .token == \"$1\")"
}

# unnoted TOKEN: there was none.
unnoted() {
    whole "all(.[]; .event != \"note\" or .token != \"$1\")"
}

# claims: what was claimed about the peer, one line each: certainty, states, reason.
claims() {
    jq -r 'select(.event == "transition" and .side == "peer") | "\(.certainty) \(.to | join("+")) \(.reason)"' "$SAID"
}

# claimed CLAIM...: each was claimed about the peer, in this order, perhaps with others between. * stands for anything.
claimed() {
    local want claims at=0 i
    mapfile -t claims < <(claims)
    for want; do
        for ((i = at; i < ${#claims[@]}; i++)); do
            # shellcheck disable=SC2053 # it is a pattern
            [[ ${claims[i]} != $want ]] || break
        done
        if ((i == ${#claims[@]})); then
            printf 'not claimed, or not in this order: %s\n' "$want"
            return 1
        fi
        at=$((i + 1))
    done
}

# ours: the states of our own end, in a line.
ours() {
    jq -rs 'map(select(.event == "transition" and .side == "local").to[0]) | join(" ")' "$SAID"
}

# status NUMBER: the exit status was this.
status() {
    [[ $STATUS == "$1" ]] || {
        echo "exit status $STATUS instead of $1"
        return 1
    }
}

# content: it ended well and complained of nothing.
content() {
    status 0
    [[ ! -s $COMPLAINED ]]
}

# complaint PATTERN: exactly one line of complaint, as it should be, which matches the extended regular expression.
complaint() {
    if [[ $(wc -l <"$COMPLAINED") != 1 ]] || ! grep -q '^tcpwalk: ' "$COMPLAINED" || ! grep -qE -e "$1" "$COMPLAINED"; then
        echo "not one line of complaint that says: $1"
        return 1
    fi
}

# JSON lines on fewer.
# shellcheck disable=SC2016 # jq's own variables
BRIEFLY='. as $line | try (fromjson
    | if .event == "segment" then "\(.n) \(.t) \(.dir) \(.flags) \(.rel_seq) \(.rel_ack) len \(.len) -> \(.local)"
    elif .event == "transition" and .side == "peer" then
        "    \(.certainty) \(.to | join("+")) else \(.else) \(.reason) \(.evidence)"
    elif .event == "transition" then empty
    elif .event == "verify" then "    kernel \(.kernel) agrees \(.agrees) violates \(.violates)"
    elif .event == "note" then "    note \(.token)"
    else $line end) catch $line'

# tell_failure: for teardown: what the last run of a failed test was, and said.
tell_failure() {
    if [[ -z ${BATS_TEST_COMPLETED-} && -z ${BATS_TEST_SKIPPED-} && -n ${KEPT-} ]]; then
        echo "last run: $KEPT"
        echo "exit status $STATUS; it complained:"
        cat "$COMPLAINED"
        echo "and said:"
        jq -Rr "$BRIEFLY" "$SAID" | tail -n 60
    fi
}

# sockets PORT [client|server]: the kernel's sockets of connections with that port at either end, listeners apart.
sockets() {
    "${2:-server}" ss -Htan "( sport = :$1 or dport = :$1 )" | grep -v '^LISTEN' || true
}

# forgotten PORT [client|server]: there are none.
forgotten() {
    [[ -z $(sockets "$@") ]]
}

# in_state STATE PORT: the server's kernel has a connection with that port in this state, named as ss names it.
in_state() {
    sockets "$2" | grep -q "^$1 "
}

# start_echo [PORT]: sends back what it gets, and closes after the client.
start_echo() {
    start_server "echo${1:-7}" "${1:-7}" socat TCP6-LISTEN:"${1:-7}",ipv6only=0,fork,reuseaddr,backlog=128 EXEC:cat
}

# start_holder [PORT]: takes what comes, the FIN as well, and never closes: nobody accepts, only its kernel.
start_holder() {
    start_server "holder${1:-9003}" "${1:-9003}" python3 -c 'import signal, socket, sys
listener = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True, backlog=128)
signal.pause()' "${1:-9003}"
}

# outlast NAME PID: waits until what was started has ended, and keeps its status and what it said; errors among it.
outlast() {
    KEPT="what was started as $1"
    STATUS=0
    wait_for 30 gone "$2" || return
    wait "$2" || STATUS=$?
    grep -v '^tcpwalk: ' "$(log "$1")" >"$SAID" || true
    grep '^tcpwalk: ' "$(log "$1")" >"$COMPLAINED" || true
}
