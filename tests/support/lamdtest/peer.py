"""The bulk peer (tests/support/peer): a server, and loads whose every byte is checked."""

import json
import os
import subprocess

from .host import LOCAL
from .ports import free_port
from .process import Process
from .tcp import is_open
from .wait import wait_until

MIB = 1024 * 1024


class PeerServer:
    def __init__(self, directory, host=LOCAL, port=None):
        self.port = port or free_port()
        self._process = Process([os.environ["PEER_BIN"], "serve", "127.0.0.1", self.port],
                                directory / f"peer-{self.port}.log", host)
        wait_until(lambda: is_open(host, ("127.0.0.1", self.port)), 5.0, "the bulk server")

    def close(self):
        self._process.kill()


def start_load(port, host=LOCAL, connections=1, parallel=0, up=0, down=0):
    """Begins a load of `up` and `down` bytes on each connection; finish with wait_load()."""
    words = [os.environ["PEER_BIN"], "load", "127.0.0.1", port, "--connections", connections, "--parallel", parallel,
             "--up", up, "--down", down]
    return subprocess.Popen(host.command([str(word) for word in words]), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def wait_load(load, timeout=60.0):
    """The seconds that it took; nothing may be missing."""
    try:
        output, errors = load.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        load.kill()
        load.communicate()
        raise AssertionError(f"the transfer did not end within {timeout:g} s") from None
    assert load.returncode == 0, f"{output}{errors[:2000]}"
    return json.loads(output)["seconds"]


def run_load(port, timeout=60.0, **options):
    return wait_load(start_load(port, **options), timeout)
