# shellcheck shell=bash
# The checks of the tree, the cheap ones first; all of them run, and all that failed are named at the end.

check() {
    local all=(format layers shell python docs cppcheck package lint fuzz valgrind) name failed=()
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
    local script scripts=(dev .ci/run tools/valgrind/lamd packaging/debian/{postinst,prerm,postrm})
    while IFS= read -r -d '' script; do
        scripts+=("$script")
    done < <(files_ending .sh .bash)
    shellcheck --external-sources "${scripts[@]}"
    shellcheck --shell=sh packaging/rpm/*
}

check_python() {
    { files_ending .py && printf 'bench/run\0'; } | xargs -0 pyflakes3
}

# Man pages render without a complaint, and links between our documents lead somewhere.
check_docs() {
    local page pages=()
    while IFS= read -r -d '' page; do
        pages+=("$page")
    done < <(files_ending .1 .5 .7 .8)
    [ ${#pages[@]} -eq 0 ] || mandoc -T lint -W warning "${pages[@]}"
    tools/man_of_protocol.py --check
    tools/check_links.py
}

check_package() {
    local deb rpm
    rm -rf build/package
    package
    deb=$(find build/package -maxdepth 1 -name '*.deb')
    rpm=$(find build/package -maxdepth 1 -name '*.rpm')
    has_files "$deb" "$(dpkg-deb --fsys-tarfile "$deb" | tar -t | sed 's#^\.##')"
    has_files "$rpm" "$(rpm -qpl "$rpm")"
    for scriptlet in postinstall preuninstall postuninstall; do
        rpm -qp --scripts "$rpm" | grep "^$scriptlet" >/dev/null || die "the package $rpm has no $scriptlet"
    done
    tools/check_sbom.py build/package/lamd.spdx.json build/release/{daemon/lamd,lamctl/lamctl} >&2
    lintian --fail-on error,warning "$deb" >&2 || die "lintian has found what is above"
    check_units
}

# has_files PACKAGE FILES
has_files() {
    local path
    for path in /usr/sbin/lamd /usr/bin/lamctl /etc/lamd /usr/lib/sysusers.d/lamd.conf /usr/lib/systemd/system/lamd.service \
        /usr/lib/systemd/system/lamd.socket /usr/lib/systemd/system/lamd-online.target \
        /usr/lib/systemd/system/llama-server@.service /usr/share/doc/lamd/examples/llama-server.env \
        /usr/share/doc/lamd/lamd.spdx.json \
        /usr/share/man/man{1/lamctl.1,5/lamd.yaml.5,7/lamd-protocol.7,8/lamd.8}.gz; do
        grep -qx -- "$path/\?" <<<"$2" || die "the package $1 has no $path"
    done
}

# How much of the machine the units leave to what they run (10 is all).
check_units() {
    have systemd-analyze || return 0
    systemd-analyze security --offline=true --no-pager --threshold=15 systemd/units/lamd.service >/dev/null ||
        die "lamd.service is exposed more than 1.5"
    systemd-analyze security --offline=true --no-pager --threshold=20 systemd/units/llama-server@.service >/dev/null ||
        die "llama-server@.service is exposed more than 2.0"
}

# Not among all of them, since it builds everything twice: the same packages from another directory at another time.
check_reproducible() {
    local copy
    package
    copy=$(mktemp -d)
    git archive HEAD | tar -x -C "$copy"
    (cd "$copy" && SOURCE_DATE_EPOCH=$(cd "$ROOT" && source_date) ./dev package)
    for path in build/package/lamd*.{deb,rpm}; do
        cmp "$path" "$copy/$path" || die "another directory makes another ${path##*/}: compare it with the one in $copy/build/package"
    done
    rm -rf "$copy"
}

# clang-tidy reads each file with the headers as they are, so the directory for it has no precompiled header.
check_lint() {
    configure tidy -DLAMD_BENCH=ON
    run-clang-tidy-19 -quiet -p build/tidy -j "$JOBS" "^$ROOT/(?!build/|cmake/)" >build/tidy/lint.log 2>&1 || {
        grep -E '(warning|error):' -A6 build/tidy/lint.log | head -200 >&2
        die "clang-tidy found what is above; all of it is in build/tidy/lint.log"
    }
}

# With one seed: whether a change may land is no matter of luck. `./dev fuzz` is what looks for new findings.
check_fuzz() {
    fuzz "${FUZZ_SECONDS:-15}" "" 1
}
