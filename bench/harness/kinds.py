"""The tunnels that are compared. Each leads from a port of the SSH server to the benchmark's server."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .hosts import HERE, Host
from .load import BenchError, LoadClient
from .processes import Program, Usage, free_port, memory
from .sshd import Cipher, Sshd

LOOPBACK, SSH, SSH_SAME, AUTOSSH, DBCLIENT, LAMD = "loopback", "ssh", "ssh-same", "autossh", "dbclient", "lamd"
TITLES = {
    LOOPBACK: "no tunnel",
    SSH: "ssh -R",
    SSH_SAME: "ssh -R, lamd's cipher",
    AUTOSSH: "autossh",
    DBCLIENT: "dbclient -R",
    LAMD: "lamd",
}

LAMD_CONFIG = """\
log: {{level: warning, format: text}}
socket: {{path: {directory}/lamd.sock}}
tunnels:
  bench:
    host: {sshd.host.address}
    port: {sshd.port}
    user: {sshd.user}
    identity: {sshd.keys.user_key}
    known_hosts: {sshd.known_hosts}
    forwards:
{forwards}
"""


def lamd_tunnel_config(directory: Path, sshd: Sshd, ports: list[int], target: int) -> str:
    """From each of the ports, on the server, to the target here."""
    lines = [f'      - {{remote: "127.0.0.1:{port}", target: "127.0.0.1:{target}"}}' for port in ports]
    return LAMD_CONFIG.format(directory=directory, sshd=sshd, forwards="\n".join(lines))


def ssh_command(sshd: Sshd, forwards: list[str], *options: str) -> list[str]:
    settings = {
        "UserKnownHostsFile": sshd.known_hosts,
        "IdentitiesOnly": "yes",
        "ExitOnForwardFailure": "yes",
        "BatchMode": "yes",
        "ServerAliveInterval": 30,
    }
    command = ["ssh", "-N", "-T", "-F", "none", "-i", str(sshd.keys.user_key), "-p", str(sshd.port), *options]
    for name, value in settings.items():
        command += ["-o", f"{name}={value}"]
    for forward in forwards:
        command += ["-R", forward]
    return [*command, f"{sshd.user}@{sshd.host.address}"]


def autossh_command(sshd: Sshd, forwards: list[str]) -> list[str]:
    """As its manual advises with OpenSSH's own keepalives; gate time 0, or it ends at the first early failure."""
    return ["env", "AUTOSSH_GATETIME=0", "autossh", "-M", "0", *ssh_command(sshd, forwards)[1:]]


@dataclass(frozen=True)
class Site:
    """Between which machines the tunnels run, and what they end at on both sides."""

    sshd: Sshd
    server_port: int
    directory: Path
    client: Path  # lamd-bench-client
    lamd: Path | None
    machine_a: Host = HERE
    machine_b: Host = HERE
    same_cipher: Cipher | None = None  # lamd's, for ssh-same


def available(lamd: Path | None) -> list[str]:
    kinds = [LOOPBACK, SSH]
    if lamd:
        kinds.append(SSH_SAME)
    if shutil.which("autossh"):
        kinds.append(AUTOSSH)
    if shutil.which("dbclient") and shutil.which("dropbearkey"):
        kinds.append(DBCLIENT)
    return kinds + ([LAMD] if lamd else [])


class Tunnel:
    """A running tunnel of one kind; the block is entered once a request through it was answered."""

    def __init__(self, site: Site, kind: str):
        self.kind = kind
        self._site = site
        self._program: Program | None = None
        self._directory = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=site.directory))
        self.endpoint = f"{site.machine_a.address}:{site.server_port}"
        self.listening_ms: float | None = None  # from the start of the program, as is …
        self.answering_ms: float | None = None  # … the first answer through it

    def __enter__(self) -> "Tunnel":
        if self.kind != LOOPBACK:
            port = free_port()
            self.endpoint = f"127.0.0.1:{port}"
            self._start(self._site.machine_a.command(self._command(port)))
        return self

    def __exit__(self, *_: object) -> None:
        if self._program:
            self._program.stop()
            self._site.sshd.wait_until_idle()

    def load(self, scenario: str, **options: float) -> LoadClient:
        return LoadClient(self._site.client, self._site.machine_b, scenario, self.endpoint, **options)

    @property
    def has_process(self) -> bool:
        return self._program is not None

    def cpu_seconds(self) -> float:
        return self.usage().cpu

    def usage(self) -> Usage:
        return Usage.of([self._program.pid]) if self._program else Usage()

    def rss_bytes(self) -> int:
        return memory([self._program.pid]) if self._program else 0

    def _start(self, command: list[str]) -> None:
        # The probe is there first: it knocks once a millisecond, so that it sees the tunnel come up.
        with self.load("probe", duration=0, patience=20) as probe:
            self._program = Program(command, self._directory / "log", {"HOME": str(self._directory)})
            result = probe.result()
        if not result["done"]:
            log = self._program.log_tail()
            self._program.stop()
            raise BenchError(f"{TITLES[self.kind]} did not come up: {' '.join(command)}\n{log}")
        self.listening_ms = (result["connected_ns"] - self._program.started_ns) / 1e6
        self.answering_ms = (result["at_ns"] - self._program.started_ns) / 1e6

    def _command(self, port: int) -> list[str]:
        target = self._site.server_port
        forward = f"127.0.0.1:{port}:127.0.0.1:{target}"
        match self.kind:
            case "ssh":
                return ssh_command(self._site.sshd, [forward])
            case "ssh-same":
                cipher = self._site.same_cipher
                options = ["-c", cipher.cipher] + ([] if cipher.mac == "<implicit>" else ["-m", cipher.mac])
                return ssh_command(self._site.sshd, [forward], *options)
            case "autossh":
                return autossh_command(self._site.sshd, [forward])
            case "dbclient":
                return self._dbclient(forward)
            case "lamd":
                return self._lamd(port, target)
        raise BenchError(f"there is no kind of tunnel called {self.kind}")

    def _dbclient(self, forward: str) -> list[str]:
        sshd = self._site.sshd
        return ["dbclient", "-N", "-T", "-y", "-y", "-K", "30", "-i", str(sshd.keys.dropbear_key), "-p", str(sshd.port),
                "-R", forward, f"{sshd.user}@{sshd.host.address}"]

    def _lamd(self, port: int, target: int) -> list[str]:
        config = self._directory / "lamd.yaml"
        config.write_text(lamd_tunnel_config(self._directory, self._site.sshd, [port], target))
        os.chmod(config, 0o600)
        return [str(self._site.lamd), "--config", str(config)]
