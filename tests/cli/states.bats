#!/usr/bin/env bats
# All eleven states of RFC 9293 at a real Linux peer, each by a script that a user can read (tests/examples/), and its kernel
# agrees. As root, for a plain user with the file capability alone, and in the lab with neither.

load helper
load walks

EXAMPLES="$BATS_TEST_DIRNAME/../examples"

setup_file() {
    need_lab
}

teardown() {
    tell_failure
    net_down
}

# reaches STATE SERVICE [OPTION...]: the script of that name drives the service (or client) of the lab there.
reaches() {
    local state=$1 service=$2 family
    shift 2
    for family in 4 6; do
        keep "${BOUND[@]}" "$TCPWALK" lab run "$EXAMPLES/${state,,}.walk" "$service" "-$family" --json --verify "$@"
        well_formed
        confirmed
        status 0
        whole 'all(.[]; .event != "step" or .ok)'
        whole "any(.[]; .event == \"verify\" and .kernel == \"$state\" and .agrees)"
        whole "any(.[]; .event == \"step\" and (.step | test(\"^expect state ([A-Z0-9-]+[|])*$state\")))"
    done
}

@test "CLOSED" {
    reaches CLOSED refused
}

@test "LISTEN" {
    reaches LISTEN echo
}

@test "SYN-SENT" {
    reaches SYN-SENT client
}

@test "SYN-RECEIVED" {
    reaches SYN-RECEIVED echo
}

@test "ESTABLISHED" {
    reaches ESTABLISHED discard
}

@test "FIN-WAIT-1" {
    reaches FIN-WAIT-1 closes-first
}

@test "FIN-WAIT-2, of a socket that its application has closed, and of one that it holds" {
    reaches FIN-WAIT-2 closes-first
    reaches FIN-WAIT-2 shuts-down
}

@test "CLOSE-WAIT" {
    reaches CLOSE-WAIT never-closes
}

@test "CLOSING" {
    reaches CLOSING closes-first
}

@test "LAST-ACK" {
    reaches LAST-ACK closes-late
}

@test "TIME-WAIT" {
    reaches TIME-WAIT closes-first
}

@test "a simultaneous close: CLOSING, then TIME-WAIT" {
    local family
    for family in 4 6; do
        keep "${BOUND[@]}" "$TCPWALK" lab simultaneous-close closes-first "-$family" --json --verify
        well_formed
        confirmed
        status 0
        claimed 'proven FIN-WAIT-1 *' 'presumed CLOSING *' 'proven CLOSING *' 'presumed TIME-WAIT *'
        whole 'any(.[]; .event == "verify" and .kernel == "CLOSING")'
        whole '[.[] | select(.event == "verify")] | last | .kernel == "TIME-WAIT"'
    done
}

@test "a simultaneous open: SYN-SENT, SYN-RECEIVED, ESTABLISHED" {
    local family
    for family in 4 6; do
        keep "${BOUND[@]}" "$TCPWALK" lab simultaneous-open client "-$family" --json --verify
        well_formed
        confirmed
        status 0
        claimed 'proven SYN-SENT syn-seen' 'proven SYN-RECEIVED *'
        whole 'any(.[]; .event == "verify" and .kernel == "SYN-RECEIVED")'
        whole 'any(.[]; .event == "verify" and .kernel == "ESTABLISHED")'
        ended 'outcome == "closed"'
    done
}

@test "every example is in the manual's list of files, begins with its intent, and passes the check" {
    local file
    for file in "$EXAMPLES"/*.walk; do
        head -n 1 "$file" | grep -q '^# [A-Z]'
        "$TCPWALK" --print-script run "$file" >"$(log printed)"
        cmp "$file" "$(log printed)"
    done
}
