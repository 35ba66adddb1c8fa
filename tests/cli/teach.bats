#!/usr/bin/env bats
# `tcpwalk teach`: every lesson in the lab and in every language, the quiz, peers that behave otherwise, lessons that are wrong, and
# the translations.

load helper
load walks

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

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

teach() {
    keep "${BOUND[@]}" "$TCPWALK" teach "$@"
}

# answering ANSWERS ARGUMENT...: with these answers on standard input, one a line.
answering() {
    local answers=$1
    shift
    printf '%s\n' "$answers" >answers
    # shellcheck disable=SC2016 # for the inner shell
    keep bash -c 'exec <answers; exec "$@"' - "${BOUND[@]}" "$TCPWALK" teach "$@"
}

# silent_about WORDS: the opposite.
silent_about() {
    if grep -qE -e "$1" "$SAID"; then
        echo "it says: $1"
        return 1
    fi
}

says() {
    grep -qF -e "$1" "$SAID" || {
        echo "it does not say: $1"
        return 1
    }
}

complains() {
    grep -qF -e "$1" "$COMPLAINED" || {
        echo "it does not complain: $1"
        return 1
    }
}

lessons() {
    local file
    for file in "$TOP"/src/lesson/lessons/*.lesson; do
        file=${file##*/}
        file=${file%.lesson}
        echo "${file#*-}"
    done
}

# wrong LESSON-TEXT PLACE WORDS: status 2, and the place is named.
wrong() {
    printf '%b' "$1" >wrong.lesson
    teach --auto ./wrong.lesson
    status 2
    complains "./wrong.lesson:$2: $3"
}

# A lesson with a heading, to which lines are added.
begin_lesson() {
    printf 'title: T\nsummary: S\n\n' >mine.lesson
    cat >>mine.lesson
}

# The widest line in columns, as the terminal has them.
widest() {
    python3 -c '
import sys, unicodedata
def width(c):
    return 0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
print(max(sum(map(width, line.rstrip("\n"))) for line in open(sys.argv[1], encoding="utf-8")))' "$SAID"
}

@test "every lesson comes true in the lab, in English" {
    local lesson
    for lesson in $(lessons); do
        teach --auto --lang en "$lesson"
        status 0
        grep -qE '^([1-9][0-9]*) of \1 statements? came true in this run' "$SAID"
        [[ $(widest) -le 80 ]]
        [[ ! -s $COMPLAINED ]]
    done
}

@test "every lesson comes true in the lab, in every other language, and nothing of it is English" {
    local lesson catalogue language
    for catalogue in "$TOP"/src/lesson/po/*.po; do
        language=${catalogue##*/}
        language=${language%.po}
        for lesson in $(lessons); do
            teach --auto --bytes --lang "$language" "$lesson"
            status 0
            [[ $(widest) -le 80 ]]
            silent_about 'proven|presumed|The connection|came true'
        done
    done
}

