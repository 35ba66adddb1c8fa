#!/usr/bin/env bats
# What `tcpwalk measure` finds of TCPs other than Linux, in some seconds each: lwIP, gVisor's netstack, libslirp (slirp4netns)
# and passt. tests/long/measure-stacks.bats has what takes longer.

load helper
load walks
load stacks
load measure_stacks

setup() {
    net_up
}

teardown() {
    tell_failure
    net_down
}

# begin_short: what is measured of all of them.
begin_short() {
    begin first offer,rtt,isn 7 --count 60
    begin accept accept 7 --send x
    begin close close 9
    begin closes close-wait 9004 --count 10
    begin stays close-wait 9003 --max 2s
    begin syn-ack syn-ack 7 --max 4s
    begin last-ack last-ack 9 --max 4s
    begin waits fin-wait-2 9005 --max 3s
}

# short_of_all: what is found of all of them.
short_of_all() {
    found first offer mss '.number == 1460'
    found first rtt loss '.value == 0'
    found accept accept handshake '.word == "established"'
    found accept accept application '.word == "accepted"'
    found close close unread '.word == "fin"'
    found closes close-wait closes '.number == 10'
    found stays close-wait stays '.number == 5'
    came_to stays close-wait otherwise
}

# agrees_by_name NAME: what last-ack calls the state is what the stack calls it. A peer that closes at once comes to CLOSING, or
# to LAST-ACK if our FIN was faster.
agrees_by_name() {
    local state
    state=$(jq -r 'select(.measure == "last-ack" and .name == "gave-up").text' "$(log "$1")" |
        grep -oE -m 1 'LAST-ACK|CLOSING|FIN-WAIT-1' | head -n 1)
    agrees "$1" last-ack "$state" gave-up
}

@test "lwIP" {
    stack_up lwip
    watch_states
    begin_short
    begin closing last-ack 9005 --max 3s
    begin time-wait time-wait 9005 --max 4s
    all_done 30
    short_of_all
    # Its numbers go up by the half seconds since its start.
    found first isn kind '.word == "random-step"'
    found close close close '.word == "three"'
    found close close data-after-our-fin '.word == "nothing"'
    # Its timer calls each half second.
    found closes close-wait median '.least > 0 and .most < 0.6'
    repeated syn-ack syn-ack 2.4 3.1
    found syn-ack syn-ack memory '.word == "memory"'
    agrees syn-ack syn-ack SYN-RECEIVED gave-up
    repeated last-ack last-ack 1.5 3.1
    agrees last-ack last-ack LAST-ACK gave-up
    agrees_by_name closing
    agrees waits fin-wait-2 FIN-WAIT-2
    # It was asked with what may have prolonged it: so no more is claimed than it lasted before that.
    found time-wait time-wait method '.word == "asked-again"'
    found time-wait time-wait length '.least > 1 and .least < 2.5 and .most == null'
    came_to time-wait time-wait bounded
}

@test "gVisor" {
    stack_up gvisor
    watch_states
    begin_short
    begin closing last-ack 9005 --max 3s
    all_done 30
    short_of_all
    found first isn kind '.word == "rfc6528"'
    found first isn tick '.value > 63.9 and .value < 64.1'
    found close close close '.word == "four"'
    found close close data-after-our-fin '.word == "rst"'
    found closes close-wait minimum '.least > 0.4 and .least <= 0.55 and .most >= 0.5'
    repeated syn-ack syn-ack 0.95 1.3 2.9 3.5
    found syn-ack syn-ack memory '.word == "memory"'
    repeated last-ack last-ack 0.19 0.3 0.39 0.5 0.79 0.95 1.55 1.9 3.15 3.6
    agrees last-ack last-ack LAST-ACK gave-up
    agrees_by_name closing
    agrees waits fin-wait-2 FIN-WAIT-2
}

@test "slirp4netns, with its whole TIME-WAIT" {
    stack_up slirp4netns
    begin_short
    begin time-wait time-wait 9005
    begin ended close 9005
    all_done 30
    short_of_all
    found first isn kind '.word == "step"'
    found first isn step '.number == 64000'
    found close close close '.word == "four"'
    found close close data-after-our-fin '.word == "rst"'
    found ended close data-after-its-fin '.word == "ack"'
    found closes close-wait minimum '.least > 0.4 and .least <= 0.55 and .most >= 0.5'
    # Its first comes after some seven seconds. But what it remembers a RST ends.
    found syn-ack syn-ack repeats '.number == 0'
    found syn-ack syn-ack memory '.word == "memory"'
    repeated last-ack last-ack 0.9 2.5
    # It closed, and the server on the host is gone, but libslirp waits.
    # It has no timestamps, so that our acknowledgement arrived is a condition.
    found waits fin-wait-2 presumed '.least > 2 and .most == null'
    # 24 of its half seconds, which get longer when it is busy.
    found time-wait time-wait length '.least > 10 and .most < 16 and .most - .least < 1.4'
    found time-wait time-wait method '.word == "asked-again"'
    came_to time-wait time-wait 'done'
}

@test "passt, which answers next to nothing" {
    stack_up passt
    begin_short
    begin time-wait time-wait 9005
    begin ended close 9005
    all_done 30
    short_of_all
    found first isn kind '.word == "rfc6528"'
    found first isn tick '.value > 31.9 and .value < 32.1'
    found close close close '.word == "four"'
    found close close data-after-our-fin '.word == "nothing"'
    found ended close data-after-its-fin '.word == "rst"'
    # A segment without flags makes it reset the connection: that is no end of its own.
    found syn-ack syn-ack repeats '.number == 0'
    found syn-ack syn-ack memory '.word == "unknown"'
    came_to syn-ack syn-ack bounded
    found last-ack last-ack repeats '.number == 0'
    found last-ack last-ack gave-up '.least == 0 and .most == null'
    came_to waits fin-wait-2 no-answer
    found waits fin-wait-2 holder '.word == "unknown"'
    came_to time-wait time-wait no-answer
    found time-wait time-wait unanswered true
}

@test "Linux repeats its FIN within the time that an answer to data behind ours is waited for" {
    stack_up linux
    begin close close 7
    all_done 30
    found close close data-after-our-fin '.word == "nothing"'
}
