#!/bin/bash
# llama-server@.service: settings from a file, loopback only, confined, restarted. With a real one where /root/llama has it.
# shellcheck source=tests/system/inside/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

unit=llama-server@probe.service
answers() {
    curl -sf --max-time 2 http://127.0.0.1:9100/health
}

step "without settings it says that they are missing"
fresh
systemctl start $unit && fail "it started without settings"
systemctl show -p AssertResult $unit | grep no >/dev/null || fail "it failed for another reason"

step "the example of the settings, with a model and a port"
install -d /etc/lamd/llama /srv/llama
if [ -d /root/llama ]; then
    cp -rT /root/llama /srv/llama
else
    echo "no llama-server here: a stand-in that takes its variables"
    cp /root/fake_server.py /srv/llama
    cat >/srv/llama/llama-server <<'SERVER'
#!/bin/sh
exec python3 -B /srv/llama/fake_server.py --port "$LLAMA_ARG_PORT" "$@"
SERVER
    chmod 755 /srv/llama/llama-server
fi
chmod -R go+rX /srv/llama
sed -e 's#^LLAMA_ARG_MODEL=.*#LLAMA_ARG_MODEL=/srv/llama/tiny.gguf#' -e 's#^LLAMA_ARG_CTX_SIZE=.*#LLAMA_ARG_CTX_SIZE=4096#' \
    -e 's#^\#LLAMA_SERVER=.*#LLAMA_SERVER=/srv/llama/llama-server#' -e 's#^\#LLAMA_ARG_PORT=.*#LLAMA_ARG_PORT=9100#' \
    -e 's#^\#LLAMA_SERVER_OPTIONS=.*#LLAMA_SERVER_OPTIONS=--host 0.0.0.0#' \
    /usr/share/doc/lamd/examples/llama-server.env >/etc/lamd/llama/probe.env
systemctl start $unit
until_true 120 answers

step "whatever the settings say, it listens on the loopback, as a user of its own, confined"
listens=$(python3 - <<'PYTHON'
print(*{line.split()[1].split(":")[0] for name in ("tcp", "tcp6") for line in list(open("/proc/net/" + name))[1:]
        if line.split()[1].endswith(":%04X" % 9100) and line.split()[3] == "0A"})
PYTHON
)
[ "$listens" = 0100007F ] || fail "it listens on $listens"
pid=$(property MainPID $unit)
[ "$(stat -c %u "/proc/$pid")" != 0 ] || fail "it runs as root"
grep -q '^NoNewPrivs:[[:space:]]*1$' "/proc/$pid/status" || fail "it may gain privileges"
systemd-analyze security --threshold=20 --no-pager $unit | tail -1

step "killed, it is restarted; and lamd asks it"
kill -9 "$pid"
is_another() {
    ! has_property MainPID "$pid" $unit && answers
}
until_true 120 is_another
both_roles | sed 's#:9000#:9100#' >/etc/lamd/lamd.yaml
systemctl restart lamd.service
is_healthy
lamctl chat --max-tokens 4 'Hello!' || fail "no answer"
systemctl stop $unit
has_property Result success $unit || fail "result $(property Result $unit)"
