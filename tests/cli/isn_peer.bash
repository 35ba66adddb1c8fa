# For the command-line tests, beside helper: a peer whose initial sequence numbers are made in a known way. What the ways are
# is in tests/stacks/isn_peer.py.
#
#     load helper
#     load isn_peer
#     setup() { net_up; }
#     teardown() { net_down; }
#
#     @test "a clock for all is found" {
#         isn_peer clock 4000
#         run client "$TCPWALK" ... "$SERVER4" 80
#     }

# isn_peer WAY [NUMBER]: it takes the place of the server's kernel at the end of the wire, and answers SYNs to SERVER4 on all
# ports. One that was there before is ended. Its pid is in ISN_PEER.
isn_peer() {
    [[ -z ${ISN_PEER-} ]] || stop "$ISN_PEER"
    server ip address flush dev server0
    start isn_peer server python3 "$BATS_TEST_DIRNAME/../stacks/isn_peer.py" server0 "$SERVER4" "$@"
    ISN_PEER=$STARTED_PID
    wait_for_words isn_peer ready
}
