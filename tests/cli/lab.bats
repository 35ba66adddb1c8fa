#!/usr/bin/env bats
# Every service of the lab, by IPv4 and by IPv6: what is claimed, measured and concluded, with the lab's kernel as the
# witness. The lab makes its own namespaces, so that this file needs none.

load helper
load walks

setup_file() {
    need_lab
}

teardown() {
    tell_failure
    net_down
}

# in_lab ARGUMENT...: runs tcpwalk in the lab, as JSON lines, its kernel being asked at each step.
in_lab() {
    keep "${BOUND[@]}" "$TCPWALK" lab "$@" --json --verify
    well_formed
    confirmed
}

# by_both WALK...: the walk and its checks, by IPv4 and by IPv6.
by_both() {
    local family
    for family in 4 6; do
        "$@" -"$family"
    done
}

# The peer closed after us, in as many segments as its application was fast.
closed_by_us() {
    content
    ended 'outcome == "closed" and .closer == "local" and .peer_end == "fin" and .local == "TIME-WAIT" and (.left | not)'
    claimed 'proven SYN-RECEIVED syn-acked' 'presumed ESTABLISHED ack-sent' 'presumed CLOSE-WAIT fin-sent' \
        'proven *LAST-ACK fin-*' 'presumed CLOSED fin-ack-sent'
    if jq -es 'last.close_segments == 3' "$SAID" >/dev/null; then
        claimed 'proven CLOSING+LAST-ACK fin-covers-ours'
        ended 'timing | has("close_wait") | not'
        [[ $(ours) == 'SYN-SENT ESTABLISHED FIN-WAIT-1 TIME-WAIT' ]]
    else
        ended 'close_segments == 4'
        [[ $(ours) == 'SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT' ]]
    fi
    ended 'peer == ["CLOSED"] and (.peer_else | contains(["LAST-ACK"])) and .certainty == "presumed"'
}

@test "the list names every service, with its port" {
    keep "$TCPWALK" lab
    content
    local service
    for service in 'echo 7' 'discard 9' 'daytime 13' 'chargen 19' 'http 80' 'reset 9001' 'unread 9002' \
        'never-closes 9003' 'closes-late 9004' 'closes-first 9005' 'queue-full 9006' 'deferred 9007' \
        'syn-cookies 9008' 'refused 9009' 'silent 9010' 'unreachable 9011' 'prohibited 9012' \
        'shuts-down 9013'; do
        grep -qE "^ +${service/ / +} +[^ ]" "$SAID" || {
            echo "not listed: $service"
            return 1
        }
    done
    [[ $(grep -cE '^  [a-z-]+ +[0-9]+ ' "$SAID") == 18 ]]
}

echo_walk() {
    in_lab walk "$1" --linger 0 --send 'ten bytes\n' echo
    closed_by_us
    began 'peer.name == "echo.lab" and .peer.port == 7 and .interface == "lab0" and .command == "walk"'
    ended 'bytes == {out: 10, in: 10, after_fin: .bytes.after_fin}'
    claimed 'presumed ESTABLISHED ack-sent' 'presumed CLOSED fin-ack-sent'
}
@test "echo sends back what it got, and closes" {
    by_both echo_walk
}

echo_open() {
    in_lab open "$1" echo
    content
    ended 'outcome == "opened" and .history == "ShAR" and .closer == "none" and .local == "CLOSED"'
    [[ $(ours) == 'SYN-SENT ESTABLISHED CLOSED' ]]
    ended 'peer == ["CLOSED"] and .certainty == "presumed" and .close_segments == 0'
    # The kernel has forgotten the connection after our RST.
    whole 'map(select(.event == "verify")) | last | .listening'
}
@test "echo: opened, then reset cleanly" {
    by_both echo_open
}

echo_left() {
    in_lab open "$1" --leave echo
    content
    ended 'outcome == "opened" and .history == "ShA" and .left and .local == "ESTABLISHED"'
    ended 'peer == ["ESTABLISHED"] and .peer_else == ["SYN-RECEIVED"]'
    whole 'map(select(.event == "verify")) | last | .kernel == "ESTABLISHED"'
}
@test "echo: opened and left" {
    by_both echo_left
}

echo_proven() {
    in_lab half-close "$1" --delay 100ms --send x --linger 0 echo
    closed_by_us
    claimed 'presumed ESTABLISHED ack-sent' 'proven ESTABLISHED data-acked' 'presumed CLOSE-WAIT fin-sent'
}
@test "echo: an answer to our data proves ESTABLISHED" {
    by_both echo_proven
}

