# tcpwalk read --connection: one connection of a capture, segment by segment.
load helper

CAPTURE="$BATS_TEST_DIRNAME/../read/capture"

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# described NAME: the description on standard input, made as NAME.pcap in the test's folder
described() {
    { printf '## %s\n\n' "$1" && sed 's/^/    /'; } >"$1.md"
    "$CAPTURE" "$1.md" "$1" "$1.pcap"
}

# A has closed, and B sends a segment each 5 s.
half_closed() {
    printf '%s\n' '0.000 A S seq=100' '0.010 B S. seq=900 ack=101' '0.011 A . seq=101 ack=901' \
        '0.040 A F. seq=101 ack=901' '0.050 B . seq=901 ack=102'
    for ((i = 0; i < ${1:-20}; i++)); do
        printf '%d.000 B P. seq=%d ack=102 len=100\n%d.010 A . seq=102 ack=%d\n' \
            $((5 * (i + 1))) $((901 + 100 * i)) $((5 * (i + 1))) $((1001 + 100 * i))
    done
}

# An open connection, and a keep-alive of A each minute.
kept_alive() {
    printf '%s\n' '0.000 A S seq=100' '0.010 B S. seq=900 ack=101' '0.011 A . seq=101 ack=901' \
        '0.020 A P. seq=101 ack=901 len=10' '0.030 B . seq=901 ack=111'
    for ((i = 1; i <= 20; i++)); do
        printf '%d.000 A . seq=110 ack=901\n%d.010 B . seq=901 ack=111\n' $((60 * i)) $((60 * i))
    done
}

# in_order FILE: its rows are in the order of time
in_order() {
    grep -oE '^[ 0-9]{3} *[0-9]+\.[0-9]+' "$1" | awk '{ print $NF }' >times
    sort -cn times
}

@test "where segments are far apart, what timers may have ended does not hide them" {
    half_closed | described half
    "$TCPWALK" read --connection 1 half.pcap | tee ladder
    in_order ladder
    [ "$(grep -c '^ .. *[0-9]*\.[0-9]\{6\}' ladder)" -eq 47 ] # 45 segments, and a timer of each end
    [ "$(grep -c 'a timer may have ended' ladder)" -eq 2 ]
    # That both were still there is said after that, and then only by the states beside the segments.
    [ "$(grep -c 'B proven: CLOSE-WAIT or LAST-ACK' ladder)" -eq 2 ]
    [ "$(grep -c 'A proven: FIN-WAIT-2 or FIN-WAIT-1' ladder)" -eq 2 ]
    grep -E '^ 44 100\.000000 +FIN-WAIT-2 .*<- CLOSE-WAIT\+$' ladder
    kept_alive | described kept
    "$TCPWALK" read --connection 1 kept.pcap | tee ladder
    in_order ladder
    [ "$(grep -c 'a timer may have ended' ladder)" -le 3 ]
    # Programs are told of each, in the order of time too.
    "$TCPWALK" read --json --connection 1 half.pcap >all
    [ "$(jq -s 'map(select(.reason == "timer")) | length' all)" -ge 38 ]
    jq -es 'map(select(.reason == "timer") | .not_before) | . == sort' all
}

@test "a connection of which no letter of the history was seen has none" {
    printf '0.0 A - seq=100\n' | described none
    "$TCPWALK" read --connection 1 none.pcap | tee ladder
    grep -x 'open: unseen, nobody knows by whom: A has the higher port; close: not closed' ladder
    [ "$(grep -c ' $' ladder)" -eq 0 ]
}

