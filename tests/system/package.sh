#!/bin/bash
# package.sh: the Debian package on a machine that really runs systemd: installed, configured, started, reloaded, activated by its
# socket, killed, removed. Changes the machine it runs on; `./dev fresh` runs it, as root, on one that is thrown away.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

step() { echo "--- package: $*"; }

expect() {
    local wanted=$1 got
    shift
    got=$("$@" 2>&1) || true
    [ "$got" = "$wanted" ] || {
        echo "package: \"$*\" said \"$got\", not \"$wanted\"" >&2
        systemctl --no-pager status lamd.service lamd.socket >&2 || true
        journalctl --no-pager -u lamd >&2 || true
        exit 1
    }
}

# expect_exit STATUS COMMAND...
expect_exit() {
    local wanted=$1 got=0
    shift
    "$@" || got=$?
    [ "$got" = "$wanted" ] || {
        echo "package: \"$*\" ended with $got, not $wanted" >&2
        journalctl --no-pager -u lamd >&2 || true
        exit 1
    }
}

main_pid() { systemctl show --property MainPID --value lamd.service; }

step "build and install; nothing is started without a configuration"
./dev package
apt-get -q -y install ./build/package/*.deb </dev/null >/dev/null
getent passwd lamd
expect inactive systemctl is-active lamd.service
expect disabled systemctl is-enabled lamd.service

step "a gateway whose server is down: it starts all the same, and says so"
cat >/etc/lamd/lamd.yaml <<'CONFIG'
servers:
  gpu:
    sse: http://127.0.0.1:9
CONFIG
expect_exit 0 lamd --check-config /etc/lamd/lamd.yaml
systemctl enable --now lamd.socket lamd.service
expect active systemctl is-active lamd.service
systemctl show --property StatusText --value lamd.service
expect_exit 3 lamctl status
expect_exit 0 curl -sS --fail --unix-socket /run/lamd/lamd.sock http://lamd/livez

step "reload keeps the process"
before=$(main_pid)
systemctl reload lamd.service
expect "$before" main_pid
expect active systemctl is-active lamd.service

step "killed: systemd starts it again, and the socket stays"
kill -KILL "$before"
expect_exit 3 lamctl status
[ "$(main_pid)" != "$before" ]

step "stopped: the socket starts it for the next caller"
systemctl stop lamd.service
expect inactive systemctl is-active lamd.service
expect_exit 3 lamctl status
expect active systemctl is-active lamd.service

step "a wrong configuration is not started again and again"
echo 'serverz: {}' >/etc/lamd/lamd.yaml
systemctl restart lamd.service || true
expect failed systemctl is-active lamd.service
expect 0 systemctl show --property NRestarts --value lamd.service

step "removed"
apt-get -q -y purge lamd </dev/null >/dev/null
expect_exit 1 test -e /usr/sbin/lamd
expect_exit 1 test -e /run/lamd/lamd.sock
echo "--- package: all as it should be"
