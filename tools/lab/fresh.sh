#!/bin/bash
# fresh.sh SUITE root|user|both: README's two commands on a Debian that was booted a moment ago and has nothing of ours.
# The tree goes in as `git archive` of HEAD. Per person: ./dev demo twice, ./dev test, and no process may be left.
# Needs root, and the network for apt. FRESH_STEPS=demo leaves the tests out.
set -euo pipefail
suite=$1
who=$2
here=$(dirname "$(readlink -f "$0")")
root=$(cd "$here/../.." && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tree"
git -c safe.directory='*' -C "$root" archive HEAD | tar -x -C "$work/tree"

cat >"$work/inside.sh" <<'INSIDE'
set -euo pipefail
who=$1
steps=$2

try() {
    local person=$1 home step begun
    home=$(getent passwd "$person" | cut -d: -f6)
    cp -r /h1/tree "$home/lamd"
    chown -R "$person:" "$home/lamd"
    for step in $steps; do
        echo "=== $person: ./dev $step"
        begun=$SECONDS
        runuser -u "$person" -- env -C "$home/lamd" CI=true HOME="$home" TERM=dumb ./dev "$step" </dev/null
        echo "=== $person: ./dev $step took $((SECONDS - begun)) s"
        if ps -eo user:20=,pid=,args= | grep -E 'lamd|lamctl|sshd|llama|mosquitto|fake_server|pytest' | grep -v grep; then
            echo "=== left running: what is above"
            exit 1
        fi
    done
}

for person in root user; do
    [ "$who" = both ] || [ "$who" = "$person" ] || continue
    if [ "$person" = user ]; then
        apt-get -q -y install sudo >/dev/null 2>&1 || { apt-get -q update && apt-get -q -y install sudo; } >/dev/null
        useradd --create-home --shell /bin/bash user
        echo 'user ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/user
    fi
    try "$person"
done
INSIDE

steps="demo demo test"
[ "${FRESH_STEPS:-}" != demo ] || steps="demo demo"
"$here/boot-systemd.sh" -a -n host -t 5400 -c "$work/tree:/h1/tree" "$suite" "$work/inside.sh" "$who" "$steps"
