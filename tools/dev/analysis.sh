# shellcheck shell=bash
# The checks that read the code more closely than a compiler, or watch it run: cppcheck, valgrind, the sanitizers. What CI
# runs of them is chosen by time: docs/testing.md.

# Beside clang-tidy for its own view of lifetimes and values: seconds, and fewer where little changed. The tests are left
# out, since Debian 12's stumbles over literals such as 10s; to it, co_return does not leave a function.
check_cppcheck() {
    local folders=(base config api tunnel transport supervisor worker gateway systemd daemon lamctl)
    mkdir -p build/cppcheck
    cppcheck --quiet -j "$JOBS" --cppcheck-build-dir=build/cppcheck --error-exitcode=1 \
        --std=c++20 --language=c++ -Dco_return=return --enable=warning,performance,portability -I . \
        --suppressions-list=tools/cppcheck.suppressions "${folders[@]}"
}

# The tunnel speaks to a C library through its own memory, so it is also watched by memcheck, which sees into libraries:
# its unit tests, and lamd itself with a real sshd. `./dev check valgrind` runs those that CI can afford, and
# `VALGRIND_TESTS=PATTERN ./dev check valgrind` any others of tests/integration (as pytest's -k).
check_valgrind() {
    local logs=build/valgrind under=tools/valgrind/lamd
    build --release lamd lamctl peer test_tunnel
    rm -rf "$logs"
    mkdir -p "$logs"
    export VALGRIND_LOGS=$ROOT/$logs
    say "the unit tests of tunnel/ under valgrind"
    LAMD_UNDER_VALGRIND=build/release/tests/unit/tunnel/test_tunnel "$under" --gtest_brief=1 >&2 || found_by_valgrind
    say "lamd with a real sshd under valgrind"
    integration_under_valgrind "${VALGRIND_TESTS:-$valgrind_tests}" >&2 || found_by_valgrind
    [ -z "$(find "$logs" -type f -size +0)" ] || found_by_valgrind # also of those that a test has killed
}

# One of each: logging in, every kind of forward, refusals, host keys, keys, a session that is replaced, the end.
valgrind_tests="carries or reconnect_on_request or stopping_says or refuses_its_channel or every_form_of_a_key or agent_holds
    or changed_key_is_denied or busy_port or crashed_lamd"

integration_under_valgrind() {
    local build=$ROOT/build/release
    (
        cd tests/integration || exit
        LAMD_BIN=$ROOT/tools/valgrind/lamd LAMD_UNDER_VALGRIND=$build/daemon/lamd LAMD_SANITIZE=valgrind \
            LAMCTL_BIN=$build/lamctl/lamctl PEER_BIN=$build/tests/integration/peer \
            /usr/bin/python3 -B -m pytest -q -m "not slow and not root" -k "$(tr -s '\n ' ' ' <<<"$1")" test_tunnel_*.py
    )
}

found_by_valgrind() {
    find build/valgrind -type f -size +0 -exec head -60 {} + >&2
    die "valgrind, or a test under it, found what is above"
}

# The unit tests of all folders under address and undefined-behaviour sanitizers, in the build that the fuzzers have made.
# Too long for CI; so are the integration tests under them, and all of it under the thread sanitizer: `./dev test --asan`,
# `./dev test --tsan`.
check_sanitizers() {
    run_tests --asan --unit
}
