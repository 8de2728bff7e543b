#!/bin/bash
# boot-kernel.sh: the Debian of boot-systemd.sh with a kernel of its own (User-Mode Linux), for what a container cannot have
# where this machine keeps it for itself: a memory controller, and with it an OOM killer.
#
#   boot-kernel.sh [-c SRC:DEST]... [-i PKG,..] [-t SEC] [-m MIB] SUITE SCRIPT [ARG...]
#
#   -c, -i, -t    as boot-systemd.sh has them; the limit is for the boot and SCRIPT together, default 600
#   -m MIB        its memory, default 700
# Needs root, debootstrap and user-mode-linux; one processor, about half as fast. No network but lo.
# Exit: SCRIPT's status; 124 too slow; 125 the machine could not be made or booted.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")

die() {
    echo "boot-kernel: $*" >&2
    exit 125
}

copies=() packages='' limit=600 memory=700
while getopts c:i:t:m: option; do
    case $option in
        c) copies+=("$OPTARG") ;;
        i) packages=$OPTARG ;;
        t) limit=$OPTARG ;;
        m) memory=$OPTARG ;;
        *) die "see the beginning of $0" ;;
    esac
done
words=("${@:OPTIND}")
suite=${words[0]:-} script=${words[1]:-}
[ -f "$script" ] || die "there is no script $script"
for program in linux.uml mke2fs; do
    command -v $program >/dev/null || die "there is no $program: apt-get install user-mode-linux e2fsprogs"
done

cached=$("$here/boot-systemd.sh" -i "$packages" -B "$suite") || exit 125
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -a "$cached" "$work/root" || die "cannot copy the root"
root=$work/root
mkdir -p "$root/h1"
install -m755 "$script" "$root/h1/script"
for copy in "${copies[@]}"; do
    mkdir -p "$(dirname "$root/${copy#*:}")"
    cp -aT "${copy%%:*}" "$root/${copy#*:}" || die "cannot copy $copy"
    chown -R 0:0 "$root/${copy#*:}"
done

# What it prints goes to one serial line, its status to the other one, the kernel's words to neither.
cat >"$root/h1/run" <<RUN
ip link set lo up
cd /root
HOME=/root LANG=C.UTF-8 BOOT_NUMBER=1 /bin/bash /h1/script ${words[*]:2} </dev/null >/dev/ttyS0 2>&1
echo \$? >/dev/ttyS1
systemctl poweroff
RUN
cat >"$root/etc/systemd/system/boot-script.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
ExecStart=/bin/bash /h1/run
UNIT
mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -s ../boot-script.service "$root/etc/systemd/system/multi-user.target.wants/"
mke2fs -q -t ext4 -d "$root" "$work/disk" $(($(du -sm "$root" | cut -f1) + 512))M || die "cannot make the disk"
rm -rf "$root"

timeout "$limit" linux.uml mem="${memory}M" ubd0="$work/disk" root=/dev/ubda rw init=/lib/systemd/systemd console=tty0 con=null \
    con0=null,fd:3 ssl0=null,fd:1 ssl1=null,fd:4 </dev/null 3>"$work/console" 4>"$work/status" 2>>"$work/console"
[ $? != 124 ] || {
    echo "boot-kernel: $script took more than $limit s" >&2
    exit 124
}
status=$(tr -dc 0-9 <"$work/status")
[ -n "$status" ] || {
    tail -50 "$work/console" >&2
    die "it did not come to the end of $script"
}
exit "$status"