@test "no language lacks a message, and the messages are those of the sources and lessons" {
    local catalogue
    command -v xgettext >/dev/null || skip "there is no xgettext"
    env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s -C "$TOP" build/tcpwalk.pot
    for catalogue in "$TOP"/src/lesson/po/*.po; do
        msgcmp "$catalogue" "$TOP/build/tcpwalk.pot"
        msgfmt --check-format -o /dev/null "$catalogue"
        [[ -z $(msgattrib --only-fuzzy "$catalogue") ]]
        [[ -z $(msgattrib --only-obsolete "$catalogue") ]]
        [[ -z $(msgattrib --untranslated "$catalogue") ]]
    done
}

@test "a translation keeps what is to be kept: the names of states, facts in braces, the RFC's sections" {
    python3 - "$TOP"/src/lesson/po/*.po <<'PYTHON'
import re, subprocess, sys
KEPT = r"\b(?:LISTEN|SYN-SENT|SYN-RECEIVED|ESTABLISHED|FIN-WAIT-[12]|CLOSE-WAIT|CLOSING|LAST-ACK|TIME-WAIT|CLOSED)(?![A-Za-z-])|\{[a-z0-9. -]+\}|RFC \d+(?: [\d.]*\d)?"
wrong = []
for name in sys.argv[1:]:
    text = subprocess.run(["msgattrib", "--no-wrap", "--no-obsolete", name], capture_output=True, text=True, check=True).stdout
    for entry in text.split("\n\n"):
        if "src/lesson/lessons/" not in entry:
            continue
        said = re.search(r'^msgid "(.*)"\nmsgstr "(.*)"', entry, re.M)
        if said and set(re.findall(KEPT, said[1])) != set(re.findall(KEPT, said[2], re.A)):
            wrong.append(f"{name}: {said[1]}\n   {said[2]}")
print("\n".join(wrong))
sys.exit(bool(wrong))
PYTHON
}

@test "the language is that of the environment, also where no such locale was generated" {
    local way
    for way in 'LANG=ko_KR.UTF-8' 'LC_ALL=ko_KR.UTF-8' 'LANG=ko_KR.UTF-8 LANGUAGE=ko' 'LANG=C.UTF-8 LANGUAGE=ko' 'LC_MESSAGES=ko'; do
        # shellcheck disable=SC2086 # words
        keep env -u LC_ALL -u LANGUAGE -u LANG $way "$TCPWALK" teach
        status 0
        says 세그먼트
    done
    for way in 'LC_ALL=C' 'LANG=C.UTF-8' 'LANG=xx_XX.UTF-8' 'LC_ALL=C LANGUAGE=ko'; do
        # shellcheck disable=SC2086
        keep env -u LC_ALL -u LANGUAGE -u LANG $way "$TCPWALK" teach
        status 0
        silent_about 세그먼트
    done
    LC_ALL=C teach --lang ko
    says 세그먼트
    LC_ALL=ko_KR.UTF-8 teach --lang en
    silent_about 세그먼트
    teach --lang xx
    status 2
    complains "--lang: there is no 'xx'; there are en, ko"
}

@test "the list has every lesson, in its order, and each can be printed and run as a file" {
    local lesson
    teach
    status 0
    [[ $(sed -nE 's/^  ([a-z-]+) .*/\1/p' "$SAID") == "$(lessons)" ]]
    for lesson in $(lessons); do
        teach --print-script "$lesson"
        status 0
        cmp "$SAID" "$TOP"/src/lesson/lessons/[0-9][0-9]-"$lesson".lesson
    done
    teach --print-script open
    cp "$SAID" mine.lesson
    teach --auto ./mine.lesson
    status 0
    says './mine.lesson: The three-way open'
    teach no-such-lesson
    status 2
    complains "there is no lesson 'no-such-lesson'"
}

@test "--quiz takes answers and counts the right ones; what is no answer is asked for again" {
    begin_lesson <<'LESSON'
peer: discard
ask: One?
right: a
wrong: b
    syn
    expect S. ack=+1
true: Opened.
ask: Two?
wrong: a
right: b
wrong: c
    ack
    expect state ESTABLISHED
ask: Three?
wrong: a
right: b
    send "x"
    expect . ack=+2
LESSON
    answering $'1\n7\nyes\n3\n2' --quiz ./mine.lesson
    status 0
    says 'answer 1: you were right: a'
    says 'answer 2: you were wrong: b'
    says '2 of 3 answers were right.'
    [[ $(grep -c 'your answer, 1 to 3' "$SAID") == 3 ]]
    # Whoever says no more gets to the end without an answer.
    answering '1' --quiz ./mine.lesson
    status 0
    says 'answer 2: you gave none: b'
    says '1 of 3 answers was right.' || says '1 of 3 answers were right.'
    # And q is the end of it.
    answering q --quiz ./mine.lesson
    status 0
    silent_about ESTABLISHED
    silent_about 'answer 1'
    says '0 of 0 answers were right.'
}

