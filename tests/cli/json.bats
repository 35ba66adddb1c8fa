#!/usr/bin/env bats
# What is written: JSON lines (every walk of the other files is held against schema.jq as well), the ladder, colours.

# shellcheck disable=SC2030,SC2031 # each test is a subshell, and is meant to be

load helper
load walks

setup() {
    net_up
}

teardown() {
    tell_failure
    net_down
}

@test "the example of the issue: every event and every field" {
    start_echo
    verified close "$SERVER4" 7 --linger 0 --send hello --source-port 41234
    content
    whole '.[0] | keys_unsorted == ["event", "schema", "version", "command", "local", "peer", "interface", "time"]'
    whole '.[0] | .schema == 1 and .command == "close" and .local == {addr: "192.0.2.1", port: 41234}
        and .peer == {addr: "192.0.2.2", port: 7} and .interface == "client0"'
    whole 'last.event == "end"'
    whole 'map(select(.event == "segment"))[1] | .n == 2 and .dir == "in" and .flags == "S." and .rel_seq == 0
        and .rel_ack == 1 and .len == 0 and .ttl == 64 and .options.mss == 1460 and .options.sack_permitted
        and (.options | has("tsval") and has("wscale")) and .retransmission == false'
    whole 'map(select(.event == "transition" and .side == "peer"))[1] | .from == ["LISTEN"] and .to == ["SYN-RECEIVED"]
        and .certainty == "proven" and .reason == "syn-acked" and .rfc == "9293 3.10.7.2" and .evidence == [1, 2]
        and .not_before == 0 and .not_after > 0'
    whole 'map(select(.event == "verify"))[1] | .kernel == "SYN-RECEIVED" and .belief == ["SYN-RECEIVED"] and .agrees'
    ended 'status == 0 and .outcome == "closed" and (.timing | has("open_rtt") and has("total"))'
}

@test "times are seconds with nine digits, and agree with each other" {
    start_echo
    verified close "$SERVER4" 7 --linger 0
    content
    grep -qE '"event":"segment","n":1,"dir":"out","t":0\.000000000,' "$SAID"
    grep -qE '"open_rtt":0\.[0-9]{9}[,}]' "$SAID"
    # shellcheck disable=SC2016 # jq's own variables
    whole '(map(select(.event == "segment").t)) as $t | (last.timing) as $timing
        | ($timing.open_rtt - $t[1] | fabs) < 1e-9 and ($timing.open - $t[2] | fabs) < 1e-9
        and ($timing.total - ($t | last) | fabs) < 1e-9'
    # When it began is now.
    whole '.[0].time | sub("[.][0-9]+Z$"; "Z") | fromdate | (now - .) | . > -5 and . < 60'
}

@test "every field is in the manual" {
    local manual=$BATS_TEST_DIRNAME/../../man/tcpwalk-json.5 field
    start_echo
    verified close "$SERVER4" 7 --linger 0 --send hello
    cp "$SAID" "$BATS_TEST_TMPDIR/events"
    # A segment with everything in it, and an expectation that does not hold.
    tell "$SERVER4" 7 'open; segment P. len=5 reserved=5 urg=3 tos=8; expect F. ack=+1 within 100ms'
    status 1
    cat "$SAID" >>"$BATS_TEST_TMPDIR/events"
    for field in line differs reserved urg tos; do
        grep -q "\"$field\":" "$BATS_TEST_TMPDIR/events"
    done
    for field in $(jq -r '.. | objects | keys[]' "$BATS_TEST_TMPDIR/events" | sort -u); do
        [[ $field == event ]] || grep -qxE "\.(It )?Va $field( .*)?" "$manual" || {
            echo "not in the manual: $field"
            return 1
        }
    done
}

