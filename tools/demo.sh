#!/bin/bash
# demo.sh BUILD_DIR: the main job, live, on this machine alone. Machine A is a llama-server and a lamd that dials out, with a
# worker that keeps what is answered; machine B is a private sshd, a broker, and a lamd that offers the model on a Unix socket.
# Answers stream while the tunnel under them is killed, and then the broker; they go on. Only when the worker itself dies is
# an answer lost, and said to be.
# Everything lives in one temporary directory and on loopback ports; what was started is ended, by pid, however this ends.
set -euo pipefail
tools=$(dirname "$(readlink -f "$0")")
build=$(readlink -f "$1")
PATH=$PATH:/usr/sbin:/sbin
exec 2>&1

work=$(mktemp -d "${TMPDIR:-/tmp}/lamd-demo.XXXXXX")
pids=()

descendants() {
    local child
    for child in $(pgrep -P "$1" || true); do
        descendants "$child"
        echo "$child"
    done
}

cleanup() {
    local pid all=() status=$?
    trap '' INT TERM
    for pid in "${pids[@]}"; do
        mapfile -t -O ${#all[@]} all < <(descendants "$pid")
        all+=("$pid")
    done
    for pid in "${all[@]}"; do
        kill -TERM "$pid" 2>/dev/null || true
    done
    for pid in "${all[@]}"; do
        timeout 5 tail --pid="$pid" -f /dev/null || kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    if [ $status -ne 0 ]; then
        echo "demo: it did not work; the last lines of each log:" >&2
        tail -n 15 "$work"/*.log >&2 || true
    fi
    rm -rf "$work"
    exit $status
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi
tell() { printf '\n%s▌ %s%s\n' "$bold" "$*" "$plain"; }
note() { printf '  %s\n' "$*"; }

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

free_port() {
    python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# wait_until SECONDS COMMAND...
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || {
            echo "demo: waited in vain for: $*" >&2
            return 1
        }
        sleep 0.02
    done
}

# start NAME COMMAND...: in the background, its output in NAME.log.
start() {
    local name=$1
    shift
    "$@" </dev/null >"$work/$name.log" 2>&1 &
    pids+=($!)
    started=$!
    disown "$started" # bash need not tell how it ended
}

lamctl_a() { "$build/lamctl/lamctl" --socket "$work/a.sock" "$@"; }
lamctl_b() { "$build/lamctl/lamctl" --socket "$work/b.sock" "$@"; }

# A real llama-server with a model of random weights that is slow enough to be watched; else the tests' small server.
start_server() {
    local llama
    if llama=$("$tools/llama/get-llama-server.sh" 2>"$work/get-llama.log"); then
        server="a real llama-server with a generated model of random weights: fluent gibberish"
        start server "$llama/llama-server" -m "$llama/slow.gguf" --host 127.0.0.1 --port "$model_port" \
            --alias demo -t 1 --parallel 2 -c 2048 -n 100 --no-ui
    else
        server="the tests' small OpenAI-compatible server, because llama-server is not to be had here"
        note "$(tail -1 "$work/get-llama.log")"
        start server python3 "$tools/../tests/support/fake_server.py" --port "$model_port" \
            --model demo --delay 0.02
    fi
    wait_until 30 curl -sf "http://127.0.0.1:$model_port/health"
}

start_sshd() {
    local pam=no
    ssh-keygen -q -t ed25519 -N '' -f "$work/host_key"
    ssh-keygen -q -t ed25519 -N '' -f "$work/key"
    echo "restrict,port-forwarding,permitlisten=\"127.0.0.1:$forward_port\" $(cat "$work/key.pub")" >"$work/authorized_keys"
    echo "[127.0.0.1]:$ssh_port $(cut -d' ' -f1,2 "$work/host_key.pub")" >"$work/known_hosts"
    if [ "$(id -u)" -eq 0 ]; then
        mkdir -p /run/sshd # sshd insists on it, and only the service makes it
        # A locked account can log in with a key only where PAM decides.
        ! getent shadow root | cut -d: -f2 | grep -q '^!' || pam=yes
    fi
    cat >"$work/sshd_config" <<CONFIG
ListenAddress 127.0.0.1
Port $ssh_port
HostKey $work/host_key
AuthorizedKeysFile $work/authorized_keys
PidFile none
StrictModes no
UsePAM $pam
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
SetEnv HOME=$work
CONFIG
    start sshd "$(command -v sshd)" -D -e -f "$work/sshd_config"
    sshd=$started
}

start_broker() {
    local user=''
    [ "$(id -u)" -ne 0 ] || user='user root'
    printf '%s\n' "listener $broker_port 127.0.0.1" 'allow_anonymous true' 'persistence false' "$user" >"$work/mosquitto.conf"
    start broker "$(command -v mosquitto)" -c "$work/mosquitto.conf"
    broker=$started
}

write_configurations() {
    cat >"$work/a.yaml" <<CONFIG
socket:
  path: $work/a.sock
tunnels:
  b:
    host: 127.0.0.1
    port: $ssh_port
    user: $(id -un)
    identity: $work/key
    known_hosts: $work/known_hosts
    forwards:
      - remote: 127.0.0.1:$forward_port
        target: worker
worker:
  name: gpu
  server: http://127.0.0.1:$model_port
  listen: unix:$work/worker.sock
mqtt:
  brokers:
    - url: mqtt://127.0.0.1:$broker_port
CONFIG
    cat >"$work/b.yaml" <<CONFIG
socket:
  path: $work/b.sock
servers:
  gpu:
    sse: http://127.0.0.1:$forward_port
    mqtt: gpu
mqtt:
  brokers:
    - url: mqtt://127.0.0.1:$broker_port
CONFIG
}

# How often the tunnel came up since its lamd started.
connects() { lamctl_a tunnels --json | grep -o '"connects": *[0-9]*' | grep -o '[0-9]*$'; }
connected_after() { [ "$(connects)" -gt "$1" ]; }

# Kills the session that carries the tunnel, on B, as a crash or an administrator does, and notes how long it was away.
break_tunnel() {
    local before from sessions
    before=$(connects)
    sessions=$(descendants "$sshd")
    from=$(milliseconds)
    # shellcheck disable=SC2086 # several pids
    kill -KILL $sessions
    wait_until 20 connected_after "$before"
    echo $(($(milliseconds) - from)) >"$work/away"
}

show_status() {
    note "\$ lamctl status        # on A"
    lamctl_a status | sed 's/^/    /' || true
    note "\$ lamctl status        # on B"
    lamctl_b status | sed 's/^/    /' || true
}

chat() {
    local status=0
    note "\$ lamctl chat --max-tokens 100 \"$1\""
    lamctl_b chat --max-tokens 100 "$1" </dev/null || status=$?
    [ $status -eq 0 ] || note "lamctl chat: exit $status"
    return $status
}

# What B's lamd has logged of answers that changed their way since line $1 of its log.
show_hops() {
    tail -n +"$(($1 + 1))" "$work/lamd-b.log" | grep 'goes on elsewhere' | sed 's/^/    /'
}
log_lines() { wc -l <"$work/lamd-b.log"; }

# chat_through BREAKER: an answer in the middle of which BREAKER strikes; it must come whole.
chat_through() {
    local lines
    lines=$(log_lines)
    (sleep 0.7 && "$1") &
    breaker=$!
    pids+=("$breaker")
    chat "Tell me more."
    wait "$breaker"
    note "The answer is whole. lamd on B says:"
    show_hops "$lines" || {
        echo "demo: no answer changed its way" >&2
        exit 1
    }
}

break_broker() { kill -KILL "$broker"; }
break_worker() { kill -KILL "$lamd_a"; }

model_port=$(free_port) forward_port=$(free_port) ssh_port=$(free_port) broker_port=$(free_port)
begun=$(milliseconds)
tell "Two machines in one"
start_server
start_sshd
start_broker
write_configurations
note "A: lamd dials B's sshd, and stands as a worker in front of its model: $server"
note "B: lamd offers that model on a Unix socket, with the OpenAI API; a second way leads through an MQTT broker"

tell "Start lamd on both, wait until an answer is possible"
mkdir "$work/state-a" "$work/state-b"
from=$(milliseconds)
start lamd-a env STATE_DIRECTORY="$work/state-a" "$build/daemon/lamd" --config "$work/a.yaml"
lamd_a=$started
start lamd-b env STATE_DIRECTORY="$work/state-b" "$build/daemon/lamd" --config "$work/b.yaml"
wait_until 10 lamctl_b version
lamctl_a wait --for=tunnel=b --timeout=20s
tunnel=$(($(milliseconds) - from))
lamctl_b wait --for=healthy --timeout=20s
note "the tunnel was up after $tunnel ms, and B had asked the model through it after $(($(milliseconds) - from)) ms"
show_status

tell "An answer streams: Unix socket on B → lamd → sshd → SSH → lamd on A → server"
chat "Tell me about tunnels."

tell "The same again, and in the middle of it the SSH session is killed with SIGKILL"
chat_through break_tunnel
note "The tunnel itself was back $(cat "$work/away") ms after the kill."

tell "Over the broker now, and in the middle of it the broker is killed with SIGKILL"
note "\$ lamctl switch-mode mqtt"
lamctl_b switch-mode mqtt
(sleep 0.35 && lamctl_b switch-mode auto >/dev/null) &
pids+=("$!")
chat_through break_broker
show_status

tell "And when the worker itself is killed, nothing can save its answer: that is said, and never looks complete"
(sleep 0.7 && break_worker) &
breaker=$!
pids+=("$breaker")
if chat "Go on."; then
    echo "demo: the answer was cut, and yet lamctl reported success" >&2
    exit 1
fi
wait "$breaker"
note "An error event for a program, a message and an exit code for a person."
tell "Done in $((($(milliseconds) - begun) / 1000)) s; everything that was started is being ended"
