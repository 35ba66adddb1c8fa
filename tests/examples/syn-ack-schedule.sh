#!/bin/bash
# When does a server repeat its SYN-ACK, if nobody answers it? A loop around tcpwalk, which runs beside this script and does
# one step at a time: we write a step, it writes events.
#
# usage: syn-ack-schedule.sh TIMES HOST PORT...     (what follows TIMES goes to tcpwalk step; TCPWALK names the program)
set -eu
times=$1
shift

# "lab step" must come first on the command line.
coproc WALK { exec ${TCPWALK:-tcpwalk} step --json "$@"; }
pid=$WALK_PID to=${WALK[1]} from=${WALK[0]}

# step WORDS: does it, and leaves the event that says how it went in $event.
step() {
    printf '%s\n' "$*" >&"$to"
    while read -r event <&"$from"; do
        [[ $event == '{"event":"step"'* ]] && return
    done
    echo "tcpwalk has ended" >&2
    exit 1
}

ok() { [[ $(jq .ok <<<"$event") == true ]]; }

step syn
step 'expect S. ack=+1'
ok || {
    jq -r .why <<<"$event"
    exit 1
}
first=$(jq .t <<<"$event")
for ((i = 1; i <= times; i++)); do
    step 'expect S. within 40s'
    ok || break # it has given up
    jq -r --argjson first "$first" '"repeated after \(.t - $first) s"' <<<"$event"
done
exec {to}>&- # no more steps: it resets what is open, and ends
wait "$pid"
