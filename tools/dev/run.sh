# shellcheck shell=bash
# Commands that run what was built: the demonstration, the benchmarks, the fuzzers, chaos, the soak, and a fresh Debian to try it all on.

demo() {
    deps demo
    # Only the programs; a tree that is already configured for the tests stays so.
    if [ -e build/release/CMakeCache.txt ]; then
        configure release
    else
        configure release -DLAMD_TESTS=OFF -DLAMD_BENCH=OFF
    fi
    say "building lamd"
    make_targets release lamd lamctl
    tools/demo.sh build/release "$@"
}

bench() {
    deps bench
    configure release -DLAMD_BENCH=ON
    make_targets release lamd lamd-bench-client lamd-bench-server
    [ -x bench/run ] || die "there are no benchmarks in this tree"
    bench/run "$@"
}

# fuzz [SECONDS [NAME [SEED]]]: all of them, then the findings, each with the fuzzer's own report. The seed is a random one.
fuzz() {
    local seconds=${1:-60} only=${2:-} seed=${3:-0} fuzzer name corpus found=()
    deps check
    configure asan -DLAMD_TESTS=ON
    make_targets asan tests/fuzz/all
    mkdir -p build/fuzz/findings
    for fuzzer in build/asan/tests/fuzz/fuzz_*; do
        if [ -d "$fuzzer" ] || [ ! -x "$fuzzer" ]; then continue; fi
        name=${fuzzer##*/fuzz_}
        [ -z "$only" ] || [ "$only" = "$name" ] || continue
        corpus=build/fuzz/corpus/$name
        mkdir -p "$corpus"
        [ ! -d "tests/fuzz/corpus/$name" ] || cp -n "tests/fuzz/corpus/$name"/* "$corpus"/
        say "fuzzing $name for $seconds s"
        "$fuzzer" -seed="$seed" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
            -artifact_prefix="build/fuzz/findings/$name-" "$corpus" >"build/fuzz/$name.log" 2>&1 || {
            tail -60 "build/fuzz/$name.log" >&2
            found+=("$name")
        }
        grep -E 'number_of_executed_units' "build/fuzz/$name.log" >&2 || true
    done
    [ ${#found[@]} -eq 0 ] || die "these fuzzers have a finding: ${found[*]}; see build/fuzz/findings"
}

# chaos [--seed N] [--seeds N | --hours H] [--seconds S] [--jobs N]: tests/chaos/many.py.
chaos() {
    run_against_lamd tests/chaos/many.py "$@"
}

# soak [--hours H] [--streams N]: tests/soak/soak.py.
soak() {
    run_against_lamd tests/soak/soak.py "$@"
}

run_against_lamd() {
    deps test
    build --release lamd lamctl wire clock_shift
    prepare_llama
    LAMD_BIN=$ROOT/build/release/daemon/lamd LAMCTL_BIN=$ROOT/build/release/lamctl/lamctl \
        WIRE_BIN=$ROOT/build/release/tests/integration/wire \
        CLOCK_SHIFT=$ROOT/build/release/tests/integration/libclock_shift.so /usr/bin/python3 -B "$@"
}

# fresh 12|13 [root|user]: what README promises, on a machine that was booted a moment ago.
fresh() {
    local suite who=${2:-both}
    case ${1:-} in
        12) suite=bookworm ;;
        13) suite=trixie ;;
        *) die "fresh: say which Debian: 12 or 13" ;;
    esac
    [ "$(id -u)" -eq 0 ] || die "fresh: booting a container needs root"
    deps fresh
    tools/lab/fresh.sh "$suite" "$who"
}
