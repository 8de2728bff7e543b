"""tests/support/fake_server.py as a process: an OpenAI-compatible server that misbehaves on command."""

import http.client
import json
import re
import sys
from pathlib import Path

from .process import Process
from .wait import wait_until

_SCRIPT = Path(__file__).parent.parent / "fake_server.py"


def command(port, options=()):
    """The words of its command."""
    return [sys.executable, "-B", _SCRIPT, "--port", port, *options]


class FakeServer:
    def __init__(self, directory, name="fake", options=()):
        self._log = directory / f"{name}.log"
        self._options = options
        self.port = 0
        self.start()

    def start(self):
        """Again on the port that it had, if it was killed."""
        begun = self._log.stat().st_size if self._log.exists() else 0
        self._process = Process(command(self.port, self._options), self._log)
        line = wait_until(lambda: re.search(r"http://127\.0\.0\.1:(\d+)\n", self._process.output()[begun:]), 20.0,
                          "the fake server to listen")
        self.port = int(line[1])

    def misbehave(self, **fault):
        self._post("/fake/fault", fault)

    def reset(self):
        self._post("/fake/reset", {})

    def state(self):
        return self._request("GET", "/fake/state")

    def asked(self):
        """How many answers it was asked for."""
        return self.state()["routes"].get("/v1/chat/completions", 0)

    def _post(self, path, body):
        return self._request("POST", path, json.dumps(body))

    def _request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    @property
    def pid(self):
        return self._process.pid

    def kill(self):
        self._process.kill()

    def close(self):
        if self._process.is_running():
            self._process.kill()
