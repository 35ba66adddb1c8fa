#!/usr/bin/env bats
# The manuals and the README: the tables in them are the program's own, and what they show as an example is so.
#
# In a manual a comment before a display says what it is:
#     .\" script: NAME SERVICE STATUS [OPTION...]    a script, and how it ends at that service or client of the lab
#     .\" lab: STATUS                                a command, and how it ends; scripts above it are there as files
#     .\" bash: SERVICE                              lines for bash, with that service in the place of the host
#     .\" prove: SERVICE                             a command for prove, likewise

# shellcheck disable=SC2030,SC2031 # each test is a subshell, and is meant to be

load helper
load walks

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
STEP_PAGE=$TOP/man/tcpwalk-step.5

setup() {
    SHOWN=$BATS_TEST_TMPDIR/shown
    mkdir "$SHOWN"
    cd "$SHOWN" || return
}

teardown() {
    tell_failure
    net_down
}

lab_or_skip() {
    "$TCPWALK" lab open -q --linger 0 echo 2>"$(log lab)" || {
        ! grep -qE 'namespace|lab: ' "$(log lab)" || skip "no lab here: $(cat "$(log lab)")"
        cat "$(log lab)" >&2
        return 1
    }
}

# displays KIND PAGE: the displays of that kind, each in a file here (1.KIND, 2.KIND...), below its comment's words.
displays() {
    awk -v kind="$1" '
        $1 == ".\\\"" && $2 == kind ":" { file = ++n "." kind; sub(/^[^:]*: */, ""); print >file; next }
        file && /^\.Bd/ { inside = 1; next }
        file && /^\.Ed/ { close(file); file = ""; inside = 0; next }
        inside { gsub(/\\\(ha/, "^"); gsub(/\\\(ti/, "~"); gsub(/\\&/, ""); gsub(/\\e/, "\\"); print >file }' "$2"
}

# scripts PAGE: its scripts, under their names; the words about each are in the array ABOUT.
scripts() {
    local file about
    ABOUT=()
    displays script "$1"
    for file in $(compgen -G '*.script' | sort -n); do
        read -r about <"$file"
        tail -n +2 "$file" >"${about%% *}"
        rm "$file"
        ABOUT+=("$about")
    done
}

@test "the tables of tcpwalk-step(5) are those of the program: make manual writes them" {
    sed -n '/^\.\\" GENERATED$/,/^\.\\" END$/p' "$STEP_PAGE" | sed '1d;$d' >page
    "$TCPWALK" help mdoc >program
    [[ $(wc -l <program) -gt 300 ]]
    diff page program
    # All that can be asked for is in it.
    local name
    for name in $("$TCPWALK" help steps | sed -nE 's/^    ([a-z-]+)  .*/\1/p' | grep -vxE 'icmp|options|fields|flags|states|scripts|numbers|strings|durations'); do
        grep -qE "^\.It Cm $name( |\$)" program || {
            echo "not in the manual: $name"
            return 1
        }
    done
}

@test "the scripts in tcpwalk-step(5) parse, and can be tried without a network" {
    local about name
    scripts "$STEP_PAGE"
    ((${#ABOUT[@]} > 15))
    # No two of them have one name.
    [[ -z $(printf '%s\n' "${ABOUT[@]}" | cut -d ' ' -f 1 | sort | uniq -d) ]]
    for about in "${ABOUT[@]}"; do
        name=${about%% *}
        keep "$TCPWALK" --print-script run "$name"
        content
        keep "$TCPWALK" --dry-run run "$name"
        status 0
    done
}

@test "the scripts in tcpwalk-step(5) do in the lab what the page says" {
    local about words
    lab_or_skip
    scripts "$STEP_PAGE"
    for about in "${ABOUT[@]}"; do
        read -ra words <<<"$about"
        keep "${BOUND[@]}" "$TCPWALK" lab run "${words[0]}" "${words[1]}" --json --linger 0 "${words[@]:3}"
        well_formed
        status "${words[2]}"
    done
}

@test "a script for each state: the peer's kernel agrees that it is there" {
    local about words state
    lab_or_skip
    # Those of the section, which it ends with.
    sed -n '/^\.Sh TO EACH STATE/,/^\.Sh TRYING/p' "$STEP_PAGE" >section
    scripts section
    ((${#ABOUT[@]} == 11))
    for about in "${ABOUT[@]}"; do
        read -ra words <<<"$about"
        state=${words[0]%.walk}
        state=${state^^}
        keep "${BOUND[@]}" "$TCPWALK" lab run "${words[0]}" "${words[1]}" --json --verify
        well_formed
        confirmed
        status 0
        whole "any(.[]; .event == \"verify\" and .kernel == \"$state\" and .agrees)"
    done
}

@test "the commands in the manuals do in the lab what the pages say" {
    local page file wanted n=0
    lab_or_skip
    # shellcheck disable=SC2317 # the commands call it
    tcpwalk() { "${BOUND[@]}" "$TCPWALK" "$@"; }
    for page in "$TOP"/man/*.[58] "$TOP"/man/*/*.[58]; do
        scripts "$page"
        displays lab "$page"
        for file in *.lab; do
            [[ -e $file ]] || continue
            read -r wanted <"$file"
            tail -n +2 "$file" >lines
            export KEPT STATUS=0
            KEPT=$(cat lines)
            # shellcheck disable=SC1091 # it is written above
            . ./lines >"$SAID" 2>"$COMPLAINED" </dev/null || STATUS=$?
            status "$wanted"
            rm "$file"
            ((++n))
        done
    done
    ((n >= 6))
}

@test "the co-process in tcpwalk-step(5) works as it stands there" {
    lab_or_skip
    displays bash "$STEP_PAGE"
    [[ $(cat ./*.bash | grep -c 'tcpwalk step --json www.example.org 80;') == 1 ]]
    {
        # shellcheck disable=SC2016 # for the script
        echo 'tcpwalk() { "$TCPWALK" lab step --json http; }'
        tail -n +2 1.bash
        # shellcheck disable=SC2016 # for the script
        echo 'step "expect state SYN-RECEIVED" || exit 1; step "expect F. within 10ms" && exit 2
            exec {WALK[1]}>&-; cat <&"${WALK[0]}" >/dev/null; wait "$WALK_PID"; echo "ended: $?"'
    } >script
    keep env TCPWALK="$TCPWALK" "${BOUND[@]}" bash script
    status 0
    grep -q '^ended: 1' "$SAID"
}

@test "prove runs a folder of scripts" {
    lab_or_skip
    command -v prove >/dev/null || skip "there is no prove"
    scripts "$STEP_PAGE"
    mkdir tests bin
    cp half-closed.walk counted.walk tests/
    # shellcheck disable=SC2016 # its own parameters
    printf '#!/bin/bash\n%q lab "$@"\n' "$TCPWALK" >bin/tcpwalk
    chmod +x bin/tcpwalk
    displays prove "$STEP_PAGE"
    sed -n '2{s/www.example.org 80/http/;p;}' 1.prove >script
    grep -q ':: http$' script
    keep env PATH="$SHOWN/bin:$PATH" bash script
    status 0
    grep -q 'Files=2, Tests=7' "$SAID"
    sed -i 's/:: http$/:: discard/' script
    keep env PATH="$SHOWN/bin:$PATH" bash script
    status 1
    grep -q '^Result: FAIL' "$SAID"
}

# source_tokens WHERE: the words that the program's sources have there.
source_tokens() {
    case $1 in
    habits) sed -nE 's/^ +\[HABIT_[A-Z_]+\] = \{"([a-z-]+)".*/\1/p' "$TOP/src/core/habit.c" | grep -vx none ;;
    reasons) sed -nE 's/^ +\[REASON_[A-Z_]+\] = \{"([a-z-]+)".*/\1/p' "$TOP/src/core/reason.c" ;;
    notes) cat "$TOP"/src/walk/*.c "$TOP"/src/cmd/*.c | tr '\n' ' ' |
        grep -oE '(walk_note|note_once)\([^;"]*"[a-z-]+",' | sed -E 's/.*"([a-z-]+)",/\1/' ;;
    outcomes) grep -oE '\[OUTCOME_[A-Z_]+\] = "[a-z-]+"' "$TOP/src/walk/event.c" | cut -d '"' -f 2 ;;
    esac | sort -u
}

# page_tokens SECTION [END]: the items of the lists in a section of tcpwalk-json(5), or from one line to another.
page_tokens() {
    sed -n "/$1/,/$2/p" "$TOP/man/tcpwalk-json.5" | sed -nE 's/^\.It (Qq )?([a-z-]+)$/\2/p' | sort -u
}

@test "tcpwalk-json(5) has exactly the reasons, habits, notes and outcomes that the sources have" {
    [[ $(source_tokens reasons | wc -l) -gt 30 && $(source_tokens notes | wc -l) -gt 15 ]]
    diff <(source_tokens reasons) <(page_tokens '^.Sh REASONS' '^.Sh HABITS')
    diff <(source_tokens habits) <(page_tokens '^.Sh HABITS' '^.Sh NOTES')
    diff <(source_tokens notes) <(page_tokens '^.Sh NOTES' '^.Sh VERSIONS')
    diff <(source_tokens outcomes) <(page_tokens '^.Ss end' '^.Sh MEASUREMENTS')
}

# found_in FILE...: the names of the findings that these sources of measurements have, and the words for values.
found_in() {
    local all
    all=$(cat "${@/#/$TOP/src/measure/}" | tr '\n' ' ')
    {
        grep -oE '(measure_found|found_span|kinds_found_repeats)\( *[a-z]+, *([a-z]+ \? )?"[a-z0-9-]+"( : "[a-z0-9-]+")?,' <<<"$all" |
            grep -oE '"[a-z0-9-]+"' | sed 's/^/name /'
        # A word, or a choice of some.
        grep -oE '(\.word =|[^a-z_]word\()[^;{}]*' <<<"$all" | sed -E 's/(\}|\)[,;]).*//; s/, "[A-Z].*//' |
            grep -oE '"[a-z0-9-]+"' | sed 's/^/word /'
        grep -oE '\[ISN_[A-Z0-9_]+\] = "[a-z0-9-]+"' <<<"$all" | grep -v ISN_TEST | grep -oE '"[a-z0-9-]+"' |
            sed 's/^/word /'
    } | tr -d '"' | sort -u
}

# told_of NAME: the names and words that tcpwalk-json(5) has for that measurement.
told_of() {
    sed -n '/^.Sh FINDINGS/,/^.Sh CERTAINTY/p' "$TOP/man/tcpwalk-json.5" |
        sed -nE "/^\.Ss ([a-z0-9-]+, )*$1(, [a-z0-9-]+)*\$/,/^\.S[sh]/"'{ s/^\.It ([a-z0-9-]+)$/name \1/p; s/^\.(It )?Qq ([a-z0-9-]+)( .*)?$/word \2/p }' |
        sort -u
}

@test "tcpwalk-json(5) has exactly the findings, and their words, that the sources of each measurement have" {
    local file kind all=()
    found_in measure.c kinds.c >common
    grep -qx 'name stays-open' common
    diff common <(told_of 'every measurement')
    for file in "$TOP"/src/measure/*.c; do
        kind=$(sed -nE 's/^ +\.name = "([a-z0-9-]+)",$/\1/p' "$file" | head -n 1)
        [[ -n $kind ]] || continue
        file=${file##*/}
        all+=("$kind")
        case $kind in
        isn) found_in "$file" isn_words.c ;;
        *) found_in "$file" ;;
        esac >found
        # What can be found by several is told once, for all.
        grep -q '^name ' found
        diff <(comm -23 found common) <(told_of "$kind") || {
            echo "that was $kind"
            return 1
        }
    done
    ((${#all[@]} >= 11))
}

@test "the times and counts of measurements in tcpwalk(8) are those of the sources" {
    local kind max count n=0
    sed -n '/^.Sh MEASUREMENTS/,/^.Ss/p' "$TOP/man/tcpwalk.8" >section
    while read -r kind max count; do
        sed -n "/^\.It Cm $kind\$/,/^At most /p" section >item
        grep -qx "At most $max seconds." item
        [[ $count == 0 ]] || grep -qE "\b$count\b" item
        ((++n))
    done < <(awk '/^const struct measure_kind/ { name = ""; max = count = 0 }
        /^ +\.name = / { split($0, parts, "\""); name = parts[2] }
        /^ +\.max = / { max = $3 == "KINDS_PATIENCE," ? 5 : $3 }
        /^ +\.count = / { count = $3 + 0 }
        /^};/ && name { print name, max, count; name = "" }' "$TOP"/src/measure/*.c)
    ((n == $("$TCPWALK" measure | grep -cE '^  [a-z]') - 1))
}

# readme_block WORDS: the lines below the one that shows this command, up to the next empty line or command.
readme_block() {
    awk -v command="    \$ $1" 'index($0, command) == 1 { inside = 1; next }
        inside && (/^$/ || /^    \$/) { exit }
        inside { sub(/^    /, ""); print }' "$TOP/README.md"
}

start_nginx() {
    mkdir www nginx
    echo '<html><body>All of it.</body></html>' >www/index.html
    cat >nginx.conf <<-CONFIG
	daemon off;
	master_process off;
	user root root;
	pid $SHOWN/nginx/pid;
	error_log stderr;
	events { }
	http {
	    access_log off;
	    client_body_temp_path $SHOWN/nginx/body;
	    proxy_temp_path $SHOWN/nginx/proxy;
	    fastcgi_temp_path $SHOWN/nginx/fastcgi;
	    uwsgi_temp_path $SHOWN/nginx/uwsgi;
	    scgi_temp_path $SHOWN/nginx/scgi;
	    server { listen 80; root $SHOWN/www; }
	    server { listen 8080; location / { proxy_pass http://127.0.0.1:8000; } }
	    server { listen 8081; location / { proxy_pass http://127.0.0.1:8000; } proxy_ignore_client_abort on; }
	}
	CONFIG
    start_server nginx 80 nginx -p "$SHOWN/nginx" -e stderr -c "$SHOWN/nginx.conf"
    # It answers late enough for nginx to have seen the FIN.
    start_server late 8000 python3 -c '
import http.server, sys, time
class Late(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        time.sleep(0.2)
        super().do_GET()
    def __init__(self, *arguments):
        super().__init__(*arguments, directory=sys.argv[1])
http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Late).serve_forever()' "$SHOWN/www"
}

@test "the README: nginx passes with a page of its own and fails as a proxy, in the very words that stand there" {
    net_up
    readme_block 'cat half-closed.walk' >half-closed.walk
    [[ $(grep -vc '^#' half-closed.walk) == 6 ]]
    start_nginx

    tcpwalk run --tap half-closed.walk "$SERVER4" 80
    content
    # Its FIN may have come together with its last byte.
    readme_block 'tcpwalk run --tap half-closed.walk' | diff - <(sed 's/closed by us in three/closed by us in four/' "$SAID")

    tcpwalk run half-closed.walk "$SERVER4" 8080
    status 1
    readme_block 'tcpwalk run half-closed.walk' >shown
    grep '^tcpwalk: ' shown | diff - "$COMPLAINED"
    # Times differ, and with them the width of the last lines; the rest does not.
    diff <(grep -E 'NOT MET|came, and no byte' "$SAID" | sed -E 's/^ +[0-9.]+//') \
        <(grep -v '^tcpwalk: ' shown | grep -E 'NOT MET|came, and no byte' | sed -E 's/^ +[0-9.]+//')
    grep -q 'FIN-WAIT-1   FP. seq 1, ack 1, len 18   -> CLOSE-WAIT' shown
    grep -q 'FIN-WAIT-1   FP. seq 1, ack 1, len 18   -> CLOSE-WAIT' "$SAID"

    tcpwalk run half-closed.walk "$SERVER4" 8081
    content
    keep "$TCPWALK" --dry-run run half-closed.walk
    content
}

@test "the commands of the lab that the README shows are such" {
    local line words n=0
    lab_or_skip
    sed -nE "s/^    (\\$ )?tcpwalk (lab [^#|]*[^ #|]).*/\\2/p" "$TOP/README.md" >commands
    while read -r line; do
        read -ra words <<<"$line"
        # What lasts a minute is another file's business.
        [[ ${words[1]} != measure ]] || words+=(--max 2s)
        keep "${BOUND[@]}" "$TCPWALK" "${words[@]}" --timeout 1s
        [[ $STATUS != 2 && $STATUS != 5 ]]
        ((++n))
    done <commands
    ((n >= 9))
}

@test "what is quoted in the manuals is quoted one by one" {
    # A macro takes the rest of its line: a quotation would hold the next one.
    run grep -nE 'Qq .* Qq ' "$TOP"/man/*.[58] "$TOP"/man/ko/*
    [ "$status" -eq 1 ]
    [ -z "$output" ]
}
