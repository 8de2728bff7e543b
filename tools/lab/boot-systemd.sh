#!/bin/bash
# boot-systemd.sh: boots a real Debian with systemd as PID 1 in a container, runs a script in it, exits with its status.
#
#   boot-systemd.sh [-c SRC:DEST]... [-i PKG,..] [-n NET] [-t SEC] [-T SEC] [-b] [-a] [-r] [-e K=V]... SUITE SCRIPT [ARG...]
#   boot-systemd.sh [-i PKG,..] -B SUITE            only make the cached root, and print where it is
#
#   SUITE         bookworm | trixie (anything debootstrap and the mirror have)
#   -c SRC:DEST   copy a file or directory of this machine to DEST inside (repeatable; modes kept)
#   -i PKG,PKG    extra packages, baked into a cached root of their own
#   -n NET        private (default: only lo) | host (apt works) | NAME of an `ip netns` namespace
#   -t SEC        limit for SCRIPT, default 300
#   -T SEC        limit for the boot, default 60
#   -b            also allow bpf() inside, so that IPAddressDeny= and DeviceAllow= really filter
#   -a            also allow network administration inside, so that SCRIPT can make network namespaces
#   -r            SCRIPT may exit with 194 to have the machine rebooted and itself run again; BOOT_NUMBER counts from 1
#   -e K=V        environment of SCRIPT
# Needs root, systemd-container and debootstrap. Works where PID 1 of this machine is not systemd.
# Environment: BOOT_CACHE (default: lamd/lab in the user's cache), BOOT_MIRROR, BOOT_UNIFIED=1|0, BOOT_CONSOLE=file,
# BOOT_LEADER_FILE=file, BOOT_SIZE (of the throw-away disk in RAM, default 8g).
# Exit: SCRIPT's status; 124 SCRIPT too slow; 125 the machine could not be made or booted.
set -uo pipefail
self=$(readlink -f "$0")

usage() {
    sed -n '2,/^set/s/^#\( \|$\)//p' "$self" >&2
    exit 125
}

die() {
    echo "boot-systemd: $*" >&2
    exit 125
}

copies=() packages='' network=private script_limit=300 boot_limit=60 environment=()
with_bpf='' with_net_admin='' with_reboots='' only_build=''
while getopts c:i:n:t:T:bare:B option; do
    case $option in
        c) copies+=("$OPTARG") ;;
        i) packages=$OPTARG ;;
        n) network=$OPTARG ;;
        t) script_limit=$OPTARG ;;
        T) boot_limit=$OPTARG ;;
        b) with_bpf=1 ;;
        a) with_net_admin=1 ;;
        r) with_reboots=1 ;;
        e) environment+=(--setenv="$OPTARG") ;;
        B) only_build=1 ;;
        *) usage ;;
    esac
done
words=("${@:OPTIND}")
suite=${words[0]:-}
script=${words[1]:-}
[ -n "$suite" ] || usage
[ -n "$only_build" ] || [ -f "$script" ] || usage
[ "$(id -u)" = 0 ] || die "needs root"
for program in debootstrap systemd-nspawn nsenter unshare flock; do
    command -v $program >/dev/null || die "there is no $program: apt-get install debootstrap systemd-container util-linux"
done

# A mount namespace of our own: whatever is mounted here goes away with us.
if [ -z "${BOOT_NS:-}" ]; then
    BOOT_NS=1 exec unshare --mount --propagation private "$self" "$@"
fi
unset BOOT_NS

cache=${BOOT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lamd/lab}
mkdir -p "$cache" || die "cannot make $cache"
if command -v zstd >/dev/null; then
    ending=zst compress=(zstd -q -3 -T1) expand=(zstd -qdc)
else
    ending=gz compress=(gzip -1) expand=(gzip -dc)
fi

# The mirror that this machine's own apt uses.
find_mirror() {
    # shellcheck disable=SC2016 # $(SITE) is apt's
    apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Component: main' | head -1
}

unpack() { mkdir "$2" && "${expand[@]}" "$cache/$1.tar.$ending" | tar -C "$2" --numeric-owner --xattrs -xf -; }

bootstrap() {
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus "$suite" "$1" "$mirror" 9>&-
}

