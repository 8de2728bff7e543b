"""The example backend, as a test runs it: uvicorn on a port of its own."""

import http.client
import importlib.util
import json
import sys
from pathlib import Path

from .host import LOCAL
from .ports import free_port
from .process import Process
from .wait import wait_until

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "backend"


def missing():
    """Why it cannot run here, or None."""
    lacking = [name for name in ("fastapi", "uvicorn", "httpx") if importlib.util.find_spec(name) is None]
    return f"no {', '.join(lacking)} here (Debian's python3-fastapi, python3-uvicorn, python3-httpx)" if lacking else None


class Backend:
    def __init__(self, directory, socket_path):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._directory = directory
        self._socket_path = socket_path
        self._process = None
        self.start()

    def start(self):
        self._process = Process([sys.executable, "-B", "-m", "uvicorn", "--app-dir", EXAMPLE, "backend:app",
                                 "--port", self.port], self._directory / f"backend-{self.port}.log", LOCAL,
                                {"LAMD_SOCKET": str(self._socket_path)})
        wait_until(self._is_serving, 30.0, "the backend to serve")

    def _is_serving(self):
        assert self._process.is_running(), f"the backend ended: {self.output()}"
        try:
            return self.request("GET", "/page.css")[0] == 200
        except OSError:
            return False

    def send(self, method, target, body=None, headers=None):
        """http.client's connection, on which an answer will come."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60.0)
        connection.request(method, target, None if body is None else json.dumps(body),
                           {"Content-Type": "application/json", **(headers or {})})
        return connection

    def begin(self, method, target, body=None, headers=None):
        """The connection and the response, once its head has come."""
        connection = self.send(method, target, body, headers)
        return connection, connection.getresponse()

    def request(self, method, target, body=None, headers=None):
        """(status, headers, body) of a whole answer."""
        connection, response = self.begin(method, target, body, headers)
        try:
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def output(self):
        return self._process.output()

    def kill(self):
        self._process.kill()

    def close(self):
        self._process.kill()
