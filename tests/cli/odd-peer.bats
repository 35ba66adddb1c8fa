#!/usr/bin/env bats
# Peers that answer nonsense: see odd-peer for what each does. None of it may crash, hang or fool a walk.

load helper
load walks

setup() {
    net_up
    # The server's kernel is deaf on that port; what hears frames is not.
    server nft 'table inet deaf {
        chain in { type filter hook input priority 0; tcp dport 7777 drop; }
    }'
}

teardown() {
    if [[ -z ${BATS_TEST_COMPLETED-} && -e $(log odd) ]]; then
        echo "the odd peer heard:"
        head -n 40 "$(log odd)"
    fi
    tell_failure
    net_down
}

# odd WAY ARGUMENT...: walks to a peer that behaves so, as JSON lines.
odd() {
    local way=$1
    shift
    start odd server python3 "$BATS_TEST_DIRNAME/odd-peer" "$way"
    wait_for_words odd ready
    tell "$@" --rto 200ms --retries 3 --timeout 2s --linger 100ms
}

# heard PATTERN: the odd peer heard such a segment: flags, seq, ack, length.
heard() {
    grep -qE -e "$1" "$(log odd)" || {
        echo "it did not hear: $1"
        return 1
    }
}

closed() {
    content
    ended 'outcome == "closed" and .peer_end == "fin"'
}

@test "the odd peer can be ordinary" {
    odd thrice open "$SERVER4" 7777
    status 0
    stop "$STARTED_PID"
}

@test "a SYN-ACK that acknowledges something else draws a RST with that number, and opens nothing" {
    odd wrong-ack open "$SERVER4" 7777 --isn 1000
    status 3
    complaint 'no.answer.*never sent'
    noted wrong-ack
    ended 'outcome == "no-answer" and .peer == ["LISTEN"]'
    heard '^R 1002 0 0$'
    [[ $(ours) != *ESTABLISHED* ]]
}

@test "a SYN-ACK that acknowledges something else changes nothing: the right one opens" {
    odd wrong-ack-first close "$SERVER6" 7777
    closed
    noted wrong-ack
    claimed 'proven SYN-RECEIVED syn-acked' 'presumed ESTABLISHED ack-sent'
}

@test "a second SYN-ACK with another initial number does not replace the first" {
    odd other-isn close "$SERVER4" 7777
    closed
    noted other-isn
    whole 'all(.[]; .event != "segment" or .dir == "in" or .ack == null or (.ack >= 5001 and .ack <= 5002))'
}

@test "a RST with data refuses as one without" {
    odd rst-with-data open "$SERVER6" 7777
    status 4
    complaint 'refused'
    ended 'outcome == "refused" and .bytes.in == 0'
}

@test "a RST with data resets" {
    odd rst-with-data-later close "$SERVER4" 7777
    status 4
    complaint 'reset'
    ended 'outcome == "reset" and .bytes.in == 0 and .peer_end == "rst"'
}

@test "a RST that is not exact ends nothing, and is asked about" {
    odd rst-inexact close "$SERVER4" 7777 --delay 300ms
    closed
    noted rst-doubted
    [[ $(grep -c '^\. ' "$(log odd)") -ge 2 ]]
}

@test "a RST that acknowledges something else does not refuse" {
    odd rst-wrong-ack close "$SERVER6" 7777
    closed
}

@test "options cut short are read up to the cut" {
    odd options-cut close "$SERVER4" 7777
    closed
    noted bad-options
    whole 'any(.[]; .event == "segment" and .dir == "in" and .options.mss == 1460 and .options.malformed
        and (.options | has("tsval") | not))'
}

@test "an option of length 0 ends the options" {
    odd options-zero close "$SERVER6" 7777
    closed
    noted bad-options
}

