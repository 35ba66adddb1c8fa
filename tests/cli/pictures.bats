#!/usr/bin/env bats
# --svg, --html and --mermaid: pictures of walks and of connections that were read.

load helper
load walks

CAPTURE="$BATS_TEST_DIRNAME/../read/capture"
CASES="$BATS_TEST_DIRNAME/../read/cases.md"

setup_file() {
    need_lab
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
    tell_failure
    net_down
}

lab() {
    keep "${BOUND[@]}" "$TCPWALK" lab "$@"
}

read_() {
    keep "${BOUND[@]}" "$TCPWALK" read "$@"
}

complains() {
    grep -qF -e "$1" "$COMPLAINED" || {
        echo "it does not complain: $1"
        return 1
    }
}

has() {
    grep -qF -e "$1" "$2" || {
        echo "$2 does not have: $1"
        return 1
    }
}

# whole FILE...: each is a picture to its end: well-formed, and with nothing from elsewhere.
whole_picture() {
    python3 - "$@" <<'PYTHON'
import re, sys
import xml.etree.ElementTree as tree
for name in sys.argv[1:]:
    text = open(name, encoding="utf-8").read()
    for element in tree.fromstring(text).iter():
        assert element.tag.split("}")[-1] not in ("script", "link", "img", "image", "use", "iframe"), element.tag
    assert not re.search(r"https?://(?!www\.w3\.org/)", text)
    assert "prefers-color-scheme" in text and "user-select" not in text
PYTHON
}

# to_scale SVG: the arrows between the bars stand where the segments of the JSON lines that were said belong.
to_scale() {
    python3 - "$1" "$SAID" <<'PYTHON'
import json, re, sys
svg = open(sys.argv[1], encoding="utf-8").read()
events = [json.loads(line) for line in open(sys.argv[2], encoding="utf-8")]
times = [event["t"] for event in events if event["event"] == "segment"]
# The first axis is that of the whole.
axis = re.search(r'<path class="rule" d="M([0-9.]+) [0-9.]+H([0-9.]+)"/><path class="rule"', svg)
left, right = float(axis.group(1)), float(axis.group(2))
first = svg[: axis.start()]
arrows = [float(x) for x in re.findall(r'<path class="(?:sent|came) fine" d="M([0-9.]+) ', first)]
span = times[-1] - times[0]
wanted = [left + (t - times[0]) / span * (right - left) for t in times]
assert len(arrows) >= 2, arrows
for x in arrows:
    assert min(abs(x - place) for place in wanted) < 0.1, (x, wanted)
for place in wanted:
    assert min(abs(x - place) for x in arrows) < 0.7, (place, arrows)
PYTHON
}

@test "every command that walks draws its ladder, beside what it prints" {
    local command arguments
    printf 'open\nclose\n' >script.walk
    for command in open close half-close walk 'run script.walk' 'open --verify'; do
        read -ra arguments <<<"$command"
        rm -f p.svg p.html
        lab "${arguments[@]}" --svg p.svg --html p.html closes-late
        status 0
        grep -q '^tcpwalk ' "$SAID"
        whole_picture p.svg p.html
        has '>ESTABLISHED</text>' p.svg
        has 'States to scale in time' p.svg
        [[ $(grep -cE '^ +[0-9]+ +[0-9]+\.' "$SAID") == $(grep -oE 'class="(sent|came)"' p.svg | wc -l) ]]
        [[ $(grep -cE '^ +[0-9]+ +[0-9]+\.' "$SAID") == $(grep -cE '^<tr><td class="number">' p.html) ]]
    done
    lab listen --svg p.svg client
    status 0
    whole_picture p.svg
    has '>LISTEN</text>' p.svg
    # shellcheck disable=SC2016 # for the inner shell
    keep "${BOUND[@]}" bash -c 'printf "open\nclose\n" | "$0" lab step --svg p.svg --html p.html echo' "$TCPWALK"
    status 0
    whole_picture p.svg p.html
    has 'FIN ACK' p.svg
}

@test "states are to scale in time" {
    lab close --json --svg p.svg closes-late
    status 0
    to_scale p.svg
    # The half second of the peer dwarfs all else, which is drawn larger below.
    has '>a</text>' p.svg
    has ' from 0.000000 s on</text>' p.svg
    lab walk --json --svg p.svg --send hello chargen
    status 0
    to_scale p.svg
}

