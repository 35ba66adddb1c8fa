# tcpwalk read: capture files to connections. tests/read/cases.md has what it makes of each kind of capture.
load helper

CAPTURE="$BATS_TEST_DIRNAME/../read/capture"
CASES="$BATS_TEST_DIRNAME/../read/cases.md"

# a_case TITLE: made as case.pcap in the test's folder
a_case() {
    "$CAPTURE" "$CASES" "$1" "$BATS_TEST_TMPDIR/case.pcap" >"$BATS_TEST_TMPDIR/expected"
    cd "$BATS_TEST_TMPDIR" || return
}

@test "each kind of capture is read as tests/read/cases.md has it" {
    run "$BATS_TEST_DIRNAME/../read/check" "$TCPWALK"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *" cases" ]]
}

@test "link types that nobody knows are told apart, up to a number of them" {
    cd "$BATS_TEST_TMPDIR"
    python3 - <<'PYTHON'
import struct
block = lambda kind, body: struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))
out = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
for link in range(147, 160):
    out += block(1, struct.pack("<HHI", link, 0, 0))
for which in (0, 1, 0, 1, 1, *range(2, 13)):
    out += block(6, struct.pack("<IIIII", which, 0, which, 8, 8) + bytes(8))
open("links.pcapng", "wb").write(out)
PYTHON
    run "$TCPWALK" read links.pcapng
    echo "$output"
    [ "$status" -eq 0 ]
    [ "${lines[1]}" = 'not read: 2 packets: link type without a name (147), which is not known here' ]
    [ "${lines[2]}" = 'not read: 3 packets: link type without a name (148), which is not known here' ]
    [ "${lines[8]}" = 'not read: 1 packet: link type without a name (154), which is not known here' ]
    [ "${lines[9]}" = 'not read: 5 packets: other link types, which are not known here' ]
}

@test "the table has two lines for a connection, and says how much there was" {
    a_case 'opened by three segments and closed by four'
    run "$TCPWALK" read case.pcap
    echo "$output"
    [ "$status" -eq 0 ]
    [[ ${lines[2]} == *"192.0.2.1:40000 -> 198.51.100.1:80"*ShADaFf ]]
    [[ ${lines[3]} == *"done 10.0 ms"*"A, four"*"TIME-WAIT"*"CLOSED?"*"10/0" ]]
    [ "${lines[4]}" = '1 connection, 9 segments' ]
}

# sample_of MANUAL: the table that it shows, with the line of totals.
sample_of() {
    sed -n '/^     # time/,/^3 connections/p' "$BATS_TEST_DIRNAME/../../man/$1"
}

@test "the table in the manuals is what is printed" {
    cd "$BATS_TEST_TMPDIR"
    cat >sample.md <<'DESCRIPTION'
## sample

    0.000000 A1 S seq=1000
    0.000412 B1 S. seq=5000 ack=1001
    0.000431 A1 . seq=1001 ack=5001
    0.000702 A1 P. seq=1001 ack=5001 len=78
    0.001163 B1 . seq=5001 ack=1079
    0.021870 B1 P. seq=5001 ack=1079 len=1220
    0.021899 A1 . seq=1079 ack=6221
    0.022018 A1 F. seq=1079 ack=6221
    0.022455 B1 F. seq=6221 ack=1080
    0.022471 A1 . seq=1080 ack=6222
    1.204000 A2 S seq=300
    1.204391 B2 R. seq=0 ack=301
    1.900000 A3 S seq=70
    1.900420 B3 S. seq=90 ack=71
    1.900440 A3 . seq=71 ack=91
    1.950000 A3 P. seq=71 ack=91 len=12
    2.250000 A3 P. seq=71 ack=91 len=12
    2.250460 B3 . seq=91 ack=83
DESCRIPTION
    "$CAPTURE" sample.md sample sample.pcap
    "$TCPWALK" read --csv sample.pcap |
        python3 -c 'import csv, sys; r = list(csv.DictReader(sys.stdin)); print(r[0]["a_in_fin_wait_1"], r[2]["b_in_listen"])' |
        grep -x '0.000437000 0.000420000'
    "$TCPWALK" read --times sample.pcap | grep -A1 'A: 412 us in SYN-SENT, 21.6 ms in ESTABLISHED, 437 us in FIN-WAIT-1,'
    "$TCPWALK" read --times sample.pcap | grep -x '       A: 420 us in SYN-SENT, 350 ms in ESTABLISHED; 1 retransmitted'
    "$TCPWALK" read sample.pcap >printed
    sample_of tcpwalk.8 | diff - printed
    sample_of ko/tcpwalk.8 | diff - printed
}