discard_walk() {
    in_lab close "$1" --linger 0 --send 'nobody reads this' discard
    closed_by_us
    ended 'bytes == {out: 17, in: 0, after_fin: 0}'
}
@test "discard takes data without a word" {
    by_both discard_walk
}

daytime_walk() {
    in_lab walk "$1" --delay 200ms --linger 0 daytime
    content
    ended 'outcome == "closed" and .closer == "peer" and .peer_end == "fin" and .local == "CLOSED"'
    [[ $(ours) == 'SYN-SENT ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED' ]]
    claimed 'presumed ESTABLISHED ack-sent' 'presumed FIN-WAIT-2 fin-ack-sent' 'proven TIME-WAIT both-fins'
    ended 'peer == ["TIME-WAIT"] and .certainty == "proven" and .bytes.in > 20 and .bytes.after_fin == 0'
    whole 'map(select(.event == "verify")) | last | .kernel == "TIME-WAIT" and .agrees'
}
@test "daytime closes first, and ends in TIME-WAIT" {
    by_both daytime_walk
}

chargen_walk() {
    in_lab half-close "$1" --linger 0 chargen
    closed_by_us
    ended 'close_segments == 4 and .bytes.after_fin == 740 and .segments_after_fin >= 1'
    # Ten lines at 20 ms.
    ended 'timing.close_wait > 0.15'
}
@test "chargen goes on after our FIN" {
    by_both chargen_walk
}

http_walk() {
    in_lab half-close "$1" --linger 0 --send 'GET / HTTP/1.0\r\n\r\n' http
    # Its page may be out, with its FIN, before ours has left.
    content
    ended 'outcome == "closed" and .peer_end == "fin" and .bytes.out == 18 and .bytes.in > 2000'
    claimed 'presumed ESTABLISHED ack-sent' 'proven ESTABLISHED data-acked'
}
@test "http answers a request" {
    by_both http_walk
}

reset_by_fin() {
    in_lab close "$1" reset
    status 4
    complaint 'reset'
    ended 'status == 4 and .outcome == "reset" and .peer_end == "rst" and .local == "CLOSED"'
    ended 'history | test("^ShAFa?r$")'
    claimed 'presumed CLOSE-WAIT fin-sent' 'proven LISTEN+CLOSED rst-abort'
}
@test "reset answers our FIN with RST" {
    by_both reset_by_fin
}

reset_by_data() {
    in_lab walk "$1" --delay 200ms --send x reset
    status 4
    complaint 'reset'
    ended 'outcome == "reset" and .history == "ShADar"' || ended 'outcome == "reset" and .history == "ShADr"'
}
@test "reset answers our data with RST" {
    by_both reset_by_data
}

unread_walk() {
    in_lab close "$1" --linger 0 unread
    closed_by_us
    in_lab walk "$1" --delay 200ms --send 'nobody reads this' unread
    status 4
    complaint 'reset'
    ended 'outcome == "reset"'
    claimed 'proven LISTEN+CLOSED rst-abort'
}
@test "unread resets when data is left unread, and else closes" {
    by_both unread_walk
}

never_closes() {
    in_lab close "$1" --timeout 300ms never-closes
    status 3
    complaint 'half-closed.*no FIN'
    ended 'outcome == "half-closed" and .peer_end == "none" and .closer == "local" and .history == "ShAFaR"'
    claimed 'proven CLOSE-WAIT fin-acked' 'presumed CLOSED rst-sent'
    # Half-closing was all that half-close wanted.
    in_lab half-close "$1" --timeout 300ms never-closes
    content
    ended 'outcome == "half-closed" and .history == "ShAFaR"'
}
@test "never-closes is stuck in CLOSE-WAIT" {
    by_both never_closes
}

closes_late() {
    in_lab close "$1" --linger 0 closes-late
    closed_by_us
    ended 'close_segments == 4 and .history == "ShAFafA" and .timing.close_wait > 0.45 and .timing.close_wait < 1.5'
    ended 'timing | .close >= .close_wait and .total >= .close'
    claimed 'proven CLOSE-WAIT fin-acked' 'proven LAST-ACK fin-after-ours' 'presumed CLOSED fin-ack-sent'
}
@test "closes-late stays half a second in CLOSE-WAIT" {
    by_both closes_late
}

