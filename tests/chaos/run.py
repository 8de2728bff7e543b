"""One seed: faults strike while callers ask. books.py balances what came of it."""

import random
import time

from lamdtest.callers import Callers
from schedule import draw
from timeline import Timeline
from ways import Ways

CALLERS, IN_SESSIONS = 9, 3
TOKENS = 150
_THINGS = ("ships", "stars", "snow", "stones")


def question(body):
    return body["messages"][0]["content"] if "messages" in body else body["content"]


class Run:
    def __init__(self, site, seed, seconds):
        self.site, self.strikes = site, draw(seed, seconds)
        self.timeline = Timeline()
        base = {key: value for key, value in site.body(TOKENS).items() if key != "messages"}
        texts = [f"Tell me of {thing}." for thing in _THINGS]
        self._bodies = [{**base, "messages": [{"role": "user", "content": text}]} for text in texts]
        self._messages = [{**base, "content": text} for text in texts]
        self.expected = {question(body): site.ask_one(body) for body in self._bodies}  # when nothing is wrong
        self.lethal = []  # (from, to): whatever is under way may fail
        self.disk_is_full = []  # (from, to): messages to sessions may fail
        self.closed = []  # (from, to): no way led to the worker
        self.answers = []
        self._active = {}  # strikes: (context, moment)

    def fire(self):
        """Strikes and mends in the order of time, while callers ask; then everything that runs has its end."""
        socket = [self.site.gateway.socket_path]
        callers = [Callers(socket, self._bodies, CALLERS, goes_on=True),
                   Callers(socket, self._messages, IN_SESSIONS, goes_on=True,
                           target=lambda number: f"/lam/v1/sessions/chaos-{number}/messages")]
        ways = Ways(self.site.gateway)
        self.timeline.begin()
        try:
            self._fire_all()
        finally:
            for context, _ in self._active.values():
                context.__exit__(None, None, None)
        self.timeline.note("all is mended")
        self.answers = [asked for some in callers for asked in some.finish(180.0)]
        ways.stop()
        self.closed = ways.closed

    def _fire_all(self):
        events = sorted([(strike.at, True, strike) for strike in self.strikes]
                        + [(strike.ends, False, strike) for strike in self.strikes], key=lambda event: event[:2])
        for at, begins, strike in events:
            self.timeline.sleep_until(at)
            self.timeline.note(f"{'+' if begins else '-'} {strike.kind.name}")
            moment = time.monotonic()
            if begins:
                self._begin(strike, moment)
            else:
                self._end(strike)
            if not strike.kind.is_survivable:
                self.lethal.append((moment, time.monotonic()))

    def _begin(self, strike, moment):
        context = strike.kind.strike(self.site, random.Random(strike.seed))
        context.__enter__()
        self._active[strike] = context, moment

    def _end(self, strike):
        context, moment = self._active.pop(strike)
        context.__exit__(None, None, None)
        if not strike.kind.spares_sessions:
            self.disk_is_full.append((moment, time.monotonic()))