# some_of_each: connections of short and long addresses, whole and not, as some.pcap
some_of_each() {
    cat >some.md <<'DESCRIPTION'
## some

    @family long
    0.0 A1 S seq=1000
    0.1 B1 S. seq=5000 ack=1001
    0.2 A1 . seq=1001 ack=5001
    0.3 A1 P. seq=1001 ack=5001 len=78
    0.4 A1 P. seq=1001 ack=5001 len=78
    0.5 B1 P. seq=5001 ack=1079 len=1220
    0.6 A1 F. seq=1079 ack=6221
    0.7 B1 F. seq=6221 ack=1080
    0.8 A1 . seq=1080 ack=6222
    1.0 A2 . seq=71 ack=91 len=12
    1.1 B2 . seq=91 ack=83
    @family 6
    2.0 B3 S. seq=71 ack=91
    2.1 A3 . seq=91 ack=72
    @family 4
    3.0 A4 S seq=300
    3.1 B4 R. seq=0 ack=301
    4.0 A5 S seq=300
    4.1 B5 S seq=70
    4.2 A5 S. seq=300 ack=71
DESCRIPTION
    "$CAPTURE" some.md some some.pcap
}

@test "on a narrow terminal the table folds, and nothing of it is lost" {
    local columns locale
    command -v script >/dev/null || skip "there is no script(1)"
    cd "$BATS_TEST_TMPDIR"
    some_of_each
    "$TCPWALK" read --times some.pcap | tr -d ' \n' >whole
    for columns in 24 32 40 50 60 77 78 80 200; do
        for locale in C C.UTF-8; do
            on_terminal "$columns" "$locale" "$TCPWALK read --times some.pcap"
            [[ $(wc -L <said) -le $columns ]]
            run grep -nE '^ *(us|ms|s)\b' said
            [ "$status" -eq 1 ]
            tr -d ' \n' <said | cmp - whole
        done
    done
    on_terminal 80 C "$TCPWALK read some.pcap"
    "$TCPWALK" read some.pcap | cmp - said
    on_terminal 80 C COLUMNS=60 "$TCPWALK read some.pcap"
    [[ $(wc -L <said) -le 60 ]]
    COLUMNS=60 "$TCPWALK" read some.pcap | grep -q '^ .\{61,\}'
}

@test "the table says of each connection whether it is known who opened" {
    cd "$BATS_TEST_TMPDIR"
    some_of_each
    run "$TCPWALK" read some.pcap
    echo "$output"
    [[ ${lines[0]} == *' A -> B (-> A opened, ->? presumably, -- unknown); history' ]]
    [[ $output == *"5555:3]:40000 ->"* && $output == *"5555:5]:40000 --"* ]]
    [[ $output == *"[2001:db8::7]:40000 ->? [2001:db8::8]:80"* && $output == *"192.0.2.9:40000 -> 198.51.100.9:80"* ]]
    "$TCPWALK" read --csv some.pcap | cut -d, -f 10 | paste -sd ' ' | grep -x 'a_is opener unknown opener-by-answer opener opener'
    "$TCPWALK" read --connection 2 some.pcap | grep 'open: unseen, nobody knows by whom: A has the higher port'
    "$TCPWALK" read --connection 3 some.pcap | grep 'open: .*, by A presumably: B answered a SYN'
    "$TCPWALK" read --connection 3 --mermaid some.pcap | grep 'A \[2001:db8::7\]:40000 ->? B'
}