@test "the words of its reasons, notes and ICMP errors are in the manual" {
    local manual=$BATS_TEST_DIRNAME/../../man/tcpwalk-json.5 words word
    words=$BATS_TEST_TMPDIR/words
    start_echo
    start_holder
    for word in 'close 7' 'walk 7 --send x' 'half-close 9003 --timeout 200ms' 'open 9'; do
        # shellcheck disable=SC2086 # a command, a port, and options
        set -- $word
        tell "$1" "$SERVER4" "${@:2}" --linger 0 || true
        jq -r '.reason // .token // empty' "$SAID" >>"$words"
    done
    for word in queue-full syn-cookies deferred closes-first reset; do
        keep client "$TCPWALK" lab walk --json --verify --timeout 3500ms --linger 0 --send x "$word"
        well_formed
        jq -r '.reason // .token // empty' "$SAID" >>"$words"
    done
    sort -u "$words" >"$words.once"
    [[ $(wc -l <"$words.once") -gt 15 ]]
    while IFS= read -r word; do
        grep -qxF ".It $word" "$manual" || {
            echo "not in the manual: $word"
            return 1
        }
    done <"$words.once"
}

# measured WHAT SERVICE [OPTION...]: measures that in the lab, and adds the lines, which have to be well-formed, to the others.
measured() {
    keep client "${BOUND[@]}" "$TCPWALK" lab measure --json "$@"
    well_formed
    cat "$SAID" >>"$BATS_TEST_TMPDIR/lines"
}

@test "measure: the lines of every measurement, their fields, and their words" {
    local manual=$BATS_TEST_DIRNAME/../../man/tcpwalk-json.5 seen=$BATS_TEST_TMPDIR/lines field measure name word
    measured profile echo --max 2s
    content
    whole '.[0] | .command == "measure" and .peer.name == "echo.lab" and .peer.port == 7'
    measured last-ack,fin-wait-2,time-wait,keepalive,idle shuts-down --max 1500ms
    content
    whole 'all(.[]; .event != "measured" or .outcome == "bounded" or .outcome == "done")'
    whole 'any(.[]; .event == "stay" and .state == "TIME-WAIT" and .to_most == null)'
    # Every one that there is.
    diff <("$TCPWALK" measure | sed -nE '/^  profile/d; s/^  ([a-z][a-z0-9-]+) .*/\1/p' | sort) \
        <(jq -r 'select(.event == "measured").measure' "$seen" | sort)
    # And each way in which one can end but by a signal.
    measured offer,close-wait refused -4 --max 1s
    status 4
    measured rtt,isn silent -4 --max 1s
    status 3
    measured fin-wait-2 echo --max 1s
    status 1
    measured last-ack,time-wait reset -4 --send x --max 1s
    status 4
    measured profile syn-cookies --max 5s
    whole 'any(.[]; .event == "finding" and .name == "memory" and .word == "cookie")'
    measured accept deferred --data --max 9s
    whole 'any(.[]; .event == "finding" and .name == "data" and .word == "opened")'
    measured accept queue-full --max 9s
    measured close closes-first --max 3s
    [[ $(jq -r 'select(.event == "measured").outcome' "$seen" | sort -u | xargs) == \
        'bounded done no-answer otherwise refused reset' ]]
    for field in $(jq -r 'keys[]' "$seen" | sort -u); do
        [[ $field == event ]] || grep -qxE "\.(It )?Va $field( .*)?" "$manual" || {
            echo "not in the manual: $field"
            return 1
        }
    done
    # Findings and their words are under the name of the measurement, or of all.
    while read -r measure name word; do
        awk -v of="$measure" '/^\.S[sh]/ { inside = 0 }
            /^\.Ss/ { count = split(substr($0, 5), names, ", ")
                while (count) { inside = inside || names[count] == of || names[count] == "every measurement"; count-- } }
            inside' "$manual" >"$BATS_TEST_TMPDIR/section"
        if ! grep -qxF ".It $name" "$BATS_TEST_TMPDIR/section" ||
            ! { [[ $word == - ]] || grep -qE "^\.(It )?Qq $word( |\$)" "$BATS_TEST_TMPDIR/section"; }; then
            echo "not in the manual: $measure $name $word"
            return 1
        fi
    done < <(jq -r 'select(.event == "finding") | "\(.measure) \(.name) \(.word // "-")"' "$seen" | sort -u)
}

