"""Two hosts as test_chaos.py has them: the web host is found by its name, lamd's disk there is small, the clocks of both
lamds can be set, and the seed says whether a guard holds the tunnel and whether lamd runs the server itself.
"""

import mmap
import os
import random
import struct
from dataclasses import dataclass

from lamdtest import llama
from lamdtest.guard import guarded
from lamdtest.lamd import tunnel
from lamdtest.ports import free_port
from lamdtest.process import children, descendants, send_signal, wait_gone
from lamdtest.two_host_site import TwoHostSite
from lamdtest.wait import wait_until


@dataclass(frozen=True)
class Variant:
    has_guard: bool
    has_child: bool

    @classmethod
    def of(cls, seed):
        rng = random.Random(f"variant {seed}")
        return cls(rng.random() < 0.4, rng.random() < 0.4)

    def __str__(self):
        return f"{'a guard' if self.has_guard else 'a claim'}, {'a child' if self.has_child else 'a server beside lamd'}"


class WallClock:
    """How far a program's clock is from the machine's: tests/support/clock_shift.cpp."""

    def __init__(self, path):
        path.write_bytes(bytes(8))
        with open(path, "r+b") as file:
            self._shift = mmap.mmap(file.fileno(), 8)
        self.environment = {"LD_PRELOAD": os.environ["CLOCK_SHIFT"], "CLOCK_SHIFT_FILE": str(path)} \
            if "CLOCK_SHIFT" in os.environ else {}

    def set(self, seconds):
        self._shift[:] = struct.pack("=q", int(seconds * 1e9))


class ChildServer(llama.LlamaServer):
    """A llama-server that lamd runs: it is started and brought back by lamd, and comes and goes with it."""

    def __init__(self, host, slots, context):
        self.port = free_port()
        self.host = host
        self.lamd = None
        self.run = {"command": llama.command(self.port, slots=slots, context=context), "stop_grace": "5s",
                    "restart": {"first": "200ms", "limit": "2s"}}

    @property
    def pid(self):
        """None: there is no process now. Found in the kernel's table, for lamd may stand still."""
        return next(iter(children(self.lamd.process.pid)), None)

    def start(self):
        """After kill(): waits for lamd to have done it."""
        wait_until(self._is_loaded, 60.0, "lamd to run the server", 0.1)

    def _is_loaded(self):
        try:
            return self.request("GET", "/health", timeout=5.0)[0] == 200
        except OSError:
            return False

    def kill(self):
        if pid := self.pid:
            send_signal(pid, 9)
            wait_gone([pid])

    def close(self):
        pass


class ChaosSite(TwoHostSite):
    NAME = "web.test"

    def __init__(self, variant, directory, hosts, make_llama, make_sshd, make_broker, make_lamd, slots):
        self.variant, self.directory = variant, directory
        self.spare_port = free_port()
        self.clocks = {name: WallClock(directory / f"clock-{name}") for name in ("worker", "gateway")}
        hosts.b.name(directory, {self.NAME: "127.0.0.1"})
        self.hosts = hosts
        self.name_server(hosts.b.address)
        super().__init__(hosts, make_llama, make_sshd, make_broker, make_lamd, slots)

    def name_server(self, address):
        """Where the web host's name leads on the other one; None: nowhere."""
        self.hosts.a.name(self.directory, {self.NAME: address} if address else {})

    def _make_peers(self, make_llama, make_sshd, make_broker, slots):
        if self.variant.has_child:
            self.llama = ChildServer(self.hosts.a, slots, slots * 640)
        else:
            self.llama = make_llama(host=self.hosts.a, slots=slots, context=slots * 640)
        self.sshd = make_sshd(host=self.hosts.b, address="0.0.0.0")
        self.broker = make_broker(host=self.hosts.b, address="0.0.0.0", settings=["max_queued_messages 100000"])

    def _start(self):
        if self.variant.has_guard:
            self.sshd.authorize(self.sshd.key, guarded(self.port, self.gateway.socket_path).replace(
                'permitlisten=', f'permitlisten="127.0.0.1:{self.spare_port}",permitlisten='))
        if self.variant.has_child:
            self.llama.lamd = self.worker
        self.hosts.b.mount_small(self.gateway.state_directory, 32)
        for name, lamd in (("worker", self.worker), ("gateway", self.gateway)):
            lamd.environment.update(self.clocks[name].environment)
        super()._start()
        if self.variant.has_child:
            self.llama.start()

    def worker_settings(self):
        run = {"run": self.llama.run} if self.variant.has_child else {}
        known = self.sshd.directory / "known_hosts-by-name"
        if not known.exists():
            known.write_text(self.sshd.known_hosts(f"[{self.NAME}]:{self.sshd.port}").read_text())
        settings = super().worker_settings()
        settings["tunnels"] = [tunnel(self.sshd, (self.port, "worker"), dead_peer="2s", host=self.NAME, known_hosts=known)]
        return {**settings, "mqtt": {"brokers": [self.broker.broker(name=self.NAME)]},
                "worker": {**settings["worker"], **run}}

    def gateway_settings(self):
        return {**super().gateway_settings(), "mqtt": {"brokers": [self.broker.broker(name=self.NAME)]},
                "sessions": {"store": "disk"}}

    def claims(self):
        """What sshd runs for the tunnel."""
        return [pid for pid in descendants(self.sshd.pid) if not _is_sshd(pid)]

    def history(self, session):
        """The messages of a session, if there is one."""
        answer = self.gateway.get(f"/lam/v1/sessions/{session}/messages")
        return answer.json()["messages"] if answer.status == 200 else None


def _is_sshd(pid):
    try:
        with open(f"/proc/{pid}/comm") as name:
            return name.read().startswith("sshd")
    except OSError:
        return True
