#!/usr/bin/env bats
# What the peer answers to one segment in each state, right or wrong, on and off the edges of its window: the cases of
# FreeBSD's state-event suite, played against the kernel of this machine. tests/state-event/ has the rows, the player
# and, in linux.md, where Linux differs and why.

load helper

SUITE="$BATS_TEST_DIRNAME/../state-event"
# What the names of its scripts for IPv4 add up to, at the commit that rows.tsv names.
NAMES=27d62f8432177bb75a91fa566f00a90165c4df2d12f3aee47bdc2f793f9d66f2

setup_file() {
    net_up
    # A FIN that is not acknowledged must not be repeated while the test looks whether anything comes.
    server ip route change 192.0.2.0/24 dev server0 rto_min 5s
    server ip -6 route replace 2001:db8::/64 dev server0 proto kernel metric 256 rto_min 5s
    start_server lab 9003 "$TCPWALK" lab serve all
    wait_for_words lab ready
}

teardown_file() {
    net_down
}

# play STATE [PLAYER]: its rows, by IPv4 and by IPv6, many at a time.
play() {
    client "${2:-$SUITE/play}" "$TCPWALK" "/proc/$NET_SERVER/ns/net" "$1" "$SERVER4" "$SERVER6"
}

@test "no script of the suite is forgotten" {
    local names=$BATS_TEST_TMPDIR/names
    "$SUITE/play" --scripts >"$names"
    # git ls-tree -r --name-only 04b8c73 state-event-engine | grep 'ipv4\.pkt$' | sed 's,.*/,,' | sort | sha256sum
    [[ $(sed 's/ .*//' "$names" | LC_ALL=C sort | sha256sum) == "$NAMES  -" ]]
    [[ $(wc -l <"$names") == 307 ]]
    [[ $(grep -c '# not played: .*insecure' "$names") == 112 ]]
    [[ $(grep -c '# not played: .*drop_synfin' "$names") == 8 ]]
}

@test "linux.md explains each difference, with its number of rows, and no other" {
    awk -F '\t' '$5 != "" && /\t.* -> / { rows[$6]++ }
        END { for (why in rows) print "## " why ": " rows[why], rows[why] == 1 ? "row" : "rows" }' \
        "$SUITE/rows.tsv" | sort >"$BATS_TEST_TMPDIR/differences"
    diff "$BATS_TEST_TMPDIR/differences" <(grep '^## .*: ' "$SUITE/linux.md" | sort)
}

@test "a row that does not hold is shown, with its script and what was said" {
    cp "$SUITE/play" "$SUITE/rows.tsv" "$BATS_TEST_TMPDIR"
    sed -i $'s/^\\(CLOSED\tR seq=+0\tnothing -> \\)CLOSED/\\1SYN-RECEIVED/
        s/^\\(CLOSED\tS seq=+0\tR. seq=@0 ack=\\)+1/\\1+2/' "$BATS_TEST_TMPDIR/rows.tsv"
    run play CLOSED "$BATS_TEST_TMPDIR/play"
    [[ $status == 1 ]]
    [[ $(grep -c '^not ok' <<<"$output") == 4 ]]
    grep -q '^# the peer ended in CLOSED, not in SYN-RECEIVED$' <<<"$output"
    grep -q '^# exit status 1; it complained: .*it differs in ack$' <<<"$output"
    grep -q '^# expect next R. seq=@0 ack=+2 len=0 within 900ms$' <<<"$output"
    grep -q '^# {"event":"end",' <<<"$output"
}

@test "CLOSED" {
    play CLOSED
}

@test "LISTEN" {
    play LISTEN
}

@test "SYN-SENT" {
    play SYN-SENT
}

@test "SYN-RECEIVED, from LISTEN" {
    play SYN-RECEIVED
}

@test "SYN-RECEIVED, from SYN-SENT: the two SYNs crossed" {
    play SYN-RECEIVED/crossed
}

@test "ESTABLISHED" {
    play ESTABLISHED
}

@test "FIN-WAIT-1" {
    play FIN-WAIT-1
}

@test "FIN-WAIT-2" {
    play FIN-WAIT-2
}

@test "CLOSE-WAIT" {
    play CLOSE-WAIT
}

@test "CLOSING" {
    play CLOSING
}

@test "LAST-ACK" {
    play LAST-ACK
}

@test "TIME-WAIT" {
    play TIME-WAIT
}
