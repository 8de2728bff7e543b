# shellcheck shell=bash
# Configuring and building: one directory per kind of build. The sanitizers are clang's: its thread sanitizer needs no
# change of the kernel's address layout, and the tree meets a second compiler that way. The fuzzers are in build/asan.

# The kind named by an option, or nothing.
kind_of() {
    case $1 in
        --release) echo release ;;
        --debug) echo debug ;;
        --asan) echo asan ;;
        --tsan) echo tsan ;;
        --coverage) echo coverage ;;
    esac
}

options_of() {
    case $1 in
        release) echo -DCMAKE_BUILD_TYPE=RelWithDebInfo ;;
        debug) echo -DCMAKE_BUILD_TYPE=Debug ;;
        asan) echo -DCMAKE_CXX_COMPILER=clang++-19 -DLAMD_BENCH=OFF -DLAMD_FUZZ=ON -DLAMD_SANITIZE=address,undefined ;;
        tsan) echo -DCMAKE_CXX_COMPILER=clang++-19 -DLAMD_BENCH=OFF -DLAMD_SANITIZE=thread ;;
        coverage) echo -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_BUILD_TYPE=Debug -DLAMD_BENCH=OFF -DLAMD_COVERAGE=ON ;;
        tidy) echo -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DLAMD_UNITY=OFF ;;
    esac
}

# configure KIND [OPTION...]: free when there is nothing to do.
configure() {
    local kind=$1 options launcher=()
    shift
    if have ccache && [ -z "${NO_CCACHE:-}" ]; then
        launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    fi
    read -ra options <<<"$(options_of "$kind")"
    mkdir -p "build/$kind"
    if ! cmake -S . -B "build/$kind" -G Ninja "${launcher[@]}" "${options[@]}" "$@" >"build/$kind/configure.log" 2>&1; then
        cat "build/$kind/configure.log" >&2
        die "CMake could not configure build/$kind"
    fi
}

# make_targets KIND [TARGET...]
make_targets() {
    local kind=$1
    shift
    # What ccache needs to be told before it takes results that were made with a precompiled header.
    export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    ninja -C "build/$kind" -j "$JOBS" "$@" >&2
}

build() {
    local kind=release chosen
    while [ $# -gt 0 ]; do
        chosen=$(kind_of "$1")
        [ -n "$chosen" ] || break
        kind=$chosen
        shift
    done
    if [ "$kind" = release ] || [ "$kind" = debug ]; then deps test; else deps check; fi
    configure "$kind" -DLAMD_TESTS=ON
    make_targets "$kind" "$@"
}

# When this commit was made; for an unpacked archive, when its version was.
source_date() {
    git log -1 --format=%ct 2>/dev/null || date +%s -d "$(sed -n 's/^ -- .*>  //p;T;q' packaging/debian/changelog)"
}

# The packages of a build and what is in them, in build/package; nothing of when and where they were made is in them.
package() {
    deps check
    configure release
    make_targets release
    pack build/release build/package
}

# pack BUILD TO
pack() {
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(source_date)} cpack --config "$1/CPackConfig.cmake" -B "$2" >&2
    [ ! -e "$1/packaging/lamd.spdx.json" ] || cp "$1/packaging/lamd.spdx.json" "$2"
    rm -rf "$2/_CPack_Packages"
}

format() {
    deps check
    files_ending .h .cpp | xargs -0 clang-format-19 -i
}
