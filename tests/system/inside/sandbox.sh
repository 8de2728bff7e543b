#!/bin/bash
# Each line of lamd.service's sandbox is proven: what it forbids works without it, and fails behind it. The lines are taken
# from the installed unit, and one that is new there and has no proof here fails the test.
# shellcheck source=tests/system/inside/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mapfile -t lines < <(sed -n '/^NoNewPrivileges=/,/^UMask=/{/^#/d;p}' /usr/lib/systemd/system/lamd.service)
sandbox=()
for line in "${lines[@]}"; do sandbox+=(-p "$line"); done
proven=()

without() {
    systemd-run --wait --pipe --quiet -p "User=$1" /bin/bash -c "$2" >/root/output 2>&1
}

within() {
    systemd-run --wait --pipe --quiet -p User=lamd -p Group=lamd -p StateDirectory=lamd "${sandbox[@]}" /bin/bash -c "$1" \
        >/root/output 2>&1
}

# forbids LINE USER COMMAND: COMMAND works for USER, and not behind the sandbox.
forbids() {
    proven+=("$1")
    without "$2" "$3" || fail "$1: proves nothing, since without the sandbox it fails, too: $3: $(cat /root/output)"
    if within "$3"; then fail "$1 does not hold: $3: $(cat /root/output)"; fi
    echo "$1"
}

# trusts LINE WHY: cannot be tried in a container.
trusts() {
    proven+=("$1")
    echo "$1 (not tried: $2)"
}

allows() {
    within "$2" || fail "$1 does not work within the sandbox: $(cat /root/output)"
    echo "$1 works"
}

python() {
    printf 'python3 -B -c %q' "import ctypes, errno, mmap, os, socket, sys; libc = ctypes.CDLL(None, use_errno=True); $1"
}

step "what lamd needs works within"
fresh
within true || fail "nothing runs within the sandbox, so the checks below prove nothing: $(cat /root/output)"
allows "an answer over TCP" "curl -sf http://127.0.0.1:9000/health"
allows "its own socket" "curl -sf --unix-socket /run/lamd/lamd.sock http://lamd/livez"
allows "netlink" "$(python 'socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).bind((0, 1))')"
allows "its state" "touch /var/lib/lamd/probe && rm /var/lib/lamd/probe"
allows "the journal" "test -S /run/systemd/journal/socket"

step "what it must not do fails, line by line"
install -d -m 777 /srv/open /home/open
touch /tmp/probe
cp /usr/bin/id /srv/open/id && chmod 4755 /srv/open/id
readlink /proc/1/ns/mnt >/srv/open/mnt
mkdir -p /usr/lib/modules/probe
mknod -m 666 /dev/probe c 1 3
mkdir -m 777 /sys/fs/cgroup/probe
# shellcheck disable=SC2016 # the commands are for the shells inside
{
    forbids NoNewPrivileges=yes lamd '[ "$(/srv/open/id -u)" = 0 ]'
    forbids CapabilityBoundingSet= lamd '! grep -q "^CapBnd:[[:space:]]*0*$" /proc/self/status'
    forbids ProtectSystem=strict lamd 'touch /srv/open/x'
    forbids ProtectHome=yes lamd 'ls /home/open'
    forbids PrivateTmp=yes lamd 'ls /tmp/probe'
    forbids PrivateDevices=yes lamd 'echo >/dev/probe'
    forbids PrivateMounts=yes root '[ "$(readlink /proc/self/ns/mnt)" = "$(cat /srv/open/mnt)" ]'
    trusts ProtectClock=yes "a container may not set the clock anyway"
    forbids ProtectHostname=yes root "$(python 'socket.sethostname("box")')"
    trusts ProtectKernelLogs=yes "a container sees no kernel log anyway"
    forbids ProtectKernelModules=yes lamd 'ls /usr/lib/modules/probe'
    trusts ProtectKernelTunables=yes "a container may not write them anyway"
    forbids ProtectControlGroups=yes lamd 'mkdir /sys/fs/cgroup/probe/x && rmdir /sys/fs/cgroup/probe/x'
    forbids ProtectProc=invisible lamd 'ls /proc/1/status'
    forbids ProcSubset=pid lamd 'cat /proc/meminfo'
    forbids "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK" root "$(python 'socket.socket(socket.AF_PACKET, socket.SOCK_RAW)')"
    forbids "CapabilityBoundingSet=" root "$(python 'socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)')"
    forbids RestrictNamespaces=yes lamd 'unshare --user true'
    forbids RestrictRealtime=yes root 'chrt --fifo 1 true'
    forbids RestrictSUIDSGID=yes lamd 'cd /var/lib/lamd && touch x && chmod u+s x; good=$?; rm x; exit $good'
    forbids LockPersonality=yes lamd 'setarch --addr-no-randomize true'
    forbids MemoryDenyWriteExecute=yes lamd "$(python 'mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)')"
    forbids SystemCallFilter=@system-service lamd "$(python 'sys.exit(libc.ptrace(0, 0, 0, 0) != 0)')"
    forbids "SystemCallFilter=~@privileged @resources" lamd "$(python 'os.nice(1)')"
    forbids UMask=0077 lamd 'cd /var/lib/lamd && touch x; mode=$(stat -c %a x); rm x; [ "$mode" = 644 ]'
}

