#!/bin/bash
# package.sh BUILD: the Debian package of a build directory, installed in a Debian that boots systemd, does its work there.
# Exit 77 where that cannot be tried. Needs root and debootstrap; the package runs on the release that this machine has.
set -euo pipefail
build=$(readlink -f "$1")
here=$(dirname "$(readlink -f "$0")")
boot=$here/../../tools/lab/boot-systemd.sh

skip() {
    echo "skipped: $*"
    exit 77
}

[ "$(id -u)" = 0 ] || skip "needs root"
for program in debootstrap systemd-nspawn dpkg-deb cpack; do
    command -v "$program" >/dev/null || skip "needs $program"
done
# shellcheck source=/dev/null
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
case $suite in bookworm | trixie) ;; *) skip "packages are for Debian 12 and 13" ;; esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && cpack --config "$build/CPackConfig.cmake" -G DEB >"$work/cpack.log" 2>&1) || {
    cat "$work/cpack.log"
    exit 1
}
package=$(find "$work" -maxdepth 1 -name '*.deb')

# What the package depends on is baked into the cached root, since the machine inside has no network.
depends=$(dpkg-deb -f "$package" Depends | sed 's/([^)]*)//g; s/|[^,]*//g; s/ //g')
status=0
"$boot" -t 240 -c "$package:/root/lamd.deb" -i "$depends,openssh-server,openssh-client,curl,procps" "$suite" \
    "$here/inside.sh" || status=$?
[ "$status" != 125 ] || skip "no machine could be booted (see above)"
exit "$status"
