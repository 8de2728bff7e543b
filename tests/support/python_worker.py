"""A worker of the stream protocol over MQTT 5, written from docs/protocol.md: python_worker.py SITE NAME SERVER BROKER

SERVER and BROKER are HOST:PORT. Needs paho-mqtt (1.6 or 2). A thread asks the server for each stream and keeps its events;
another one for each gateway that reads it sends them. What it leaves out: limits to what it remembers.
"""

import http.client
import json
import signal
import socket
import struct
import sys
import threading
import time
import uuid
import zlib

import paho.mqtt.client as mqtt

OPEN, RESUME, CANCEL, CREDIT, HEAD, EVENTS, BEAT, END, ERROR, GONE = 1, 2, 3, 4, 16, 17, 18, 19, 20, 21
FRAME = struct.Struct(">BBH16sQII")
WINDOW, AT_ONCE, KEEP, LEASE = 256 * 1024, 64 * 1024, 60.0, 30.0


def failure(status, code, message, may_have_run=False, error=None, retry_after=None):
    error = error or {"message": message, "type": "upstream_error", "param": None, "code": code}
    extra = {"retry_after": retry_after} if retry_after else {}
    return ERROR, {"status": status, "may_have_run": may_have_run, "error": error, **extra}


class Stream:
    """One answer: asked for once, kept until KEEP after its end."""

    def __init__(self, key, meta, body, server):
        self.news = threading.Condition()
        self.head, self.events, self.places, self.crc, self.ending = None, [], [0], 0, None
        self.lease, self.wanted, self.ended = meta.get("lease_s", LEASE), time.monotonic(), None
        self._socket, self._connection = None, http.client.HTTPConnection(*server.rsplit(":", 1), timeout=120)
        self._request = (meta.get("method", "POST"), meta["path"], body or None,
                         {"Content-Type": meta.get("content_type", "application/json"), "X-Request-Id": str(key)})
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        has_asked = False
        try:
            self._connection.connect()
            self._socket = self._connection.sock
            if self.ending is None:  # not cancelled meanwhile
                has_asked = True
                self._connection.request(*self._request)
                self._pass(self._connection.getresponse())
        except TimeoutError as problem:
            self.end(*failure(504, "upstream_timeout", str(problem), has_asked))
        except (OSError, http.client.HTTPException) as problem:
            down = isinstance(problem, ConnectionRefusedError)
            self.end(*failure(503 if down else 502, "server_down" if down else "upstream_cut", str(problem), has_asked))
        finally:
            self._connection.close()
            self.end(GONE, None)  # unless it has ended

    def _pass(self, response):
        if response.status >= 400:
            text = response.read(64 * 1024)
            try:
                error = json.loads(text)["error"]
            except (ValueError, TypeError, KeyError):
                error = None
            message = f"the server answered {response.status}"
            return self.end(*failure(response.status, None, message, True, error, response.getheader("Retry-After")))
        kind = response.getheader("Content-Type", "")
        with self.news:
            self.head = {"status": response.status, "content_type": kind}
            self.news.notify_all()
        if kind.split(";")[0].strip().lower() == "text/event-stream":
            return self._pass_events(response)
        self._keep(response.read())
        return self.end(END, None)

    def _pass_events(self, response):
        event, is_done, has_failed, finished = b"", False, False, set()
        while line := response.readline():
            event += b"" if line.startswith(b":") else line  # comments are no part of the answer
            if line in (b"\n", b"\r\n"):
                data = b"".join(part[5:] for part in event.splitlines() if part.startswith(b"data:")).strip()
                is_done = is_done or data == b"[DONE]"
                if b'"finish_reason"' in data or b'"error"' in data:
                    value = json.loads(data)
                    has_failed = has_failed or bool(value.get("error"))
                    finished |= {one.get("index", 0) for one in value.get("choices", ()) if one.get("finish_reason")}
                if event.strip():
                    self._keep(event)
                event = b""
        if has_failed:
            return self.end(*failure(502, "upstream_error", "the server ended the answer with an error", True))
        if is_done or len(finished) >= (json.loads(self._request[2] or b"{}").get("n") or 1):
            return self.end(END, None)
        return self.end(*failure(502, "upstream_cut", "the server ended the stream before the answer was complete", True))

    def _keep(self, event):
        with self.news:
            self.events.append(event)
            self.places.append(self.places[-1] + len(event))
            self.crc = zlib.crc32(event, self.crc)
            self.news.notify_all()

    def end(self, kind, payload):
        with self.news:
            if self.ending is None:
                if kind == END:
                    payload = {"events": len(self.events), "bytes": self.places[-1], "crc32": self.crc}
                self.ending, self.ended = (kind, payload), time.monotonic()
                self.news.notify_all()

    def cancel(self):
        self.end(GONE, None)
        if self._socket:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Reader:
    """Sends a stream to one gateway, no more beyond what has arrived there than it has room for."""

    def __init__(self, worker, key, stream, seq, window, topic):
        self.worker, self.key, self.stream, self.topic = worker, key, stream, topic
        self.seq, self.arrived, self.window, self.has_left = seq, seq, window, False
        threading.Thread(target=self._run, daemon=True).start()

    def credit(self, seq, window):
        with self.stream.news:
            self.arrived, self.window = max(self.arrived, min(seq, self.seq)), window
            self.stream.wanted = time.monotonic()
            self.stream.news.notify_all()

    def leave(self):
        with self.stream.news:
            self.has_left = True
            self.stream.news.notify_all()

    def _run(self):
        stream, has_head, pause = self.stream, False, 0.0
        while True:
            time.sleep(pause)  # what comes within 20 ms goes in one frame
            with stream.news:
                last, payload, beat = self.seq, b"", time.monotonic() + 1.0
                while not self._has_news(has_head) and time.monotonic() < beat:
                    stream.news.wait(beat - time.monotonic())
                if self.has_left:
                    return
                if self.seq > len(stream.events):
                    return self._send(*failure(410, "stream_forgotten", f"there is no event {self.seq} yet"))
                head = None if has_head else stream.head
                while self._has_room() and self.seq < len(stream.events) and len(payload) < AT_ONCE:
                    event = stream.events[self.seq]
                    payload += struct.pack(">I", len(event)) + event
                    self.seq += 1
                ending = stream.ending if self.seq == len(stream.events) else None
            if head:
                self._send(HEAD, head)
                has_head = True
            if payload:
                pause = 0.02 if last > 0 else 0.0
                self.worker.send(self.topic, EVENTS, self.key, last, payload)
            if ending:
                return self._send(*ending)
            if not head and not payload:
                self._send(BEAT, {"next": self.seq, "age_s": 0.0})

    def _has_room(self):
        return self.stream.places[self.seq] - self.stream.places[self.arrived] < self.window

    def _has_news(self, has_head):
        stream = self.stream
        is_behind = self.seq < len(stream.events)
        return (self.has_left or self.seq > len(stream.events) or (stream.head and not has_head) or
                (is_behind and self._has_room()) or (stream.ending and not is_behind))

    def _send(self, kind, payload):
        self.worker.send(self.topic, kind, self.key, 0, b"" if payload is None else json.dumps(payload).encode())