@test "times are whole in the ladder, however long, and B's column stays where it is" {
    described far <<'SEGMENTS'
@epoch 900000000
0.000 A S seq=100
0.010 B S. seq=900 ack=101
0.011 A . seq=101 ack=901
999.5 A P. seq=101 ack=901 len=10
999.51 B . seq=901 ack=111
1200.5 A P. seq=111 ack=901 len=10
1200.625 B . seq=901 ack=121 sack=131:141
3200000000.5 A P. seq=121 ack=901 len=10
-800000000.25 B . seq=901 ack=131
0.75 B P. seq=901 ack=131 len=10
2.000 A icmp type=3 code=1 seq=901
SEGMENTS
    "$TCPWALK" read --connection 1 far.pcap | tee ladder
    [[ $(wc -L <ladder) -le 80 ]]
    grep -E '^  4 999\.500000 ESTABLISHED' ladder
    grep -E '^  6 1200\.500000 ESTABLISHED' ladder
    grep -E '^  7 1200\.625000 ESTABLISHED' ladder
    grep -E '^  8 3200000000\.[0-9]{6} ESTABLISHED' ladder
    grep -E '^  9 -800000000\.250000 ESTABLISHED' ladder
    grep -E '^ 10          0\.750000 ESTABLISHED' ladder
    grep -E '^             2\.000000 ESTABLISHED.*ICMP' ladder
    grep -F 'sack 31:41' ladder
    "$TCPWALK" read -q --connection 1 --svg far.svg --html far.html far.pcap
    grep -q '>1200\.500000</text>' far.svg
    grep -q '>-800000000\.250000</text>' far.svg
    grep -q '>-800000000\.250000<' far.html
    [ "$(grep -E '^ .*(->|<-)' ladder | sed 's/\(->\|<-\).*//' | awk '{ print length }' | sort -u | wc -l)" -eq 1 ]
}

@test "pictures do not say it with each pause either, but their states are presumed there" {
    half_closed | described half
    "$TCPWALK" read -q --connection 1 --svg p.svg --html p.html half.pcap
    [ "$(grep -c 'a timer may have' p.svg)" -le 4 ]
    [ "$(grep -cE '^<tr><td class="number">[0-9]' p.html)" -eq 45 ]
    [ "$(grep -c '^<tr><td></td>' p.html)" -eq 2 ]
    # In each pause, on both sides, and in both drawings.
    [ "$(grep -c 'class="state s[0-9]* presumed"' p.svg)" -ge 76 ]
    # The row of a segment has what was so then.
    sed 's/<[^>]*>/ /g; s/  */ /g' p.html >rows
    grep -E '^ 44 100\.000000 .* FIN-WAIT-2 CLOSE-WAIT \+' rows
    grep -E '^ 45 100\.010000 .* FIN-WAIT-2 \+ CLOSE-WAIT \+' rows
    [ "$("$TCPWALK" read --connection 1 --mermaid half.pcap | grep -c 'timer')" -eq 2 ]
}

@test "an ICMP error has its place among what timers may have ended" {
    { half_closed 1 && printf '%s\n' '8.000 B P. seq=1001 ack=102 len=100' \
        '9.000 A icmp type=3 code=1 seq=1001' '10.000 B P. seq=1001 ack=102 len=100'; } | described icmp
    "$TCPWALK" read --connection 1 icmp.pcap | tee ladder
    grep 'ICMP host-unreachable' ladder
    in_order ladder
}

@test "what a timer may have ended by the end of the capture is told, and the sums are of the last segment" {
    { half_closed 1 && printf '%s\n' '60.000 A1 S seq=100'; } | described ended
    "$TCPWALK" read --connection 1 ended.pcap | tee ladder
    in_order ladder
    grep -A1 -E '^ +5\.400000 ' ladder | grep 'B presumed, else LAST-ACK or CLOSED: a timer'
    grep -A1 -E '^ +5\.410000 ' ladder | grep 'A presumed, else FIN-WAIT-1 or CLOSED: a timer'
    grep '^A .*: FIN-WAIT-2 or FIN-WAIT-1 (proven)' ladder
    # So it is whoever asks.
    "$TCPWALK" read ended.pcap | grep 'FIN-WAIT-2+ *CLOSE-WAIT+'
    [ "$("$TCPWALK" read --json ended.pcap | jq -r 'select(.event == "connection" and .connection == 1) | .a.certainty')" = proven ]
    "$TCPWALK" read --write kept.pcapng ended.pcap
    grep -qaE 'connection 1, after the last packet, at 5\.4[0-9]* s or later, B: .*timer' kept.pcapng
}

