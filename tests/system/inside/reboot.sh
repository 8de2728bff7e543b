#!/bin/bash
# After a reboot lamd is back by itself; the network comes later, and the tunnel within seconds of it. Exit 194 asks
# boot-systemd.sh for the reboot.
# shellcheck source=tests/system/inside/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Nobody has this address until the network "comes".
address=192.0.2.1

if [ "${BOOT_NUMBER:-1}" = 1 ]; then
    step "before the reboot"
    fresh
    both_roles | sed "s#host: 127.0.0.1#host: $address#" >/etc/lamd/lamd.yaml
    sed "s#^127.0.0.1#$address#" /etc/lamd/known_hosts >>/etc/lamd/known_hosts.new
    cat /etc/lamd/known_hosts.new >>/etc/lamd/known_hosts
    systemctl enable ssh.service lamd.service
    exit 194
fi

step "after the reboot, without a network: it runs and serves, and the tunnel waits"
has_property ActiveState active || fail "not started by the boot"
serves || fail "it does not serve"
lamctl wait --for=tunnel=web --timeout=1s && fail "the tunnel is up, so this proves nothing"
active=$(($(property ActiveEnterTimestampMonotonic) - $(systemctl show --value -p UserspaceTimestampMonotonic)))
echo "active $((active / 1000)) ms after systemd was started"

step "the network comes"
start_server
begun=$(date +%s%N)
ip addr add "$address/32" dev lo
lamctl wait --for=tunnel=web --timeout=20s || fail "the tunnel does not come up"
echo "the tunnel was up $((($(date +%s%N) - begun) / 1000000)) ms after the network was there"
is_healthy
