"""What people use instead of lamd: `ssh -R` in a shell loop, and autossh."""

import signal

from .process import Process, descendants, send_signal


def _ssh_words(sshd, remote_port, target_port):
    return ["-N", "-T", "-F", "none", "-o", f"UserKnownHostsFile={sshd.known_hosts()}", "-o", "LogLevel=ERROR",
            "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes",
            "-o", "ServerAliveInterval=30", "-o", "ServerAliveCountMax=3", "-i", str(sshd.key.path),
            "-p", str(sshd.port), "-R", f"127.0.0.1:{remote_port}:127.0.0.1:{target_port}",
            f"{sshd.user}@{sshd.address}"]


class SshLoop:
    """The users' own: 30 s × 3 keepalives, 5 s of sleep between attempts."""

    name = "`ssh` in a loop"

    def __init__(self, directory, sshd, host, remote_port, target_port):
        script = 'while true; do ssh "$@"; sleep 5; done'
        self._process = Process(["bash", "-c", script, "loop", *_ssh_words(sshd, remote_port, target_port)],
                                directory / "ssh-loop.log", host)

    def wait_up(self):
        """It is up with its port."""

    def crash(self):
        """kill -9 of the client's own process."""
        for pid in descendants(self._process.pid):
            send_signal(pid, signal.SIGKILL)

    def reboot(self):
        self.crash()

    def close(self):
        self._process.kill()


class Autossh(SshLoop):
    """As its manual advises with OpenSSH's own keepalives: -M 0; gate time 0, or it ends at the first early failure."""

    name = "autossh"

    def __init__(self, directory, sshd, host, remote_port, target_port):
        self._process = Process(["autossh", "-M", "0", *_ssh_words(sshd, remote_port, target_port)],
                                directory / "autossh.log", host, {"AUTOSSH_GATETIME": "0"})
