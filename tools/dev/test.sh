# shellcheck shell=bash
# The suite: everything is registered with CTest (unit tests, pytest over real peers, the checks' own tests), runs in
# parallel, and ends with CTest's own summary.

# run_tests [--asan|--tsan|--debug] [--slow] [PATTERN...] [CTEST-OPTION...]: without --slow, what takes minutes is left out.
run_tests() {
    local kind=release chosen selection=() slow=(-LE slow)
    while [ $# -gt 0 ]; do
        chosen=$(kind_of "$1")
        if [ -n "$chosen" ]; then
            kind=$chosen
        elif [ "$1" = --slow ]; then
            slow=()
        elif [[ $1 = -* ]]; then
            break
        else
            selection+=(-R "$1")
        fi
        shift
    done
    build "--$kind"
    prepare_llama
    case $kind in
        asan) export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1 ;;
        tsan) export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 ;;
    esac
    say "running the tests of build/$kind"
    ctest --test-dir "build/$kind" --parallel "$JOBS" --output-on-failure "${slow[@]}" "${selection[@]}" "$@" </dev/null 2>&1 |
        tee "build/$kind/ctest.log"
}

# CTest's summary of the last run in each kind of build, for the end of a long log.
print_summaries() {
    local log
    for log in build/*/ctest.log; do
        [ -e "$log" ] || continue
        printf '\n%s:\n' "${log%/ctest.log}"
        grep -q 'tests passed' "$log" || echo 'the tests did not finish'
        sed -n '/tests passed/,$p' "$log"
    done
}

# A real llama-server where it can be had; else the tests use the small one of tests/support, and say so.
prepare_llama() {
    if tools/llama/get-llama-server.sh >/dev/null; then
        return 0
    fi
    say "no llama-server on this machine (see above): the tests use the server of tests/support instead"
}
