# shellcheck shell=bash
# The checks of the tree, the cheap ones first; all of them run, and all that failed are named at the end.

check() {
    local all=(format layers shell python docs package lint fuzz) name failed=()
    [ $# -gt 0 ] || set -- "${all[@]}"
    if [ $# -eq 1 ]; then
        declare -F "check_$1" >/dev/null || die "there is no check \"$1\"; there are: ${all[*]}"
        deps check
        say "check $1"
        "check_$1"
        return
    fi
    for name in "$@"; do
        ./dev check "$name" || failed+=("$name")
    done
    [ ${#failed[@]} -eq 0 ] || die "failed: ${failed[*]}"
    say "all checks passed: $*"
}

check_format() {
    files_ending .h .cpp | xargs -0 clang-format-19 --dry-run -Werror
}

check_layers() {
    tools/check_layers.py
}

check_shell() {
    local script scripts=(dev .ci/run packaging/debian/*)
    while IFS= read -r -d '' script; do
        scripts+=("$script")
    done < <(files_ending .sh .bash)
    shellcheck --external-sources "${scripts[@]}"
}

check_python() {
    { files_ending .py && printf 'bench/run\0'; } | xargs -0 pyflakes3
}

# Man pages render without a complaint, and links between our documents lead somewhere.
check_docs() {
    local page pages=()
    while IFS= read -r -d '' page; do
        pages+=("$page")
    done < <(files_ending .1 .5 .8)
    [ ${#pages[@]} -eq 0 ] || mandoc -T lint -W warning "${pages[@]}"
    tools/check_links.py
}

check_package() {
    local deb listing
    rm -rf build/package
    package
    deb=$(find build/package -maxdepth 1 -name '*.deb')
    listing=$(dpkg-deb --contents "$deb")
    for path in ./usr/sbin/lamd ./usr/bin/lamctl ./etc/lamd/ ./usr/lib/systemd/system/lamd.service ./usr/share/man/man8/lamd.8; do
        grep -q -- " $path" <<<"$listing" || die "the package has no $path"
    done
    dpkg-deb --info "$deb" >&2
}

# clang-tidy reads each file with the headers as they are, so the directory for it has no precompiled header.
check_lint() {
    configure tidy -DLAMD_BENCH=ON
    run-clang-tidy-19 -quiet -p build/tidy -j "$JOBS" "^$ROOT/(?!build/|cmake/)" >build/tidy/lint.log 2>&1 || {
        grep -E '(warning|error):' -A6 build/tidy/lint.log | head -200 >&2
        die "clang-tidy found what is above; all of it is in build/tidy/lint.log"
    }
}

check_fuzz() {
    if [ -e tests/fuzz/CMakeLists.txt ]; then fuzz "${FUZZ_SECONDS:-60}"; fi
}
