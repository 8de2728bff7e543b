#!/bin/bash
# Where memory ends, the kernel kills: lamd is back, for as long as it takes, and a server that it runs is taken before it.
# Needs a memory controller; where this machine's kernel has none to give away, package.sh brings one (KERNEL=own).
# shellcheck source=tests/system/inside/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if ! grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null; then
    echo "skipped: no memory controller here"
    exit 0
fi

was_out_of_memory() {
    journalctl -u lamd.service --since "@$since" --no-pager | grep 'OOM killer' >/dev/null
}

step "lamd is killed by the kernel, restarted for as long as it takes, back when there is memory"
fresh
since=$(date +%s)
drop_in memory 'MemoryMax=2M' 'MemorySwapMax=0'
systemctl restart lamd.service || true
until_true 120 was_out_of_memory
is_tried() {
    [ "$(property NRestarts)" -ge 5 ]
}
until_true 120 is_tried
rm /run/systemd/system/lamd.service.d/memory.conf
systemctl daemon-reload
until_true 60 has_property ActiveState active
is_healthy

step "a server that lamd runs is taken, and lamd is not: the server is back"
fresh_stopped
make_probe_server
with_child "[$probe_server]" >/etc/lamd/lamd.yaml
drop_in memory 'MemoryMax=256M' 'MemorySwapMax=0'
since=$(date +%s)
systemctl start lamd.service
is_healthy
lamd=$(property MainPID)
pid=$(child pid)
kill -USR1 "$pid"
until_true 120 is_back "$pid"
until_true 30 was_out_of_memory
child last_exit | grep SIGKILL || fail "it ended otherwise: $(child last_exit)"
[ "$(property MainPID) $(property NRestarts)" = "$lamd 0" ] || fail "lamd was restarted"
is_healthy
