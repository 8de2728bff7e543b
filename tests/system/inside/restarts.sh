#!/bin/bash
# However lamd dies, it is back: hung, killed, crashing fast, crashing for long. (Out of memory: memory.sh.)
# shellcheck source=tests/system/inside/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

step "kill -9: restarted, the socket never goes away, the tunnel is back"
fresh
pid=$(property MainPID)
kill -9 "$pid"
serves || fail "a caller in between was refused"
until_true 30 pid_is_not "$pid"
is_healthy

step "a hung process is killed by the watchdog, and restarted"
drop_in watchdog 'WatchdogSec=4s'
systemctl restart lamd.service
is_healthy
pid=$(property MainPID)
kill -STOP "$pid"
until_true 60 pid_is_not "$pid"
journalctl -u lamd.service --no-pager | grep 'Watchdog timeout' >/dev/null || fail "it was something else than the watchdog"
is_healthy

step "30 quick crashes in a row"
fresh
for _ in {1..30}; do
    until_true 30 has_property SubState running
    pid=$(property MainPID)
    [ "$pid" = 0 ] || kill -9 "$pid" || true # 0 would be this script
    systemctl start lamd.service
done
[ "$(property Result)" = success ] || fail "given up: $(property Result)"
is_healthy

step "a program that fails at once is tried for ever, while callers wait; then it works again"
fresh_stopped
drop_in broken 'ExecStart=' 'ExecStart=/bin/false' 'RestartSec=100ms'
systemctl start --no-block lamd.service
is_tried() {
    [ "$(property NRestarts)" -ge "$1" ]
}
until_true 120 is_tried 20
for _ in {1..5}; do
    curl -s --max-time 1 --unix-socket /run/lamd/lamd.sock http://lamd/livez || true
done
until_true 120 is_tried 40
rm /run/systemd/system/lamd.service.d/broken.conf
systemctl daemon-reload
until_true 60 has_property ActiveState active
is_healthy

step "a caller starts it by socket activation"
systemctl stop lamd.service
serves || fail "not activated"

step "a wrong configuration is for a person: one start, and the journal says why"
fresh_stopped
echo "nonsense: 1" >>/etc/lamd/lamd.yaml
since=$(date +%s)
systemctl start lamd.service && fail "it started with a wrong configuration"
until_true 30 has_property ActiveState failed
has_property NRestarts 0 || fail "restarted $(property NRestarts) times"
journalctl -u lamd.service --since "@$since" --no-pager | grep 'nonsense' >/dev/null || fail "the journal does not say what is wrong"
both_roles >/etc/lamd/lamd.yaml
systemctl start lamd.service
is_healthy
