"""Two hosts A and B, as namespaces, and a link between them that can be made bad.

The namespaces have no name: a process holds each, and they vanish with it. So any number of pairs may exist at once,
and nothing is left behind. Needs root, iproute2, nftables.
"""

import os
import shutil
import signal
import subprocess

from .host import Namespace
from .process import Process
from .wait import wait_until

_CAP_NET_ADMIN = 12
_DETOUR = 77  # marks its routes
_A, _B, _A_OTHER, _B_OTHER = "10.77.0.1", "10.77.0.2", "10.77.0.3", "10.77.0.4"


def missing():
    """Why there can be no namespaces here, or None."""
    if os.geteuid() != 0:
        return "needs root for network namespaces"
    if not _effective_capabilities() & 1 << _CAP_NET_ADMIN:
        return "needs CAP_NET_ADMIN, which root does not have here (a container?)"
    for program in ("ip", "nft", "nsenter", "unshare"):
        if not shutil.which(program):
            return f"needs {program}"
    return None


def _effective_capabilities():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1], 16) for line in status if line.startswith("CapEff:"))


def _run(*words, stdin=None):
    result = subprocess.run(words, input=stdin, text=True, capture_output=True, check=False)
    assert result.returncode == 0, f"{' '.join(words)}: {result.stderr}"
    return result.stdout


class TwoHosts:
    def __init__(self, directory):
        self._directory = directory
        self._holders = [self._hold(directory, name) for name in "ab"]
        self._wire = None
        self.a = Namespace(self._holders[0].pid, _A)
        self.b = Namespace(self._holders[1].pid, _B)
        _run("ip", "link", "add", "wan0", "netns", str(self.a.holder), "type", "veth",
             "peer", "name", "wan0", "netns", str(self.b.holder))
        for host in (self.a, self.b):
            self._ip(host, "link", "set", "lo", "up")
            self._ip(host, "addr", "add", f"{host.address}/24", "dev", "wan0")
            self._ip(host, "link", "set", "wan0", "up")

    @staticmethod
    def _hold(directory, name):
        mine = os.readlink("/proc/self/ns/net")
        holder = Process(["unshare", "--net", "--mount", "sleep", "infinity"], directory / f"namespace-{name}.log")
        wait_until(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != mine, 5.0, "the namespace")
        return holder

    @staticmethod
    def _ip(host, *words):
        return _run(*host.command(["ip", *words]))

    @staticmethod
    def _nft(host, rules):
        _run(*host.command(["nft", "-f", "-"]), stdin=rules)

    def black_hole(self):
        """Drops both ways at the receiver, before anything answers: neither host can see it."""
        for host in (self.a, self.b):
            self.black_hole_one_way(host)

    def black_hole_one_way(self, host):
        """As black_hole(), for what comes to `host` alone."""
        self._nft(host, "table inet bad { chain in { type filter hook prerouting priority -300; "
                        'iif "wan0" drop; }; }')

    def lose(self, percent):
        """So many of the packets, both ways, at random."""
        for host in (self.a, self.b):
            self._nft(host, "table inet bad { chain in { type filter hook prerouting priority -300; "
                            f'iif "wan0" numgen random mod 100 < {percent} drop; }}; }}')

    def throttle(self, kilobytes):
        """What comes to a host faster than so many kilobytes a second is dropped."""
        for host in (self.a, self.b):
            self._nft(host, "table inet bad { chain in { type filter hook prerouting priority -300; "
                            f'iif "wan0" limit rate over {kilobytes} kbytes/second drop; }}; }}')

    def detour(self, **settings):
        """Packets go by another way, which is slow, or changes their order, or doubles them: `settings` are those of
        tools/lab/wire.cpp."""
        path = self._directory / "wire"
        path.write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
        if self._wire is None:
            self._lay_wire(path)
        self._wire.send(signal.SIGHUP)
        for host, others in ((self.a, (_B, _B_OTHER)), (self.b, (_A, _A_OTHER))):
            for other in others:
                self._ip(host, "route", "replace", f"{other}/32", "dev", "wire0", "proto", str(_DETOUR))

    def _lay_wire(self, settings):
        laid = self._directory / "wire.pid"
        self._wire = Process([os.environ["WIRE_BIN"], self.a.path(), self.b.path(), "wire0", settings, laid],
                             self._directory / "wire.log")
        self._holders.append(self._wire)
        wait_until(laid.exists, 5.0, "the wire")
        for host in (self.a, self.b):
            self._ip(host, "link", "set", "wire0", "up")

    def black_hole_port(self, port):
        """As black_hole(), for what goes to or comes from B's `port`."""
        for host, side in ((self.a, "sport"), (self.b, "dport")):
            self._nft(host, "table inet bad { chain in { type filter hook prerouting priority -300; "
                            f'iif "wan0" tcp {side} {port} drop; }}; }}')

    def refuse(self):
        """B answers TCP with RST."""
        self._nft(self.b, "table inet bad { chain in { type filter hook input priority 0; "
                          'iif "wan0" meta l4proto tcp reject with tcp reset; }; }')

    def down(self):
        """A's interface goes down; A can see it."""
        self._ip(self.a, "link", "set", "wan0", "down")

    def heal(self):
        """Undoes all of these; dropped flows stay dropped."""
        for host in (self.a, self.b):
            self._nft(host, "table inet bad {}\ndelete table inet bad")
            self._ip(host, "route", "flush", "proto", str(_DETOUR))
        self._ip(self.a, "link", "set", "wan0", "up")

    def flows(self, port):
        """A's source ports of the established connections to B's `port`."""
        ports = []
        with open(f"/proc/{self.a.holder}/net/tcp") as table:
            for line in list(table)[1:]:
                _, local, remote, state = line.split()[:4]
                if state == "01" and int(remote.split(":")[1], 16) == port:
                    ports.append(int(local.split(":")[1], 16))
        return ports

    def drop_flows(self, port):
        """The connections that A has to B's `port` now never pass a packet again: a lost NAT mapping."""
        dropped = self.flows(port)
        for flow in dropped:
            for host, side in ((self.a, "dport"), (self.b, "sport")):
                self._nft(host, "table inet flows { chain in { type filter hook prerouting priority -300; "
                                f"tcp {side} {flow} drop; }}; }}")
        return dropped

    def change_address(self):
        """A loses its address and gets another one."""
        self._ip(self.a, "addr", "del", f"{_A}/24", "dev", "wan0")
        self._ip(self.a, "addr", "add", f"{_A_OTHER}/24", "dev", "wan0")
        self.a.address = _A_OTHER

    def move_server(self):
        """B loses its address and gets another one."""
        before, self.b.address = self.b.address, _B_OTHER if self.b.address == _B else _B
        self._ip(self.b, "addr", "del", f"{before}/24", "dev", "wan0")
        self._ip(self.b, "addr", "add", f"{self.b.address}/24", "dev", "wan0")

    def close(self):
        for holder in self._holders:
            holder.kill()