@test "--quiz all asks all questions of all lessons" {
    local asked
    asked=$(cat "$TOP"/src/lesson/lessons/*.lesson | grep -c '^ask:')
    answering "$(yes 1 | head -n 200)" --quiz all
    status 0
    says "of $asked answers were right."
    [[ $(grep -c 'your answer' "$SAID") == "$asked" ]]
}

@test "on a terminal a key goes on, and the question comes before what answers it" {
    printf '%s\n' 'wait .Enter goes on' 'type \r' 'wait answer 2' 'wait .Enter goes on' 'type q\r' end >typed
    ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" TERM=xterm keep "${BOUND[@]}" "$BATS_TEST_DIRNAME/typist" typed "$TCPWALK" teach open
    status 0
    grep -q '^exit status 0' "$SAID"
    grep -q '^terminal restored True' "$SAID"
}

@test "Ctrl-C ends it with a reset, and leaves nothing behind" {
    printf '%s\n' 'wait .Enter goes on' 'type \r' 'wait answer 2' 'wait .Enter goes on' 'type \x03' end >typed
    ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" TERM=xterm keep "${BOUND[@]}" "$BATS_TEST_DIRNAME/typist" typed "$TCPWALK" teach open
    status 0
    grep -q '^exit status -2' "$SAID"
    says 'interrupted'
    grep -qE 'CLOSED +R' "$SAID"
    grep -q '^terminal restored True' "$SAID"
}

@test "a peer that behaves otherwise is said to, and the rest of the part is left out" {
    begin_lesson <<'LESSON'
peer: discard
ask: Opened?
right: yes
wrong: no
    syn
    expect S. ack=+1
true: It opened.
false: Nobody listens there.

Now more.

    ack
LESSON
    net_up
    keep client "${BOUND[@]}" "$TCPWALK" teach --auto ./mine.lesson "$SERVER4" 81
    status 1
    says '! Nobody listens there.'
    says 'The question is not counted'
    says 'The rest of this part is left out'
    says '0 of 1 statement came true'
    silent_about '= It opened'
    silent_about 'Now more'
    start_server echo 7 socat TCP-LISTEN:7,fork EXEC:cat
    keep client "${BOUND[@]}" "$TCPWALK" teach --auto ./mine.lesson "$SERVER4" 7
    status 0
    says '= It opened.'
}

@test "a mistaken statement is never said: by a step, by a check, and where nothing can be seen it says that" {
    begin_lesson <<'LESSON'
peer: closes-late
    open
    expect state ESTABLISHED
check: peer-isn = 0
true: The peer counts from zero.
    half-close
    expect state CLOSE-WAIT
check: kernel = CLOSE-WAIT
true: The peer's kernel says {kernel}.
    expect F. within 3s
end:
check: close-segments = 3
true: Three segments.
false: There were {close-segments}.
LESSON
    teach --auto ./mine.lesson
    status 1
    says 'NOT MET (line 7): peer-isn = 0: it is '
    says '! This peer behaves otherwise.'
    says "= The peer's kernel says CLOSE-WAIT."
    says '! There were 4.'
    says '1 of 3 statements came true'
    complains 'not everything came true'
    begin_lesson <<'LESSON'
peer: discard
    open
    expect state ESTABLISHED
check: kernel = ESTABLISHED
true: The kernel says so.
LESSON
    net_up
    start_server echo 7 socat TCP-LISTEN:7,fork EXEC:cat
    keep client "${BOUND[@]}" "$TCPWALK" teach --auto ./mine.lesson "$SERVER4" 7
    status 0
    says "? Whether it is so can't be seen from here."
    says '1 statement could not be looked at here.'
}

@test "connections: each peer: is a new one, with options of its own, passive too; with a host only those with the first peer" {
    begin_lesson <<'LESSON'
peer: discard --isn 4294967295 --no-timestamps
    open
    expect local ESTABLISHED
check: our-isn = 4294967295
true: One.
peer: client-keeps-open
    listen
    accept
    expect state ESTABLISHED proven
check: peer-isn != 1.peer-isn
true: Two.
peer: refused
    syn
    expect R. ack=+1
true: Three.
LESSON
    teach --auto ./mine.lesson
    status 0
    says '3 of 3 statements came true'
    net_up
    start_server echo 7 socat TCP-LISTEN:7,fork EXEC:cat
    keep client "${BOUND[@]}" "$TCPWALK" teach --auto ./mine.lesson "$SERVER4" 7
    status 0
    says 'The part with client-keeps-open is left out'
    says 'The part with refused is left out'
    says '1 of 1 statement came true'
}

@test "a peer that refuses is status 4, one that keeps silent 3" {
    begin_lesson <<'LESSON'
peer: refused
    open
    expect local ESTABLISHED
true: Open.
LESSON
    teach --auto ./mine.lesson
    status 4
    sed -i 's/^peer: .*/peer: silent --rto 50ms --retries 1/' mine.lesson
    teach --auto ./mine.lesson
    status 3
}

@test "what takes long is left out without --long" {
    begin_lesson <<'LESSON'
peer: discard
long: This would take a day.
    open
    expect local ESTABLISHED
true: Done.
LESSON
    teach --auto ./mine.lesson
    status 0
    says 'This would take a day.'
    silent_about '= Done.'
    teach --auto --long ./mine.lesson
    says '= Done.'
}

@test "--bytes shows each segment's bytes, ours and the peer's" {
    teach --auto --bytes --lang en open
    status 0
    [[ $(grep -c '^segment [0-9]*, ours: 20 bytes of IP' "$SAID") -ge 5 ]]
    [[ $(grep -c "^segment [0-9]*, the peer's: 20 bytes of IP" "$SAID") -ge 4 ]]
    grep -qF '|  0  |  0  |   |  0  |  1  |  0  |  0  |  1  |  0  |' "$SAID" # a SYN-ACK
    grep -qE '^  0000  68 65 6c 6c 6f +hello$' "$SAID"
    teach --auto --bytes --lang en -6 open
    status 0
    says 'IP header (version 6, RFC 8200)'
    says 'Ethernet header'
    # A lesson can ask for it where it matters.
    begin_lesson <<'LESSON'
peer: discard --bytes

    open
    expect local ESTABLISHED

peer: echo

    open
    expect local ESTABLISHED
LESSON
    teach --auto --lang en ./mine.lesson
    [[ $(grep -c '^segment 1, ours' "$SAID") == 1 ]]
}

@test "an error in a lesson names the place: of the lesson, of a step, of a peer, of an option" {
    local head='title: T\nsummary: S\n'
    wrong "$head"'peer: echo\n    syn\n    expct S.\n' 5:5 "'expct' is no step; did you mean expect?"
    wrong "$head"'peer: echo\n    syn\n    expect foo\n' 5:12 "after expect comes flags"
    wrong "$head"'peer: echo\n    ack\n    accept\n' 5:5 ''
    wrong "$head"'peer: ecko\n    syn\n' 3:7 "'ecko' is no service and no client of the lab"
    wrong "$head"'peer: echo --json\n    syn\n' 3:12 "'--json' is no option that a lesson can give"
    wrong "$head"'peer: echo --isn x\n    syn\n' 3:12 "--isn: 'x' is not a number"
    wrong "$head"'peer: echo\n    listen\n' 4:5 'listen is for a client of the lab'
    wrong "$head"'peer: client\n    syn\n' 3:7 'this peer is a client'
    wrong "$head"'peer: echo\n    expect data "("\n' 4:5 'the pattern is no regular expression'
    wrong "$head"'peer: echo\n    syn\ntrue: x\n' 5:7 'nothing shows this'
    wrong "$head"'peer: echo\n    syn\nquestion: x\n' 5:1 "'question:' is no word of a lesson"
}

@test "it says what it needs: a key, a host with its port, and no other output" {
    teach open
    status 2
    complains 'standard input is no terminal: --auto goes on by itself'
    teach --auto open localhost
    status 2
    teach --auto --quiz open
    status 2
    teach --auto --json open
    status 2
    teach --auto ./no-such-file
    status 2
    keep "$TCPWALK" open --quiz localhost 9
    status 2
    complains '--quiz: for teach'
    teach --auto -q open
    status 0
    [[ ! -s $SAID ]]
}

@test "the lessons of tcpwalk-lesson(5) end as it says" {
    local file name expected
    awk '
        $1 == ".\\\"" && $2 == "lesson:" { file = ++n ".shown"; sub(/^[^:]*: */, ""); print >file; next }
        file && /^\.Bd/ { inside = 1; next }
        file && /^\.Ed/ { close(file); file = ""; inside = 0; next }
        inside { gsub(/\\&/, ""); print >file }' "$TOP/man/tcpwalk-lesson.5"
    [[ -e 2.shown ]]
    for file in *.shown; do
        read -r name expected <"$file"
        tail -n +2 "$file" >"$name"
        teach --auto "./$name"
        status "$expected"
    done
}

@test "tcpwalk-lesson(5) has every word of a lesson, every fact and every option" {
    local word words
    begin_lesson <<<'what: x'
    teach --auto ./mine.lesson
    read -ra words < <(sed 's/.*there are //; s/,//g; s/and //' "$COMPLAINED")
    [[ ${#words[@]} -gt 9 ]]
    for word in "${words[@]}"; do
        grep -qF ".It Cm $word\\&:" "$TOP/man/tcpwalk-lesson.5"
    done
    mapfile -t words < <(sed -nE 's/.*\[FACT_[A-Z_]+\] = \{"([a-z-]+)".*/\1/p' "$TOP/src/lesson/facts.c")
    [[ ${#words[@]} -gt 9 ]]
    for word in "${words[@]}"; do
        grep -qx ".It Cm $word" "$TOP/man/tcpwalk-lesson.5"
    done
}
