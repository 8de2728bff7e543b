"""One outage, measured: a client keeps a tunnel from host A to host B, a fault strikes, a prober on B sees it end."""

import signal
import time

from .lamd import Lamd, tunnel
from .netns import TwoHosts
from .process import send_signal
from .sshd import Sshd
from .tcp import Prober, Server, echo, is_echoed, is_open
from .wait import Timeout, wait_until

REMOTE_PORT, TARGET_PORT = 9000, 8080
_UNSEEN = 2.0  # seconds without a failure: it was over between two probes


class LamdClient:
    """lamd under a supervisor that restarts it at once, as systemd does."""

    name = "lamd"

    def __init__(self, directory, sshd, host, remote_port, target_port, **settings):
        configured = tunnel(sshd, (remote_port, f"127.0.0.1:{target_port}"), **settings)
        self.lamd = Lamd(directory / "lamd", [configured], host=host)

    def wait_up(self):
        """Its port is there before its claim: whoever strikes between the two leaves a session that nobody may end."""
        self.lamd.wait_tunnel()

    def crash(self):
        self.lamd.kill()
        self.lamd.start(wait=False)

    def reboot(self):
        self.crash()

    def close(self):
        self.lamd.close()


class Scene:
    """Two hosts, sshd on B, a server on A (echo), and the client's tunnel to it, up."""

    def __init__(self, directory, client, sshd_options=(), key_options="", serve=echo, **settings):
        self._closing = []
        try:
            self.hosts = self._keep(TwoHosts(directory))
            self.sshd = self._keep(Sshd(directory, self.hosts.b, options=sshd_options, key_options=key_options))
            self._keep(Server(serve, self.hosts.a, port=TARGET_PORT))
            self.client = self._keep(client(directory, self.sshd, self.hosts.a, REMOTE_PORT, TARGET_PORT, **settings))
            self.address = ("127.0.0.1", REMOTE_PORT)
            reaches = is_echoed if serve is echo else is_open
            wait_until(lambda: reaches(self.hosts.b, self.address), 20.0, "the tunnel to carry a connection", 0.05)
            self.client.wait_up()
        except BaseException:
            self.close()
            raise

    def _keep(self, thing):
        self._closing.append(thing)
        return thing

    def close(self):
        while self._closing:
            self._closing.pop().close()


class Fault:
    """`strike(scene)` makes it; after `lasts` seconds `mend(scene)` undoes it, and the outage counts from then."""

    def __init__(self, name, strike, lasts=0.0, mend=None):
        self.name, self.strike, self.lasts, self.mend = name, strike, lasts, mend


def _kill_sessions(scene):
    for pid in scene.sshd.session_processes():
        send_signal(pid, signal.SIGKILL)


def _drop_flows(scene):
    scene.hosts.drop_flows(scene.sshd.port)


def _reboot(scene):
    _drop_flows(scene)
    scene.client.reboot()


def _heal(scene):
    scene.hosts.heal()


FAULTS = {
    "crash": Fault("client killed (`kill -9`)", lambda scene: scene.client.crash()),
    "session": Fault("server's session killed (`kill -9`)", _kill_sessions),
    "sshd": Fault("sshd restarted", lambda scene: scene.sshd.restart()),
    "stopped": Fault("server's session stopped (SIGSTOP)", lambda scene: scene.sshd.freeze_sessions()),
    "down": Fault("link down for 20 s", lambda scene: scene.hosts.down(), 20.0, _heal),
    "black": Fault("black hole for 20 s", lambda scene: scene.hosts.black_hole(), 20.0, _heal),
    "flow": Fault("old flow gone for ever (new NAT mapping)", _drop_flows),
    "address": Fault("client's address changed", lambda scene: scene.hosts.change_address()),
    "reboot": Fault("client rebooted", _reboot),
}


def measure(scene, fault, bound):
    """Seconds from the fault (or from its mending) to the first good connection, or None if not within `bound`.

    The tunnel is in use all the time: new connections every 100 ms, so also data queued at a dead peer.
    """
    prober = Prober(scene.hosts.b, scene.address)
    try:
        wait_until(lambda: prober.is_good_since(0), 5.0, "a good probe")
        struck = time.monotonic()
        fault.strike(scene)
        start = struck
        if fault.mend:
            time.sleep(max(0.0, struck + fault.lasts - time.monotonic()))
            start = time.monotonic()
            fault.mend(scene)
        wait_until(lambda: prober.recovered_after(struck) or prober.is_steady(start, _UNSEEN), bound + start - struck,
                   fault.name, 0.05)
        recovered = prober.recovered_after(struck)
        return max(0.0, recovered - (start - struck)) if recovered else 0.0
    except Timeout:
        return None
    finally:
        prober.close()
