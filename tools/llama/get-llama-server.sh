#!/bin/bash
# get-llama-server.sh [DIR]: a real llama-server (llama.cpp, as Debian packages it) and two tiny models, for tests and the demo.
#
# Prints DIR (default: lamd/llama in the user's cache), which then holds `llama-server`, `tiny.gguf` and `slow.gguf`. The packages come
# from Debian sid through the mirror that this machine's apt uses, are unpacked into DIR, and run with their own loader and
# libraries, so the system stays as it is. Needs apt, dpkg and Debian's archive keyring, and no root; 25 MB are fetched.
# A second call is free. Fails, with the reason, where it cannot be had. MIRROR=url overrides the mirror.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
dir=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/lamd/llama}

fail() {
    echo "get-llama-server: $*" >&2
    exit 1
}

# The mirror of this machine's own apt.
find_mirror() {
    # shellcheck disable=SC2016 # $(SITE) is apt's
    apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Component: main' | head -1
}

find_keyring() {
    local ending
    for ending in gpg pgp; do
        if [ -r "/usr/share/keyrings/debian-archive-keyring.$ending" ]; then
            echo "/usr/share/keyrings/debian-archive-keyring.$ending"
            return
        fi
    done
    fail "there is no Debian archive keyring"
}

# An apt of its own in $1: nothing of the system's state is read or written but the trusted keys. A mirror that lags
# behind sid is good enough; what it signs is checked all the same.
make_apt() {
    local work=$1 mirror keyring
    mirror=${MIRROR:-$(find_mirror)}
    [ -n "$mirror" ] || fail "there is no mirror in apt's sources; set MIRROR"
    keyring=$(find_keyring)
    mkdir -p "$work"/{lists,cache,state,root,debs}/partial
    touch "$work/state/status"
    echo "deb [signed-by=$keyring] $mirror sid main" >"$work/sources.list"
    apt=(apt-get -qq -oDir::State="$work/state" -oDir::State::status="$work/state/status"
        -oDir::State::Lists="$work/lists" -oDir::Cache="$work/cache" -oDir::Etc::SourceList="$work/sources.list"
        -oDir::Etc::SourceParts=/dev/null -oDir::Etc::Preferences=/dev/null -oDir::Etc::PreferencesParts=/dev/null
        -oAcquire::Languages=none -oAcquire::Retries=3 -oAcquire::Check-Valid-Until=no
        -oAPT::Architecture=amd64 -oAPT::Architectures=amd64
        -oAPT::Sandbox::User="$(id -un)")
}

# What apt would install for llama.cpp-tools into an empty system, unpacked into $1/root.
fetch_packages() {
    local work=$1 packages deb
    "${apt[@]}" update || "${apt[@]}" update || fail "the package lists of Debian sid cannot be fetched"
    mapfile -t packages < <("${apt[@]}" -s --no-install-recommends install llama.cpp-tools | awk '$1=="Inst"{print $2}')
    [ ${#packages[@]} -gt 0 ] || fail "llama.cpp-tools of Debian sid cannot be had from the mirror now"
    (cd "$work/debs" && "${apt[@]}" download "${packages[@]}")
    for deb in "$work"/debs/*.deb; do
        dpkg-deb -x "$deb" "$work/root"
    done
}

# llama.cpp looks for its CPU back ends beside /proc/self/exe, which is the loader here: so everything goes into one folder.
assemble() {
    local from=$1 to=$2
    mkdir -p "$to/bin" "$to/lib"
    cp "$from/usr/bin/llama-server" "$to/bin/"
    find "$from" \( -name 'lib*.so*' -o -name 'ld-linux-x86-64.so.2' \) \
        \( -path '*x86_64-linux-gnu*' -o -path '*/lib64/*' -o -path '*/ggml/*' -o -path '*/llama*' \) \
        -exec cp -L -t "$to/lib" {} + 2>/dev/null || true # the same library twice, by another path
    cat >"$to/llama-server" <<'RUN'
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
exec "$here/lib/ld-linux-x86-64.so.2" --library-path "$here/lib" "$here/bin/llama-server" "$@"
RUN
    chmod +x "$to/llama-server"
    "$to/llama-server" --version >/dev/null 2>&1 || fail "what was fetched does not run on this machine"
}

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
exec 9>"$dir/.lock"
flock 9
if [ ! -x "$dir/llama-server" ]; then
    [ "$(uname -m)" = x86_64 ] || fail "only x86-64 is supported"
    command -v apt-get >/dev/null || fail "this is no Debian"
    work=$(mktemp -d "$dir/.get.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    make_apt "$work"
    fetch_packages "$work" >&2
    assemble "$work/root" "$work/new"
    rm -rf "${dir:?}"/{bin,lib} # what an interrupted call left
    mv -T "$work/new/bin" "$dir/bin"
    mv -T "$work/new/lib" "$dir/lib"
    mv "$work/new/llama-server" "$dir/llama-server"
fi
for model in "tiny" "slow --embd 1024 --layers 12 --heads 16 --ff 4096 --eos-logit -20 --hollow"; do
    read -r name options <<<"$model"
    if [ ! -s "$dir/$name.gguf" ]; then
        # shellcheck disable=SC2086 # options are several words
        python3 "$here/make_tiny_gguf.py" "$dir/$name.gguf.new" --name "$name" $options >&2
        mv "$dir/$name.gguf.new" "$dir/$name.gguf"
    fi
done
echo "$dir"
