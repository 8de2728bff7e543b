"""Many callers at once in one thread, so that what they measure is lamd and not themselves: every answer with the time
of each read."""

import http.client
import io
import json
import selectors
import threading
import time

from . import unix_http
from .answers import content


class _Bytes:
    """What came over a connection, as http.client wants it."""

    def __init__(self, data):
        self._data = data

    def makefile(self, *_):
        return io.BytesIO(self._data)


class Asked:
    """One request, and what has come for it."""

    def __init__(self, path, body, target="/v1/chat/completions", timeout=10.0):
        self.body, self.target = body, target
        self.connection = unix_http.connect_unix(path, timeout)
        data = json.dumps(body).encode()
        self.begun = time.monotonic()
        self.connection.sendall(b"POST %s HTTP/1.1\r\nHost: lamd\r\nConnection: close\r\n"
                                b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                                % (target.encode(), len(data)) + data)
        self.connection.setblocking(False)
        self.times, self.ended = [], None
        self._received = []

    def receive(self):
        """False: it has ended."""
        try:
            data = self.connection.recv(1 << 20)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        self.ended = time.monotonic()
        if data:
            self.times.append(self.ended)
            self._received.append(data)
        return bool(data)

    def received(self):
        return b"".join(self._received)

    def answer(self):
        """(status, headers, body); raises http.client.HTTPException for one that was cut."""
        response = http.client.HTTPResponse(_Bytes(self.received()))
        response.begin()
        return response.status, response.headers, response.read()

    def status(self):
        """Of the answer; None for one that has not begun."""
        words = self.received()[:64].split(b" ")
        return int(words[1]) if len(words) > 1 and words[1].isdigit() else None

    def text(self):
        """What a complete answer says, or how it is not one."""
        try:
            status, _, body = self.answer()
            return content(body) if status == 200 else f"{status} {body[:300]!r}"
        except (AssertionError, KeyError, ValueError, http.client.HTTPException) as problem:
            return repr(problem)

    def gaps(self):
        """(from, to) of every time in which nothing came, from the request on."""
        return list(zip([self.begun, *self.times], self.times))


class Callers:
    """`count` of them, each with one request at a time, of `bodies` in turn: again as long as `goes_on` is set. Where
    nobody listens or they are refused, they come again a little later. `target(number)` is where the request with this
    number goes to; a caller leaves its answer when `leaves(asked)`, which is asked at each read."""

    def __init__(self, paths, bodies, count, goes_on=False, target=lambda _: "/v1/chat/completions",
                 leaves=lambda _: False):
        self._paths, self._count, self.goes_on = paths, count, goes_on
        self._target, self._leaves = target, leaves
        self._bodies = bodies if isinstance(bodies, list) else [bodies]
        self.done = []
        self._again = []  # when
        self._selector = selectors.DefaultSelector()
        self._running = set()
        self._asked = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _ask(self):
        try:
            asked = Asked(self._paths[self._asked % len(self._paths)], self._bodies[self._asked % len(self._bodies)],
                          self._target(self._asked))
        except OSError:
            self._ask_later()
            return
        self._asked += 1
        self._running.add(asked)
        self._selector.register(asked.connection, selectors.EVENT_READ, asked)

    def _ask_later(self):
        self._again.append(time.monotonic() + 0.2)

    def _run(self):
        for _ in range(self._count):
            self._ask()
        while self._selector.get_map() or (self._again and self.goes_on):
            while self._again and self.goes_on and self._again[0] <= time.monotonic():
                self._again.pop(0)
                self._ask()
            if not self._selector.get_map():
                time.sleep(0.05)
            for key, _ in self._selector.select(0.1):
                if not key.data.receive() or self._leaves(key.data):
                    self._selector.unregister(key.data.connection)
                    key.data.connection.close()
                    self._running.discard(key.data)
                    self.done.append(key.data)
                    if self.goes_on and key.data.status() == 200:
                        self._ask()
                    elif self.goes_on:
                        self._ask_later()

    def take_done(self):
        """Those that have ended since this was called last; they are not kept here any longer."""
        done, self.done = self.done, []
        return done

    def is_running(self):
        return self._thread.is_alive()

    def have_heard_since(self, moment):
        """Every answer that runs has gone on, or begun."""
        return all(asked.times and asked.times[-1] > moment for asked in list(self._running))

    def finish(self, timeout):
        """All answers, once they have ended."""
        self.goes_on = False
        self._thread.join(timeout)
        assert not self._thread.is_alive(), f"{len(self.done)} of {self._asked} answers have ended in {timeout:g} s"
        return self.done


def longest_gaps(answers, moments):
    """For each moment, in their order, the longest time without anything that any caller saw end after it and before
    the next one, and the longest from before the first."""
    longest = [0.0] * (len(moments) + 1)
    for answer in answers:
        for begin, end in answer.gaps():
            place = sum(1 for moment in moments if moment <= end)
            longest[place] = max(longest[place], end - begin)
    return longest[0], longest[1:]


def gaps_around(answers, moments):
    """For each moment, the longest time between two reads of any caller, one before it and one after; and the longest of
    those with no such moment in them."""
    around, usual = [0.0] * len(moments), 0.0
    for answer in answers:
        for begin, end in zip(answer.times, answer.times[1:]):
            within = [place for place, moment in enumerate(moments) if begin <= moment <= end]
            for place in within:
                around[place] = max(around[place], end - begin)
            usual = usual if within else max(usual, end - begin)
    return usual, around