@test "to standard output a picture stands alone" {
    lab close --svg - echo
    status 0
    cp "$SAID" p.svg
    whole_picture p.svg
    lab close --html - echo
    status 0
    cp "$SAID" p.html
    whole_picture p.html
    lab close --mermaid echo
    status 0
    [[ $(head -n 1 "$SAID") == sequenceDiagram ]]
    has '    L->>R: 1 SYN seq 0, mss 1460, ws 7, sackOK, TS (0.000000 s)' "$SAID"
    has '    Note right of R: SYN-RECEIVED, proven: it acknowledged our SYN' "$SAID"
    # Each line is one that the syntax has.
    if grep -vnE '^(sequenceDiagram|    participant [LR] as (local|peer)|    (L->>R|R->>L): [^;#]([^;#]|#[0-9]+;)*|    Note (over L,R|left of L|right of R): ([^;#]|#[0-9]+;)+)$' "$SAID"; then
        return 1
    fi
    lab close --mermaid --svg p.svg --html p.html echo
    [[ $(head -n 1 "$SAID") == sequenceDiagram ]]
    whole_picture p.svg p.html
}

@test "what can't be written is said before anything is sent, and nothing else is done" {
    lab close --svg no/such/p.svg echo
    status 5
    complains '--svg: no/such/p.svg: No such file or directory'
    [[ ! -s $SAID ]]
    lab close --svg p.svg --html . echo
    status 5
    complains '--html: .: Is a directory'
    [[ ! -s $SAID && ! -e p.svg ]]
    lab close --svg p --html p echo
    status 2
    [[ ! -e p ]]
    lab close --svg - --mermaid echo
    status 2
    complains 'both want standard output'
    lab close --svg - --json echo
    status 2
    keep "$TCPWALK" close --dry-run --svg p.svg
    status 2
    keep "$TCPWALK" close --print-script --mermaid
    status 2
    keep "$TCPWALK" teach --svg p.svg open
    status 2
    keep "$TCPWALK" measure rtt --html p.html localhost 9
    status 2
    [[ ! -e p.svg ]]
}

@test "a file is written to its end, or stays as it was" {
    local before
    lab close --svg /dev/full echo
    status 5
    complains '--svg: /dev/full: No space left on device'
    # What was there is longer, and is gone altogether.
    head -c 300000 /dev/zero >p.svg
    lab close --svg p.svg echo
    status 0
    whole_picture p.svg
    # No walk, no picture: the port is nobody's.
    before=$(sha256sum p.svg)
    lab close --svg p.svg --html p.html --source 203.0.113.7 echo
    run status 0
    [[ $status != 0 ]]
    [[ $(sha256sum p.svg) == "$before" && ! -e p.html ]]
    # A limit on the size of files is no room either.
    # shellcheck disable=SC2016 # for the inner shell
    keep "${BOUND[@]}" bash -c 'ulimit -f 4; exec "$0" lab close --svg p.svg --html p.html echo' "$TCPWALK"
    status 5
    complains '--svg: p.svg: File too large'
    [[ $(sha256sum p.svg) == "$before" && ! -e p.html ]]
}

@test "an interrupted walk is drawn, and so is one that failed" {
    net_up
    start_holder
    start walk client "$TCPWALK" half-close --timeout 60s --svg "$PWD/p.svg" --html "$PWD/p.html" "$SERVER4" 9003
    wait_for_words walk 'it acknowledged our FIN'
    kill -TERM "$STARTED_PID"
    wait_for 10 gone "$STARTED_PID"
    whole_picture p.svg p.html
    has '>FIN-WAIT-2</text>' p.svg
    has '>RST' p.svg
    lab close --svg p.svg refused
    status 4
    whole_picture p.svg
    has '>RST ACK</text>' p.svg
}

# a_case TITLE: made as case.pcap in the test's folder
a_case() {
    "$CAPTURE" "$CASES" "$1" case.pcap >expected
}

@test "read draws one connection, with both ends as a third party sees them" {
    a_case 'the same endpoints, one connection after the other'
    read_ --connection 2 --svg p.svg --html p.html case.pcap
    status 0
    grep -q 'A proven: it sent a SYN without ACK' "$SAID"
    whole_picture p.svg p.html
    has '>A 192.0.2.1:40000 -&gt; B 198.51.100.1:80</text>' p.svg
    has '>A proven: it sent a SYN without ACK</text>' p.svg
    [[ $(grep -oE 'class="(sent|came)"' p.svg | wc -l) == 6 ]]
    [[ $(grep -cE '^<tr><td class="number">' p.html) == 6 ]]
    read_ --connection 2 --mermaid case.pcap
    status 0
    has '    participant L as A' "$SAID"
    [[ $(grep -c -e '->>' "$SAID") == 6 ]]
    read_ --connection 2 --json --svg p.svg case.pcap
    status 0
    to_scale p.svg
    read_ --connection 2 -q --svg p.svg case.pcap
    status 0
    [[ ! -s $SAID ]]
    whole_picture p.svg
    read_ --connection 2 --svg - case.pcap
    cp "$SAID" p.svg
    whole_picture p.svg
}

