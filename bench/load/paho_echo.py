#!/usr/bin/python3
"""What a small project writes instead of lamd's mqtt: a program with paho-mqtt on each side of a broker.

    paho_echo.py serve ADDRESS:PORT               answers requests with stamped tokens at the rate that they ask for
    paho_echo.py chat ADDRESS:PORT [--OPTION N]…  asks, as lamd-bench-client's scenario does, and tells what came in its form
"""

import argparse
import heapq
import json
import random
import sys
import threading
import time

import paho.mqtt.client as mqtt

REQUESTS, ANSWERS = "bench/requests", "bench/answers"
TOKEN_SIZE = 270  # bytes, as those of the other kinds
LONGEST_PAUSE = 0.02


class Agenda:
    """Calls what is due, in the main thread, until it is ended."""

    def __init__(self):
        self._due, self._count, self._changed = [], 0, threading.Condition()

    def at(self, moment, action, *arguments):
        with self._changed:
            self._count += 1
            heapq.heappush(self._due, (moment, self._count, action, arguments))
            self._changed.notify()

    def run(self, end=float("inf")):
        while (now := time.monotonic()) < end:
            with self._changed:
                if not self._due or self._due[0][0] > now:
                    self._changed.wait(min(end, self._due[0][0] if self._due else now + 1) - now)
                    continue
                _, _, action, arguments = heapq.heappop(self._due)
            action(*arguments)


def connect(endpoint, topic, on_payload):
    """Returns when the subscription stands."""
    address, _, port = endpoint.rpartition(":")
    client, is_there = mqtt.Client(protocol=mqtt.MQTTv5), threading.Event()
    client.on_connect = lambda *_: client.subscribe(topic, qos=1)
    client.on_subscribe = lambda *_: is_there.set()
    client.on_message = lambda _client, _data, message: on_payload(message.payload)
    client.max_queued_messages_set(0)
    client.max_inflight_messages_set(1000)
    client.connect(address, int(port))
    client.loop_start()
    if not is_there.wait(10):
        sys.exit(f"paho_echo: no answer from {endpoint}")
    return client


class Server:
    def __init__(self, endpoint):
        self._agenda = Agenda()
        self._client = connect(endpoint, REQUESTS, self._on_request)

    def run(self):
        print("listening", flush=True)
        self._agenda.run()

    def _on_request(self, payload):
        self._agenda.at(time.monotonic(), self._send, json.loads(payload), 0, time.monotonic())

    def _send(self, request, number, due):
        """One token; without a rate all that are left."""
        while True:
            head = f"{request['id']} {time.monotonic_ns()} {number} "
            self._client.publish(ANSWERS, head.ljust(TOKEN_SIZE, "."), qos=1)
            number += 1
            if number == request["tokens"]:
                return
            if request["rate"]:
                due += 1 / request["rate"]
                return self._agenda.at(due, self._send, request, number, due)


class Client:
    def __init__(self, options):
        self._options = options
        self._agenda = Agenda()
        self._random = random.Random(1)
        self._asked, self._previous, self._expected = {}, {}, {}
        self._samples = {"latency": [], "first": [], "gap": []}
        self._done = self._wrong = self._bytes = 0
        self._client = connect(options.endpoint, ANSWERS, self._on_token)

    def run(self):
        begin = time.monotonic()
        self._measuring, self._end = begin + self._options.warm_up, begin + self._options.warm_up + self._options.duration
        for index in range(self._options.connections):
            self._agenda.at(begin + LONGEST_PAUSE * index / self._options.connections, self._ask, index)
        self._agenda.at(self._measuring, print, "measuring")
        self._agenda.at(self._measuring, sys.stdout.flush)
        self._agenda.run(self._end)
        seconds = time.monotonic() - self._measuring
        samples = {name: summary(values) for name, values in self._samples.items()}
        result = {"seconds": seconds, "done": self._done, "errors": 0, "wrong": self._wrong, "bytes": self._bytes}
        print("done", json.dumps(result | samples), flush=True)
        sys.stdin.read()

    def _ask(self, index):
        self._asked[index] = time.monotonic_ns()
        self._expected[index] = 0
        request = {"id": index, "tokens": self._options.tokens, "rate": self._options.rate}
        self._client.publish(REQUESTS, json.dumps(request), qos=1)

    def _on_token(self, payload):
        now = time.monotonic_ns()
        index, sent, number = map(int, payload.split()[:3])
        self._wrong += number != self._expected[index]
        self._expected[index] = number + 1
        if self._measuring <= now / 1e9 < self._end:
            self._done += 1
            self._bytes += len(payload)
            self._samples["latency"].append(now - sent)
            since = self._previous[index] if number else self._asked[index]
            self._samples["gap" if number else "first"].append(now - since)
        self._previous[index] = now
        if number + 1 == self._options.tokens:
            pause = self._random.uniform(0, LONGEST_PAUSE) if self._options.rate else 0
            self._agenda.at(time.monotonic() + pause, self._ask, index)


def summary(values):
    values = sorted(values)

    def at(quantile):
        return values[min(len(values) - 1, int(quantile * len(values)))] / 1e3 if values else 0

    return {"count": len(values), "p50_us": at(0.5), "p90_us": at(0.9), "p99_us": at(0.99), "max_us": at(1)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("role", choices=("serve", "chat"))
    parser.add_argument("endpoint")
    for name, otherwise in (("connections", 1), ("rate", 50), ("tokens", 10)):
        parser.add_argument(f"--{name}", type=int, default=otherwise)
    for name, otherwise in (("warm-up", 0.0), ("duration", 1.0)):
        parser.add_argument(f"--{name}", type=float, default=otherwise)
    options = parser.parse_args()
    (Server(options.endpoint) if options.role == "serve" else Client(options)).run()


if __name__ == "__main__":
    main()
