#!/usr/bin/env bats
# A handful of the random walks of `make soak`, and whether the soak would notice. It makes its own networks;
# tests/soak/ has the rules.

load helper

SOAK="$BATS_TEST_DIRNAME/../soak/soak"
KEPT="$BATS_TEST_TMPDIR/kept"

setup_file() {
    net_up # skips where there can be none
    net_down
}

# soak ARGUMENT...: with the tcpwalk that is tested.
soak() {
    "$SOAK" "$TCPWALK" --keep "$KEPT" "$@"
}

# lying SED-SCRIPT: a tcpwalk whose JSON lines are changed so, in $BATS_TEST_TMPDIR/lying.
lying() {
    cat >"$BATS_TEST_TMPDIR/lying" <<END
#!/bin/bash
set -o pipefail
[[ \$1 != lab ]] || exec "$TCPWALK" "\$@"
"$TCPWALK" "\$@" | sed '$1'
END
    chmod +x "$BATS_TEST_TMPDIR/lying"
}

@test "two hundred random walks, and no proven claim that the peer's kernel contradicts" {
    # The same ones each time, so that a failure is the change's and not the dice's. `make soak` draws others.
    run soak --walks 200 --seed 1
    echo "$output"
    [[ $status == 0 ]]
    grep -qE '^200 walks, [0-9]{4} segments, [0-9]{4} answers of the kernel, [0-9]{3,4} proven claims$' <<<"$output"
    grep -q '^0 disagreements with proven claims; 0 walks went wrong$' <<<"$output"
    [[ ! -e $KEPT ]]
}

@test "a walk is drawn from its seed alone" {
    # shellcheck disable=SC2016 # is Python's
    draw() {
        python3 -B -c 'import json, sys; sys.path.insert(0, sys.argv[1]); import draw
for seed in map(int, sys.argv[2:]): print(json.dumps(draw.draw_walk(seed)))' "${SOAK%/*}" "$@"
    }
    [[ $(draw 1 2 3 | tail -n 1) == "$(draw 3)" ]]
    [[ $(draw 3 4 | sort -u | wc -l) == 2 ]]
}

@test "each script that is drawn is one" {
    local seed
    for seed in 1 2 3 4 5 6 7 8 9 10; do
        # shellcheck disable=SC2016 # is Python's
        python3 -B -c 'import sys; sys.path.insert(0, sys.argv[1]); import draw
print(*draw.draw_walk(int(sys.argv[2]))["script"], sep="\n")' "${SOAK%/*}" "$seed" >"$BATS_TEST_TMPDIR/walk"
        "$TCPWALK" --print-script run "$BATS_TEST_TMPDIR/walk" >/dev/null
    done
}

@test "a contradiction that tcpwalk itself tells is a disagreement, is kept, and can be run again" {
    lying 's/"violates":false/"violates":true/'
    run "$SOAK" "$BATS_TEST_TMPDIR/lying" --keep "$KEPT" --walks 3 --seed 1
    echo "$output"
    [[ $status == 1 ]]
    grep -qE "^    kept in $KEPT/[123]; again: .*/soak .*/lying --walks 1 --seed [123] --show" <<<"$output"
    grep -qE '^[1-9][0-9]* disagreements with proven claims; 3 walks went wrong$' <<<"$output"
    "$TCPWALK" --print-script run "$KEPT/2/script.walk" >/dev/null
    jq -e '.seed == 2' "$KEPT/2/drawn.json"
    grep -q '"violates":true' "$KEPT/2/said.jsonl"
    grep -q 'contradicts what it takes as proven' "$KEPT/2/wrong"
}

@test "a proven claim that is false is noticed, also where tcpwalk finds nothing wrong with it" {
    # A SYN-ACK that is taken as a proof of FIN-WAIT-2.
    lying '/"certainty":"proven"/s/"to":\["SYN-RECEIVED"\]/"to":["FIN-WAIT-2"]/'
    run "$SOAK" "$BATS_TEST_TMPDIR/lying" --keep "$KEPT" --walks 6 --seed 1
    echo "$output"
    [[ $status == 1 ]]
    cat "$KEPT"/*/wrong | grep -q "the kernel's .* can't follow \['FIN-WAIT-2'\], proven by syn-acked"
}

@test "a walk that ends in a way of its own is told" {
    # shellcheck disable=SC2016 # is the script's
    printf '#!/bin/sh\n[ "$1" != lab ] || exec "%s" "$@"\necho "it is broken" >&2; exit 99\n' "$TCPWALK" \
        >"$BATS_TEST_TMPDIR/broken"
    chmod +x "$BATS_TEST_TMPDIR/broken"
    run "$SOAK" "$BATS_TEST_TMPDIR/broken" --keep "$KEPT" --walks 2 --seed 1
    [[ $status == 1 ]]
    [[ $(grep -c '^    exit status 99; it complained: it is broken$' <<<"$output") == 2 ]]
}

@test "nothing is left when it is interrupted" {
    local pid children
    set -m # a process group of its own, and SIGINT as it should be
    "$SOAK" "$TCPWALK" --keep "$KEPT" --walks 100000 --at-a-time 4 >"$BATS_TEST_TMPDIR/out" 2>&1 </dev/null 3>&- &
    pid=$!
    set +m
    in_group() {
        ps -eo pgid= | awk -v group="$pid" '$1 == group { n++ } END { exit !(n >= at_least) }' at_least="$1"
    }
    # Itself, and for each world its process, its application, the lab's services and a walk.
    wait_for 20 in_group 14
    kill -INT "$pid"
    children=0
    wait "$pid" || children=$?
    [[ $children == 130 ]]
    none_in_group() { ! in_group 1; }
    wait_for 10 none_in_group
}
