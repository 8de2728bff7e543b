#!/bin/bash
# Keys and passwords as credentials of systemd, as the example drop-in has them; and a key in an ssh-agent.
# shellcheck source=tests/system/inside/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

step "a key that root alone can read on the disk is loaded by systemd"
fresh_stopped
install -d -m 700 /etc/lamd/credentials
install -m 600 /etc/lamd/id_ed25519 /etc/lamd/credentials/tunnel-key
mkdir -p /run/systemd/system/lamd.service.d
grep -vE 'mqtt-password:|llama-key:' /usr/share/doc/lamd/examples/credentials.conf \
    >/run/systemd/system/lamd.service.d/credentials.conf
systemctl daemon-reload
both_roles | sed 's#identity: .*#identity: credential:tunnel-key#' >/etc/lamd/lamd.yaml
runuser -u lamd -- cat /etc/lamd/credentials/tunnel-key && fail "the user lamd can read the key on the disk"
systemctl start lamd.service
lamctl wait --for=tunnel=web --timeout=60s || fail "no tunnel with a key from a credential"

step "a password, too"
echo secret >/etc/lamd/credentials/llama-key
echo 'LoadCredential=llama-key:/etc/lamd/credentials/llama-key' >>/run/systemd/system/lamd.service.d/credentials.conf
systemctl daemon-reload
both_roles | sed 's#sse: "http://127.0.0.1:8080"#&, api_key_file: "credential:llama-key"#' >/etc/lamd/lamd.yaml
systemctl restart lamd.service
is_healthy

step "a credential that is missing is a clear error, and well once it is there"
mv /etc/lamd/credentials/llama-key /root/llama-key
systemctl restart lamd.service && fail "it started without"
journalctl --no-pager -u lamd.service | grep 'CREDENTIALS' >/dev/null || fail "the journal does not say what is wrong"
mv /root/llama-key /etc/lamd/credentials/llama-key
until_true 60 has_property ActiveState active
is_healthy

step "a key in an ssh-agent, whose socket is outside of homes"
fresh_stopped
systemd-run --quiet --unit=agent -p User=lamd -p RuntimeDirectory=lamd-agent ssh-agent -D -a /run/lamd-agent/socket
until_true 30 test -S /run/lamd-agent/socket
SSH_AUTH_SOCK=/run/lamd-agent/socket runuser -u lamd -- ssh-add /etc/lamd/id_ed25519
both_roles | sed 's#identity: .*#agent: /run/lamd-agent/socket#' >/etc/lamd/lamd.yaml
systemctl start lamd.service
lamctl wait --for=tunnel=web --timeout=60s || fail "no tunnel with a key from the agent"
systemctl stop agent.service
