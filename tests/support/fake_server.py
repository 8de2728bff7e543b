#!/usr/bin/env python3
"""A small OpenAI-compatible server that also misbehaves on command, for tests and demonstrations.

It listens on a loopback port or a Unix socket and prints its address (`http://127.0.0.1:PORT` or `unix:PATH`) as its
first line. A request says how it is to go wrong in its body:

    {"fake": {"fault": "cut", "after": 5}, "max_tokens": 100, "stream": true, "messages": [...]}

Faults: cut (closes after `after` events), reset (the same with a TCP reset), stall (goes silent after `after` events:
wedged, as `GET /slots` shows while `GET /health` is well), garbage (text that is no event, then a clean end),
malformed (an event that is not JSON), truncate (ends a chunk in its middle), no_done (no [DONE], but a finish_reason), no_end (a clean end without
either), error_event, large_event (one of `size` bytes), slow_first (the first token after `delay_s`), slow (`delay_s`
before each token), a status such as 429 (`message`, `type`; `retry_after`: with that field), wrong_length (Content-Length
too large), (these with `pause_s` before it), close_idle (answers, then closes the kept connection), close_unanswered (closes without an answer; with
`reset`, by a TCP reset), refuse_prefill (400 for an assistant's message at the end), silent (no answer for ever), not_http.
`POST /fake/fault` with such an object sets it for all requests to come ({} ends it; `"times": n` for the next n).
`GET /fake/state` counts: requests, connections, streams running, cancelled and finished. `POST /fake/reset` clears.

Only Python's standard library is used. One process, one thread.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import struct
import sys
import time

REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests",
           500: "Internal Server Error", 503: "Service Unavailable"}
INFERENCE = ("/v1/chat/completions", "/v1/completions", "/v1/embeddings")
GO_WRONG = ("cut", "reset", "stall", "garbage", "malformed", "truncate", "no_end", "error_event", "large_event")
WORDS = ("The", " quick", " brown", " fox", " jumps", " over", " the", " lazy", " dog", ".")


class Gone(Exception):
    """The client has closed its connection."""


class State:
    def __init__(self, options):
        self.options = options
        self.loading_until = time.monotonic() + options.loading
        self.fault = {}
        self.reset()

    def reset(self):
        self.requests = self.connections = self.running = self.cancelled = self.finished = 0
        self.by_route = {}
        self.sent = {}  # events of each running stream

    def next_fault(self, body):
        own = body.get("fake")
        if isinstance(own, dict):
            return own
        fault = self.fault
        if "times" in fault:
            if fault["times"] <= 0:
                return {}
            fault["times"] -= 1
        return fault

    def counts(self):
        return {"requests": self.requests, "connections": self.connections, "running": self.running,
                "cancelled": self.cancelled, "finished": self.finished, "routes": self.by_route}


class Connection:
    def __init__(self, state, reader, writer):
        self.state, self.reader, self.writer = state, reader, writer

    async def serve(self):
        self.state.connections += 1
        try:
            while await self.serve_one():
                pass
        except (Gone, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            self.writer.close()

    async def serve_one(self):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        body = await self.reader.readexactly(int(fields.get("content-length", 0)))
        path = target.partition("?")[0]
        if path.startswith("/fake/"):
            return await self.administer(method, path, body)
        self.state.requests += 1
        self.state.by_route[path] = self.state.by_route.get(path, 0) + 1
        return await self.answer(method, path, fields, body)

    async def administer(self, method, path, body):
        if path == "/fake/fault" and method == "POST":
            self.state.fault = json.loads(body or b"{}")
        elif path == "/fake/reset" and method == "POST":
            self.state.fault = {}
            self.state.reset()
        elif path != "/fake/state":
            return await self.send_error(404, "no such administration")
        return await self.send_json(200, self.state.counts())

    async def answer(self, method, path, fields, body):
        if time.monotonic() < self.state.loading_until:
            return await self.send_error(503, "Loading model", "unavailable_error", close=True)
        if path == "/health" and not self.state.options.no_health:
            return await self.send_json(200, {"status": "ok"})
        if path == "/slots" and method == "GET":
            return await self.send_json(200, self.slots())
        key = self.state.options.api_key
        if key and fields.get("authorization") != "Bearer " + key:
            return await self.send_error(401, "Invalid API Key", "authentication_error", close=True)
        if path == "/v1/models" and method == "GET":
            models = [self.model(name) for name in self.state.options.model]
            return await self.send_json(200, {"object": "list", "data": models})
        if path == "/props" and self.state.options.template:
            return await self.send_json(200, {"total_slots": 4, "chat_template": self.state.options.template})
        if path in INFERENCE and method == "POST":
            return await self.infer(path, body)
        return await self.send_error(404, "File Not Found", "not_found_error", close=True)

    def slots(self):
        """As llama-server tells them, as far as lamd looks."""
        running = [{"id": number, "is_processing": True, "id_task": task, "next_token": [{"n_decoded": count}]}
                   for number, (task, count) in enumerate(self.state.sent.items())]
        return running or [{"id": 0, "is_processing": False}]

    async def infer(self, path, raw):
        try:
            body = json.loads(raw)
            assert isinstance(body, dict)
        except (ValueError, AssertionError):
            return await self.send_error(400, "the body is no JSON object", "invalid_request_error", close=True)
        fault = self.state.next_fault(body)
        kind = fault.get("fault")
        if str(kind).isdigit():
            return await self.send_error(int(kind), fault.get("message", "told to fail"),
                                         fault.get("type", "server_error"), retry_after=fault.get("retry_after"))
        if kind == "refuse_prefill" and self.prefix(body):
            return await self.send_error(400, "Cannot have 2 or more assistant messages at the end of the list.")
        if kind == "close_unanswered":
            return self.reset() if fault.get("reset") else False
        if kind == "silent":
            await self.sleep(3600)
        if kind == "not_http":
            return await self.write(b"SSH-2.0-OpenSSH_9.2p1\r\n") or False
        self.state.running += 1
        try:
            if path != "/v1/embeddings" and body.get("stream"):
                keeps = await self.stream(path, body, fault)
            else:
                keeps = await self.whole(path, body, fault)
            self.state.finished += 1
            return keeps
        except (Gone, ConnectionError):
            self.state.cancelled += 1
            raise
        finally:
            self.state.running -= 1
            self.state.sent.pop(id(self), None)

    # Whole answers.

    async def whole(self, path, body, fault):
        kind = fault.get("fault")
        if kind in ("slow_first", "slow", "stall"):
            await self.sleep(3600 if kind == "stall" else fault.get("delay_s", 1))
        payload = json.dumps(self.whole_answer(path, body)).encode()
        if kind == "cut":
            await self.write(self.head(200, "application/json", f"Content-Length: {len(payload)}"))
            await self.write(payload[:len(payload) // 2])
            return False
        length = len(payload) + (100 if kind == "wrong_length" else 0)
        await self.write(self.head(200, "application/json", f"Content-Length: {length}") + payload)
        return kind not in ("wrong_length", "close_idle")

    def whole_answer(self, path, body):
        model = body.get("model") or self.state.options.model[0]
        if path == "/v1/embeddings":
            return {"object": "list", "model": model,
                    "data": [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2, 0.3]}]}
        text = "".join(self.tokens(body))
        content = {"text": text} if path == "/v1/completions" else {"message": {"role": "assistant", "content": text}}
        return {"id": "fake-1", "object": "chat.completion", "model": model,
                "choices": [{"index": 0, "finish_reason": "stop", **content}],
                "usage": {"prompt_tokens": 1, "completion_tokens": len(list(self.tokens(body))), "total_tokens": 2}}

    def model(self, name):
        of_llama = {"owned_by": "llamacpp", "meta": {"n_params": 1, "n_vocab": 2}} if self.state.options.template else {}
        return {"id": name, "object": "model", "owned_by": "fake", **of_llama}

    @staticmethod
    def prefix(body):
        """What the assistant has said already, which the answer goes on with."""
        last = (body.get("messages") or [{}])[-1]
        return last.get("content") or "" if last.get("role") == "assistant" else ""

    def tokens(self, body):
        count = body.get("max_tokens") or len(WORDS)
        begin = len(self.prefix(body).split())
        return (WORDS[i % len(WORDS)] for i in range(begin, begin + count))

    # Streams.

    async def stream(self, path, body, fault):
        kind, after = fault.get("fault"), fault.get("after", 3)
        delay = fault.get("delay_s", self.state.options.delay)
        await self.write(self.head(200, "text/event-stream", "Transfer-Encoding: chunked"))
        if kind == "slow_first":
            await self.sleep(delay)
        for i, token in enumerate(self.tokens(body)):
            self.state.sent[id(self)] = i
            if kind in GO_WRONG and i == after:
                return await self.go_wrong(kind, fault)
            if kind == "slow" or self.state.options.delay:
                await self.sleep(delay)
            await self.event(self.delta(path, body, token, None))
        await self.event(self.delta(path, body, None, "stop"))
        if kind != "no_done":
            await self.chunk(b"data: [DONE]\n\n")
        await self.write(b"0\r\n\r\n")
        return kind != "close_idle" and not self.state.options.close_after_stream

    async def go_wrong(self, kind, fault):
        await self.sleep(fault.get("pause_s", 0))
        if kind == "stall":
            await self.sleep(3600)
        elif kind == "reset":
            self.reset()
        elif kind == "malformed":
            await self.chunk(b"data: {\"choices\":[{\"del\n\n")
            await self.sleep(3600)
        elif kind == "garbage":
            await self.chunk(b"proxy error: Failed to read connection")
            await self.write(b"0\r\n\r\n")
        elif kind == "truncate":
            await self.write(b"ff\r\ndata: {\"choices\":[{\"del")
        elif kind == "no_end":
            await self.write(b"0\r\n\r\n")
        elif kind == "error_event":
            await self.event({"error": {"code": 500, "message": "told to fail", "type": "server_error"}})
            await self.write(b"0\r\n\r\n")
        elif kind == "large_event":
            await self.event({"choices": [{"index": 0, "delta": {"content": "x" * fault.get("size", 1 << 20)}}]})
            await self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
            await self.chunk(b"data: [DONE]\n\n")
            await self.write(b"0\r\n\r\n")
        return False

    def delta(self, path, body, token, reason):
        choice = {"index": 0, "finish_reason": reason}
        if path == "/v1/completions":
            choice["text"] = token or ""
        else:
            choice["delta"] = {"content": token} if token is not None else {}
        return {"id": "fake-1", "object": "chat.completion.chunk", "choices": [choice],
                "model": body.get("model") or self.state.options.model[0]}

    async def event(self, payload):
        await self.chunk(b"data: " + json.dumps(payload, separators=(",", ":")).encode() + b"\n\n")

    async def chunk(self, payload):
        await self.write(b"%x\r\n%s\r\n" % (len(payload), payload))

    # Bytes.

    async def send_json(self, status, value, fields="", close=False):
        payload = json.dumps(value).encode()
        extra = f"Content-Length: {len(payload)}" + fields + ("\r\nConnection: close" if close else "")
        await self.write(self.head(status, "application/json", extra) + payload)
        return not close

    async def send_error(self, status, message, kind="server_error", close=False, retry_after=None):
        fields = f"\r\nRetry-After: {retry_after}" if retry_after is not None else ""
        error = {"error": {"message": message, "type": kind, "code": status}}
        return await self.send_json(status, error, fields, close)

    @staticmethod
    def head(status, kind, extra):
        return f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: {kind}\r\n{extra}\r\n\r\n".encode()

    async def write(self, payload):
        if self.reader.at_eof() or self.writer.transport.is_closing():
            raise Gone
        self.writer.write(payload)
        await self.writer.drain()

    def reset(self):
        """Closes with a TCP reset."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        return False

    async def sleep(self, seconds):
        """Waits, but not for a client that has left."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 0.01))
            if self.reader.at_eof() or self.writer.transport.is_closing():
                raise Gone


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--unix", metavar="PATH", help="listen on this Unix socket")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--model", action="append", help="a model to list; may be repeated")
    parser.add_argument("--api-key", help="what Authorization must carry, but at /health")
    parser.add_argument("--loading", type=float, default=0, metavar="SECONDS", help="say 'Loading model' that long")
    parser.add_argument("--template", help="be a llama-server with this chat template")
    parser.add_argument("--delay", type=float, default=0, metavar="SECONDS", help="before each token")
    parser.add_argument("--no-health", action="store_true", help="have no /health")
    parser.add_argument("--close-after-stream", action="store_true", help="as llama-server does")
    options = parser.parse_args()
    options.model = options.model or ["fake"]
    return options


async def main():
    options = parse_options()
    state = State(options)

    async def accept(reader, writer):
        await Connection(state, reader, writer).serve()

    if options.unix:
        server = await asyncio.start_unix_server(accept, options.unix)
        address = "unix:" + options.unix
    else:
        server = await asyncio.start_server(accept, options.host, options.port)
        address = "http://%s:%d" % server.sockets[0].getsockname()[:2]
    print(address, flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    server.close()
    if options.unix and os.path.exists(options.unix):
        os.unlink(options.unix)
    sys.stdout.flush()
    os._exit(0)  # open connections end with the process, as those of a killed server do


if __name__ == "__main__":
    asyncio.run(main())
