#!/usr/bin/env bats
# --write: what is seen or read, as pcapng, with comments on what each packet proves; held against the events of the same run,
# and read by tshark.

load helper
load walks

CAPTURE="$BATS_TEST_DIRNAME/../read/capture"
CASES="$BATS_TEST_DIRNAME/../read/cases.md"
COMMENTED="$BATS_TEST_DIRNAME/commented"

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
    tell_failure
    net_down
}

# written ARGUMENT...: a walk in the lab into walk.pcapng, whose comments are its events.
written() {
    rm -f walk.pcapng
    keep "${BOUND[@]}" "$TCPWALK" lab "$@" --json --write walk.pcapng
    well_formed
    run "$COMMENTED" "$SAID" walk.pcapng
    echo "$*: $output"
    [ "$status" -eq 0 ]
}

# a_case TITLE FILE: made, with what is expected of it in FILE.expected
a_case() {
    "$CAPTURE" "$CASES" "$1" "$2" >"$2.expected"
}

# packets FILE: of each its time, lengths, link type and bytes
packets() {
    tshark -n -r "$1" -T fields -e frame.time_epoch -e frame.cap_len -e frame.len -e frame.encap_type
    tshark -n -r "$1" -x
}

# has_packets N FILE: at least so many.
has_packets() {
    [[ $(tshark -n -r "$2" 2>/dev/null | wc -l) -ge $1 ]]
}

@test "each transition of a walk is said at its segment, and nothing else is said" {
    need_lab
    written close --linger 0 discard
    content
    written half-close --verify --send 'GET / HTTP/1.0\r\n\r\n' http
    content
    written close --linger 0 queue-full
    written open -6 unreachable
    status 3
    written open --timeout 500ms --rto 200ms -4 silent
    grep -q retransmission <(tshark -n -r walk.pcapng -T fields -e frame.comment)
    written listen client-http
    status 0
}

@test "what a timer tells is said at the last segment where none follows, or in a pipe of the interface" {
    need_lab
    local steps='open; send "x"; expect P. ; wait 700ms'
    written echo --leave "$steps"
    content
    jq -es 'map(select(.reason == "timer")) | length > 0' "$SAID"
    tshark -n -r walk.pcapng -T fields -e frame.comment | tail -1 | grep -q 'after this segment, at 0.[0-9]* s or later'
    "${BOUND[@]}" "$TCPWALK" lab -q echo --leave --write - "$steps" | cat >piped.pcapng
    [ "$(tshark -n -r piped.pcapng -T fields -e frame.comment | grep -c timer)" -eq 0 ]
    grep -aq 'after this segment, at 0.[0-9]* s or later' piped.pcapng
    [ "$(tshark -n -r piped.pcapng | wc -l)" -eq "$(tshark -n -r walk.pcapng | wc -l)" ]
}

@test "the file names program, interface, filter, and how many packets there were" {
    need_lab
    written close --linger 0 discard
    capinfos walk.pcapng >said
    cat said
    grep -qE '^Capture application: +tcpwalk [0-9.]+$' said
    grep -qE '^File timestamp precision: +nanoseconds \(9\)$' said
    grep -qE '^ +Name = lab0$' said
    grep -qE '^ +Capture length = 1920$' said
    grep -qE '^ +Filter string = .*dst port 9\)' said
    grep -qE '^ +Number of stat entries = 1$' said
    # tcpwalk reads what it wrote, and sees the same connection.
    run "$TCPWALK" read --csv walk.pcapng
    [[ ${lines[1]} == *,192.0.2.2,9,* ]]
    [ "${#lines[@]}" -eq 2 ]
}

@test "a walk to each address of a name is in the file, with the filter of each" {
    need_lab
    run "${BOUND[@]}" "$TCPWALK" lab open unreachable -q --write walk.pcapng
    [ "$status" -eq 3 ]
    [ "$(tshark -n -r walk.pcapng -T fields -e frame.interface_id | sort | uniq -c | tr -s ' ' | tr '\n' ';')" = ' 2 0; 2 1;' ]
    [ "$(tshark -n -r walk.pcapng -Y icmp -T fields -e frame.comment | grep -c 'host-unreachable, from 192.0.2.2')" -eq 1 ]
    [ "$(tshark -n -r walk.pcapng -Y icmpv6 -T fields -e frame.comment | grep -c 'no-route, from 2001:db8::2')" -eq 1 ]
}

