#!/bin/bash
# apt-install.sh PACKAGE...: installs packages without questions, without recommendations, and without starting or enabling
# the services that come with them: the tests start their own sshd and broker on private ports. Run as root by ./dev deps.
set -euo pipefail

policy=/usr/sbin/policy-rc.d
services=()
for service in ssh.service ssh.socket mosquitto.service nginx.service haproxy.service; do
    [ -e "/lib/systemd/system/$service" ] || services+=("$service")
done

if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy" # 101: "action forbidden by policy", which maintainer scripts accept
    chmod +x "$policy"
fi

install() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
        -o Dpkg::Use-Pty=0 install --no-install-recommends "$@" </dev/null
}

# The lists on a fresh machine are missing or too old to be of use; a second attempt covers a mirror in mid-update.
update() { apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 update </dev/null; }

if ! apt-get -qq -s install --no-install-recommends "$@" >/dev/null 2>&1; then
    update || update
fi
install "$@" || { update && install "$@"; }

for service in "${services[@]}"; do
    if [ -e "/lib/systemd/system/$service" ] && command -v systemctl >/dev/null; then
        systemctl --quiet --no-reload disable "$service" 2>/dev/null || true
    fi
done
