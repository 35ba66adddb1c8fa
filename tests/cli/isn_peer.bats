#!/usr/bin/env bats
# That the peer of isn_peer.bash makes its numbers as it says, before anything is claimed of them.

load helper
load isn_peer

setup() {
    net_up
}

teardown() {
    net_down
}

# drawn PORT...: fills N with the initial numbers that connections from these ports get, one after the other.
drawn() {
    local port
    N=()
    for port; do
        N+=("$(client "$TCPWALK" --json --source-port "$port" "$SERVER4" "$((port % 100 + 1))" \
            'syn; expect S. ack=+1 mss=1460; rst' |
            jq 'select(.event == "segment" and .dir == "in" and .flags == "S.").seq')")
        [[ ${N[-1]} =~ ^[0-9]+$ ]] || return
    done
}

# up A B: how much B is above A.
up() {
    echo $((($2 - $1) & 0xffffffff))
}

@test "a kernel opens connections to it: its checksums are right, and it answers ARP" {
    isn_peer random
    client timeout 5 bash -c "exec 3<>/dev/tcp/$SERVER4/80 4<>/dev/tcp/$SERVER4/7777"
}

@test "the number is constant, or goes up by a constant or random step" {
    isn_peer constant 4294967295
    drawn 20000 20000 20001
    [[ ${N[*]} == "4294967295 4294967295 4294967295" ]]

    isn_peer constant
    drawn 20000 20001
    ((N[0] == N[1]))

    isn_peer step 64000
    drawn 20000 20000 20001
    (($(up "${N[0]}" "${N[1]}") == 64000 && $(up "${N[1]}" "${N[2]}") == 64000))

    isn_peer random-step 9
    drawn 20000 20000 20001
    for i in 1 2; do
        (($(up "${N[i - 1]}" "${N[i]}") >= 1 && $(up "${N[i - 1]}" "${N[i]}") <= 9))
    done
}

@test "the number follows the clock, with or without an offset of each 4-tuple" {
    local before=${EPOCHREALTIME/[.,]/} after
    isn_peer clock 1000
    drawn 20000 20000 20001
    after=${EPOCHREALTIME/[.,]/}
    (($(up "$((before & 0xffffffff))" "${N[0]}") < after - before))
    (($(up "${N[0]}" "${N[1]}") > 0 && $(up "${N[0]}" "${N[2]}") < after - before))

    before=${EPOCHREALTIME/[.,]/}
    isn_peer rfc6528 1000
    drawn 20000 20000 20001 20002 20000
    after=${EPOCHREALTIME/[.,]/}
    (($(up "${N[0]}" "${N[1]}") > 0 && $(up "${N[0]}" "${N[4]}") < after - before))
    (($(up "${N[0]}" "${N[1]}") < $(up "${N[0]}" "${N[4]}")))
    # One of them may be so near by chance.
    (($(up "${N[1]}" "${N[2]}") > after - before || $(up "${N[1]}" "${N[3]}") > after - before))

    isn_peer tuple
    drawn 20000 20001 20000
    ((N[0] == N[2] && N[0] != N[1]))
}

@test "the number is random, but a copy of a SYN gets the same" {
    isn_peer random
    drawn 20000 20000
    ((N[0] != N[1]))
    client "$TCPWALK" --json --source-port 20000 "$SERVER4" 80 \
        'syn; expect S. ack=+1; segment S seq=+0; expect next S. ack=+1; rst' >"$(log copy)"
    jq -es 'map(select(.event == "segment" and .dir == "in").seq) | length == 2 and .[0] == .[1]' "$(log copy)"
}
