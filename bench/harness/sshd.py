"""A private sshd with throw-away keys, for tunnels to end at."""

import getpass
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .hosts import Host
from .load import BenchError
from .processes import Program, free_port, wait_until_childless

CONFIG = """\
Port {port}
ListenAddress {address}
HostKey {directory}/host_key
AuthorizedKeysFile {directory}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
MaxStartups 100
SetEnv HOME={home}
LogLevel {log_level}
"""


class Keys:
    """The server's key and the user's, the latter also as dropbear wants it."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.user_key = directory / "user_key"
        self.dropbear_key = directory / "user_key.dropbear"
        for name in ("host_key", "user_key"):
            _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(directory / name))
        authorized = self.user_key.with_suffix(".pub").read_text()
        if shutil.which("dropbearkey"):
            output = _run("dropbearkey", "-t", "ed25519", "-f", str(self.dropbear_key))
            authorized += next(line for line in output.splitlines() if line.startswith("ssh-ed25519")) + "\n"
        (directory / "authorized_keys").write_text(authorized)
        self.host_key = " ".join((directory / "host_key.pub").read_text().split()[:2])


@dataclass(frozen=True)
class Cipher:
    """What a client and sshd agreed on, from the client to the server."""

    cipher: str
    mac: str

    def __str__(self) -> str:
        return self.cipher if self.mac == "<implicit>" else f"{self.cipher} + {self.mac}"


class Sshd:
    def __init__(self, keys: Keys, host: Host, directory: Path, log_level: str = "INFO"):
        self.keys = keys
        self.host = host
        self.port = free_port()
        self.user = getpass.getuser()
        self.known_hosts = directory / "known_hosts"
        self.known_hosts.write_text(f"[{host.address}]:{self.port} {keys.host_key}\n")
        # What a client leaves at home on the server stays in here, and the user's own shell files cost nobody time.
        home = directory / "home"
        home.mkdir()
        config = directory / "sshd_config"
        config.write_text(
            CONFIG.format(
                port=self.port, address=host.address, directory=keys.directory, home=home, log_level=log_level
            )
        )
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # where sshd separates its privileges
        self._program = Program(
            host.command([shutil.which("sshd", path="/usr/sbin:/usr/local/sbin") or "sshd", "-D", "-e", "-f", str(config)]),
            directory / "sshd.log",
        )
        self._wait_until_listening()

    def _wait_until_listening(self) -> None:
        deadline = time.monotonic() + 10
        while "Server listening" not in self._program.log.read_text():
            if not self._program.is_running() or time.monotonic() > deadline:
                self._program.stop()
                raise BenchError(f"sshd did not start: {self._program.log_tail()}")
            time.sleep(0.01)

    @property
    def pid(self) -> int:
        return self._program.pid

    def wait_until_idle(self) -> None:
        wait_until_childless(self._program.pid)

    def agreed_cipher(self) -> Cipher | None:
        """Of the last client; only a log level of DEBUG1 and more tells."""
        found = re.findall(r"kex: client->server cipher: (\S+) MAC: (\S+)", self._program.log.read_text())
        return Cipher(*found[-1]) if found else None

    def __enter__(self) -> "Sshd":
        return self

    def __exit__(self, *_: object) -> None:
        self.wait_until_idle()
        self._program.stop()


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise BenchError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