closes_first() {
    in_lab close "$1" --delay 200ms --linger 0 closes-first
    content
    ended 'outcome == "closed" and .closer == "peer" and .history == "ShAfAFa" and .local == "CLOSED"'
    ended 'peer == ["TIME-WAIT"] and .certainty == "proven"'
    # Its application is gone: it answers data with RST.
    in_lab walk "$1" --delay 200ms --send x closes-first
    status 4
    complaint 'reset'
    ended 'outcome == "reset" and .closer == "peer"'
}
@test "closes-first closes before we do" {
    by_both closes_first
}

shuts_down() {
    in_lab close "$1" --delay 200ms --linger 0 shuts-down
    content
    ended 'outcome == "closed" and .closer == "peer" and .history == "ShAfAFa" and .local == "CLOSED"'
    ended 'peer == ["TIME-WAIT"] and .certainty == "proven"'
    # Its application is still there: it takes data.
    in_lab walk "$1" --delay 200ms --linger 0 --send x shuts-down
    content
    ended 'outcome == "closed" and .closer == "peer" and .bytes.out == 1'
}
@test "shuts-down closes before we do, and takes data nonetheless" {
    by_both shuts_down
}

queue_full() {
    in_lab walk "$1" --timeout 3500ms --rto 700ms --retries 20 queue-full
    status 3
    complaint 'accept queue'
    ended 'outcome == "no-answer"'
    noted syn-ack-repeated
    noted accept-queue-full
    noted still-syn-received
    claimed 'presumed ESTABLISHED ack-sent' 'refuted SYN-RECEIVED syn-ack-repeated'
    ended 'segments.peer_retransmitted >= 2'
}
@test "queue-full: ESTABLISHED was presumed, and is refuted" {
    queue_full -4
}
@test "queue-full by IPv6" {
    queue_full -6
}

deferred() {
    # Our FIN carries no data, and data is what it waits for; Linux takes the FIN as well.
    in_lab walk "$1" --delay 50ms --linger 0 --send x deferred
    closed_by_us
    noted still-syn-received
    claimed 'presumed ESTABLISHED ack-sent' 'proven ESTABLISHED data-acked'
    whole 'any(.[]; .event == "verify" and .kernel == "SYN-RECEIVED" and .belief == ["ESTABLISHED"]
        and .certainty == "presumed" and (.agrees or .violates | not))'
    ended 'bytes.out == 1 and .bytes.in == 1'
}
@test "deferred stays in SYN-RECEIVED until data comes" {
    by_both deferred
}

syn_cookies() {
    in_lab close "$1" --linger 0 --send x syn-cookies
    closed_by_us
    noted syn-cookie
    whole 'any(.[]; .event == "verify" and .listening and .belief == ["SYN-RECEIVED"] and .certainty == "proven" and .agrees)'
}
@test "syn-cookies: SYN-RECEIVED without a socket" {
    by_both syn_cookies
}

refused() {
    in_lab open "$1" refused
    status 4
    complaint 'refused'
    ended 'outcome == "refused" and .history == "Sr" and .peer_end == "none" or .peer_end == "rst"'
    ended 'outcome == "refused" and .peer == ["CLOSED"] and .certainty == "proven" and .local == "CLOSED"'
    claimed 'presumed LISTEN assumed-listening' 'proven CLOSED refused'
}
@test "refused answers with RST" {
    by_both refused
}

silent() {
    in_lab open "$1" --timeout 1s --rto 100ms --retries 2 silent
    status 3
    complaint 'no.answer.*3 times'
    # The RST is a courtesy to a peer that may have heard us.
    ended 'outcome == "no-answer" and .segments.retransmitted == 2 and (.history | test("^SR?$"))'
    ended 'peer == ["LISTEN"] and .certainty == "presumed"'
    whole 'map(select(.event == "segment" and .flags == "S").t)
        | length == 3 and .[1] >= 0.099 and .[2] - .[1] >= 0.199'
}
@test "silent: our SYN is sent again, with back-off" {
    by_both silent
}

icmp_unreachable() {
    keep "${BOUND[@]}" "$TCPWALK" lab open "$1" --json unreachable
    well_formed
    status 3
    complaint 'unreachable'
    ended 'outcome == "unreachable" and .history == "S"'
    if [[ $1 == -4 ]]; then
        whole 'any(.[]; .event == "icmp" and .family == "icmp" and .type == 3 and .code == 1
            and .name == "host-unreachable" and .hard and .from == "192.0.2.2")'
    else
        whole 'any(.[]; .event == "icmp" and .family == "icmpv6" and .type == 1 and .code == 0
            and .name == "no-route" and .hard and .from == "2001:db8::2")'
    fi
}
@test "unreachable: a router says so, and no kernel can be asked" {
    by_both icmp_unreachable
    keep "$TCPWALK" lab open --verify unreachable
    status 5
    complaint '--verify.*no kernel'
}

