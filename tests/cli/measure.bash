# For the tests of `tcpwalk measure`, beside helper and walks: the lab's servers on the server, a watcher who notes what its
# kernel says of each connection, and what was measured held against that.
#
#     load helper
#     load walks
#     load measure
#     setup_file() { measure_up; }
#     setup() { server sysctl -q net.ipv4.tcp_fin_timeout=3; }
#     teardown() { tell_failure; }
#     teardown_file() { net_down; }
#
#     @test "FIN-WAIT-2 lasts" {
#         measuring a fin-wait-2 "$SERVER4" 9005
#         measured a
#         agrees fin-wait-2 length FIN-WAIT-2 1
#     }

# shellcheck disable=SC2034 # KEPT and STATUS are for walks.bash

# The lab's ports.
ECHO=7 DISCARD=9 RESETS=9001 UNREAD=9002 NEVER_CLOSES=9003 CLOSES_LATE=9004 CLOSES_FIRST=9005 QUEUE_FULL=9006
DEFERRED=9007 COOKIES=9008 REFUSED=9009 SHUTS_DOWN=9013
export ECHO DISCARD RESETS UNREAD NEVER_CLOSES CLOSES_LATE CLOSES_FIRST QUEUE_FULL DEFERRED COOKIES REFUSED SHUTS_DOWN

# measure_up [PORT...]: the machines, the lab's servers, and a watcher of these ports beside the lab's.
measure_up() {
    net_up
    start serve server "$TCPWALK" lab serve all
    wait_for_words serve ready
    start watch server "${BASH_SOURCE%/*}/watcher" "$ECHO" "$DISCARD" "$RESETS" "$UNREAD" "$NEVER_CLOSES" \
        "$CLOSES_LATE" "$CLOSES_FIRST" "$QUEUE_FULL" "$DEFERRED" "$COOKIES" "$SHUTS_DOWN" "$@"
    WATCHED=$(log watch)
    export WATCHED
    wait_for_words watch ready
}

# measuring NAME WHAT HOST PORT [OPTION...]: in the background; its pid is in PID_NAME.
measuring() {
    local name=$1
    shift
    start "$name" client timeout -k 2 280 "$TCPWALK" measure --json "$@"
    declare -g "PID_$name=$STARTED_PID"
}

# measured NAME [SECONDS]: waits until that has ended; STATUS, SAID and COMPLAINED are then its.
measured() {
    local pid="PID_$1"
    KEPT="the measurement $1"
    STATUS=0
    wait_for "${2:-30}" gone "${!pid}" || return
    wait "${!pid}" || STATUS=$?
    grep -v '^tcpwalk: ' "$(log "$1")" >"$SAID" || true
    grep '^tcpwalk: ' "$(log "$1")" >"$COMPLAINED" || true
    well_formed
}

# measure WHAT HOST PORT [OPTION...]: in the foreground.
measure() {
    tcpwalk measure --json "$@"
    well_formed
}

# came MEASURE OUTCOME: so it ended.
came() {
    whole "any(.[]; .event == \"measured\" and .measure == \"$1\" and .outcome == \"$2\")"
}

# found MEASURE NAME FILTER: there is one such finding, of which the filter holds; it begins with one of its fields.
found() {
    whole "map(select(.event == \"finding\" and .measure == \"$1\" and .name == \"$2\")) | length == 1 and (.[0] | .$3)"
}

# unfound MEASURE NAME: there is no such finding.
unfound() {
    whole "all(.[]; .event != \"finding\" or .measure != \"$1\" or .name != \"$2\")"
}

# client_port MEASURE: the port of the last measurement's first connection that has samples.
client_port() {
    jq -s "map(select(.event == \"sample\" and .measure == \"$1\"))[0].port" "$SAID"
}

# shellcheck disable=SC2016 # jq's own variables
AGREES='
    ($said | map(select(.event == "finding" and .measure == $measure and .name == $name)) | .[0] // {}) as $found
    | ($watched | map(select(.port == $port and has("to")))) as $changes
    | ($said | map(select(.event == "start").time) | .[0] | (.[:19] + "Z" | fromdate) + (.[19:-1] | tonumber)) as $start
    | ($said | map(select(.event == "sample" and .measure == $measure)) | .[0].connection) as $connection
    | ($said | map(select(.event == "stay" and .connection == $connection and .state == $state).from) | .[0] // 0) as $from
    | ($changes | map(.to == $state and .before > $start + $from - $clocks) | index(true)) as $at
    | if $at == null then "the kernel never had port \($port) in \($state) since then" else
        $changes[$at] as $entered
        | $changes[$at + 1] as $left
        | (if $left then $left.after - $entered.before else $now - $entered.before end) as $least
        | (if $left then $left.before - $entered.after else infinite end) as $most
        | "\($measure) \($name): \($state) by its kernel \($least) to \(if $left then $most else "?" end), measured \($found.least) to \($found.most // "?")" as $words
        | if $found == {} and $wide < 0 then "agrees: nothing is stated of \($state)"
          elif ($found | has("least") | not) then "no span: \($found)"
          elif $found.least > $most or $found.most != null and $found.most < $least then "FALSE: \($words)"
          elif $wide >= 0 and ($found.most == null or $found.most - $found.least > $wide) then "too wide: \($words)"
          else "agrees: \($words)" end
      end'

# agrees MEASURE NAME STATE WIDE: the finding is a span in which there is the length that the state had by the server's kernel, as
# far as the watcher could see it; and no wider than so many seconds. Where WIDE is -1 it
# may be of any width, a lower bound, or nothing. Where the kernel had the port in that state several times (a copy of a SYN
# that asks for the end of SYN-RECEIVED begins it anew when it had ended), the first after the stay is said to have begun counts.
agrees() {
    local port answer
    port=$(client_port "$1") || return
    [[ $port != null || $4 != -1 ]] || return 0
    wait_for 5 left_state "$port" "$3" "$4" || return
    answer=$(jq -nr --slurpfile said "$SAID" --slurpfile watched <(grep '^{' "$WATCHED") --arg measure "$1" \
        --arg name "$2" --arg state "$3" --argjson port "$port" --argjson wide "$4" --argjson now "$EPOCHREALTIME" \
        --argjson clocks 0.02 "$AGREES") || return
    echo "$answer"
    [[ $answer == agrees:* ]]
}

# left_state PORT STATE WIDE: the watcher has seen the end of it, if it is to have ended.
left_state() {
    [[ $3 == -1 ]] || grep -q "\"port\": $1, \"from\": \"$2\"" "$WATCHED"
}

# left_alone PORT: of the connections of the last measurement, the server's kernel has none left but in TIME-WAIT, or in a
# state that the words after the port name (for what a timer ends).
left_alone() {
    local states=TIME-WAIT
    [[ $# == 1 ]] || states+="|$2"
    wait_for 3 only_in "$1" "$states"
}

only_in() {
    ! sockets "$1" | grep -F -e "$CLIENT4" -e "$CLIENT6" | grep -qvE "^($2) "
}

# mark: from here on kernel_saw looks.
mark() {
    MARK=$(wc -l <"$WATCHED")
}

# kernel_saw SERVICE: the states that the server's kernel gave the latest connection to this port since the mark, in a line.
kernel_saw() {
    tail -n "+$((MARK + 1))" "$WATCHED" | jq -rs --argjson service "$1" '
        map(select(.service == $service and has("to"))) | (last.port) as $port
        | map(select(.port == $port).to // "CLOSED") | join(" ")'
}
