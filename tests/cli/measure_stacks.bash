# For the command-line tests, beside helper, walks and stacks: measurements of other stacks, several at a time, and what they found
# held against the stack's own word where it gives one.
#
#     load helper
#     load walks
#     load stacks
#     load measure_stacks
#
#     @test "lwIP's TIME-WAIT" {
#         stack_up lwip
#         watch_states
#         begin tw time-wait 9005
#         all_done 200
#         found tw time-wait length '.most - .least < 1'
#         agrees tw time-wait TIME-WAIT
#     }

# The measurements that were begun, and their pids.
declare -gA BEGUN=()

# watch_states: from now on the changes of the stack's states are kept, for agrees().
watch_states() {
    start states server python3 "$STACKS/states.py" "$WITNESS"
    wait_for_words states ready
}

# begin NAME WHAT PORT ARGUMENT...: measures in the background.
begin() {
    local name=$1 what=$2 port=$3
    shift 3
    start "$name" client "${BOUND[@]}" "$TCPWALK" measure "$what" "$PEER4" "$port" "$@" --json
    BEGUN[$name]=$STARTED_PID
}

# all_done SECONDS: waits for all that were begun; so long at most. What they said is as tcpwalk-json(5) has it.
all_done() {
    local name wrong
    for name in "${!BEGUN[@]}"; do
        wait_for "$1" gone "${BEGUN[$name]}" || return
        jq -es 'last.event == "end"' "$(log "$name")" >/dev/null || {
            cat "$(log "$name")"
            return 1
        }
        wrong=$(jq -Rnr -f "$STACKS/../cli/schema.jq" "$(log "$name")") || return
        [[ -z $wrong ]] || {
            echo "$name: $wrong"
            return 1
        }
    done
}

# said NAME MEASURE: what one said, for a test that fails.
said() {
    echo "$1:"
    jq -r --arg measure "$2" 'select(.measure == $measure and .event != "sample") | .text // .outcome' "$(log "$1")"
}

# found NAME MEASURE FINDING FILTER: it has the finding, of which the filter holds.
found() {
    jq -es --arg measure "$2" --arg name "$3" "
        map(select(.event == \"finding\" and .measure == \$measure and .name == \$name))
        | length == 1 and (.[0] | $4)" "$(log "$1")" >/dev/null || {
        echo "$2: the finding $3 is not so: $4"
        said "$1" "$2"
        return 1
    }
}

# came_to NAME MEASURE OUTCOME
came_to() {
    jq -es --arg measure "$2" --arg outcome "$3" '
        any(.[]; .event == "measured" and .measure == $measure and .outcome == $outcome)' "$(log "$1")" >/dev/null || {
        echo "$2 did not come to $3"
        said "$1" "$2"
        return 1
    }
}

# repeated NAME MEASURE FROM TO...: what the peer repeated came so many seconds after the first, each between two of these.
repeated() {
    local name=$1 measure=$2 spans
    shift 2
    spans=$(IFS=,; echo "$*")
    jq -es --arg measure "$measure" --argjson spans "[$spans]" '
        map(select(.event == "sample" and .measure == $measure and .kind == "peer" and has("least")) | .least)
        | length == ($spans | length) / 2
        and all(range(length) as $i | .[$i] >= $spans[2 * $i] and .[$i] <= $spans[2 * $i + 1]; .)' \
        "$(log "$name")" >/dev/null || {
        echo "$measure: it was not repeated between $*"
        said "$name" "$measure"
        return 1
    }
}

# agrees NAME MEASURE STATE [FINDING]: so long as the finding says, the stack had the first connection in that state: it is
# between least and most, or where it did not end no less than least. A tenth of a second is for watching, and for ours.
agrees() {
    local port lasted
    port=$(jq -s --arg measure "$2" 'first(.[] | select(.event == "sample" and .measure == $measure)).port' "$(log "$1")")
    lasted=$(awk -v port="$port" -v state="$3" '
        $3 == port && from { print $1 - from; from = 0; exit }
        $3 == port && $4 == state { from = $1 }' "$(log states)")
    [[ -n $lasted ]] || {
        echo "$STACK did not have port $port in $3 until it ended"
        grep " $port " "$(log states)"
        return 1
    }
    found "$1" "$2" "${4:-length}" ".least <= $lasted + 0.1 and (.most // infinite) >= $lasted - 0.1" || {
        echo "but it was $lasted s in $3, $STACK says"
        return 1
    }
}