# in_networks: the same endpoints in a VLAN, in another inside of a tunnel, and a connection with a VLAN for each direction
in_networks() {
    cat >networks.md <<'DESCRIPTION'
## networks

    @wrap vlan
    @vlan 10
    0.0 A1 S seq=1000
    0.1 B1 S. seq=5000 ack=1001
    0.2 A1 . seq=1001 ack=5001
    @wrap vlan,vxlan
    1.0 A1 S seq=700000000
    1.1 B1 S. seq=800000000 ack=700000001
    1.2 A1 . seq=700000001 ack=800000001
    @wrap vlan
    @vlan 20
    2.0 A2 S seq=1000
    @vlan 21
    2.1 B2 S. seq=5000 ack=1001
    @vlan 20
    2.2 A2 . seq=1001 ack=5001
    3.0 A3 S seq=1000
    @wrap
    4.0 A4 S seq=1000
    4.1 B4 S. seq=5000 ack=1001
DESCRIPTION
    "$CAPTURE" networks.md networks networks.pcap
}

@test "in which VLAN or tunnel a connection was seen is in the table, CSV, JSON, the page and the ladder" {
    cd "$BATS_TEST_TMPDIR"
    in_networks
    run "$TCPWALK" read networks.pcap
    echo "$output"
    [ "$status" -eq 0 ]
    [[ ${lines[2]} == *"192.0.2.3:40000 -> 198.51.100.3:80  in vlan 10 "*ShA ]]
    [[ $output == *"192.0.2.3:40000 -> 198.51.100.3:80"*"in vlan 10/vxlan 42 "*ShA* ]]
    [[ $output == *"A in vlan 20, B in vlan 21 "*ShA* ]]
    [[ $output == *" 192.0.2.7:40000 -> 198.51.100.7:80  in vlan 20 "*S* ]]
    [[ $output == *" 192.0.2.9:40000 -> 198.51.100.9:80 "*Sh* && $output != *"198.51.100.9:80  in"* ]]
    "$TCPWALK" read --csv networks.pcap |
        python3 -c 'import csv, sys; print(*(r["a_network"] + "-" + r["b_network"] for r in csv.DictReader(sys.stdin)), sep=";")' |
        grep -xF 'vlan 10-vlan 10;vlan 10/vxlan 42-vlan 10/vxlan 42;vlan 20-vlan 21;vlan 20-;-'
    "$TCPWALK" read --json networks.pcap >all
    [ "$(jq -c 'select(.event == "connection" and .connection == 2).b.network' all)" = \
        '[{"kind":"vlan","id":10},{"kind":"vxlan","id":42}]' ]
    [ "$(jq -c 'select(.event == "connection" and (.connection == 4 or .connection == 5)).b | has("network")' all | sort -u)" = false ]
    "$TCPWALK" read --html page.html networks.pcap >said
    grep -qF '>198.51.100.5:80<div class="dim">in vlan 21</div>' page.html
    "$TCPWALK" read --connection 3 networks.pcap | grep '^B 198.51.100.5:80 in vlan 21: '
}

@test "--connection shows the segments of one, with both ends' states" {
    a_case 'the same endpoints, one connection after the other'
    run "$TCPWALK" read --connection 2 case.pcap
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"SYN-SENT"*"SYN-RECEIVED"*"ESTABLISHED"*"FIN-WAIT-1"*"LAST-ACK"* ]]
    [[ $output == *"close: A, three"* ]]
    [[ $output == *"A proven: it sent a SYN without ACK"* ]]
    run "$TCPWALK" read --connection 4 case.pcap
    [ "$status" -eq 2 ]
    [[ $output == *"there is no connection 4"* ]]
    # A damaged file may have lacked it: both are said, in one line; and of one that is there, nothing is.
    head -c -10 case.pcap >cut.pcap
    run bash -c '"$0" read --connection 999 cut.pcap 2>&1 >/dev/null' "$TCPWALK"
    [ "$output" = "tcpwalk: cut.pcap: after packet 10: truncated dump file; tried to read 54 captured bytes, only got 44; as far as it was read, there is no connection 999 (--connection)" ]
    run "$TCPWALK" read --connection 999 cut.pcap
    [ "$status" -eq 5 ]
    run "$TCPWALK" read --connection 2 cut.pcap
    [ "$status" -eq 5 ]
    [[ $output == *"truncated"* && $output != *"there is no connection"* ]]
}