step "a call that is not allowed is an error for lamd, not its death"
allows SystemCallErrorNumber=EPERM "$(python 'libc.ptrace(0, 0, 0, 0); sys.exit(ctypes.get_errno() != errno.EPERM)')"
proven+=(SystemCallErrorNumber=EPERM)

step "another architecture's calls"
# The smallest program of 32 bits: exit(0) by int 0x80.
python3 - <<'PYTHON'
import os, struct
code = bytes.fromhex("b80100000031dbcd80")
head = b"\x7fELF\1\1\1" + bytes(9) + struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, 0x8048054, 52, 0, 0, 52, 32, 1, 0, 0, 0)
load = struct.pack("<IIIIIIII", 1, 0, 0x8048000, 0x8048000, 84 + len(code), 84 + len(code), 5, 4096)
with open("/srv/open/program32", "wb") as file:
    file.write(head + load + code)
os.chmod("/srv/open/program32", 0o755)
PYTHON
if [ "$(uname -m)" = x86_64 ] && without lamd /srv/open/program32; then
    forbids SystemCallArchitectures=native lamd /srv/open/program32
else
    trusts SystemCallArchitectures=native "there are no others here"
fi

step "shared memory does not outlive it"
count_segments() {
    ipcs -m | awk '$3 == "lamd"' | wc -l
}
has_no_segment() {
    [ "$(count_segments)" = 0 ]
}
without lamd 'ipcmk --shmem 1'
[ "$(count_segments)" = 1 ] || fail "there is no segment to begin with, so this proves nothing"
systemctl stop lamd.service
until_true 20 has_no_segment
proven+=(RemoveIPC=yes)
systemctl start lamd.service

step "every line of the unit is among them"
for line in "${lines[@]}"; do
    printf '%s\n' "${proven[@]}" | grep -xF -- "$line" >/dev/null || fail "no proof for $line"
done
[ ${#lines[@]} -ge 25 ] || fail "only ${#lines[@]} lines were found"

step "lamd itself has them"
pid=$(property MainPID)
grep -q '^NoNewPrivs:[[:space:]]*1$' "/proc/$pid/status" || fail "it may gain privileges"
grep -q '^CapBnd:[[:space:]]*0*$' "/proc/$pid/status" || fail "it has capabilities to gain"
grep -q '^Seccomp:[[:space:]]*2$' "/proc/$pid/status" || fail "its system calls are not filtered"
systemd-analyze security --threshold=15 --no-pager lamd.service | tail -1
systemd-analyze verify --man=no /usr/lib/systemd/system/lamd*.{service,socket,target} /usr/lib/systemd/system/llama-server@.service 2>&1 | tee /root/output
[ ! -s /root/output ] || fail "the units have mistakes"
rm -rf /dev/probe /srv/open /home/open /usr/lib/modules/probe
rmdir /sys/fs/cgroup/probe
