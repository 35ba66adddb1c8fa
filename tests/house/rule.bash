# For the scripts rules-*: a rule is a command that prints what offends against it, one line each.
# They read the tree of the current directory.

number=0
broken=0

# rule NAME COMMAND...: holds when the command prints nothing and succeeds.
rule() {
    local name=$1 offenders status=0
    shift
    offenders=$("$@" 2>&1) || status=$?
    number=$((number + 1))
    if [[ -z $offenders && $status == 0 ]]; then
        echo "ok $number $name"
        return
    fi
    broken=1
    echo "not ok $number $name"
    while IFS= read -r line; do
        echo "#   $line"
    done <<<"$offenders"
    ((status == 0)) || echo "#   (exit status $status)"
}

# skip_rule NAME REASON
skip_rule() {
    number=$((number + 1))
    echo "ok $number $1 # skip $2"
}

# The last line of a script: the plan and the exit status.
rules_end() {
    echo "1..$number"
    exit "$broken"
}

# The C sources below src/; "-name" and the like narrow them down.
sources() {
    find src -type f '(' -name '*.c' -o -name '*.h' ')' "$@" | sort
}

# code FILE...: the files' lines as FILE:LINE:TEXT, without comments and without what is between quotes.
code() {
    awk -f "$(dirname "${BASH_SOURCE[0]}")/code.awk" "$@"
}