@test "keep-alives and probes of a closed window are named, and what answers them" {
    kept_alive | described kept
    "$TCPWALK" read --connection 1 kept.pcap >ladder
    [ "$(grep -c 'a keep-alive' ladder)" -eq 20 ]
    [ "$(grep -c 'it answers the keep-alive' ladder)" -eq 20 ]
    "$TCPWALK" read --json --connection 1 kept.pcap |
        jq -r 'select(.event == "segment") | .probe // ("answers " + (.answers // "nothing"))' | sort | uniq -c | sed 's/^ *//' >said
    printf '%s\n' '20 answers keep-alive' '5 answers nothing' '20 keep-alive' | diff - said
    "$TCPWALK" read --write kept.pcapng kept.pcap
    [ "$(grep -ca 'segment [0-9]*, from A: a keep-alive (keep-alive)' kept.pcapng)" -ge 1 ]
    grep -qa 'segment 7, from B: it answers the keep-alive (keep-alive)' kept.pcapng
    "$TCPWALK" read -q --connection 1 --svg p.svg kept.pcap
    [ "$(grep -c '>a keep-alive</text>' p.svg)" -eq 20 ]
    "$CAPTURE" "$BATS_TEST_DIRNAME/../read/cases.md" 'window probes' probes.pcap >/dev/null
    "$TCPWALK" read --json --connection 1 probes.pcap | jq -r 'select(.probe or .answers) | "\(.n) \(.probe) \(.answers)"' >said
    printf '%s\n' '6 window-probe null' '7 null window-probe' '8 window-probe null' '9 null window-probe' | diff - said
    "$TCPWALK" read --connection 1 probes.pcap | grep 'a probe of the closed window'
}

@test "where the capture begins in the middle, each end's first transition says what is believed from then on" {
    for ((i = 1; i <= 3; i++)); do
        printf '%d.000 A P. seq=%d ack=%d len=10\n%d.010 B P. seq=%d ack=%d len=5\n' \
            "$i" $((90 + 10 * i)) $((895 + 5 * i)) "$i" $((895 + 5 * i)) $((100 + 10 * i))
    done | described middle
    "$TCPWALK" read --json middle.pcap >all
    for side in a b; do
        jq -es --arg side $side 'map(select(.event == "transition" and .side == $side))
            | .[0].reason == "joined" and .[0].from == [] and .[0].to == ["ESTABLISHED"] and (.[0].else | length) == 10
            and .[0].evidence == [1] and .[1].from == ["ESTABLISHED"] and .[1].reason == "data-seen"
            and (map(select(.reason == "joined")) | length) == 1' all
    done
    # Each begins with what the one before it has ended with.
    jq -es '[.[] | select(.event == "transition")] | group_by(.side)[] | [.[:-1], .[1:]] | transpose | all(.[0].to == .[1].from)' all
    "$TCPWALK" read --json --connection 1 middle.pcap | jq -es '.[1].event == "segment" and .[2].reason == "joined"'
    "$TCPWALK" read --connection 1 middle.pcap | tee ladder
    grep -E '^  1  0\.000000  ESTABLISHED\+ .*-> ESTABLISHED$' ladder
    [ "$(grep -c 'else any other state' ladder)" -eq 1 ]
    tr '\n' ' ' <ladder | sed 's/  */ /g' |
        grep 'B presumed, else any other state: how it opened was not seen; A proven: '
}

@test "of several claims about one end in a row, each names its state" {
    "$CAPTURE" "$BATS_TEST_DIRNAME/../read/cases.md" 'both close at once' case.pcap >expected
    "$TCPWALK" read --connection 1 case.pcap | tee ladder
    grep -A3 -E '^  5 .* CLOSING$' ladder | tr -s ' \n' ' ' >row
    grep -F "B FIN-WAIT-1 proven: its FIN left before the other's arrived; B CLOSING presumed, else FIN-WAIT-1: " row
    grep -F 'A presumed, else FIN-WAIT-1: the other sent it a FIN' row
    # The pictures say the same.
    "$TCPWALK" read --connection 1 --svg - case.pcap | tr -d '\n' | sed 's/<[^>]*>/ /g' >svg
    grep -E 'B FIN-WAIT-1 proven: its FIN left +before' svg
    grep -E 'B CLOSING presumed, else FIN-WAIT-1:' svg
    grep -E ' A presumed, else FIN-WAIT-1: the' svg
    # What Mermaid names is marked where it is one of several.
    "$TCPWALK" read --connection 1 --mermaid case.pcap >mermaid
    grep -F 'Note left of L: CLOSING+, proven: CLOSING or TIME-WAIT (both' mermaid
    grep -F "Note right of R: FIN-WAIT-1, proven: its FIN left before the other's" mermaid
    "$CAPTURE" "$BATS_TEST_DIRNAME/../read/cases.md" 'it begins in the middle' case.pcap >expected
    "$TCPWALK" read --connection 1 --mermaid case.pcap | tr '\n' ' ' | sed 's/<br\/>/ /g' >mermaid
    grep -F 'ESTABLISHED+, proven: ESTABLISHED, CLOSE-WAIT, FIN-WAIT-1, CLOSING or LAST-ACK (it sent data)' mermaid
}