# bake ROOT PACKAGES: the suite's root and these packages.
bake() {
    local root=$1 list=$2 status=0
    make_root "$suite" "" && unpack "$suite" "$root" && rm -f "$root/etc/resolv.conf" &&
        cp /etc/resolv.conf "$root/etc/" && mount -t proc proc "$root/proc" || return 1
    chroot "$root" env DEBIAN_FRONTEND=noninteractive \
        bash -c "apt-get update -q && apt-get install -y -q --no-install-recommends $list" 9>&- || status=1
    umount "$root/proc"
    rm -rf "$root"/var/lib/apt/lists/*
    return $status
}

# Nothing on a timer may run apt behind a test's back; no login prompt on the console.
quieten() {
    local unit
    rm -f "$1"/var/cache/apt/archives/*.deb "$1"/var/cache/apt/*.bin
    echo box >"$1/etc/hostname"
    for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer console-getty.service; do
        ln -sf /dev/null "$1/etc/systemd/system/$unit"
    done
}

# make_root NAME PACKAGES: $cache/NAME.tar.* and, unpacked from it, $cache/NAME/.
make_root() {
    local name=$1 list=$2 root=$cache/$1.new begun=$SECONDS
    [ ! -e "$cache/$name/.ready" ] || return 0
    rm -rf "${cache:?}/$name" "$root"
    if [ ! -s "$cache/$name.tar.$ending" ]; then
        if [ -n "$list" ]; then bake "$root" "$list"; else bootstrap "$root"; fi >"$cache/$name.log" 2>&1 || {
            tail -5 "$cache/$name.log" >&2
            return 1
        }
        quieten "$root"
        tar -C "$root" --numeric-owner --xattrs -cf - . | "${compress[@]}" >"$cache/$name.tar.$ending.new" || return 1
        mv "$cache/$name.tar.$ending.new" "$cache/$name.tar.$ending"
        rm -rf "$root"
        echo "boot-systemd: made $cache/$name.tar.$ending in $((SECONDS - begun)) s" >&2
    fi
    unpack "$name" "$root" && touch "$root/.ready" && mv "$root" "$cache/$name"
}

mirror=${BOOT_MIRROR:-$(find_mirror)}
[ -n "$mirror" ] || die "there is no mirror in apt's sources; set BOOT_MIRROR"
list=$(tr , '\n' <<<"$packages" | sed '/^$/d' | sort -u | paste -sd' ')
name=$suite
[ -z "$list" ] || name=$suite-$(md5sum <<<"$list" | cut -c1-8)
exec 9>"$cache/lock"
flock 9
make_root "$name" "$list" || die "could not make the root of $suite (log: $cache/$name.log)"
exec 9>&-
[ -z "$only_build" ] || {
    echo "$cache/$name"
    exit 0
}

run=$(mktemp -d "/tmp/boot-systemd.$$.XXXXXX")
nspawn='' cgroups=() homes=()

# Ends the container's own processes and takes back what was made of this machine.
cleanup() {
    local index
    trap '' INT TERM HUP
    if [ -n "$nspawn" ] && kill -0 "$nspawn" 2>/dev/null; then
        kill -TERM "$nspawn" 2>/dev/null
        wait_for_end "$nspawn" 50 || kill -KILL "$nspawn" 2>/dev/null
        wait "$nspawn" 2>/dev/null
    fi
    [ -z "${BOOT_CONSOLE:-}" ] || cp "$run/console" "$BOOT_CONSOLE"
    for index in "${!cgroups[@]}"; do
        echo $$ >"${homes[index]}/cgroup.procs" 2>/dev/null
        for _ in 1 2 3 4 5; do
            find "${cgroups[index]}" -depth -type d -exec rmdir {} \; 2>/dev/null
            [ -d "${cgroups[index]}" ] || break
            sleep 0.2
        done
    done
    umount -l "$run/root" 2>/dev/null
    umount -l "$run/mem" 2>/dev/null
    rm -rf --one-file-system "$run"
}

# wait_for_end PID TENTHS
wait_for_end() {
    local attempt
    for ((attempt = 0; attempt < $2; ++attempt)); do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.1
    done
    return 1
}

# What a killed run of this left behind.
sweep() {
    local left owner
    for left in /tmp/boot-systemd.*.* /sys/fs/cgroup{,/unified,/systemd}/boot-[0-9]*; do
        owner=${left##*/boot-}
        owner=${owner##*systemd.}
        if [ ! -d "$left" ] || kill -0 "${owner%%.*}" 2>/dev/null; then continue; fi
        case $left in
            /tmp/*) rm -rf --one-file-system "$left" ;;
            *) find "$left" -depth -type d -exec rmdir {} \; 2>/dev/null ;;
        esac
    done
}

# A throw-away copy of the root: an overlay in RAM, or a real copy where overlayfs is refused.
prepare_disk() {
    local copy
    mkdir "$run/root" "$run/mem"
    mount -t tmpfs -o "mode=755,size=${BOOT_SIZE:-8g}" none "$run/mem" || die "no tmpfs"
    mkdir "$run/mem/up" "$run/mem/work"
    chmod 755 "$run/mem/up"
    mount -t overlay overlay -o "lowerdir=$cache/$name,upperdir=$run/mem/up,workdir=$run/mem/work" "$run/root" 2>/dev/null ||
        cp -a "$cache/$name/." "$run/root/" || die "cannot copy the root"
    mkdir -p "$run/root/h1"
    install -m755 "$script" "$run/root/h1/script"
    for copy in "${copies[@]}"; do
        mkdir -p "$(dirname "$run/root/${copy#*:}")"
        cp -aT "${copy%%:*}" "$run/root/${copy#*:}" || die "cannot copy $copy"
        chown -R 0:0 "$run/root/${copy#*:}"
    done
}

# enter_cgroup MOUNT PATH: moves this process, and so the container, into a cgroup of its own.
enter_cgroup() {
    local mount=$1 path=$2
    if [ -n "$mount" ] && mkdir "$mount$path/boot-$$" 2>/dev/null && echo $$ >"$mount$path/boot-$$/cgroup.procs"; then
        cgroups+=("$mount${path%/}/boot-$$")
        homes+=("$mount$path")
    fi
}

# Where this machine's PID 1 is not systemd there is no machined to register with.
without_machined() {
    local id controllers path
    while IFS=: read -r id controllers path; do
        case $id:$controllers in
            0:) enter_cgroup "$(awk '$3=="cgroup2"{print $2; exit}' /proc/mounts)" "$path" ;;
            *:name=systemd)
                enter_cgroup "$(awk '$3=="cgroup" && $4~/name=systemd/{print $2; exit}' /proc/mounts)" "$path"
                ;;
        esac
    done </proc/self/cgroup
    # nspawn insists on a tmpfs here; on a disk it ends with an error.
    mkdir -p /run/systemd/nspawn && mount -t tmpfs -o mode=755 none /run/systemd/nspawn
}

start_container() {
    local options=(-q -b -D "$run/root" -M "box$$" --hostname=box --link-journal=no --resolv-conf=copy-host)
    if [ ! -d /run/systemd/system ]; then
        [ "$boot" != 1 ] || without_machined
        options+=(--register=no --keep-unit)
    fi
    case $network in
        private) options+=(--private-network) ;;
        host) ;;
        *) options+=(--network-namespace-path="/run/netns/$network") ;;
    esac
    [ -z "$with_net_admin" ] || options+=("--capability=CAP_NET_ADMIN")
    [ -z "$with_bpf" ] || options+=("--capability=CAP_BPF,CAP_PERFMON" --system-call-filter=bpf)
    export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=${BOOT_UNIFIED:-1}
    setpriv --pdeathsig TERM systemd-nspawn "${options[@]}" </dev/null >"$run/console" 2>&1 &
    nspawn=$!
}

inside() { nsenter -t "$leader" -a "$@"; }

# Sets `leader`, the container's PID 1, once its systemd has started everything.
wait_for_boot() {
    local state='' begun=$SECONDS
    while :; do
        sleep 0.05
        kill -0 "$nspawn" 2>/dev/null || {
            cat "$run/console" >&2
            die "systemd-nspawn ended"
        }
        leader=$(pgrep -P "$nspawn" | head -1)
        [ -z "$leader" ] || state=$(timeout 5 nsenter -t "$leader" -a systemctl is-system-running 2>/dev/null)
        case $state in running | degraded) break ;; esac
        [ $((SECONDS - begun)) -lt "$boot_limit" ] || {
            cat "$run/console" >&2
            die "not up after $boot_limit s (state: ${state:-none})"
        }
    done
    echo "boot-systemd: $suite is $state after $((SECONDS - begun)) s, leader pid $leader" >&2
    [ "$state" != degraded ] || inside systemctl --failed --no-pager --no-legend >&2
    [ -z "${BOOT_LEADER_FILE:-}" ] || echo "$leader" >"$BOOT_LEADER_FILE"
}

# The script as a service of that systemd, its output here, its status ours. (Not timeout(1): its kill leaves a zombie in
# the container that the shutdown then waits 10 s for.)
run_script() {
    local job end=$((SECONDS + script_limit)) slow='' status
    inside systemd-run --quiet --pipe --wait --collect --unit=boot-script --service-type=exec --setenv=HOME=/root \
        --setenv=LANG=C.UTF-8 --setenv=BOOT_NUMBER=$boot --working-directory=/root "${environment[@]}" \
        /bin/bash /h1/script "${words[@]:2}" </dev/null &
    job=$!
    while kill -0 $job 2>/dev/null; do
        if [ -z "$slow" ] && [ $SECONDS -ge $end ]; then
            slow=1
            echo "boot-systemd: $script took more than $script_limit s" >&2
            inside systemctl kill -s KILL boot-script >/dev/null 2>&1
        fi
        sleep 0.1
    done
    wait $job
    status=$?
    [ -z "$slow" ] || status=124
    end_container
    return $status
}

# Shut down in order; a machine that does not come to its end is killed.
end_container() {
    inside systemctl poweroff >/dev/null 2>&1
    wait_for_end "$nspawn" 100 || kill -KILL "$nspawn" 2>/dev/null
    wait "$nspawn" 2>/dev/null
}

leader='' boot=1
sweep
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
prepare_disk
while :; do
    start_container
    wait_for_boot
    run_script
    status=$?
    [ -n "$with_reboots" ] && [ $status = 194 ] || exit $status
    boot=$((boot + 1))
done
