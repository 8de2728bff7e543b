#!/bin/bash
# What `lamctl doctor` finds of lamd's service and of clocks on a real systemd: each is caused, found, mended by the very
# commands that are printed, and gone.
# shellcheck source=tests/system/inside/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The commands of a finding, one a line; fails where doctor does not find it.
commands_of() {
    { lamctl doctor --json || true; } | python3 -c '
import json, sys
found = [finding for finding in json.load(sys.stdin)["findings"] if finding["cause"] == sys.argv[1]]
for finding in found:
    print(*finding["commands"], sep="\n")
sys.exit(not found)' "$1"
}

is_well_of() {
    ! commands_of "$1"
}

paste_all() {
    local command
    while IFS= read -r command; do
        echo "+ $command"
        bash -c "$command" </dev/null || fail "a printed command fails: $command"
    done
}

# cures CAUSE [MEND]: doctor finds it; MEND, if any, does what else is to be done; what was printed is pasted; it is gone.
cures() {
    local printed
    until_true 30 commands_of "$1"
    printed=$(commands_of "$1")
    [ -z "${2:-}" ] || "$2"
    paste_all <<<"$printed"
    until_true 60 is_well_of "$1"
}

step "given up, for a slip in the configuration"
fresh_stopped
both_roles | sed 's/gpu: {sse:/gpu: {see:/' >/etc/lamd/lamd.yaml
systemctl start lamd.service && fail "it started with a wrong configuration"
until_true 30 has_property ActiveState failed
mend_the_slip() {
    commands_of config_invalid | grep '^sed ' | paste_all
}

cures service_failed mend_the_slip
is_healthy

step "it stood still"
drop_in watchdog 'WatchdogSec=4s'
systemctl restart lamd.service
is_healthy
pid=$(property MainPID)
kill -STOP "$pid"
until_true 60 pid_is_not "$pid"
is_healthy
cures watchdog

step "it was killed"
fresh
pid=$(property MainPID)
kill -9 "$pid"
until_true 60 pid_is_not "$pid"
is_healthy
cures restarted

step "out of memory"
if grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null; then
    fresh
    drop_in memory 'MemoryMax=2M' 'MemorySwapMax=0'
    systemctl restart lamd.service || true
    was_out_of_memory() {
        journalctl -u lamd.service --no-pager | grep "Failed with result 'oom-kill'" >/dev/null
    }
    until_true 60 was_out_of_memory
    rm /run/systemd/system/lamd.service.d/memory.conf
    systemctl daemon-reload
    until_true 60 has_property ActiveState active
    is_healthy
    cures out_of_memory
else
    echo "skipped: no memory controller here"
fi

step "it would not be there after a reboot"
fresh
systemctl disable lamd.service
cures not_enabled
has_property UnitFileState enabled || fail "it is $(property UnitFileState)"

# No container may set a clock: another machine's is told by a worker's answers, and set by what timedated takes for NTP.
step "the clock of the other machine is wrong"
touch /run/clock-is-slow
mkdir -p /run/systemd/ntp-units.d
echo test-ntp.service >/run/systemd/ntp-units.d/00-test.list
printf '%s\n' '[Service]' Type=oneshot RemainAfterExit=yes 'ExecStart=/bin/rm /run/clock-is-slow' \
    '[Install]' WantedBy=multi-user.target >/etc/systemd/system/test-ntp.service
systemctl daemon-reload
cat >/root/worker.py <<'PYTHON'
import http.server, os, time
from email.utils import formatdate

class Worker(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def date_time_string(self, timestamp=None):
        return formatdate(time.time() - 3600 * os.path.exists("/run/clock-is-slow"), usegmt=True)

    def do_GET(self):
        self.send_response(200)
        for name, value in (("Lam-Worker", "gpu"), ("Content-Type", "application/json"), ("Content-Length", "15")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b'{"status":"ok"}')

http.server.ThreadingHTTPServer(("127.0.0.1", 9001), Worker).serve_forever()
PYTHON
systemd-run --quiet --unit=slow-worker python3 -B /root/worker.py
until_true 30 curl -sf http://127.0.0.1:9001/health
role_b | sed 's/9000/9001/' >/etc/lamd/lamd.yaml
systemctl restart lamd.service
cures clock_skew
[ ! -e /run/clock-is-slow ] || fail "the clock was not set"
systemctl stop slow-worker.service
rm -r /run/systemd/ntp-units.d /etc/systemd/system/test-ntp.service
systemctl daemon-reload
