#!/bin/bash
# Removed, nothing of lamd runs, and what the operator wrote stays; purged, nothing is left of it.
# shellcheck source=tests/system/inside/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

step "remove"
fresh
systemctl enable lamd.service
dpkg --remove lamd
pgrep -x lamd && fail "still running"
[ ! -e /run/lamd/lamd.sock ] || fail "the socket is still there"
systemctl is-enabled lamd.service 2>/dev/null | grep enabled >/dev/null && fail "still enabled"
[ -e /etc/lamd/lamd.yaml ] || fail "the configuration is gone"

step "installed again, it goes on with what it had"
dpkg -i /root/lamd.deb
systemctl enable --now lamd.service
is_healthy

step "purge"
dpkg --purge lamd
pgrep -x lamd && fail "still running"
for path in /etc/lamd /var/lib/lamd /run/lamd/lamd.sock; do
    [ ! -e "$path" ] || fail "$path is still there: $(ls -lR "$path")"
done
dpkg -i /root/lamd.deb
