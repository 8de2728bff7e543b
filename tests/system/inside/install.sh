#!/bin/bash
# The first to run, where nothing is configured yet: two machines are connected by what init and authorize print; both
# roles are active, enabled and healthy.
# shellcheck source=tests/system/inside/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

step "the package has started nothing, and says what to do next"
[ "$(property ActiveState)" = inactive ] || fail "it runs although nobody asked"
grep -q 'lamctl init' /root/installed || fail "no hint what to do next"
id lamd

step "lamctl init and lamctl authorize connect two machines, which are one here"
rm -f /etc/lamd/id_ed25519
make_keys
[ "$(stat -c '%a %U' /home/lam/.ssh/authorized_keys)" = "600 lam" ] || fail "sshd would not trust authorized_keys"
[ "$(stat -c '%a %U' /etc/lamd/id_ed25519)" = "600 lamd" ] || fail "lamd may not read its key"

step "enable --now, as init says: active, the tunnel is up, the status is healthy"
start_server
systemctl enable --now lamd
[ "$(property ActiveState)" = active ] || fail "not active when systemctl returns"
serves || fail "the socket does not serve when systemctl returns"
lamctl wait --for=tunnel=web --timeout=60s || fail "the tunnel does not come up"
is_healthy
grep '^command="/usr/bin/lamctl tunnel-guard --name ' /home/lam/.ssh/authorized_keys || fail "the key has no guard"
guard_reports() {
    lamctl status --json | grep '"presences":\[{'
}
until_true 10 guard_reports
tells_of_the_tunnel() {
    [[ $(property StatusText) = *"1 of 1 tunnel"* ]]
}
until_true 20 tells_of_the_tunnel

step "the role with the backend is made by init, too, and reaches the model through that tunnel"
cp /etc/lamd/lamd.yaml /root/gpu.yaml
rm /etc/lamd/lamd.yaml
lamctl init web --name gpu --group lam
{ cat /root/gpu.yaml && grep -v '^#' /etc/lamd/lamd.yaml; } >/root/both.yaml
cp /root/both.yaml /etc/lamd/lamd.yaml
lamctl check || fail "what init writes for A and for B does not go together"
systemctl restart lamd.service
is_healthy
[ "$(status_line)" = healthy ] || fail "the status is $(status_line)"
curl -sf --unix-socket /run/lamd/lamd.sock http://lamd/v1/chat/completions \
    -d '{"messages":[{"role":"user","content":"Hello!"}]}' | grep '"content"' >/dev/null || fail "no answer"

step "the socket is for root and its group"
fresh
[ "$(stat -c '%a %U %G' /run/lamd/lamd.sock)" = "660 lamd lamd" ] || fail "$(stat -c '%a %U %G' /run/lamd/lamd.sock)"
runuser -u nobody -- lamctl status && fail "nobody may connect"
usermod -aG lamd lam
runuser -u lam -- lamctl tunnels || fail "a member of the group may not read"

step "a reload keeps the tunnel and the process; a bad configuration is refused, and the old one keeps running"
connects() {
    lamctl tunnels --json | grep -o '"connects":[0-9]*' | cut -d: -f2
}
before="$(property MainPID) $(connects)"
systemctl reload lamd.service
[ "$(property MainPID) $(connects)" = "$before" ] || fail "reload: before $before, now $(property MainPID) $(connects)"
echo "nonsense: 1" >>/etc/lamd/lamd.yaml
lamctl reload && fail "the reload was accepted"
serves || fail "it does not serve any more"

step "the journal has fields"
journalctl -u lamd.service -o json --no-pager | grep -i '"[A-Z_]*TUNNEL" *: *"web"' >/dev/null || fail "no field for the tunnel"

step "a stop is clean"
systemctl stop lamd.service
has_property Result success || fail "result $(property Result)"
has_property ExecMainStatus 0 || fail "exit $(property ExecMainStatus)"
