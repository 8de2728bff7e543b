"""Where something runs: this machine, or a network namespace."""

import ctypes
import os
import socket
import subprocess
import threading
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _set_namespace(descriptor):
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns: " + os.strerror(ctypes.get_errno()))


class Host:
    """This machine."""

    address = "127.0.0.1"

    def command(self, words):
        return list(words)

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_STREAM):
        return socket.socket(family, kind)

    def connect(self, address, timeout=5.0):
        """A connected TCP socket to (host, port)."""
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        connection = self.socket(family)
        connection.settimeout(timeout)
        try:
            connection.connect(address)
        except OSError:
            connection.close()
            raise
        return connection


LOCAL = Host()


class Namespace(Host):
    """A network namespace, and one of mounts, held open by the process `holder`: both end with it."""

    def __init__(self, holder, address):
        self.holder = holder
        self.address = address
        self._names = None

    def path(self):
        return f"/proc/{self.holder}/ns/net"

    def command(self, words):
        return ["nsenter", f"--net={self.path()}", f"--mount=/proc/{self.holder}/ns/mnt", f"--wd={os.getcwd()}", "--", *words]

    def call(self, *words, stdin=None):
        """Runs it there to its end."""
        result = subprocess.run(self.command(words), input=stdin, text=True, capture_output=True, check=False)
        assert result.returncode == 0, f"{' '.join(words)}: {result.stderr}"

    def inside(self, path):
        """A file as programs of this host see it."""
        return Path(f"/proc/{self.holder}/root{path}")

    def name(self, directory, addresses):
        """From now on /etc/hosts has `addresses` (by name), and nothing else."""
        if self._names is None:
            self._names = directory / f"hosts-{self.holder}"
            self._names.touch()
            self.call("mount", "--bind", str(self._names), "/etc/hosts")
        self._names.write_text("".join(f"{address} {name}\n" for name, address in addresses.items()))

    def mount_small(self, path, megabytes):
        """A disk of its own at `path`."""
        self.call("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(path))

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_STREAM):
        """A socket that belongs to the namespace, wherever it is used."""
        result = []

        def make():
            descriptor = os.open(self.path(), os.O_RDONLY)
            try:
                _set_namespace(descriptor)
                result.append(socket.socket(family, kind))
            finally:
                os.close(descriptor)

        # A namespace is entered by a thread, and this one does not outlive the call.
        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        if not result:
            raise OSError(f"no socket in the namespace of process {self.holder}")
        return result[0]
