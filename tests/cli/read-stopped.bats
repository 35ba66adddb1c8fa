# tcpwalk read, when a signal wants it to end: it reads no further, tells what it has, and dies of the signal.
load helper

CAPTURE="$BATS_TEST_DIRNAME/../read/capture"
CASES="$BATS_TEST_DIRNAME/../read/cases.md"

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    "$CAPTURE" "$CASES" 'opened by three segments and closed by four' case.pcap >expected
    mkfifo pipe
    exec 9<>pipe # so that nobody waits for the other end to be opened
}

# reading ARG...: tcpwalk read, in the background; as from a terminal, no signal is ignored
reading() {
    env --default-signal=INT,TERM,HUP timeout --foreground 60 "$TCPWALK" read "$@" <&0 >said 2>complaints 9>&- 3>&- &
    READER=$!
}

# Nothing is left in the pipe.
is_empty() {
    python3 -c 'import fcntl, struct, sys, termios
sys.exit(struct.unpack("i", fcntl.ioctl(9, termios.FIONREAD, bytes(4)))[0] != 0)'
}

# tcpwalk itself, which timeout has started
reader() {
    pgrep -P "$READER"
}

# ends_by SIGNAL NUMBER: a shell sees that it died of it
ends_by() {
    status=0
    wait "$READER" || status=$?
    cat said complaints
    [ "$status" -eq $((128 + $2)) ]
    grep -x 'tcpwalk: interrupted.*' complaints
}

@test "what has come through a pipe is told, though no end has come" {
    cat case.pcap >&9
    reading - <pipe
    wait_for 20 is_empty
    kill -INT "$(reader)"
    ends_by INT 2
    grep '^1 connection, 9 segments$' said
    cat case.pcap >&9
    reading --json pipe
    wait_for 20 is_empty
    kill -TERM "$(reader)"
    ends_by TERM 15
    jq -es '.[-1] | .event == "summary" and .packets == 9 and .status == 5' said
    # Compressed, and as a ladder.
    gzip -c case.pcap >&9
    reading --connection 1 pipe
    wait_for 20 is_empty
    kill -HUP "$(reader)"
    ends_by HUP 1
    grep 'A proven: it sent a SYN without ACK' said
    grep '^1 connection, 9 segments$' said
}

@test "what is on its way through the pipe counts: who writes it may have got the signal too" {
    head -c 400 case.pcap >&9
    reading - <pipe
    wait_for 20 is_empty
    kill -STOP "$(reader)"
    tail -c +401 case.pcap >&9
    kill -INT "$(reader)"
    kill -CONT "$(reader)"
    ends_by INT 2
    grep '^1 connection, 9 segments$' said
}

@test "nothing has come, not even a header" {
    reading pipe
    wait_for 20 eval 'ls -l /proc/$(reader)/fd | grep -q pipe$'
    kill -INT "$(reader)"
    ends_by INT 2
    [ ! -s said ]
}

@test "a file is not read to its end" {
    # The signal waits for it since before it began.
    cat >interrupted <<'PY'
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
os.kill(os.getpid(), signal.SIGTERM)
os.execv(sys.argv[1], sys.argv[1:])
PY
    for kind in case.pcap case.pcapng; do
        [ -e $kind ] || "$TCPWALK" read -q --write $kind case.pcap
        for filter in '' udp; do
            run python3 interrupted "$TCPWALK" read ${filter:+--filter $filter} $kind $kind
            echo "$output"
            [ "$status" -eq 143 ]
            [[ $output == *"0 connections, 0 segments"* ]]
            [[ $output == *"interrupted; 1 more file was not read"* ]]
        done
    done
}