# commented_alike STREAM: the segments of this TCP connection are counted from 1, by the comments.
commented_alike() {
    local count
    count=$(tshark -n -r walk.pcapng -Y "tcp.stream == $1" | wc -l)
    [ "$count" -gt 4 ]
    diff <(seq "$count") <(tshark -n -r walk.pcapng -Y "tcp.stream == $1" -T fields -e frame.comment | sed -E 's/^segment ([0-9]+), from .*/\1/')
}

@test "of a measurement and of a lesson, all connections are in the file" {
    need_lab
    keep "${BOUND[@]}" "$TCPWALK" lab measure close-wait --count 3 -q --write walk.pcapng closes-late
    status 0
    local stream
    for stream in 0 1 2; do
        commented_alike "$stream"
    done
    [ "$(tshark -n -r walk.pcapng -T fields -e frame.comment | grep -c 'the peer: CLOSE-WAIT -> LAST-ACK, proven: ')" -eq 3 ]
    keep "${BOUND[@]}" "$TCPWALK" teach --auto --lang en -q --write walk.pcapng why-four
    status 0
    commented_alike 0
    commented_alike 1
    keep "${BOUND[@]}" "$TCPWALK" teach --auto --lang ko -q --write walk.pcapng why-four
    status 0
    tshark -n -r walk.pcapng -T fields -e frame.comment | grep -q '세그먼트 1'
    keep "$TCPWALK" lab measure rtt --write /dev/full echo
    status 5
    [ ! -s "$SAID" ]
}

@test "a walk that is killed leaves what it had seen" {
    net_up
    start_echo
    start walk client "$TCPWALK" "$SERVER4" 7 --write walk.pcapng 'open; send "hello"; expect P. ; wait 60s'
    wait_for_words walk 'met: expect P.'
    # The last segments are in the file when nothing else is to be done.
    wait_for 10 has_packets 6 walk.pcapng
    kill -KILL "$STARTED_PID"
    wait_for 5 gone "$STARTED_PID"
    run tshark -n -r walk.pcapng
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output != *"cut short"* ]]
    run "$TCPWALK" read walk.pcapng
    [ "$status" -eq 0 ]
    [[ $output == *"1 connection, "* ]]
}

@test "a file that can't be written is said before anything is sent, and a full disk when it is full" {
    need_lab
    keep "$TCPWALK" lab open echo --json --write nowhere/walk.pcapng
    status 5
    [ ! -s "$SAID" ]
    [ "$(cat "$COMPLAINED")" = 'tcpwalk: --write: nowhere/walk.pcapng: No such file or directory' ]
    keep "$TCPWALK" lab open echo --json --write /dev/full
    status 5
    [ ! -s "$SAID" ]
    [ "$(cat "$COMPLAINED")" = 'tcpwalk: --write: /dev/full: No space left on device' ]
    # In the middle: it is one line, and what was written before can be read.
    # shellcheck disable=SC2016 # the inner shell's
    keep bash -c 'trap "" XFSZ; ulimit -f 1; exec "$0" lab close --linger 0 discard -q --write walk.pcapng' "$TCPWALK"
    status 5
    [ "$(cat "$COMPLAINED")" = 'tcpwalk: --write: walk.pcapng: File too large' ]
    tshark -n -r walk.pcapng | grep -q SYN
    # ... and of a capture that is read.
    a_case 'opened by three segments and closed by four' case.pcap
    # shellcheck disable=SC2016
    run bash -c 'trap "" XFSZ; ulimit -f 1; "$0" read --write copy.pcapng case.pcap >/dev/null' "$TCPWALK"
    [ "$status" -eq 5 ]
    [ "$output" = 'tcpwalk: --write: copy.pcapng: File too large' ]
}

@test "- is standard output, where nothing else goes there" {
    a_case 'opened by three segments and closed by four' case.pcap
    run "$TCPWALK" read --write - case.pcap
    [ "$status" -eq 2 ]
    [[ $output == 'tcpwalk: --write -: something else goes to standard output;'* ]]
    run "$TCPWALK" read --json --write - case.pcap
    [ "$status" -eq 2 ]
    "$TCPWALK" read -q --write - case.pcap >copy.pcapng
    "$TCPWALK" read -q --write copy2.pcapng case.pcap
    cmp copy.pcapng copy2.pcapng
    run "$TCPWALK" open localhost 9 --dry-run --write walk.pcapng
    [ "$status" -eq 2 ]
    [ ! -e walk.pcapng ]
}

@test "what the file held stays where a capture that is to be read is not there" {
    a_case 'bare IP' case
    echo precious >copy.pcapng
    keep "$TCPWALK" read --write copy.pcapng case nowhere.pcap
    status 5
    [ ! -s "$SAID" ]
    [ "$(cat "$COMPLAINED")" = 'tcpwalk: nowhere.pcap: No such file or directory' ]
    [ "$(cat copy.pcapng)" = precious ]
}

