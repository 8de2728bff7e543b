# shellcheck shell=bash
# What every part of ./dev uses: messages, privilege, the list of source files. Sourced by ./dev, in the repository root.

ROOT=$PWD
JOBS=${JOBS:-$(nproc)}
export ROOT JOBS

say() { printf '%s== %s%s\n' "$bold" "$*" "$plain" >&2; }

die() {
    printf 'dev: %s\n' "$*" >&2
    exit 1
}

if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' plain=$'\e[0m'
else
    bold='' plain=''
fi

have() { command -v "$1" >/dev/null; }

# Runs a command as root; in CI, sudo must not ask.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif ! have sudo; then
        die "packages must be installed, and this user is not root and has no sudo: run \"./dev deps\" as root first"
    elif [ -n "${CI:-}" ]; then
        sudo -n "$@"
    else
        sudo "$@"
    fi
}

debian_release() {
    local VERSION_ID='' ID=''
    # shellcheck disable=SC1091
    [ -r /etc/os-release ] && . /etc/os-release
    echo "$ID$VERSION_ID"
}

# Our files with one of these endings, NUL-separated; no need for git, so that an unpacked archive works too.
files_ending() {
    local ending expression=()
    for ending in "$@"; do
        expression+=(${expression[0]+-o} -name "*$ending")
    done
    find . \( -path ./build -o -path ./.git -o -path ./.cache -o -name __pycache__ \) -prune -o \
        -type f \( "${expression[@]}" \) -print0 | sort -z
}