icmp_prohibited() {
    keep "${BOUND[@]}" "$TCPWALK" lab open "$1" --json prohibited
    well_formed
    status 3
    complaint 'prohibited'
    if [[ $1 == -4 ]]; then
        whole 'any(.[]; .event == "icmp" and .type == 3 and .code == 13 and .name == "admin-prohibited" and .hard)'
    else
        whole 'any(.[]; .event == "icmp" and .type == 1 and .code == 1 and .name == "admin-prohibited" and .hard)'
    fi
}
@test "prohibited: a router says so" {
    by_both icmp_prohibited
}

over_loopback() {
    local service
    for service in echo closes-late; do
        in_lab close --linger 0 "$1" "$service"
        closed_by_us
        began 'interface == "lo" and (.peer | has("name") | not) and .local.addr == .peer.addr'
    done
    in_lab open "$1" refused
    status 4
    ended 'outcome == "refused"'
    in_lab close "$1" --delay 200ms --linger 0 closes-first
    content
    ended 'closer == "peer" and .peer == ["TIME-WAIT"]'
}
@test "the services are there over loopback too: 127.0.0.1" {
    over_loopback 127.0.0.1
}
@test "the services are there over loopback too: ::1" {
    over_loopback ::1
}

@test "a service goes by its port, too, and the server by its name" {
    in_lab close --linger 0 lab 7
    closed_by_us
    began 'peer.name == "lab" and .peer.addr == "192.0.2.2"'
    in_lab close --linger 0 closes-late.lab closes-late
    closed_by_us
    in_lab --linger 0 echo
    closed_by_us
    began 'command == "walk"'
}

@test "-q says nothing when all went well, and one line when not" {
    keep "$TCPWALK" lab close -q --linger 0 echo
    content
    [[ ! -s $SAID ]]
    keep "$TCPWALK" lab close -4 -q refused
    status 4
    complaint refused
    [[ ! -s $SAID ]]
}

@test "the ladder ends with a summary that counts the kernel's word" {
    keep "$TCPWALK" lab close -4 --verify --linger 0 closes-late
    content
    grep -q '^closed by us in four segments' "$SAID"
    grep -q '7 of 7 states agree' <(tr '\n' ' ' <"$SAID")
}

@test "a name that is no service, and a lab in the lab, are wrong usage" {
    keep "$TCPWALK" lab close nonsense
    status 2
    complaint "'nonsense'"
    keep "$TCPWALK" lab lab echo
    status 2
    complaint 'lab'
    keep "$TCPWALK" lab close 192.0.2.2 echo --json
    status 0
}

# as_nobody COMMAND...: as a user without any right.
as_nobody() {
    keep setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$@"
}

@test "a plain user walks in the lab" {
    local program=$TCPWALK copy
    if [[ $(id -u) != 0 ]]; then
        keep "$TCPWALK" lab close --verify --json --linger 0 closes-late
    else
        # Others may not be allowed to where we build.
        copy=$(mktemp -d)
        trap 'rm -rf "$copy"' EXIT
        chmod 755 "$copy"
        install -m 755 "$TCPWALK" "$copy/tcpwalk"
        as_nobody unshare -Urn true
        status 0 || {
            rm -rf "$copy"
            skip "a plain user may not make namespaces here: $(cat "$COMPLAINED")"
        }
        as_nobody "$copy/tcpwalk" lab close --verify --json --linger 0 closes-late
        program=$copy
        rm -rf "$copy"
        trap - EXIT
    fi
    well_formed
    confirmed
    closed_by_us
    [[ -n $program ]]
}

@test "nothing of the lab is left after it: no process, also after kill -9" {
    local children
    # As start does, but where we are: the lab makes its own namespaces.
    setsid setpriv --pdeathsig KILL "$TCPWALK" lab close --delay 20s closes-late >"$(log lab)" 2>&1 </dev/null 3>&- &
    STARTED_PID=$!
    STARTED+=("$STARTED_PID")
    wait_for_words lab ESTABLISHED
    mapfile -t children < <(pgrep -P "$STARTED_PID")
    [[ ${#children[@]} -ge 1 ]]
    kill -KILL "$STARTED_PID"
    wait "$STARTED_PID" 2>/dev/null || true
    wait_for 5 gone "${children[0]}"
}