@test "read --html alone is a page with the table of all connections" {
    a_case 'the same endpoints, one connection after the other'
    read_ --html p.html case.pcap
    status 0
    whole_picture p.html
    [[ $(grep -c '^<tr><td class="number" data-name="#">' p.html) == 3 ]]
    has '<li>3 connections, 11 segments</li>' p.html
    has '<li>A is who opened, where it does not say otherwise</li>' p.html
    has '<td data-name="A">192.0.2.1:40000</td><td data-name="B">198.51.100.1:80</td><td data-name="open">done 10.0&#160;ms</td>' p.html
    has '<div>A, three</div><div class="dim history">ShAFf</div>' p.html
    has '<div class="proves"><span class="state">TIME-WAIT</span> or CLOSING <span class="dim">proven</span></div>' p.html
    grep -q '^3 connections, 11 segments$' "$SAID"
    # The same where rows are written as connections end; and with fewer of them.
    read_ --html q.html --json case.pcap
    status 0
    cmp p.html q.html
    [[ $(jq -s 'map(select(.event == "connection")) | length' "$SAID") == 3 ]]
    read_ --html - --limit 1 --sort segments case.pcap
    status 0
    cp "$SAID" p.html
    whole_picture p.html
    [[ $(grep -c '^<tr><td class="number" data-name="#">' p.html) == 1 ]]
    has '2 connections are not shown (--limit)' p.html
}

@test "in the page with the table of all connections long addresses can be broken, and paper is turned" {
    a_case 'long addresses take a line each'
    read_ --html p.html case.pcap
    status 0
    whole_picture p.html
    has '">[2001:<wbr/>db8:<wbr/>1111:<wbr/>2222:<wbr/>3333:<wbr/>4444:<wbr/>5555:<wbr/>1]:40000</td>' p.html
    has '@page{size:landscape' p.html
    # Nothing keeps a cell as wide as its text but numbers, units and names of states.
    run grep -E '<t[dh] class="whole' p.html
    [[ $status == 1 ]]
}

@test "read says what it needs for a picture, and makes none of what is not there" {
    a_case 'the same endpoints, one connection after the other'
    read_ --svg p.svg case.pcap
    status 2
    complains 'say which with --connection N'
    [[ ! -e p.svg ]]
    read_ --connection 9 --svg p.svg case.pcap
    status 2
    complains 'there is no connection 9'
    [[ ! -e p.svg ]]
    read_ --connection 1 --svg p.svg nothing.pcap
    status 5
    [[ ! -e p.svg ]]
    read_ --html p.html nothing.pcap
    status 5
    [[ ! -e p.html ]]
    read_ --connection 1 --csv --mermaid case.pcap
    status 2
    # Of a damaged file there is a picture as far as it goes.
    head -c -30 case.pcap >cut.pcap
    read_ --connection 1 --svg p.svg cut.pcap
    status 5
    whole_picture p.svg
}

@test "a picture takes no file that is read, whatever it is called" {
    local name option
    a_case 'opened by three segments and closed by four'
    cp case.pcap before
    ln case.pcap linked.pcap
    ln -s case.pcap symbolic.pcap
    for name in case.pcap ./case.pcap linked.pcap symbolic.pcap; do
        for option in --svg --html; do
            read_ -q --connection 1 "$option" "$name" case.pcap
            status 2
            [ "$(cat "$COMPLAINED")" = "tcpwalk: $option: $name is one of the files that are read" ]
        done
        read_ --html "$name" before case.pcap
        status 2
        [[ ! -s $SAID ]]
        # shellcheck disable=SC2094 # that is what is refused
        run "$TCPWALK" read --html "$name" - <case.pcap
        [ "$status" -eq 2 ]
    done
    cmp case.pcap before
    for option in --mermaid '--svg -' '--html -'; do
        # shellcheck disable=SC2016 # for the inner shell
        run bash -c '"$0" read --connection 1 $1 case.pcap 2>&1 >>case.pcap' "$TCPWALK" "$option"
        [ "$status" -eq 2 ]
        [ "$output" = "tcpwalk: ${option% -}: standard output is one of the files that are read" ]
    done
    cmp case.pcap before
}