@test "measure: what was measured until Ctrl-C is told, and marked so" {
    start_echo
    start measure client env --default-signal=INT "$TCPWALK" measure last-ack --json --max 60s "$SERVER4" 7
    wait_for 10 in_state LAST-ACK 7
    kill -INT "$STARTED_PID"
    outlast measure "$STARTED_PID"
    status 130
    complaint 'interrupted'
    well_formed
    whole 'any(.[]; .event == "measured" and .outcome == "interrupted") and last.status == 5'
    whole 'any(.[]; .event == "finding" and .name == "gave-up" and .most == null)'
    wait_for 5 forgotten 7
    # A peer that is not waited for any more is not said to stay.
    start_holder
    start measure client env --default-signal=INT "$TCPWALK" measure close-wait,close --json --max 60s "$SERVER4" 9003
    wait_for 10 in_state CLOSE-WAIT 9003
    kill -INT "$STARTED_PID"
    outlast measure "$STARTED_PID"
    well_formed
    whole 'all(.[]; .event != "measured" or .outcome == "interrupted") and all(.[]; .name != "stays" and .word != "stays")'
}

@test "each line is written at once" {
    start_holder
    start walk client "$TCPWALK" half-close --json --timeout 60s --source-port 8000 "$SERVER4" 9003
    wait_for 10 in_state CLOSE-WAIT 8000
    # All of it is there while the walk waits, and in whole lines.
    wait_for_words walk '"fin-acked"'
    jq -Rn '[inputs | fromjson] | length' "$(log walk)" >/dev/null
    [[ $(tail -c 1 "$(log walk)" | od -An -c) == *'\n'* ]]
    stop "$STARTED_PID"
}

@test "the ladder shows each segment as it comes" {
    start_holder
    start walk client "$TCPWALK" half-close --timeout 60s --source-port 8001 "$SERVER4" 9003
    wait_for_words walk 'it acknowledged our FIN'
    in_state CLOSE-WAIT 8001
    stop "$STARTED_PID"
}

# plain: no escape sequence, no carriage return, nothing wider than 80 columns.
plain() {
    run grep -nP '[^\x20-\x7e]' "$SAID"
    [[ $status == 1 ]] || {
        echo "not plain: $output"
        return 1
    }
    [[ $(wc -L <"$SAID") -le 80 ]] || {
        echo "wider than 80 columns: $(wc -L <"$SAID")"
        return 1
    }
}

@test "the ladder is plain and at most 80 columns wide when not on a terminal" {
    local service
    start_echo
    for service in echo daytime chargen http reset unread closes-late closes-first deferred syn-cookies refused; do
        keep client "$TCPWALK" lab walk -6 --verify --linger 0 --timeout 3s --send 'GET / HTTP/1.0\r\n\r\n' "$service"
        plain
        grep -q '^tcpwalk walk: ' "$SAID"
    done
    keep client "$TCPWALK" lab walk unreachable
    plain
    keep client env COLUMNS=200 TERM=xterm "$TCPWALK" lab half-close --verify --linger 0 --send x chargen
    plain
    lose 30
    tcpwalk close "$SERVER6" 7 --verify-netns "/proc/$NET_SERVER/ns/net" --linger 0 --rto 100ms --retries 20 \
        --source-port 65535 --isn 4294967295 --send "$(printf 'x%.0s' {1..5000})"
    plain
}

@test "the ladder tells what the JSON lines tell" {
    start_echo
    tcpwalk close "$SERVER4" 7 --linger 0 --send hello
    content
    grep -qE '^ +1 +0\.000000 +SYN-SENT +S +seq 0' "$SAID"
    grep -qE '^ +2 +[0-9.]+ +ESTABLISHED +S\. +seq 0, ack 1.* <- SYN-RECEIVED' "$SAID"
    grep -q 'proven: it acknowledged our SYN' "$SAID"
    grep -qE '^ +3 +[0-9.]+ +\. +ack 1 +-> ESTABLISHED' "$SAID"
    grep -q 'presumed, else SYN-RECEIVED' "$SAID"
    grep -q '^closed by us in ' "$SAID"
}

