#!/bin/bash
# A server that lamd runs itself (worker.run), inside the sandbox of lamd.service: brought back whatever ends it, one of it
# at a time, its output in the journal under its own name, its memory bounded, ended after the answers that come from it.
# shellcheck source=tests/system/inside/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

is_gone() {
    [ ! -e "/proc/$1" ]
}

is_one() {
    [ "$(pgrep -xc probe-server)" = 1 ]
}

said() {
    journalctl -u lamd.service --since "@$since" --no-pager "${@:2}" | grep -- "$1" >/dev/null
}

# ask_slowly: begins an answer of 40 tokens, of four seconds at least, into /root/answer; returns when it has begun.
ask_slowly() {
    rm -f /root/answer
    curl -sN --max-time 100 --unix-socket /run/lamd/lamd.sock http://lamd/v1/chat/completions \
        -d '{"stream":true,"max_tokens":40,"fake":{"fault":"slow","delay_s":0.1},"messages":[{"role":"user","content":"Hello!"}]}' \
        >/root/answer &
    answer=$!
    until_true 60 grep '"content"' /root/answer
}

is_whole() {
    wait "$answer" || true
    [ "$(grep -c '"content": *"[^"]' /root/answer) $(tail -n 2 /root/answer)" = "40 data: [DONE]" ]
}

step "started by lamd, in its unit and its sandbox, offered to the kernel before lamd"
fresh_stopped
make_probe_server
with_child "[$probe_server], memory_max: 256MiB" >/etc/lamd/lamd.yaml
since=$(date +%s)
systemctl start lamd.service
is_healthy
child_is ready || fail "the server is $(child state): $(child reason)"
pid=$(child pid)
lamd=$(property MainPID)
[ "$(stat -c %U "/proc/$pid")" = lamd ] || fail "it is another user's"
for file in cgroup ns/mnt; do
    [ "$(cat "/proc/$pid/$file" 2>/dev/null || readlink "/proc/$pid/$file")" = \
        "$(cat "/proc/$lamd/$file" 2>/dev/null || readlink "/proc/$lamd/$file")" ] || fail "its $file is another"
done
grep -q '^NoNewPrivs:[[:space:]]*1$' "/proc/$pid/status" || fail "it may gain privileges"
grep -q '^Seccomp:[[:space:]]*2$' "/proc/$pid/status" || fail "its system calls are not filtered"
[ "$(cat "/proc/$pid/oom_score_adj")" -gt "$(cat "/proc/$lamd/oom_score_adj")" ] || fail "the kernel would take lamd first"
tr '\0' '\n' <"/proc/$pid/environ" | grep -E '^(NOTIFY_SOCKET|WATCHDOG_USEC|LISTEN_FDS|STATE_DIRECTORY)=' &&
    fail "it was told what systemd tells lamd"

step "what it prints is in the journal of the unit, under its own name"
until_true 30 said 'http://127.0.0.1:9200' -t probe-server
said 'http://127.0.0.1:9200' -t lamd && fail "it is lamd's, too"

step "killed, it is back, and lamd was not restarted"
kill -9 "$pid"
until_true 60 is_back "$pid"
[ "$(property MainPID) $(property NRestarts)" = "$lamd 0" ] || fail "lamd was restarted"
lamctl chat --max-tokens 4 'Hello!' || fail "no answer"

step "a reload leaves it alone; an operator's restart-server does not"
pid=$(child pid)
systemctl reload lamd.service
[ "$(child pid)" = "$pid" ] || fail "the reload restarted it"
lamctl restart-server
until_true 60 is_back "$pid"

step "larger than memory_max, it is restarted, and said to be so"
pid=$(child pid)
kill -USR1 "$pid"
until_true 60 is_back "$pid"
said memory_max || fail "the journal does not say why"

step "lamd killed, and the whole unit killed: each time both are back, and there is one server"
for who in main all; do
    pid=$(child pid)
    lamd=$(property MainPID)
    systemctl kill --kill-who=$who -s KILL lamd.service
    until_true 60 pid_is_not "$lamd"
    until_true 60 is_back "$pid"
    is_gone "$pid" || fail "the server of the killed lamd is still there"
    is_one || fail "there are $(pgrep -xc probe-server) servers"
done

step "a stop lets the answer end, then ends the server"
is_healthy
pid=$(child pid)
ask_slowly
systemctl stop lamd.service
is_gone "$pid" || fail "the server outlived the stop"
is_whole || fail "the answer was cut: $(grep -c '"content"' /root/answer) tokens, $(tail -n 2 /root/answer)"
has_property Result success || fail "result $(property Result)"

step "a restart: the same, and a server again"
systemctl start lamd.service
is_healthy
pid=$(child pid)
ask_slowly
systemctl restart lamd.service
is_whole || fail "the answer was cut: $(grep -c '"content"' /root/answer) tokens, $(tail -n 2 /root/answer)"
until_true 60 is_back "$pid"
is_one || fail "there are $(pgrep -xc probe-server) servers"

step "a server that does not go is killed, and the stop is clean"
pid=$(child pid)
kill -STOP "$pid"
systemctl stop lamd.service
is_gone "$pid" || fail "it outlived the stop"
has_property Result success || fail "result $(property Result)"

step "another program has its address: nothing is started beside it, and it takes over afterwards"
systemctl stop lamd.service lamd.socket # or the guard of the tunnel, which reports to it, starts it again
systemd-run --quiet --unit=other-server python3 -B /root/fake_server.py --port 9200
until_true 30 curl -sf http://127.0.0.1:9200/health
systemctl start lamd.service
until_true 60 child_is held
[ "$(child starts)" = 0 ] || fail "it was started all the same"
systemctl stop other-server.service
until_true 60 child_is ready

says_what_is_missing() {
    child reason | grep 'No such file' >/dev/null
}

step "its program goes away, and comes back"
pid=$(child pid)
mv /srv/child/probe-server /srv/child/elsewhere
kill -9 "$pid"
until_true 60 says_what_is_missing
lamctl check >/root/output 2>&1 && fail "the check does not see it"
grep '/srv/child/probe-server' /root/output >/dev/null || fail "the check does not name it: $(cat /root/output)"
mv /srv/child/elsewhere /srv/child/probe-server
until_true 60 child_is ready

if [ -d /root/llama ]; then
    step "a real llama-server behind the sandbox"
    mkdir -p /srv/llama
    cp -rT /root/llama /srv/llama
    chmod -R go+rX /srv/llama
    systemctl stop lamd.service
    with_child '[/srv/llama/llama-server, -m, /srv/llama/tiny.gguf, -c, "512", --host, 127.0.0.1, --port, "9200"]' >/etc/lamd/lamd.yaml
    systemctl start lamd.service
    is_healthy
    child_is ready || fail "the server is $(child state): $(child reason)"
    lamctl chat --max-tokens 4 'Hello!' || fail "no answer"
    journalctl -t llama-server --since "@$since" --no-pager | grep 'model loaded' >/dev/null || fail "its output is not in the journal"
fi
systemctl stop lamd.service
rm -rf /srv/child
