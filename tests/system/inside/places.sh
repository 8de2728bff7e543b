#!/bin/bash
# A disk that is full and a /run that cannot be written: it works without them, or says what is wrong and tries again.
# shellcheck source=tests/system/inside/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

says() {
    journalctl -u lamd.service --since "@$since" --no-pager | grep -i "$1" >/dev/null
}

fill() {
    dd if=/dev/zero of="$1/filler" bs=1k 2>/dev/null || true
    [ "$(df --output=avail "$1" | tail -1 | tr -d ' ')" = 0 ] || fail "the disk is not full"
}

step "the disk of its state is full: it runs, and a restart works"
fresh
systemctl stop lamd.service
mount -t tmpfs -o size=64k none /var/lib/lamd
trap 'umount -l /var/lib/lamd 2>/dev/null || true; umount -l /run/lamd 2>/dev/null || true' EXIT
chown lamd:lamd /var/lib/lamd
systemctl start lamd.service
is_healthy
fill /var/lib/lamd
lamctl switch-mode sse 2>&1 | grep 'No space left on device' || fail "it does not say that the mode cannot be kept"
serves || fail "a full disk stops it"
systemctl restart lamd.service
is_healthy

step "the disk is full before the first start: a clear error or a working lamd, and well once there is room"
systemctl stop lamd.service lamd.socket
rm -rf /var/lib/lamd/*
fill /var/lib/lamd
since=$(date +%s)
systemctl start lamd.service || true
until_true 30 says 'No space left on device'
rm /var/lib/lamd/filler
is_healthy
systemctl stop lamd.service
umount /var/lib/lamd

step "/run/lamd cannot be written: a clear error, and well once it can"
systemctl start lamd.service
is_healthy
mount --bind /run/lamd /run/lamd
mount -o remount,bind,ro /run/lamd
since=$(date +%s)
systemctl restart lamd.service || true
until_true 30 says 'Read-only file system'
umount /run/lamd
until_true 60 has_property ActiveState active
is_healthy