# on_terminal COMMAND...: with standard output on a terminal of 80 columns; what it shows goes to $SAID.
on_terminal() {
    local line
    command -v script >/dev/null || skip "there is no script(1)"
    printf -v line '%q ' "$@"
    export KEPT="$* (on a terminal)" STATUS=0
    # Its standard input is no terminal, from which it would take its size.
    client script -qec "stty cols ${COLS:-80} rows 24; $line" /dev/null >"$SAID" 2>"$COMPLAINED" </dev/null || STATUS=$?
}

ESCAPE=$'\e'

@test "colour on a terminal, and never with NO_COLOR or a dumb one" {
    start_echo
    on_terminal env -u NO_COLOR TERM=xterm "$TCPWALK" close --linger 0 "$SERVER4" 7
    status 0
    grep -qF "${ESCAPE}[" "$SAID"
    # What is begun is ended: the last colour is none.
    [[ $(grep -oE "${ESCAPE}\[[0-9;]*m" "$SAID" | tail -n 1) == "${ESCAPE}["?(0)m ]]

    on_terminal env NO_COLOR=1 TERM=xterm "$TCPWALK" close --linger 0 "$SERVER4" 7
    status 0
    run grep -qF "$ESCAPE" "$SAID"
    [[ $status == 1 ]]
    on_terminal env -u NO_COLOR TERM=dumb "$TCPWALK" close --linger 0 "$SERVER4" 7
    run grep -qF "$ESCAPE" "$SAID"
    [[ $status == 1 ]]
    # JSON lines are for programs, also there.
    on_terminal env -u NO_COLOR TERM=xterm "$TCPWALK" close --json --linger 0 "$SERVER4" 7
    run grep -qF "$ESCAPE" "$SAID"
    [[ $status == 1 ]]
}

@test "the ladder uses a wide terminal, and bears a narrow one" {
    start_echo
    COLS=140 on_terminal env NO_COLOR=1 TERM=xterm "$TCPWALK" close --linger 0 "$SERVER4" 7
    status 0
    [[ $(tr -d '\r' <"$SAID" | wc -L) -gt 80 && $(tr -d '\r' <"$SAID" | wc -L) -le 140 ]]
    COLS=40 on_terminal env NO_COLOR=1 TERM=xterm "$TCPWALK" close --linger 0 "$SERVER4" 7
    status 0
    grep -q 'ESTABLISHED' "$SAID"
    COLS=1 on_terminal env NO_COLOR=1 TERM=xterm "$TCPWALK" close --linger 0 "$SERVER4" 7
    status 0
}

@test "Ctrl-C at a terminal leaves it without colour" {
    start_holder
    command -v script >/dev/null || skip "there is no script(1)"
    start walk client env --default-signal=INT script -qec "env -u NO_COLOR TERM=xterm '$TCPWALK' half-close --timeout 60s --source-port 8010 \
        $SERVER4 9003" /dev/null
    wait_for 10 in_state CLOSE-WAIT 8010
    # What the terminal does on Ctrl-C.
    kill -INT "$(client ss -Hltnp 'sport = :8010' | sed -E 's/.*pid=([0-9]+).*/\1/')"
    outlast walk "$STARTED_PID"
    wait_for 5 forgotten 8010
    cat "$(log walk)" >"$SAID"
    [[ $(grep -oE "${ESCAPE}\[[0-9;]*m" "$SAID" | tail -n 1) == "${ESCAPE}["?(0)m ]]
    grep -q 'interrupted' "$SAID"
}

@test "escapes in --send are read, and nothing else of it is touched" {
    start_server keeper 9100 socat -u TCP6-LISTEN:9100,ipv6only=0,reuseaddr CREATE:"$BATS_TEST_TMPDIR/kept"
    # shellcheck disable=SC1003,SC2016 # backslashes
    tell close "$SERVER4" 9100 --linger 0 --send 'a\r\n\t\0\x7f\xFF\\ $x%s ä'
    content
    kept() { [[ $(wc -c <"$BATS_TEST_TMPDIR/kept") == 16 ]]; }
    wait_for 5 kept
    # shellcheck disable=SC2016 # a dollar to be sent
    printf 'a\r\n\t\0\x7f\xff\\ $x%%s ä' | cmp - "$BATS_TEST_TMPDIR/kept"
    ended 'bytes.out == 16'
}