@test "no two outputs go into one file, whatever it is called" {
    local other
    a_case 'opened by three segments and closed by four'
    for other in o ./o "../${PWD##*/}/o"; do
        rm -f o
        read_ -q --html o --write "$other" case.pcap
        status 2
        complains "--html and --write both want the file o"
        read_ -q --connection 1 --svg o --html "$other" case.pcap
        status 2
        keep "$TCPWALK" watch -i lo -q --html o --write "$other"
        status 2
        lab close --svg o --write "$other" echo
        status 2
        complains "--svg and --write both want the file o"
        keep "$TCPWALK" lab measure rtt --svg o --write "$other" echo
        status 2
        [[ ! -e o ]]
    done
    # What is there stays as it is; also when something else is wrong with a picture.
    echo precious >o
    ln o other
    ln -s o symbolic
    for other in o other symbolic; do
        read_ -q --html o --write "$other" case.pcap
        status 2
        lab close --html "$other" --write o echo
        status 2
        keep "$TCPWALK" lab measure rtt --svg o --write "$other" echo
        status 2
    done
    lab close --svg no/such/p.svg --write o echo
    status 5
    [[ $(cat o) == precious ]]
    # Where nothing is kept, there is room for all.
    read_ -q --html /dev/null --write case.pcapng case.pcap
    status 0
}

@test "a picture has at most 1000 segments, and says at its top and its foot what it leaves out" {
    {
        printf '## many\n\n    0.000 A S  seq=100\n    0.001 B S. seq=900 ack=101\n    0.002 A .  seq=101 ack=901\n'
        for ((i = 0; i < 1100; i++)); do
            printf '    %d.%03d A P. seq=%d ack=901 len=10\n' $((1 + i / 1000)) $((i % 1000)) $((101 + 10 * i))
        done
    } >many.md
    "$CAPTURE" many.md many many.pcap
    read_ --connection 1 -q --svg p.svg --html p.html many.pcap
    status 0
    whole_picture p.svg p.html
    [[ $(grep -cF '>103 more segments came, and are not drawn</text>' p.svg) == 2 ]]
    grep -m1 -B1 -F '>A 192.0.2.1:40000' p.svg | has '103 more segments' /dev/stdin
    [[ $(grep -cE '^<tr><td class="number">' p.html) == 1000 ]]
    has '<p class="alarms">103 more segments came, and are not drawn</p>' p.html
    [[ $(grep -c '103 more segments came, and are not drawn' p.html) == 2 ]]
    read_ --connection 1 --mermaid many.pcap
    [[ $(grep -c 'Note over L,R: 103 more segments came, and are not drawn' "$SAID") == 2 ]]
}

@test "on a terminal the ladder fits its width, and its arrows are characters of their own where the locale has them" {
    local columns locale
    command -v script >/dev/null || skip "there is no script(1)"
    a_case 'opened by three segments and closed by four'
    for columns in 64 80 132; do
        for locale in C C.UTF-8; do
            on_terminal "$columns" "$locale" "$TCPWALK lab close --verify closes-late"
            grep -q 'CLOSE-WAIT' said
            [[ $(wc -L <said) -le $columns ]]
            cp said walked
            on_terminal "$columns" "$locale" "$TCPWALK read --connection 1 case.pcap"
            [[ $(wc -L <said) -le $columns ]]
            cat walked >>said
            if [[ $locale == C ]]; then
                run grep -nP '[^\x20-\x7e]' said
                [[ $status == 1 ]]
                grep -qE ' -> ' said
            else
                grep -q ' ─→ ' said
                grep -q ' ←─ ' said
                run grep -nE '^ +[0-9]+ +[0-9.]+ .*(->|<-)' said
                [[ $status == 1 ]]
            fi
            # The arrows stand one below the other.
            python3 - said <<'PYTHON'
import re, sys
rows = [line for line in open(sys.argv[1], encoding="utf-8") if re.match(r" +\d+ +\d+\.\d+ ", line)]
places = {re.search("->|<-|─→|←─", line).start() for line in rows}
assert len(rows) > 12 and len(places) <= 2, places
PYTHON
        done
    done
}

@test "a script or a lesson that is read is not overwritten" {
    local option
    printf "syn\n" >s.walk
    "$TCPWALK" teach --print-script open >mine.lesson
    cp mine.lesson kept.lesson
    for option in --svg --html --write; do
        run -2 "$TCPWALK" lab run s.walk $option ./s.walk http
        [ "$output" = "tcpwalk: $option: ./s.walk is one of the files that are read" ]
    done
    for option in '--export html --output' --write; do
        # shellcheck disable=SC2086 # words
        run -2 "$TCPWALK" teach $option mine.lesson ./mine.lesson
        [[ $output == "tcpwalk: --${option##*--}: mine.lesson is one of the files that are read" ]]
    done
    [ "$(cat s.walk)" = syn ]
    cmp mine.lesson kept.lesson
}