@test "the file must be none of those that are read" {
    a_case 'opened by three segments and closed by four' case.pcap
    ln case.pcap linked.pcap
    ln -s case.pcap symbolic.pcap
    cp case.pcap before
    run "$TCPWALK" read --write symbolic.pcap case.pcap
    [ "$status" -eq 2 ]
    run "$TCPWALK" read --write linked.pcap case.pcap
    [ "$status" -eq 2 ]
    [ "$output" = 'tcpwalk: --write: linked.pcap is one of the files that are read' ]
    # shellcheck disable=SC2094 # that is what is refused
    run "$TCPWALK" read --write case.pcap - <case.pcap
    [ "$status" -eq 2 ]
    cmp case.pcap before
}

@test "a copy has the same table, whatever the capture" {
    local title n=0
    while IFS= read -r title; do
        a_case "$title" case
        "$TCPWALK" read --write copy.pcapng case >table
        "$TCPWALK" read copy.pcapng >again
        diff table again || {
            echo "$title"
            return 1
        }
        n=$((n + 1))
    done < <("$CAPTURE" "$CASES" | sed -n '1~3p')
    [ "$n" -gt 15 ]
}

@test "a copy has all packets as they were: bytes, lengths, link types, nanoseconds" {
    local title
    for title in 'cut by the snapshot length inside the options' 'bare IP' \
        'a link type that nobody knows' 'microseconds, the other byte order' 'pcapng with two interfaces' \
        'a packet that is cut short, and one that is not TCP' 'IP fragments'; do
        a_case "$title" case
        "$TCPWALK" read -q --write copy.pcapng case
        diff <(packets case | grep -v '^Packet comments') <(packets copy.pcapng) || {
            echo "$title"
            return 1
        }
    done
    a_case 'pcapng with two interfaces' case
    [ "$(capinfos case | grep -c 'Encapsulation =')" -eq 2 ]
    "$TCPWALK" read -q --write copy.pcapng case
    diff <(tshark -n -r case -T fields -e frame.interface_id) <(tshark -n -r copy.pcapng -T fields -e frame.interface_id)
    "$TCPWALK" read -q --write copy.pcapng case case
    diff <(capinfos case | grep 'Encapsulation =') <(capinfos copy.pcapng | grep 'Encapsulation =' | head -2)
    [ "$(capinfos copy.pcapng | grep -c 'Encapsulation =')" -eq 4 ]
}

@test "each transition of a connection that is read is said at its segment, and nothing else is said" {
    local title number
    for title in 'opened by three segments and closed by four' 'both close at once' 'it begins in the middle' \
        'each segment is captured twice' 'what is repeated is retransmitted' \
        'a RST with the right number that what follows contradicts' \
        'the same endpoints, one connection after the other' 'nothing passes for seconds'; do
        a_case "$title" case
        "$TCPWALK" read -q --write copy.pcapng case
        for number in $("$TCPWALK" read --csv case | sed -n '2,$s/,.*//p'); do
            "$TCPWALK" read --json --connection "$number" case >events
            run "$COMMENTED" events copy.pcapng "$number"
            echo "$title, $number: $output"
            [ "$status" -eq 0 ]
        done
    done
}

@test "--connection: all packets, and comments of that connection alone" {
    a_case 'the same endpoints, one connection after the other' case
    "$TCPWALK" read --connection 2 --write copy.pcapng case >/dev/null
    [ "$(tshark -n -r copy.pcapng | wc -l)" -eq "$(tshark -n -r case | wc -l)" ]
    "$TCPWALK" read --json --connection 2 case >events
    run "$COMMENTED" events copy.pcapng 2
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(tshark -n -r copy.pcapng -T fields -e frame.comment | grep -cE 'connection [13],')" -eq 0 ]
}

@test "comments that are there already stay, and what is said already is not said again" {
    a_case 'opened by three segments and closed by four' case.pcap
    editcap -a '2:so it was; or was it' case.pcap case.pcapng
    "$TCPWALK" read -q --write copy.pcapng case.pcapng
    [[ $(tshark -n -r copy.pcapng -T fields -e frame.comment -E 'aggregator=|' | sed -n 2p) == 'so it was; or was it|connection 1, segment 2, from B|'* ]]
    "$TCPWALK" read -q --write again.pcapng copy.pcapng
    diff <(tshark -n -r copy.pcapng -T fields -e frame.comment) <(tshark -n -r again.pcapng -T fields -e frame.comment)
}
