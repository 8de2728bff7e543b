#!/bin/bash
# The package is replaced by a newer one while callers ask: no request is lost, on either machine; what the operator has
# written stays.
# shellcheck source=tests/system/inside/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Each answer takes a second, and must have all of its 20 tokens and its end.
ask_until_enough() {
    until [ -e /root/enough ]; do
        curl -sSN --max-time 100 --unix-socket "$1" http://lamd/v1/chat/completions -d '{"stream":true,"max_tokens":20,
            "fake":{"fault":"slow","delay_s":0.05},"messages":[{"role":"user","content":"Hello!"}]}' >"/root/answer.$2" 2>&1 || true
        if [ "$(grep -c '"content": *"[^"]' "/root/answer.$2") $(tail -n 2 "/root/answer.$2")" = "20 data: [DONE]" ]; then
            echo whole
        else
            tr -d '\n' <"/root/answer.$2" | tail -c 300
            echo
        fi >>"/root/answers.$2"
    done
}

count_answers() {
    cat /root/answers.* | wc -l
}

have_come() {
    [ "$(count_answers)" -ge "$1" ]
}

# upgrade_under_load SOCKET: from the previous package to this one, while four callers ask there.
upgrade_under_load() {
    local number good pid
    pid=$(property MainPID)
    rm -f /root/answers.* /root/enough
    for number in 1 2 3 4; do
        : >"/root/answers.$number"
        ask_until_enough "$1" "$number" &
    done
    until_true 60 have_come 8
    dpkg -i /root/lamd.deb
    until_true 60 have_come $(($(count_answers) + 8))
    touch /root/enough
    wait
    good=$(cat /root/answers.* | grep -cx whole)
    echo "$(count_answers) answers, $(($(count_answers) - good)) lost"
    [ "$good" = "$(count_answers)" ] || { journalctl --no-pager -u elsewhere; fail "answers were lost: $(cat /root/answers.* | grep -vx whole)"; }
    [ "$(property MainPID)" != "$pid" ] || fail "the old program is still running"
}

step "the machine with the backend"
systemctl stop lamd.service lamd.socket
dpkg --force-downgrade -i /root/previous.deb
fresh_stopped
role_b >/etc/lamd/lamd.yaml
systemctl start lamd.service
is_healthy
before=$(md5sum /etc/lamd/lamd.yaml /etc/lamd/id_ed25519)
upgrade_under_load /run/lamd/lamd.sock
[ "$(md5sum /etc/lamd/lamd.yaml /etc/lamd/id_ed25519)" = "$before" ] || fail "the configuration was changed"

step "the machine with the model, and a gateway elsewhere that asks it"
systemctl stop lamd.service lamd.socket
dpkg --force-downgrade -i /root/previous.deb
fresh
cat >/root/elsewhere.yaml <<'YAML'
socket: {path: /run/elsewhere/lamd.sock}
servers: {gpu: {sse: "http://127.0.0.1:8080"}}
YAML
cp /usr/sbin/lamd /root/elsewhere
systemd-run --quiet --unit=elsewhere -p Type=notify -p RuntimeDirectory=elsewhere -p StateDirectory=elsewhere \
    /root/elsewhere --config /root/elsewhere.yaml
lamctl --socket /run/elsewhere/lamd.sock wait --for=healthy --timeout=60s
upgrade_under_load /run/elsewhere/lamd.sock
systemctl stop elsewhere.service

step "an upgrade where lamd is stopped does not start it"
systemctl disable --now lamd.service lamd.socket
dpkg --force-downgrade -i /root/previous.deb
dpkg -i /root/lamd.deb
has_property ActiveState inactive || fail "it runs"
