# shellcheck shell=bash
# The suite: everything is registered with CTest (unit tests, pytest over real peers, the checks' own tests), runs in
# parallel, and ends with CTest's own summary.

# run_tests [--asan|--tsan|--debug] [--slow|--unit] [PATTERN...] [CTEST-OPTION...]: without --slow, what takes minutes is
# left out; with --unit, all that has peers.
run_tests() {
    local kind=release chosen selection=() slow=(-LE slow)
    while [ $# -gt 0 ]; do
        chosen=$(kind_of "$1")
        if [ -n "$chosen" ]; then
            kind=$chosen
        elif [ "$1" = --slow ]; then
            slow=()
        elif [ "$1" = --unit ]; then
            slow=(-LE 'slow|integration|system')
        elif [[ $1 = -* ]]; then
            break
        else
            selection+=(-R "$1")
        fi
        shift
    done
    build "--$kind"
    prepare_llama
    prepare_browser
    prepare_sdks
    case $kind in
        asan) export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1 ;;
        tsan) export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 ;;
    esac
    say "running the tests of build/$kind"
    ctest --test-dir "build/$kind" --parallel "$JOBS" --output-on-failure "${slow[@]}" "${selection[@]}" "$@" </dev/null 2>&1 |
        tee "build/$kind/ctest.log"
}

# CTest's summary of the last run in each kind of build, for the end of a long log; before it, what pytest and GoogleTest say of failures.
print_summaries() {
    local log
    for log in build/*/ctest.log; do
        [ -e "$log" ] || continue
        printf '\n%s:\n' "${log%/ctest.log}"
        grep -q 'tests passed' "$log" || echo 'the tests did not finish'
        grep -E '^(E  |FAILED|.*: Failure$)' "$log" | cut -c1-300 | head -40 || true
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

# A headless Chromium for the tests of the pages; without it they are skipped.
prepare_browser() {
    (deps browser) || say "no browser on this machine (see above): the tests of the pages are skipped"
}

# The SDKs and the MQTT client that people use, at the versions of the lock file, from wherever npm is configured to fetch; nothing of them is
# executed. A node that is not Debian's serves as well. Without them their tests are skipped.
prepare_sdks() {
    local from=tests/integration/sdk to=build/node
    have npm || (deps node) || true
    mkdir -p "$to"
    if [ -e "$to/fetched" ] && cmp -s "$from/package-lock.json" "$to/fetched"; then
        return 0
    fi
    cp "$from"/package.json "$from"/package-lock.json "$to"
    if have npm && timeout 300 npm ci --prefix "$to" --ignore-scripts --no-audit --no-fund --fetch-retries=1 \
        --fetch-timeout=30000 >"$to/npm.log" 2>&1; then
        cp "$to/package-lock.json" "$to/fetched"
    else
        say "the SDKs cannot be fetched (build/node/npm.log): their tests are skipped"
    fi
}
