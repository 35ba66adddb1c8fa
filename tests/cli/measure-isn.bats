#!/usr/bin/env bats
# How a peer makes its initial sequence numbers is found, of peers that make them in a known way, and of Linux.

load helper
load walks
load measure
load isn_peer

setup_file() {
    net_up
    start serve server "$TCPWALK" lab serve all
    wait_for_words serve ready
}

teardown() {
    tell_failure
}

teardown_file() {
    net_down
}

# Linux comes first, for the other peers take its place.
@test "Linux has a clock, and an offset of each 4-tuple: RFC 6528" {
    local address
    for address in "$SERVER4" "$SERVER6"; do
        measure isn "$address" 7
        content
        came isn 'done'
        found isn kind 'word == "rfc6528"'
        found isn tick 'value > 63.9 and .value < 64.1'
        # The SYNs are reset, and nothing of them is left.
        forgotten 7
    done
}

# is_made WORD WAY [NUMBER]: numbers made in this way are called by this word.
is_made() {
    local word=$1
    shift
    isn_peer "$@"
    measure isn "$SERVER4" 80 --count 60
    content
    came isn 'done'
    found isn kind "word == \"$word\""
}

@test "a clock for all, and one with an offset of each 4-tuple" {
    is_made clock clock 4000
    found isn tick 'value > 3990 and .value < 4010'
    is_made rfc6528 rfc6528 64
    found isn tick 'value > 63.9 and .value < 64.1'
}

@test "a step for each connection, constant or random; always the same number" {
    is_made step step 64000
    found isn step 'number == 64000'
    is_made random-step random-step 100000
    is_made constant constant
}

@test "random numbers, and an offset of each 4-tuple without a clock" {
    is_made random random
    found isn p-one 'value > 1e-6'
    found isn p-many 'value > 1e-6'
    is_made tuple-constant tuple
}
