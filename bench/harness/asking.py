"""Single requests of the harness itself, to TCP or to a Unix socket."""

import http.client
import socket

from .load import BenchError

PATIENCE = 30


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str):
        super().__init__("lamd", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(self._path)


def ask(endpoint: str, method: str, target: str, body: str = "", fields: dict[str, str] | None = None) -> bytes:
    """The answer's body; BenchError when its status is not one of success."""
    connection = _UnixConnection(endpoint[5:]) if endpoint.startswith("unix:") else _tcp(endpoint)
    try:
        headers = {"Content-Type": "application/json", "Host": "lamd"} | (fields or {})
        connection.request(method, target, body.encode() if body else None, headers)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status >= 300:
        raise BenchError(f"{method} {target}: {answer.status} {content[:300].decode(errors='replace')}")
    return content


def read_events(endpoint: str, method: str, target: str, body: str = "", fields: dict[str, str] | None = None) -> bytes:
    """The data of a whole stream of events: without numbers and comments, which differ from one reading to the next."""
    lines = ask(endpoint, method, target, body, fields).split(b"\n")
    return b"\n".join(line for line in lines if line.startswith(b"data:"))


def _tcp(endpoint: str) -> http.client.HTTPConnection:
    address, _, port = endpoint.rpartition(":")
    return http.client.HTTPConnection(address, int(port), timeout=PATIENCE)
