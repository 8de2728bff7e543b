"""A server whose every answer the test writes itself, byte by byte and when it wants, to be the best or worst of peers.

Probes (`/health`, `/v1/models`) are answered alone; every other request becomes a Call that waits for the test.
"""

import json
import queue
import select
import socket
import time

from .host import LOCAL
from .limits import within
from .tcp import Server

# Requests and an answer that most tests can do with.
CHAT = {"model": "tiny", "messages": [{"role": "user", "content": "Hello!"}], "stream": True}
ASK = {**CHAT, "stream": False}
ANSWER = {"id": "chatcmpl-1", "object": "chat.completion", "model": "tiny",
          "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}]}

SSE_HEAD = (b"HTTP/1.1 200 OK\r\nServer: llama.cpp\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n")


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def delta(text, finish=None):
    """One event of a streamed chat answer, as llama-server writes it."""
    choice = {"finish_reason": finish, "index": 0, "delta": {"content": text} if finish is None else {}}
    data = {"choices": [choice], "created": 1, "id": "chatcmpl-1", "model": "tiny", "object": "chat.completion.chunk"}
    return b"data: " + json.dumps(data).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def whole(status, body, headers=b"Content-Type: application/json\r\n"):
    """A complete answer with its length."""
    return b"HTTP/1.1 %d X\r\n%sContent-Length: %d\r\n\r\n%s" % (status, headers, len(body), body)


class Call:
    """One request that waits for its answer."""

    def __init__(self, connection, method, target, headers, body):
        self._connection = connection
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.finished = queue.Queue()

    def json(self):
        return json.loads(self.body)

    def send(self, data):
        self._connection.sendall(data)

    def begin(self):
        self.send(SSE_HEAD)

    def event(self, data):
        self.send(chunk(data))

    def end(self):
        """The last chunk; the connection is ready for the next request."""
        self.send(b"0\r\n\r\n")
        self.finished.put(True)

    def answer(self, status, body, headers=b"Content-Type: application/json\r\n"):
        self.send(whole(status, body if isinstance(body, bytes) else json.dumps(body).encode(), headers))
        self.finished.put(True)

    def cut(self):
        """Closes in the middle of whatever it is."""
        self._connection.shutdown(socket.SHUT_RDWR)
        self.finished.put(False)

    def reset(self):
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._connection.close()
        self.finished.put(False)

    def wait_abandoned(self, timeout=5.0):
        """The time when lamd closed this connection."""
        end = time.monotonic() + within(timeout)
        while time.monotonic() < end:
            if select.select([self._connection], [], [], max(0.0, end - time.monotonic()))[0]:
                if not self._peek():
                    return time.monotonic()
        raise AssertionError(f"not abandoned within {timeout:g} s")

    def _peek(self):
        try:
            return self._connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return b""


class Upstream:
    def __init__(self, host=LOCAL, models=("tiny",), port=0, path=None, chat_template=None):
        self.chat_template = chat_template  # with one, it says that it is a llama-server
        self.calls = queue.Queue()
        self.health = (200, {"status": "ok"})
        self.slots = None  # a function that gives what /slots tells; None: there is no such route
        self.models = list(models)
        self.requests = []  # (method, target) of everything that came
        self._server = Server(self._serve, host, port=port, path=path)
        self.port = None if path else self._server.port

    def next_call(self, timeout=5.0):
        try:
            return self.calls.get(timeout=within(timeout))
        except queue.Empty:
            raise AssertionError(f"no request came within {timeout:g} s; so far: {self.requests}") from None

    def _serve(self, connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        stream = connection.makefile("rb")
        while request := stream.readline():
            method, target, _ = request.decode().split(" ", 2)
            headers = self._read_headers(stream)
            body = stream.read(int(headers.get("content-length", 0)))
            self.requests.append((method, target))
            if not self._answer_probe(connection, method, target):
                call = Call(connection, method, target, headers, body)
                self.calls.put(call)
                if not call.finished.get():
                    return

    @staticmethod
    def _read_headers(stream):
        headers = {}
        while (line := stream.readline().decode().strip()):
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return headers

    def _answer_probe(self, connection, method, target):
        if method != "GET":
            return False
        if target == "/health":
            status, body = self.health
        elif target == "/v1/models":
            status, body = 200, {"object": "list", "data": [self._model(name) for name in self.models]}
        elif target == "/props" and self.chat_template:
            status, body = 200, {"total_slots": 4, "chat_template": self.chat_template}
        elif target == "/slots" and self.slots:
            status, body = 200, self.slots()
        else:
            status, body = 404, {"error": {"message": "File Not Found", "type": "not_found_error", "code": 404}}
        connection.sendall(whole(status, json.dumps(body).encode()))
        return True

    def _model(self, name):
        of_llama = {"owned_by": "llamacpp", "meta": {"n_params": 1, "n_vocab": 2}} if self.chat_template else {}
        return {"id": name, "object": "model", **of_llama}

    def accepted(self):
        """Connections since it began."""
        return self._server.accepted

    def close(self):
        self._server.close()