class Worker:
    def __init__(self, site, name, server, broker):
        self._root, self._name, self._server = f"lam/v1/{site}/", name, server
        self._streams, self._readers, self._cancelled, self._parts, self._limit = {}, {}, {}, {}, 256 * 1024
        version = [mqtt.CallbackAPIVersion.VERSION2] if hasattr(mqtt, "CallbackAPIVersion") else []
        self._client = mqtt.Client(*version, client_id=f"lam-w-{site}-{name}", protocol=mqtt.MQTTv5)
        self._client.will_set(f"{self._root}w/{name}/state", self._state("offline"), 1, True)
        self._client.on_connect, self._client.on_disconnect = self._connected, self._disconnected
        self._client.on_message = self._received
        self._client.reconnect_delay_set(1, 5)
        host, port = broker.rsplit(":", 1)
        self._client.connect_async(host, int(port), keepalive=10, clean_start=True)
        threading.Thread(target=self._sweep, daemon=True).start()

    def run(self):
        self._client.loop_forever(retry_first_connection=True)

    def stop(self, *_):
        for stream in list(self._streams.values()):
            stream.end(*failure(503, "worker_stopping", "the worker is being stopped", True))
        time.sleep(0.25)
        self._client.publish(f"{self._root}w/{self._name}/state", self._state("offline"), 1, True)
        self._client.disconnect()

    def send(self, topic, kind, key, seq, payload):
        room, offset = self._limit - len(topic) - 10 - FRAME.size, 0
        while True:
            part = payload[offset:offset + room]
            self._client.publish(topic, FRAME.pack(1, kind, 0, key.bytes, seq, offset, len(payload)) + part, 1)
            offset += len(part)
            if offset >= len(payload):
                return

    def _state(self, state):
        return json.dumps({"worker": self._name, "state": state, "protocol": 1})

    def _connected(self, client, _, _flags, reason, properties):
        if reason != 0:
            return  # refused: paho tries again
        self._limit = min(256 * 1024, getattr(properties, "MaximumPacketSize", 256 * 1024))
        client.subscribe([(f"{self._root}w/{self._name}/{leaf}", 1) for leaf in ("req", "ctl")])
        client.publish(f"{self._root}w/{self._name}/state", self._state("online"), 1, True)

    def _disconnected(self, *_):
        self._parts.clear()
        for reader in list(self._readers.values()):
            reader.leave()

    def _received(self, _client, _, message):
        topic = getattr(message.properties, "ResponseTopic", "")
        if len(message.payload) < FRAME.size or not topic.startswith(f"{self._root}c/"):
            return
        version, kind, _, raw, seq, offset, total = FRAME.unpack_from(message.payload)
        part, place = message.payload[FRAME.size:], (raw, kind, seq)
        whole = (b"" if offset == 0 else self._parts.pop(place, b""))
        if version != 1 or offset != len(whole):
            return
        whole += part
        if len(whole) < total:
            self._parts[place] = whole
            return
        self._parts.pop(place, None)
        self._take(kind, uuid.UUID(bytes=raw), seq, whole, topic)

    def _take(self, kind, key, seq, payload, topic):
        number = int.from_bytes(payload[:4], "big") if len(payload) >= 4 else WINDOW
        stream = self._streams.get(key)
        if kind == OPEN:
            meta = json.loads(payload[4:4 + number])
            if key in self._cancelled:
                self._refuse(topic, key, 410, "stream_cancelled", "the stream has been cancelled")
            elif not meta["path"].startswith("/") or meta.get("method", "POST") not in ("GET", "POST"):
                self._refuse(topic, key, 400, "invalid_request", "only GET and POST of a path")
            else:
                stream = stream or Stream(key, meta, payload[4 + number:], self._server)
                self._streams[key] = stream
                self._read(key, stream, seq, meta.get("credit", WINDOW), topic)
        elif kind == RESUME and stream:
            self._read(key, stream, seq, number, topic)
        elif kind == RESUME:
            self._refuse(topic, key, 404, "stream_unknown", "the worker knows no such stream")
        elif kind == CREDIT and (key, topic) in self._readers:
            self._readers[key, topic].credit(seq, number)
        elif kind == CANCEL:
            self._cancelled[key] = time.monotonic()
            if stream:
                stream.cancel()
            self.send(topic, GONE, key, 0, b"")

    def _read(self, key, stream, seq, window, topic):
        if (key, topic) in self._readers:
            self._readers[key, topic].leave()
        stream.wanted = time.monotonic()
        self._readers[key, topic] = Reader(self, key, stream, seq, window, topic)

    def _refuse(self, topic, key, status, code, message):
        self.send(topic, ERROR, key, 0, json.dumps(failure(status, code, message)[1]).encode())

    def _sweep(self):
        while True:
            time.sleep(0.25)
            now = time.monotonic()
            for key, stream in list(self._streams.items()):
                if stream.ended is None and now - stream.wanted > stream.lease:
                    self._cancelled[key] = now
                    stream.cancel()
                elif stream.ended is not None and now - stream.ended > KEEP:
                    self._streams.pop(key)
                    for place in [place for place in list(self._readers) if place[0] == key]:
                        self._readers.pop(place).leave()
            for key in [key for key, when in list(self._cancelled.items()) if now - when > KEEP]:
                self._cancelled.pop(key)


if __name__ == "__main__":
    worker = Worker(*sys.argv[1:])
    signal.signal(signal.SIGTERM, worker.stop)
    worker.run()
