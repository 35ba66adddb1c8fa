#!/usr/bin/env bats
# What `tcpwalk measure` finds of TCPs other than Linux, where it takes minutes: the ends of states. lwIP and gVisor tell
# themselves how long a connection was in which state. The rest is what is known of their versions in Debian 12.

load ../cli/helper
load ../cli/walks
load ../cli/stacks
load ../cli/measure_stacks

setup() {
    net_up
    # shellcheck disable=SC2034 # of walks.bash
    BOUND=(timeout -k 2 290)
}

teardown() {
    tell_failure
    net_down
}

# begin_ends: the measurements of all ends, of all of them.
begin_ends() {
    begin syn-ack syn-ack 7
    begin last-ack last-ack 9 --max 130s
    begin fin-wait-2 fin-wait-2 9005
    begin owned fin-wait-2 9013 --max 100s
    begin time-wait time-wait 9005
    begin idle idle,keepalive 9 --max 60s
}

# stays_open: an idle connection has no end of its own.
stays_open() {
    found idle idle lasted '.least > 58 and .most == null'
    found idle keepalive lasted '.least > 57 and .most == null'
    found idle keepalive no-keepalive true
}

@test "lwIP: 20 s in SYN-RECEIVED and in FIN-WAIT-2, 120 s in LAST-ACK and in TIME-WAIT" {
    stack_up lwip
    watch_states
    begin_ends
    all_done 280
    # It has a timer that calls each half second.
    repeated syn-ack syn-ack 2.4 3.1 8.4 9.1
    found syn-ack syn-ack gave-up '.least > 18.9 and .most < 21.7 and .least < 20.6 and .most > 19.9'
    found syn-ack syn-ack method '.word == "asked-once"'
    found last-ack last-ack gave-up '.least > 118 and .most < 122'
    agrees last-ack last-ack LAST-ACK gave-up
    # Without timestamps nothing shows that our acknowledgement of its FIN arrived at once.
    found fin-wait-2 fin-wait-2 presumed '.most - .least < 1'
    agrees fin-wait-2 fin-wait-2 FIN-WAIT-2 presumed
    # Its application may still read.
    found owned fin-wait-2 presumed '.least > 98 and .most == null'
    found time-wait time-wait length '.most - .least < 1'
    found time-wait time-wait method '.word == "asked-again"'
    agrees time-wait time-wait TIME-WAIT
    stays_open
}

@test "gVisor: 127 s in SYN-RECEIVED, 60 s in FIN-WAIT-2 and in TIME-WAIT" {
    stack_up gvisor
    watch_states
    begin_ends
    all_done 280
    repeated syn-ack syn-ack 0.9 1.2 2.9 3.3 6.9 7.3 14.9 15.4 30.9 31.5 62.9 63.7
    found syn-ack syn-ack gave-up '.least > 125 and .most < 130 and .most - .least < 1.5'
    # It goes on for longer than is waited for.
    found last-ack last-ack repeats '.number == 10'
    found last-ack last-ack gave-up '.least > 125 and .most == null'
    agrees last-ack last-ack LAST-ACK gave-up
    found fin-wait-2 fin-wait-2 length '.most - .least < 1'
    agrees fin-wait-2 fin-wait-2 FIN-WAIT-2
    found owned fin-wait-2 length '.least > 98 and .most == null'
    found time-wait time-wait length '.most - .least < 1'
    found time-wait time-wait method '.word == "asked-again"'
    agrees time-wait time-wait TIME-WAIT
    stays_open
}

@test "slirp4netns: 75 s in SYN-RECEIVED, or more when it is busy, 12 s in TIME-WAIT, no end of FIN-WAIT-2" {
    stack_up slirp4netns
    begin_ends
    all_done 280
    found syn-ack syn-ack gave-up '.least > 70 and .most < 100 and .most - .least < 1'
    found syn-ack syn-ack gave-up '.text | contains("with RST")'
    found last-ack last-ack gave-up '.least > 110 and .most == null'
    found fin-wait-2 fin-wait-2 presumed '.least > 125 and .most == null'
    found owned fin-wait-2 presumed '.least > 98 and .most == null'
    found time-wait time-wait length '.least > 10 and .most < 16'
    stays_open
}

@test "passt: RST after 10 s in SYN-RECEIVED, and after 24 s without data; the rest is silence" {
    stack_up passt
    begin_ends
    all_done 280
    found syn-ack syn-ack repeats '.number == 0'
    found syn-ack syn-ack gave-up '.least > 9.5 and .most < 11 and (.text | contains("with RST"))'
    found syn-ack syn-ack memory '.word == "memory"'
    found last-ack last-ack repeats '.number == 0'
    came_to last-ack last-ack no-answer
    came_to fin-wait-2 fin-wait-2 no-answer
    came_to owned fin-wait-2 no-answer
    came_to time-wait time-wait no-answer
    found idle idle ended '.least > 23 and .most < 26 and (.text | contains("RST"))'
    found idle keepalive ended '.least > 23 and .most < 26 and (.text | contains("RST"))'
}
