#!/bin/bash
# Runs in the booted machine: installs /root/lamd.deb and shows, step by step, that it lives there as a service should.
set -euo pipefail

step() {
    echo "=== $*"
}

fail() {
    echo "FAILED: $*"
    systemctl status --no-pager --full lamd.service lamd.socket || true
    journalctl --no-pager -u lamd.service | tail -50
    exit 1
}

# until_true SECONDS COMMAND...
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || fail "not in time: $*"
        sleep 0.1
    done
}

property() {
    systemctl show --value -p "$1" lamd.service
}

connects() {
    lamctl tunnels --json | grep -o '"connects":[0-9]*' | cut -d: -f2
}

step "the package installs, and starts nothing without a configuration"
dpkg -i /root/lamd.deb
id lamd
[ "$(property ActiveState)" = inactive ] || fail "it runs although nobody asked"
lamctl version || [ $? = 8 ] || fail "lamctl does not run"

step "a server for the tunnel: this machine's own sshd, and a key with the least rights"
useradd --create-home lam
runuser -u lamd -- ssh-keygen -q -t ed25519 -N '' -f /var/lib/lamd/id_ed25519 2>/dev/null || {
    install -d -o lamd -g lamd -m 0700 /var/lib/lamd
    runuser -u lamd -- ssh-keygen -q -t ed25519 -N '' -f /var/lib/lamd/id_ed25519
}
install -d -o lam -g lam -m 0700 /home/lam/.ssh
echo "restrict,port-forwarding,permitlisten=\"127.0.0.1:8080\" $(cat /var/lib/lamd/id_ed25519.pub)" >/home/lam/.ssh/authorized_keys
systemctl start ssh.service
until_true 10 ssh-keyscan -T 1 127.0.0.1
echo "127.0.0.1 $(cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub)" >/etc/lamd/known_hosts
cat >/etc/lamd/lamd.yaml <<'YAML'
tunnels:
  b:
    host: 127.0.0.1
    user: lam
    identity: /var/lib/lamd/id_ed25519
    dead_peer: 2s
    forwards:
      - remote: 127.0.0.1:8080
        target: unix:/run/lamd/lamd.sock
servers:
  self:
    sse: http://127.0.0.1:9
YAML
lamctl check || fail "the configuration is not accepted"

step "systemctl start returns when the socket serves"
systemctl start lamd.service
[ "$(property ActiveState)" = active ] || fail "not active"
curl -sf --unix-socket /run/lamd/lamd.sock http://lamd/livez || fail "no answer at once"
lamctl wait --for=tunnel=b --timeout=20s || fail "the tunnel does not come up"
tells_of_the_tunnel() {
    [[ $(property StatusText) = *"1 of 1 tunnel"* ]]
}
until_true 5 tells_of_the_tunnel

step "the socket is for root and the group lamd"
[ "$(stat -c '%a %U %G' /run/lamd/lamd.sock)" = "660 lamd lamd" ] || fail "$(stat -c '%a %U %G' /run/lamd/lamd.sock)"
runuser -u nobody -- lamctl status && fail "nobody may connect"
usermod -aG lamd lam
runuser -u lam -- lamctl tunnels || fail "a member of the group may not read"

step "a reload keeps the tunnel and the process"
before="$(property MainPID) $(connects)"
systemctl reload lamd.service
[ "$(property MainPID) $(connects)" = "$before" ] || fail "reload: before $before, now $(property MainPID) $(connects)"

step "a bad configuration is refused by reload, and the old one keeps running"
cp /etc/lamd/lamd.yaml /root/good.yaml
echo "nonsense: 1" >>/etc/lamd/lamd.yaml
lamctl reload && fail "the reload was accepted"
curl -sf --unix-socket /run/lamd/lamd.sock http://lamd/livez || fail "it does not serve any more"
cp /root/good.yaml /etc/lamd/lamd.yaml

step "kill -9: restarted, the socket never goes away, the tunnel is back"
kill -9 "$(property MainPID)"
curl -sf --max-time 10 --unix-socket /run/lamd/lamd.sock http://lamd/livez || fail "a caller in between was refused"
lamctl wait --for=tunnel=b --timeout=20s || fail "the tunnel does not come back"

step "a hung process is killed by the watchdog"
mkdir -p /run/systemd/system/lamd.service.d
printf '[Service]\nWatchdogSec=2s\n' >/run/systemd/system/lamd.service.d/watchdog.conf
systemctl daemon-reload
systemctl restart lamd.service
lamctl wait --for=tunnel=b --timeout=20s
pid=$(property MainPID)
kill -STOP "$pid"
is_replaced() {
    [ "$(property MainPID)" != "$pid" ]
}
until_true 20 is_replaced
until_true 20 lamctl wait --for=tunnel=b --timeout=2s

step "the journal has fields"
journalctl -u lamd.service -o json --no-pager | grep -qi '"[A-Z_]*TUNNEL" *: *"b"' || fail "no field for the tunnel"

step "a stop is clean"
systemctl stop lamd.service
[ "$(property Result)" = success ] || fail "result $(property Result)"
[ "$(property ExecMainStatus)" = 0 ] || fail "exit $(property ExecMainStatus)"

step "a caller starts it by socket activation"
systemctl start lamd.socket
curl -sf --max-time 10 --unix-socket /run/lamd/lamd.sock http://lamd/livez || fail "not activated"
systemctl stop lamd.service lamd.socket

step "a wrong configuration is no restart loop"
echo "nonsense: 1" >>/etc/lamd/lamd.yaml
systemctl start lamd.service && fail "it started with a wrong configuration"
[ "$(property NRestarts)" -le 1 ] || fail "restarted $(property NRestarts) times"
journalctl -u lamd.service --no-pager | grep -q 'nonsense' || fail "the journal does not say what is wrong"

step "how much it is confined"
systemd-analyze security --no-pager lamd.service | tail -1

step "purged, it leaves nothing that runs"
dpkg --purge lamd
pgrep -x lamd && fail "still running"
[ ! -e /etc/lamd/lamd.yaml ] || fail "/etc/lamd is still there"
echo "=== all steps passed"
