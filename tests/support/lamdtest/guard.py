"""`lamctl tunnel-guard` as sshd runs it, and clients of it that are no lamd."""

import os
import select
import subprocess
import time

from .wait import Timeout


def guarded(port, socket="/nonexistent/lamd.sock", name="home"):
    """The options of a key in authorized_keys whose guard reports to the lamd on `socket`."""
    command = f"{os.environ['LAMCTL_BIN']} --socket {socket} tunnel-guard --name {name}"
    return f'command="{command}",restrict,port-forwarding,permitlisten="127.0.0.1:{port}"'


class Claimant:
    """Claims a tunnel with OpenSSH's client, and then says what the test says."""

    def __init__(self, sshd, command):
        self._process = subprocess.Popen(
            ["ssh", "-T", "-F", "none", "-i", str(sshd.key.path), "-o", "IdentitiesOnly=yes",
             "-o", f"UserKnownHostsFile={sshd.known_hosts()}", "-p", str(sshd.port), f"{sshd.user}@{sshd.address}", command],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._unread = b""

    @classmethod
    def of(cls, sshd, tunnel="b", instance="one", host="attic", limit=15):
        return cls(sshd, f"lamd-claim {tunnel} {instance} {host} {limit}")

    def say(self, data):
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def line(self, timeout=15.0):
        """The next line of the guard; what was said so far where it has ended."""
        end = time.monotonic() + timeout
        while b"\n" not in self._unread:
            if not select.select([self._process.stdout], [], [], max(0.0, end - time.monotonic()))[0]:
                raise Timeout(f"not within {timeout:g} s: a line of the guard; there is {self._unread!r}")
            data = os.read(self._process.stdout.fileno(), 65536)
            if not data:
                break
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode()

    def wait(self, timeout=15.0):
        return self._process.wait(timeout)

    def close(self):
        self._process.kill()
        self._process.communicate()
