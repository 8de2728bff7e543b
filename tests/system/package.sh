#!/bin/bash
# package.sh BUILD|PACKAGE [NAME...]: the Debian package of a build directory, or this one, installed in a Debian that boots
# systemd, does its work there: the scripts in inside/, all of them or those named. Exit 77 where that cannot be tried. Needs
# root and debootstrap. PREVIOUS=FILE: the package to upgrade from, instead of the same with a lower version; SUITE=trixie: the
# Debian for a PACKAGE that is not for the release of this machine; KERNEL=own: a kernel of its own, as `memory` may need it.
set -euo pipefail
what=$(readlink -f "$1")
shift
here=$(dirname "$(readlink -f "$0")")
root=$here/../..
names=(install online credentials restarts doctor places activation sandbox llama child memory upgrade removal reboot)
[ $# -eq 0 ] || names=("$@")

skip() {
    echo "skipped: $*"
    exit 77
}

[ "$(id -u)" = 0 ] || skip "needs root"
for program in debootstrap systemd-nspawn dpkg-deb cpack; do
    command -v "$program" >/dev/null || skip "needs $program"
done
# shellcheck source=/dev/null
suite=${SUITE:-$(. /etc/os-release && echo "${VERSION_CODENAME:-}")}
case $suite in bookworm | trixie) ;; *) skip "packages are for Debian 12 and 13" ;; esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Prints the package of the build directory.
pack() {
    cpack --config "$what/CPackConfig.cmake" -G DEB -B "$work" >"$work/cpack.log" 2>&1 || {
        cat "$work/cpack.log" >&2
        return 1
    }
    find "$work" -maxdepth 1 -name '*.deb'
}

# Prints the same package with a lower version.
age() {
    dpkg-deb -R "$1" "$work/previous"
    sed -i 's/^Version: .*/Version: 0.0.1/' "$work/previous/DEBIAN/control"
    dpkg-deb -b "$work/previous" "$work/previous.deb" >&2
    echo "$work/previous.deb"
}

package=$what
[ -f "$what" ] || package=$(pack)
previous=${PREVIOUS:-$(age "$package")}
copies=(-c "$package:/root/lamd.deb" -c "$previous:/root/previous.deb" -c "$here/inside:/root/inside"
    -c "$root/tests/support/fake_server.py:/root/fake_server.py")
llama=${XDG_CACHE_HOME:-$HOME/.cache}/lamd/llama
case " ${names[*]} " in
    *" llama "* | *" child "*) [ ! -x "$llama/llama-server" ] || copies+=(-c "$llama:/root/llama") ;;
esac
boot=("$root/tools/lab/boot-systemd.sh" -a -r)
[ "${KERNEL:-}" != own ] || boot=("$root/tools/lab/boot-kernel.sh")

# What the package depends on is baked into the cached root, since the machine inside has no network.
depends=$(dpkg-deb -f "$package" Depends | sed 's/([^)]*)//g; s/|[^,]*//g; s/ //g')
status=0
"${boot[@]}" -t 1500 "${copies[@]}" \
    -i "$depends,openssh-server,openssh-client,curl,procps,iproute2,python3-minimal,libpython3-stdlib,util-linux-extra" \
    "$suite" "$here/inside/run.sh" "${names[@]}" || status=$?
[ "$status" != 125 ] || skip "no machine could be booted (see above)"
exit "$status"
