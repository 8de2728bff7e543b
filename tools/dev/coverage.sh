# shellcheck shell=bash
# Coverage: which lines the unit tests run, counted by clang in a build of its own, since both Debians have its llvm-cov.

# coverage [FILE...]: writes docs/coverage.md, and fails where a machine has too little; with files, shows their lines.
coverage() {
    local to=build/coverage tests objects
    build --coverage
    mapfile -t tests < <(find "$to/tests/unit" -type f -executable)
    run_unit_tests "$to/profile" "${tests[@]}"
    llvm-profdata-19 merge --sparse -o "$to/unit.profdata" "$to"/profile/*.profraw
    objects=(--object="$to"/{daemon/lamd,lamctl/lamctl} "${tests[@]/#/--object=}") # what no test is linked with counts, too
    if [ $# -gt 0 ]; then
        llvm-cov-19 show --instr-profile="$to/unit.profdata" "${objects[@]}" --compilation-dir="$ROOT" --sources "$@"
        return
    fi
    llvm-cov-19 export --summary-only --compilation-dir="$ROOT" --instr-profile="$to/unit.profdata" "${objects[@]}" \
        --ignore-filename-regex="^$ROOT/(\./)?(tests|build|tools)/|^/usr/" >"$to/summary.json"
    tools/coverage.py "$to/summary.json" docs/coverage.md >&2 || die "the machines above need tests: ./dev coverage FILE shows the lines"
    say "docs/coverage.md is up to date"
}

# run_unit_tests PROFILES PROGRAM...: each once, with its own counts.
run_unit_tests() {
    local program
    rm -rf "$1"
    for program in "${@:2}"; do
        LLVM_PROFILE_FILE=$ROOT/$1/${program##*/}-%p.profraw "$program" --gtest_brief=1 >&2 || die "$program has failed"
    done
}
