#!/usr/bin/env bats
# Installing, and taking away again, the program with its manuals and completions.

load helper
load walks

setup() {
    TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    TARGET=$BATS_TEST_TMPDIR/target
    # The build as delivered is there already; without make's own variables, which an outer one may have set.
    MAKE=(env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s -C "$TOP" "DESTDIR=$TARGET" PREFIX=/usr)
}

teardown() {
    tell_failure
}

installed() {
    (cd "$TARGET" && find . -type f | LC_ALL=C sort)
}

@test "install puts exactly these files there, and uninstall takes them away" {
    "${MAKE[@]}" install
    [[ "$(installed)" == "./usr/bin/tcpwalk
./usr/share/bash-completion/completions/tcpwalk
./usr/share/fish/vendor_completions.d/tcpwalk.fish
./usr/share/man/man5/tcpwalk-json.5
./usr/share/man/man8/tcpwalk.8
./usr/share/zsh/site-functions/_tcpwalk" ]]
    [[ $(stat -c %a "$TARGET/usr/bin/tcpwalk") == 755 ]]
    [[ $(stat -c %a "$TARGET/usr/share/man/man8/tcpwalk.8") == 644 ]]
    # A second time is no harm.
    "${MAKE[@]}" install
    touch "$TARGET/usr/bin/other"
    "${MAKE[@]}" uninstall
    [[ "$(installed)" == ./usr/bin/other ]]
    "${MAKE[@]}" uninstall
}

@test "another prefix" {
    "${MAKE[@]}" install PREFIX=/opt/walk
    [[ -x $TARGET/opt/walk/bin/tcpwalk && -e $TARGET/opt/walk/share/man/man8/tcpwalk.8 ]]
    "${MAKE[@]}" uninstall PREFIX=/opt/walk
    [[ -z $(installed) ]]
}

@test "what is installed runs" {
    "${MAKE[@]}" install
    keep "$TARGET/usr/bin/tcpwalk" --version
    content
    grep -q '^tcpwalk ' "$SAID"
    "$TARGET/usr/bin/tcpwalk" lab close -q --linger 0 echo || skip "no lab here"
}

@test "the manuals are found, and describe every option, command and status" {
    command -v mandoc >/dev/null || skip "there is no mandoc"
    "${MAKE[@]}" install
    local page word
    page=$BATS_TEST_TMPDIR/page
    mandoc -T utf8 "$TARGET/usr/share/man/man8/tcpwalk.8" | sed 's/.\x08//g' >"$page"
    grep -q 'TCPWALK(8)' "$page"
    mandoc -T utf8 "$TARGET/usr/share/man/man5/tcpwalk-json.5" | sed 's/.\x08//g' | grep -q 'TCPWALK-JSON(5)'
    for word in $("$TCPWALK" --help | grep -oE -- '--[a-z0-9-]+' | sort -u); do
        grep -qF -- "$word" "$page" || {
            echo "not in the manual: $word"
            return 1
        }
    done
    for word in $("$TCPWALK" --help | sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p') \
        $("$TCPWALK" lab | awk '$2 ~ /^[0-9]+$/ { print $1 }'); do
        grep -qF -- "$word" "$page" || {
            echo "not in the manual: $word"
            return 1
        }
    done
}

# completed WORD...: what bash completes on this line, the last word being the one to be completed.
completed() {
    (
        # shellcheck disable=SC1090 # it is made by the build
        . "$TARGET/usr/share/bash-completion/completions/tcpwalk"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMPREPLY=()
        _tcpwalk
        printf '%s\n' "${COMPREPLY[@]}"
    )
}

@test "the completion for bash completes" {
    local word
    "${MAKE[@]}" install
    bash -n "$TARGET/usr/share/bash-completion/completions/tcpwalk"
    bash -c '. "$1"; complete -p tcpwalk' bash "$TARGET/usr/share/bash-completion/completions/tcpwalk" | grep -q _tcpwalk
    completed tcpwalk ha | grep -qx half-close
    completed tcpwalk --verify- | grep -qx -- --verify-netns
    for word in $("$TCPWALK" --help | grep -oE -- '--[a-z0-9-]+' | sort -u); do
        completed tcpwalk -- | grep -qx -e "$word" || {
            echo "not completed: $word"
            return 1
        }
    done
    completed tcpwalk completion f | grep -qx fish
    completed tcpwalk --interface l | grep -qx lo
}

@test "the completions for zsh and fish are read by these shells" {
    "${MAKE[@]}" install
    head -n 1 "$TARGET/usr/share/zsh/site-functions/_tcpwalk" | grep -q '^#compdef tcpwalk'
    grep -q 'complete -c tcpwalk' "$TARGET/usr/share/fish/vendor_completions.d/tcpwalk.fish"
    # Where they are not installed, the first line is all that can be looked at.
    ! command -v zsh >/dev/null || zsh -n "$TARGET/usr/share/zsh/site-functions/_tcpwalk"
    ! command -v fish >/dev/null || fish -n "$TARGET/usr/share/fish/vendor_completions.d/tcpwalk.fish"
}

@test "completion of a shell that there is not" {
    keep "$TCPWALK" completion tcsh
    status 2
    complaint 'bash'
    keep "$TCPWALK" completion
    status 2
    complaint 'bash'
    local shell
    for shell in bash zsh fish; do
        keep "$TCPWALK" completion "$shell"
        content
        [[ $(wc -l <"$SAID") -gt 5 ]]
    done
}

@test "the installed program, granted CAP_NET_RAW, walks for a plain user" {
    [[ $(id -u) == 0 ]] || skip "only root can grant a capability to a file"
    # Where everybody may go; the tests' own directories are root's.
    TARGET=$(mktemp -d)
    chmod 755 "$TARGET"
    MAKE=(env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s -C "$TOP" "DESTDIR=$TARGET" PREFIX=/usr)
    "${MAKE[@]}" install
    if ! "${MAKE[@]}" setcap; then
        rm -rf "$TARGET"
        skip "this file system keeps no capabilities"
    fi
    [[ $(getcap "$TARGET/usr/bin/tcpwalk") == *cap_net_raw=ep ]]
    net_up
    start_echo
    # A copy is granted nothing.
    cp "$TARGET/usr/bin/tcpwalk" "$TARGET/copy"
    keep client setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$TARGET/copy" open "$SERVER4" 7
    status 5
    complaint CAP_NET_RAW
    keep client setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
        "$TARGET/usr/bin/tcpwalk" close --linger 0 --json "$SERVER4" 7
    rm -rf "$TARGET"
    content
    well_formed
    ended 'outcome == "closed"'
    net_down
}
