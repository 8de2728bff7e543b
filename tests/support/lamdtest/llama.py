"""A real llama-server with a tiny model, as tools/llama/get-llama-server.sh leaves it in the user's cache."""

import http.client
import json
import os
from pathlib import Path

from .host import LOCAL
from .ports import free_port
from .process import Process
from .wait import wait_until

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lamd" / "llama"


def missing():
    """Why there is no llama-server, or None."""
    if not (_CACHE / "llama-server").exists():
        return "no llama-server here; tools/llama/get-llama-server.sh brings it"
    return None


def command(port, model="tiny.gguf", slots=4, context=4096, options=()):
    """The words of its command."""
    return [_CACHE / "llama-server", "-m", _CACHE / model, "--host", "127.0.0.1", "--port", port, "-t", 1,
            "--parallel", slots, "-c", context, "--metrics", "--no-ui", *options]


class LlamaServer:
    def __init__(self, directory, host=LOCAL, model="tiny.gguf", slots=4, context=4096, port=None, options=()):
        """`context`: tokens of all slots together; `options`: more words of its command."""
        self.port = port or free_port()
        self.host = host
        self._command = command(self.port, model, slots, context, options)
        self._log = directory / f"llama-{self.port}.log"
        self._process = None
        self.start()

    def start(self):
        self._process = Process(self._command, self._log, self.host)
        wait_until(self._is_loaded, 60.0, "llama-server to load its model", 0.1)

    def request(self, method, target, body=None, timeout=90.0):
        """(status, body) of a request straight to it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        connection.sock = self.host.connect(("127.0.0.1", self.port), timeout)
        try:
            connection.request(method, target, json.dumps(body) if body is not None else None,
                               {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def _is_loaded(self):
        assert self._process.is_running(), f"llama-server ended: {self._process.output()[-2000:]}"
        try:
            return self.request("GET", "/health", timeout=5.0)[0] == 200
        except OSError:
            return False

    @property
    def pid(self):
        return self._process.pid

    def busy_slots(self):
        return sum(slot["is_processing"] for slot in json.loads(self.request("GET", "/slots")[1]))

    def metric(self, name):
        """A number of its own: `tokens_predicted_total`, `requests_processing`."""
        for line in self.request("GET", "/metrics")[1].decode().splitlines():
            if line.startswith(f"llamacpp:{name} "):
                return int(float(line.split()[1]))
        raise KeyError(name)

    def kill(self):
        self._process.kill()

    def close(self):
        self._process.kill()