@test "sixty bytes of header, the options being dice: twenty walks" {
    local isn
    start odd server python3 "$BATS_TEST_DIRNAME/odd-peer" garbage
    wait_for_words odd ready
    for ((isn = 0; isn < 20; isn++)); do
        tell close "$SERVER4" 7777 --isn "$isn" --rto 100ms --retries 2 --timeout 1s --linger 0
        # Timestamps may be among the dice, and then the rest looks old.
        # shellcheck disable=SC2153 # it is the helper's
        case $STATUS in
        0) ended 'outcome == "closed"' ;;
        3) complaint 'no.answer|half-closed' ;;
        *) return 1 ;;
        esac
    done
}

@test "a header that ends too early, or beyond the segment, is told and ignored" {
    odd header-short close "$SERVER4" 7777
    closed
    noted oddity
}

@test "segments that are cut off are told and ignored" {
    odd cut-off close "$SERVER6" 7777
    closed
    noted oddity
}

@test "a SYN-ACK in fragments is told; the next whole one opens" {
    odd fragments close "$SERVER4" 7777
    closed
    noted oddity
}

@test "nothing but fragments is no answer" {
    odd only-fragments open "$SERVER4" 7777
    status 3
    complaint 'no.answer'
    noted oddity
}

@test "split handshake: a SYN without ACK answers ours" {
    odd split-handshake close "$SERVER4" 7777
    closed
    noted simultaneous-open
    [[ $(ours) == 'SYN-SENT SYN-RECEIVED ESTABLISHED FIN-WAIT-1 TIME-WAIT' ]]
    heard '^S\. '
    ended 'history | startswith("SsHa")'
}

@test "simultaneous open: the SYNs cross" {
    odd simultaneous-open close "$SERVER6" 7777
    closed
    noted simultaneous-open
    [[ $(ours) == 'SYN-SENT SYN-RECEIVED ESTABLISHED FIN-WAIT-1 TIME-WAIT' ]]
}

@test "a SYN that crosses ours and is never followed is no open" {
    odd crossing-never-acknowledged open "$SERVER4" 7777
    status 3
    complaint 'crossed'
    ended 'outcome == "no-answer"'
    heard '^R'
}

@test "an ACK without a SYN opens nothing" {
    odd ack-without-syn close "$SERVER4" 7777
    closed
    whole 'map(select(.event == "segment" and .dir == "in"))[0].flags == "."'
    ended 'segments.retransmitted == 1'
}

@test "data in the SYN-ACK" {
    odd data-with-syn-ack close "$SERVER4" 7777
    closed
    ended 'bytes.in == 5'
}

@test "segments without flags, with all, and SYN with FIN among the ordinary" {
    odd no-flags close "$SERVER6" 7777
    closed
}

@test "every answer three times is one answer" {
    odd thrice close "$SERVER4" 7777 --send x
    closed
    unnoted accept-queue-full
    unnoted other-isn
    ended 'segments.peer_retransmitted >= 2'
}

@test "an ACK of what was never sent is ignored" {
    odd future-ack close "$SERVER4" 7777
    closed
    noted wrong-ack
}

@test "a window of nothing is probed, and given up" {
    odd zero-window walk "$SERVER4" 7777 --send hello
    status 3
    complaint 'no.answer'
    heard '^P?\. [0-9]+ [0-9]+ 1$'
    heard '^R'
}

@test "the FINs cross: closed by both" {
    odd crossing-fin close "$SERVER4" 7777
    closed
    noted simultaneous-close
    [[ $(ours) == 'SYN-SENT ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT' ]]
    ended 'closer == "both"'
}

@test "a capture that loses says so" {
    start odd server python3 "$BATS_TEST_DIRNAME/odd-peer" flood
    wait_for_words odd ready
    start walk client "$TCPWALK" open --json --delay 2s --timeout 5s "$SERVER4" 7777
    wait_for_words walk '"ESTABLISHED"'
    # It can't take anything out of the ring while it is stopped.
    kill -STOP "$STARTED_PID"
    wait_for_words odd flooding
    wait_for 30 grep -q flooded "$(log odd)"
    kill -CONT "$STARTED_PID"
    outlast walk "$STARTED_PID"
    content
    well_formed
    noted capture-lost
}
