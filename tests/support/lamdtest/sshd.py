"""A real sshd of the test's own: free port, throw-away host keys, its log at hand.

As root it serves root, as another user it serves that user. Its parent process and its sessions can be listed,
stopped and killed.
"""

import getpass
import os
import re
import shutil
import signal
import subprocess

from .host import LOCAL
from .keys import make_key
from .ports import free_port
from .process import Process, children, descendants, freeze, send_signal, thaw, wait_gone
from .wait import wait_until

_PROGRAM = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


class Sshd:
    def __init__(self, directory, host=LOCAL, address=None, options=(), host_keys=("ed25519",), key_options=""):
        """`options` are lines of sshd_config that win over those here; `key_options` go into authorized_keys."""
        self.directory = directory / f"sshd-{free_port()}"
        self.directory.mkdir(mode=0o700)
        self.host = host
        self.address = address or host.address
        self.port = free_port()
        self.user = getpass.getuser()
        self.options = list(options)
        self.host_keys = {kind: make_key(self.directory / f"host_{kind}", kind) for kind in host_keys}
        self.key = make_key(self.directory / "client")
        self.log_path = self.directory / "log"
        self._authorized = self.directory / "authorized_keys"
        self.authorize(self.key, key_options)
        self._frozen = []
        self._process = None
        self.start()

    def authorize(self, key, options="", keep=False):
        """Makes `key` the one that may log in, or one more."""
        line = f"{options} {key.public}\n".lstrip()
        with open(self._authorized, "a" if keep else "w") as keys:
            keys.write(line)

    def start(self):
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        config = self.directory / "sshd_config"
        drop_ins = f"Include {self.directory}/sshd_config.d/*.conf"
        (self.directory / "sshd_config.d").mkdir(exist_ok=True)
        config.write_text("\n".join([drop_ins, *self.options, *self._defaults()]) + "\n")
        self._process = Process([_PROGRAM, "-D", "-f", config, "-E", self.log_path], self.directory / "output",
                                self.host)
        wait_until(self._is_answering, 10.0, f"sshd on port {self.port}; its log: {self.log()}")

    def _defaults(self):
        yield from (f"ListenAddress {self.address}", f"Port {self.port}", f"PidFile {self.directory}/pid")
        yield from (f"HostKey {key.path}" for key in self.host_keys.values())
        yield from (f"AuthorizedKeysFile {self._authorized}", "PasswordAuthentication no",
                    "KbdInteractiveAuthentication no", "PermitRootLogin prohibit-password", "StrictModes no",
                    "UsePAM no", "PrintMotd no", "LogLevel DEBUG1", "MaxStartups 100")
        # What sessions write into their home stays here, so that tests beside each other do not meet.
        yield f"SetEnv HOME={self.directory}"

    def _is_answering(self):
        assert self._process.is_running(), f"sshd ended: {self._process.output()} {self.log()}"
        try:
            with self.host.connect((self.address, self.port), 1.0) as probe:
                return probe.recv(4) == b"SSH-"
        except OSError:
            return False

    @property
    def pid(self):
        return self._process.pid

    def stop(self):
        """Ends the listener and every session of it, as a stopped or rebooted server does."""
        sessions = descendants(self._process.pid)
        self._process.kill()
        for pid in sessions:
            send_signal(pid, signal.SIGKILL)
        wait_gone(sessions)

    def restart(self):
        self.stop()
        self.start()

    def reload(self):
        """As `systemctl reload ssh` does: sessions live on, new ones have the new configuration."""
        before = self.count("Server listening on")
        self._process.send(signal.SIGHUP)
        wait_until(lambda: self.count("Server listening on") > before and self._is_answering(), 20.0, "sshd to reload")

    def connections(self):
        """One pid for each connection."""
        return children(self._process.pid)

    def hang(self):
        """Connections are still taken, by the kernel, and nothing answers on them; until it is started again."""
        freeze([self._process.pid, *self.session_processes()])

    def session_processes(self):
        return descendants(self._process.pid)

    def kill_sessions(self):
        sessions = self.session_processes()
        for pid in sessions:
            send_signal(pid, signal.SIGKILL)
        wait_gone(sessions)

    def freeze_sessions(self):
        """SIGSTOP: TCP still acknowledges, nothing answers. Returns the pids for thaw()."""
        sessions = self.session_processes()
        freeze(sessions)
        self._frozen += sessions
        return sessions

    thaw = staticmethod(thaw)

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def count(self, pattern):
        """How many lines of the log match."""
        return len(re.findall(pattern, self.log(), re.MULTILINE))

    def known_hosts(self, name=None, kinds=None, marker="", hashed=False):
        """The path of a known_hosts file with the right keys under `name` (as found: `[address]:port`)."""
        path = self.directory / f"known_hosts-{len(list(self.directory.glob('known_hosts*')))}"
        name = name or f"[{self.address}]:{self.port}"
        lines = [f"{marker} {name} {key.type_and_blob()}".strip()
                 for kind, key in self.host_keys.items() if kinds is None or kind in kinds]
        path.write_text("\n".join(lines) + "\n")
        if hashed:
            subprocess.run(["ssh-keygen", "-q", "-H", "-f", path], check=True, capture_output=True)
        return path

    def close(self):
        # A claim whose session was ended by its successor is nobody's child any more, and would stay stopped for ever.
        self.thaw(self._frozen)
        self.stop()
        wait_gone(self._frozen)
