#!/usr/bin/env bats
# The helper itself: without it no other test here would mean anything.

load helper

setup() {
    net_up
}

teardown() {
    net_down
}

# say ADDRESS: what an echo server there answers.
say() {
    echo hello | client socat -t 5 - "TCP:$1:7,connect-timeout=1"
}

echo_server() {
    start_server echo 7 socat TCP6-LISTEN:7,ipv6only=0,fork,reuseaddr EXEC:cat
}

@test "two processes talk over IPv4, IPv6 and link-local addresses" {
    echo_server
    [ "$(say "$SERVER4")" = hello ]
    [ "$(say "[$SERVER6]")" = hello ]
    [ "$(say "[$SERVER_LINK]")" = hello ]
    [ "$(lost)" = 0 ]
}

@test "losing all loses all, one way or both, until it is healed" {
    echo_server
    lose 100
    run say "$SERVER4"
    [ "$status" -ne 0 ]
    [ "$(lost to-server)" -gt 0 ]
    [ "$(lost to-client)" = 0 ]

    heal
    [ "$(say "$SERVER4")" = hello ]

    lose 100 to-client
    run say "[$SERVER6]"
    [ "$status" -ne 0 ]
    [ "$(lost to-client)" -gt 0 ]
}

lost_something_and_yet() {
    [ "$(say "$SERVER4")" = hello ] && [ "$(lost)" -gt 0 ]
}

@test "losing thirty of a hundred loses some, and what was said arrives" {
    echo_server
    lose 30
    wait_for 60 lost_something_and_yet
}

@test "a chosen segment can be lost" {
    echo_server
    drop to-client 'tcp flags & (syn | ack) == syn | ack'
    run say "$SERVER4"
    [ "$status" -ne 0 ]
    [ "$(lost to-client)" -gt 0 ]
    [ "$(lost to-server)" = 0 ]
}

@test "the first of the chosen segments can be lost, and the next arrives" {
    echo_server
    drop_first 1 to-client 'tcp flags & (syn | ack) == syn | ack'
    run client socat -t 5 - "TCP:$SERVER4:7,connect-timeout=20" <<<hello
    [ "$output" = hello ]
    [ "$(lost to-client)" = 1 ]
}

@test "what the wire loses has left the sender, and does not reach the receiver" {
    client nft 'table inet seen {
        chain out { type filter hook postrouting priority 300; tcp flags syn counter; }
    }'
    server nft 'table netdev seen {
        chain in { type filter hook ingress device server0 priority 0; tcp flags syn counter; }
    }'
    lose 100
    run say "$SERVER4"
    [ "$(client nft list table inet seen | counted)" -gt 0 ]
    [ "$(server nft list table netdev seen | counted)" = 0 ]
}

@test "the end of a test ends what it started, and nothing else" {
    local bystander pids pid
    sleep 60 3>&- &
    bystander=$!
    echo_server
    pids=("${STARTED[@]}")
    [ "${#pids[@]}" -eq 4 ]
    net_down
    for pid in "${pids[@]}"; do
        run kill -0 "$pid"
        [ "$status" -ne 0 ]
    done
    kill "$bystander"
}

@test "waiting has an end" {
    run wait_for 1 false
    [ "$status" -eq 1 ]
    [[ "$output" == *"after 1 seconds still not so: false"* ]]
}
