#!/bin/bash
# lamd-online.target: what is ordered after it starts when a model can be reached, not before.
# shellcheck source=tests/system/inside/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

step "the target waits for a model, and is there when one is"
fresh
systemctl stop fake-server.service
has_no_model() {
    [ "$(status_line)" = down ]
}
until_true 60 has_no_model
cat >/run/systemd/system/backend.service <<'UNIT'
[Unit]
Wants=lamd-online.target
After=lamd-online.target
[Service]
ExecStart=/bin/sleep infinity
UNIT
systemctl daemon-reload
systemctl start --no-block backend.service
until_true 30 has_property ActiveState activating lamd-wait-online.service
has_property ActiveState inactive backend.service || fail "the backend did not wait"
start_server
until_true 60 has_property ActiveState active lamd-online.target
until_true 60 has_property ActiveState active backend.service

step "a restart of lamd leaves the backend alone"
pid=$(property MainPID backend.service)
systemctl restart lamd.service
is_healthy
has_property MainPID "$pid" backend.service || fail "the backend was restarted"

step "no model in time: the target fails, and the backend starts all the same"
systemctl stop backend.service lamd-online.target lamd-wait-online.service fake-server.service
until_true 60 has_no_model
mkdir -p /run/systemd/system/lamd-wait-online.service.d
printf '[Service]\nExecStart=\nExecStart=/usr/bin/lamctl wait --timeout=1s\n' >/run/systemd/system/lamd-wait-online.service.d/short.conf
systemctl daemon-reload
systemctl start backend.service
has_property ActiveState inactive lamd-online.target || fail "the target is $(property ActiveState lamd-online.target)"
has_property ActiveState active backend.service || fail "the backend is $(property ActiveState backend.service)"
rm -r /run/systemd/system/lamd-wait-online.service.d /run/systemd/system/backend.service
systemctl stop backend.service