@test "--json has every transition, and --connection its segments" {
    a_case 'the same endpoints, one connection after the other'
    "$TCPWALK" read --json case.pcap >all
    [ "$(jq -s 'map(select(.event == "connection")) | length' all)" -eq 3 ]
    [ "$(jq -s 'map(select(.event == "transition" and .connection == 1 and .side == "b")) | length' all)" -ge 2 ]
    [ "$(jq -rs '.[0] | "\(.event) \(.command) \(.time)"' all)" = 'start read 2023-11-14T22:13:20.000000000Z' ]
    [ "$(jq -rs '.[-1] | "\(.event) \(.packets) \(.connections) \(.status)"' all)" = 'summary 11 3 0' ]
    "$TCPWALK" read --json --connection 2 case.pcap >one
    [ "$(jq -s 'map(select(.event == "segment")) | length' one)" -eq 6 ]
    [ "$(jq -rs 'map(select(.event == "segment"))[1] | "\(.from) \(.flags) \(.rel_seq) \(.rel_ack)"' one)" = 'b S. 0 1' ]
    [ "$(jq -s 'map(select(.event == "connection")) | length' one)" -eq 1 ]
}

@test "an ICMP error is an event, and a row of the ladder" {
    a_case 'an ICMP error is told of the connection whose segment it quotes'
    [ "$("$TCPWALK" read --json --connection 1 case.pcap |
        jq -r 'select(.event == "icmp") | "\(.about) \(.packet) \(.name) \(.rel_seq) \(.mtu) \(.from)"')" = \
        'a 5 fragmentation-needed 1 1300 198.51.100.1' ]
    run "$TCPWALK" read --connection 1 case.pcap
    echo "$output"
    [[ $output == *"0.021000  ESTABLISHED"*"ICMP fragmentation-needed"*"from 198.51.100.1, about A's seq 1, MTU 1300"* ]]
    [[ $output == *"1 ICMP error came of it"* ]]
    "$TCPWALK" read --connection 1 --svg case.svg case.pcap >/dev/null
    grep -q 'fragmentation-needed' case.svg
    grep -q "from 198.51.100.1, about A's seq 1," case.svg
    [[ $("$TCPWALK" read --connection 1 --mermaid case.pcap) == *'ICMP fragmentation-needed (0.021000 s)'* ]]
    "$TCPWALK" read --write copy.pcapng case.pcap
    grep -qa "connection 1: ICMP fragmentation-needed from 198.51.100.1, about A's segment" copy.pcapng
}

@test "where a SYN got nothing but an ICMP error, that is what people read; programs are told both" {
    a_case 'a SYN that an ICMP error answers'
    [ "$("$TCPWALK" read case.pcap | grep -cE '^       ICMP error +not closed ')" -eq 1 ]
    "$TCPWALK" read --connection 1 case.pcap | grep -F 'open: ICMP error; close: not closed;'
    "$TCPWALK" read -q --html page.html case.pcap
    grep -qF '>ICMP error</td>' page.html
    "$TCPWALK" read --connection 1 --svg case.svg case.pcap >/dev/null
    grep -q 'open: ICMP error' case.svg
    [ "$("$TCPWALK" read --json case.pcap | jq -r 'select(.event == "connection") | "\(.open) \(.a.icmp_errors)"')" = 'tried 1' ]
    a_case 'nobody answers'
    [ "$("$TCPWALK" read case.pcap | grep -cE '^       no answer +not closed ')" -eq 1 ]
}

