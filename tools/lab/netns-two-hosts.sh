#!/bin/bash
# netns-two-hosts.sh: two hosts A and B as network namespaces, and a link between them that can be made bad.
#
#   netns-two-hosts.sh [-p PREFIX] up [wire|veth]   wire (default): a cable of ./wire with delay, jitter, loss and rate
#                                                   veth: the kernel's own cable, full speed; only black and down
#   netns-two-hosts.sh [-p PREFIX] exec A|B CMD...  run CMD on a host (in this process)
#   netns-two-hosts.sh [-p PREFIX] link ok          undo everything below
#                                  link heal        the same, but keep the delay
#                                  link black       a black hole both ways; neither host can see it (no ICMP, no RST)
#                                  link black ab|ba one way only
#                                  link down        A's interface down (A sees it: ENETUNREACH)
#                                  link refuse      B answers TCP with RST (a firewall that rejects)
#                                  link delay MS [JITTER_MS [LOSS_PCT [RATE_KBIT]]]    each way (wire only)
#   netns-two-hosts.sh [-p PREFIX] env | stat | down
#
# A is 10.77.N.1 and B is 10.77.N.2 on the interface wan0; the namespaces are PREFIXa and PREFIXb (PREFIX: lam unless given).
# N comes from the prefix, so tests with other prefixes run at the same time. Needs root, iproute2, nft, and g++ for wire.
set -euo pipefail
self=$(readlink -f "$0")
here=$(dirname "$self")

usage() {
    sed -n '2,/^set/s/^#\( \|$\)//p' "$self" >&2
    exit 2
}

prefix=lam
if [ "${1:-}" = -p ]; then
    prefix=${2:?}
    shift 2
fi
[ $# -gt 0 ] || usage
[ "$(id -u)" -eq 0 ] || {
    echo "netns-two-hosts: needs root" >&2
    exit 2
}

ns_a=${prefix}a
ns_b=${prefix}b
state=/run/two-hosts-$prefix
number=$(($(cksum <<<"$prefix" | cut -d' ' -f1) % 200 + 20))
ip_a=10.77.$number.1
ip_b=10.77.$number.2

namespace_of() {
    case $1 in
        A | a) echo "$ns_a" ;;
        B | b) echo "$ns_b" ;;
        *) usage ;;
    esac
}

# The cable's process, where it still is ours.
wire_pid() {
    local pid
    pid=$(cat "$state/pid" 2>/dev/null) || return 1
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = wire ] && echo "$pid"
}

# The settings of `link` live in one file each, so that a fault and a delay can be undone one without the other.
apply_to_wire() {
    cat "$state"/set.* >"$state/conf.new" 2>/dev/null || true
    mv "$state/conf.new" "$state/conf"
    kill -HUP "$(wire_pid)"
}

wait_until() {
    local attempt
    for ((attempt = 0; attempt < 250; ++attempt)); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.02
    done
    return 1
}

# The compiled cable, kept in the cache under its source's checksum.
find_wire() {
    local cache=${XDG_CACHE_HOME:-$HOME/.cache}/lamd/lab wire
    wire=$cache/wire-$(cksum <"$here/wire.cpp" | cut -d' ' -f1)
    if [ ! -x "$wire/wire" ]; then
        mkdir -p "$wire"
        g++ -std=c++20 -O2 -o "$wire/wire.$$" "$here/wire.cpp"
        mv "$wire/wire.$$" "$wire/wire"
    fi
    echo "$wire/wire"
}

plug_wire() {
    local wire
    wire=$(find_wire)
    : >"$state/conf"
    setsid "$wire" "$ns_a" "$ns_b" wan0 "$state/conf" "$state/pid" </dev/null >"$state/log" 2>&1 &
    if ! wait_until wire_pid || ! wait_until ip -n "$ns_b" link show wan0; then
        cat "$state/log" >&2
        "$self" -p "$prefix" down
        exit 1
    fi
}

