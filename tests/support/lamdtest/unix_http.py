"""HTTP to lamd's Unix socket: whole answers, streams with the time of each read, and bytes as they are."""

import http.client
import json
import socket
import time

from .limits import within


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=10.0):
        super().__init__("localhost", timeout=timeout)
        self._path = str(path)

    def connect(self):
        self.sock = connect_unix(self._path, self.timeout)


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def error(self):
        """The OpenAI error object."""
        return self.json()["error"]


def request(path, method, target, body=None, headers=None, timeout=10.0):
    """One request on a connection of its own. `body` may be bytes, or a value that is sent as JSON."""
    headers = dict(headers or {})
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json")
    connection = UnixConnection(path, timeout)
    try:
        connection.request(method, target, body, headers)
        response = connection.getresponse()
        return Answer(response, response.read())
    finally:
        connection.close()


def connect_unix(path, timeout=10.0):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(within(timeout))
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    return connection


def exchange_bytes(path, sent, timeout=10.0):
    """Sends raw bytes and returns everything until lamd closes the connection."""
    with connect_unix(path, timeout) as connection:
        connection.sendall(sent)
        return read_to_end(connection)


def read_to_end(connection):
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received


class Stream:
    """A streaming answer. The request is sent at once; head() waits for the answer to begin."""

    def __init__(self, path, target, body=None, headers=None, timeout=10.0):
        self._connection = UnixConnection(path, timeout)
        self._response = None
        self.reads = []  # (time, bytes) as each came, de-chunked
        self.started = time.monotonic()
        data = json.dumps(body).encode() if body is not None else None
        self._connection.request("POST" if data else "GET", target, data,
                                 {"Content-Type": "application/json", **(headers or {})})

    def head(self):
        """http.client's response: its status and headers."""
        if self._response is None:
            self._response = self._connection.getresponse()
        return self._response

    def is_begun(self):
        """Whether a head has come; False when the peer went away before."""
        try:
            return self.head().status == 200
        except (OSError, http.client.HTTPException):
            return False

    def read(self):
        """The next bytes; empty at the clean end. A cut raises http.client.IncompleteRead."""
        data = self.head().read1(65536)
        if data:
            self.reads.append((time.monotonic(), data))
        return data

    def read_until(self, marker):
        """Everything so far, once `marker` is in it."""
        while marker not in self.body():
            assert self.read(), f"ended before {marker!r}: {self.body()!r}"
        return self.body()

    def read_all(self):
        while self.read():
            pass
        return self.body()

    def body(self):
        return b"".join(data for _, data in self.reads)

    def close(self):
        """Leaves, whether the answer is complete or not."""
        if self._response is not None:
            self._response.close()
        self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def sse_events(body):
    """The events of an SSE body as dicts of their fields; comments are left out."""
    events = []
    for block in body.decode().replace("\r\n", "\n").split("\n\n"):
        event = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            if name:
                event[name] = event[name] + "\n" + value.lstrip() if name in event else value.removeprefix(" ")
        if event:
            events.append(event)
    return events