@test "--sort and --limit choose the rows" {
    a_case 'the same endpoints, one connection after the other'
    run "$TCPWALK" read --csv --sort segments --limit 2 case.pcap
    echo "$output"
    [[ ${lines[1]} == 2,* && ${lines[2]} == 1,* ]]
    [ "${#lines[@]}" -eq 3 ]
    run "$TCPWALK" read --limit 1 case.pcap
    [[ $output == *"2 connections are not shown (--limit)"* ]]
    run "$TCPWALK" read --sort size case.pcap
    [ "$status" -eq 2 ]
    [[ $output == *"--sort: 'size' is none of number, duration,"* ]]
}

@test "--filter is libpcap's, for pcap and pcapng" {
    local kind
    a_case 'opened by three segments and closed by four'
    "$CAPTURE" "$CASES" 'pcapng with two interfaces' case.pcapng >expected
    for kind in pcap pcapng; do
        run "$TCPWALK" read --filter 'src port 80' "case.$kind"
        [ "$status" -eq 0 ]
        [[ $output == *"1 connection, "* ]]
        run "$TCPWALK" read --filter 'udp' "case.$kind"
        [ "$output" = '0 connections, 0 segments' ]
        run "$TCPWALK" read --filter 'src prt' "case.$kind"
        [ "$status" -eq 2 ]
        [[ $output == *"--filter: "* ]]
    done
}

@test "standard input and several files are one capture" {
    a_case 'opened by three segments and closed by four'
    tcpdump -r case.pcap -w first.pcap 'tcp[13] & 2 != 0' 2>/dev/null
    tcpdump -r case.pcap -w rest.pcap 'tcp[13] & 2 == 0' 2>/dev/null
    run "$TCPWALK" read first.pcap rest.pcap
    [[ $output == *"A, four"*"1 connection, 9 segments"* ]]
    run "$TCPWALK" read - <case.pcap
    [[ $output == *"A, four"* ]]
}

@test "a damaged file is read as far as it goes, and said where" {
    a_case 'opened by three segments and closed by four'
    head -c -30 case.pcap >cut.pcap
    run "$TCPWALK" read cut.pcap
    echo "$output"
    [ "$status" -eq 5 ]
    [[ $output == *"1 connection, 8 segments"* ]]
    [[ $output == *"cut.pcap: after packet 8: truncated dump file"* ]]
    gzip -c case.pcap | head -c 150 >cut.gz
    run "$TCPWALK" read cut.gz
    [ "$status" -eq 5 ]
    [[ $output == *"cut.gz: "*"compressed data is damaged or cut short"* ]]
    "$CAPTURE" "$CASES" 'pcapng with two interfaces' case.pcapng >expected
    head -c -6 case.pcapng >cut.pcapng
    run "$TCPWALK" read cut.pcapng
    [ "$status" -eq 5 ]
    [[ $output == *"cut.pcapng: after packet 1: the file ends in the middle of a block"* ]]
    run "$TCPWALK" read cut.pcap case.pcap case.pcap
    [ "$status" -eq 5 ]
    [[ $output == *"after packet 8: truncated dump file"*"; 2 more files were not read"* ]]
    run "$TCPWALK" read "$CASES"
    [ "$status" -eq 5 ]
    [[ $output == "tcpwalk: "*"cases.md: unknown file format" ]]
    run "$TCPWALK" read /nonexistent
    [ "$status" -eq 5 ]
    [[ $output == *"/nonexistent: No such file or directory"* ]]
}

# many: 3000 connections, fifty at a time, as many.pcap; of nine segments each, or every tenth of 39; every third is in a VLAN, and
# each hundredth SYN is answered with an ICMP error.
many() {
    python3 - many.pcap <<'PY'
import random, struct, sys

random.seed(5)
LINES = [(0, 2, 0, 0, 0), (1, 18, 0, 1, 0), (0, 16, 1, 1, 0), (0, 24, 1, 1, 100), (1, 24, 1, 101, 200),
         (0, 17, 101, 201, 0), (1, 16, 201, 102, 0), (1, 17, 201, 102, 0), (0, 16, 102, 202, 0)]
LONG = LINES[:3] + [(k % 2, 24, 1 + k // 2 * 10, 1 + (k + 1) // 2 * 10, 10) for k in range(30)]
LONG += [(end, flags, seq + 150 if seq else 0, ack + 150, length) for end, flags, seq, ack, length in LINES[3:]]
ADDRESSES = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])


def ip(protocol, src, dst, payload):
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0, src, dst) + payload


