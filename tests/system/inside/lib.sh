# shellcheck shell=bash
# What the scripts beside this one share. Each of them runs in the booted machine, where the package is installed, begins
# with a `fresh` lamd, and can be run alone (package.sh BUILD NAME). No `grep -q` behind a pipe: it leaves early, and pipefail takes
# the SIGPIPE of whoever writes there for a failure.
set -euo pipefail

step() {
    echo "=== $* [$SECONDS s]"
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
    systemctl show --value -p "$1" "${2:-lamd.service}"
}

# has_property NAME VALUE [UNIT]
has_property() {
    [ "$(property "$1" "${3:-lamd.service}")" = "$2" ]
}

serves() {
    curl -sf --max-time "${1:-20}" --unix-socket /run/lamd/lamd.sock http://lamd/livez >/dev/null
}

status_line() {
    lamctl status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["verdict"]["state"])'
}

# drop_in NAME LINE...: more of lamd.service's [Service], until the next `fresh`.
drop_in() {
    mkdir -p /run/systemd/system/lamd.service.d
    printf '%s\n' '[Service]' "${@:2}" >"/run/systemd/system/lamd.service.d/$1.conf"
    systemctl daemon-reload
}

# What init and authorize make, once: a key of lamd's, let in by the sshd of this machine for the port 8080.
make_keys() {
    [ ! -e /etc/lamd/id_ed25519 ] || return 0
    systemctl start ssh.service
    until_true 20 ssh-keyscan -T 1 127.0.0.1
    local fingerprint
    fingerprint=$(ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub | cut -d' ' -f2)
    rm -f /etc/lamd/lamd.yaml
    lamctl init gpu --name gpu --host 127.0.0.1 --server http://127.0.0.1:9000 --host-key "$fingerprint" >/root/told
    eval "$(grep -o 'lamctl authorize .*' /root/told)" || fail "the key is not let in"
}

# The small server that stands in for a llama-server, on port 9000.
start_server() {
    systemctl is-active --quiet fake-server.service ||
        systemd-run --quiet --unit=fake-server -p Restart=always python3 -B /root/fake_server.py --port 9000
    until_true 30 curl -sf http://127.0.0.1:9000/health
}

# Both roles in one lamd: a tunnel from here to here, the worker behind it, and the gateway that asks through it.
both_roles() {
    cat <<'YAML'
tunnels:
  web:
    host: 127.0.0.1
    user: lam
    identity: /etc/lamd/id_ed25519
    dead_peer: 2s
    forwards:
      - {remote: "127.0.0.1:8080", target: worker}
worker: {name: gpu, server: "http://127.0.0.1:9000"}
servers:
  gpu: {sse: "http://127.0.0.1:8080"}
YAML
}

# The role of the web server alone; the server is reached through some tunnel, which is left out here.
role_b() {
    echo 'servers: {gpu: {sse: "http://127.0.0.1:9000"}}'
}

# Nothing of an earlier script is left, both roles are configured.
fresh_stopped() {
    systemctl stop lamd.service lamd.socket
    rm -rf /run/systemd/system/lamd.service.d
    systemctl daemon-reload
    systemctl reset-failed
    make_keys
    start_server
    both_roles >/etc/lamd/lamd.yaml
}

# And it runs.
fresh() {
    fresh_stopped
    systemctl start lamd.service
    is_healthy
}

is_healthy() {
    lamctl wait --for=healthy --timeout=60s || fail "it does not get healthy"
}

# pid_is_not PID: another process than that is lamd, and serves.
pid_is_not() {
    ! has_property MainPID "$1" && ! has_property MainPID 0 && serves 2
}

# A server for worker.run, on port 9200, that SIGUSR1 makes larger by 512 MiB.
# shellcheck disable=SC2034 # for those who source this
probe_server='/srv/child/probe-server, --port, "9200"'
make_probe_server() {
    install -d /srv/child
    cp /root/fake_server.py /srv/child
    cat >/srv/child/probe-server <<'SERVER'
#!/usr/bin/python3 -B
import runpy, signal
ballast = []
signal.signal(signal.SIGUSR1, lambda *_: ballast.append(b"x" * (512 << 20)))
runpy.run_path("/srv/child/fake_server.py", run_name="__main__")
SERVER
    chmod 755 /srv/child/probe-server
}

# with_child COMMAND: both roles, where the worker's server is lamd's child; more keys of worker.run may follow the command.
with_child() {
    both_roles | sed '/^worker:/d'
    cat <<YAML
worker:
  name: gpu
  server: "http://127.0.0.1:9200"
  run: {command: $1, stop_grace: 5s, restart: {first: 100ms, limit: 1s}}
YAML
}

# child KEY: what the status says of it. (lamctl's exit status is the verdict's, which is another matter.)
child() {
    { lamctl status --json || true; } |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["worker"]["child"].get(sys.argv[1], ""))' "$1"
}

child_is() {
    [ "$(child state)" = "$1" ]
}

# is_back PID: another process than that is ready.
is_back() {
    child_is ready && [ "$(child pid)" != "$1" ]
}