up() {
    local mode=${1:-wire} host
    [ ! -e "/run/netns/$ns_a" ] || {
        echo "netns-two-hosts: $prefix is already up" >&2
        exit 1
    }
    mkdir -p "$state"
    echo "$mode" >"$state/mode"
    for host in "$ns_a" "$ns_b"; do
        ip netns add "$host"
        ip -n "$host" link set lo up
    done
    case $mode in
        veth) ip link add wan0 netns "$ns_a" type veth peer name wan0 netns "$ns_b" ;;
        wire) plug_wire ;;
        *) usage ;;
    esac
    ip -n "$ns_a" addr add "$ip_a/24" dev wan0
    ip -n "$ns_b" addr add "$ip_b/24" dev wan0
    for host in "$ns_a" "$ns_b"; do
        ip -n "$host" link set wan0 txqueuelen 1000 up
    done
    echo "A=$ns_a $ip_a  B=$ns_b $ip_b  ($mode)"
}

clear_faults() {
    local host
    for host in "$ns_a" "$ns_b"; do
        ip netns exec "$host" nft delete table inet bad 2>/dev/null || true
    done
    ip -n "$ns_a" link set wan0 up
}

is_wire() { [ "$(cat "$state/mode")" = wire ]; }

# Drops at the receiver before anything of it answers (prerouting), so that the sender sees nothing at all.
drop_on() {
    ip netns exec "$1" nft -f - <<'NFT'
table inet bad { chain in { type filter hook prerouting priority -300; iif "wan0" drop; }; }
NFT
}

reject_on() {
    ip netns exec "$1" nft -f - <<'NFT'
table inet bad { chain in { type filter hook input priority 0; iif "wan0" meta l4proto tcp reject with tcp reset; }; }
NFT
}

black() {
    local direction=${1:-}
    if is_wire; then
        echo "${direction:+$direction.}loss_pct 100" >"$state/set.fault"
        apply_to_wire
        return
    fi
    [ "$direction" = ba ] || drop_on "$ns_b"
    [ "$direction" = ab ] || drop_on "$ns_a"
}

delay() {
    is_wire || {
        echo "netns-two-hosts: delay needs \"up wire\"" >&2
        exit 1
    }
    printf '%s\n' "delay_ms ${1:-0}" "jitter_ms ${2:-0}" "loss_pct ${3:-0}" "rate_kbit ${4:-0}" >"$state/set.delay"
    apply_to_wire
}

link() {
    local what=${1:-}
    [ -n "$what" ] || usage
    shift
    case $what in
        ok | heal)
            clear_faults
            rm -f "$state/set.fault"
            [ "$what" = heal ] || rm -f "$state/set.delay"
            if is_wire; then apply_to_wire; fi
            ;;
        black) black "$@" ;;
        down) ip -n "$ns_a" link set wan0 down ;;
        refuse) reject_on "$ns_b" ;;
        delay) delay "$@" ;;
        *) usage ;;
    esac
}

stat_all() {
    local pid
    if pid=$(wire_pid); then
        kill -USR1 "$pid"
        sleep 0.1
        tail -2 "$state/log"
    fi
    ip -n "$ns_a" -s link show wan0
    ip netns exec "$ns_a" nft list ruleset
    ip netns exec "$ns_b" nft list ruleset
}

end_all_in() {
    local signal=$1 host=$2 pid
    for pid in $(ip netns pids "$host"); do
        kill "-$signal" "$pid" 2>/dev/null || true
    done
}

is_empty() { [ -z "$(ip netns pids "$1")" ]; }

down() {
    local host pid
    if pid=$(wire_pid); then kill "$pid"; fi
    for host in "$ns_a" "$ns_b"; do
        [ -e "/run/netns/$host" ] || continue
        end_all_in TERM "$host"
        wait_until is_empty "$host" || end_all_in KILL "$host"
        ip netns del "$host"
    done
    rm -rf "$state"
}

command=$1
shift
case $command in
    up) up "$@" ;;
    exec)
        host=$(namespace_of "${1:-}")
        shift
        exec ip netns exec "$host" "$@"
        ;;
    env) echo "NS_A=$ns_a NS_B=$ns_b IP_A=$ip_a IP_B=$ip_b" ;;
    link) link "$@" ;;
    stat) stat_all ;;
    down) down ;;
    *) usage ;;
esac