def segment(n, line):
    end, flags, seq, ack, length = line
    ports = (1024 + n, 80)[::-1 if end else 1]
    tcp = struct.pack("!HHIIBBHHH", *ports, 1000 + 4000 * end + seq, (5000 - 4000 * end + ack) if ack else 0, 0x50, flags,
                      64240, 0, 0)
    return ip(6, ADDRESSES[end], ADDRESSES[not end], tcp + bytes(length))


with open(sys.argv[1], "wb") as out:
    out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    at, begun, open_ones = 0, 0, []
    while begun < 3000 or open_ones:
        while begun < 3000 and len(open_ones) < 50:
            open_ones.append([begun, 0])
            begun += 1
        one = random.choice(open_ones)
        n, said = one
        lines = LONG if n % 10 == 0 else LINES
        packets = [segment(n, lines[said])]
        if said == 0 and n % 100 == 0:
            packets.append(ip(1, ADDRESSES[1], ADDRESSES[0], bytes([3, 1] + [0] * 6) + packets[0][:28]))
        one[1] += 1
        if one[1] == len(lines):
            open_ones.remove(one)
        for packet in packets:
            frame = bytes(12) + (b"\x81\x00\x00\x07" if n % 3 == 0 else b"") + b"\x08\x00" + packet
            at += 100
            out.write(struct.pack("<IIII", 1700000000 + at // 1000000, at % 1000000, len(frame), len(frame)) + frame)
PY
}

@test "a large capture is read alike by one processor and by two" {
    local how first
    (($(nproc) > 1)) || skip "there is one processor"
    cd "$BATS_TEST_TMPDIR"
    many
    first=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
    for how in "" "--sort bytes" "--limit 3" "--csv --sort duration" "--max-connections 20" "--filter vlan"; do
        # shellcheck disable=SC2086 # several words
        "$TCPWALK" read $how many.pcap >two
        # shellcheck disable=SC2086
        taskset -c "$first" "$TCPWALK" read $how many.pcap >one
        cmp one two
    done
    "$TCPWALK" read many.pcap | tail -1 | grep '^3000 connections, 36000 segments; 2000 connections are not shown'
    "$TCPWALK" read --csv --html page.html many.pcap | wc -l | grep '^3001$'
    grep -q '2000 connections are not shown' page.html
    head -c -30 many.pcap >cut.pcap
    run "$TCPWALK" read cut.pcap
    [ "$status" -eq 5 ]
    [[ $output == *"3000 connections, 35999 segments"* ]]
    [[ $output == *"cut.pcap: after packet 36029: truncated dump file"* ]]
    run "$TCPWALK" read --filter udp many.pcap cut.pcap
    [ "$status" -eq 5 ]
    [[ $output == *"0 connections, 0 segments"* ]]
}

@test "more connections than there is room for are summed up early, and it says so" {
    a_case 'SYNs with another number each are attempts of their own'
    python3 - <<'PY' >many.md
print("## many\n")
for i in range(20):
    print("    0.%03d A%d S seq=100" % (i, i))
PY
    "$CAPTURE" many.md many many.pcap
    run "$TCPWALK" read --max-connections 5 many.pcap
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"20 connections, 20 segments"* ]]
    [[ $output == *"15 connections were summed up early"* ]]
}

@test "read wants a file, and refuses what it has no use for" {
    run "$TCPWALK" read
    [ "$status" -eq 2 ]
    run "$TCPWALK" read --csv --json x
    [ "$status" -eq 2 ]
}
