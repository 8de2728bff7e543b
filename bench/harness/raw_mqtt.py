"""A broker with nothing but its own tools around it: stamped lines into mosquitto_pub, and out of mosquitto_sub. What
any transport over this broker can reach at best."""

import shutil
import subprocess
import threading
import time

from .processes import Usage

TOPIC = "bench/raw"
AHEAD = 1000  # lines under way at most: mosquitto_pub takes and holds whatever it is given
LINE_SIZE = 270  # bytes, as a token of the other kinds has


def available() -> bool:
    return bool(shutil.which("mosquitto_pub") and shutil.which("mosquitto_sub"))


class RawMqtt:
    """One publisher and one subscriber, until the with-block is left."""

    def __init__(self, port: int):
        self._port = port
        self._delays: list[int] = []
        self._arrivals: list[int] = []

    def __enter__(self) -> "RawMqtt":
        self._sub = self._start("mosquitto_sub", "-F", "%p", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self._pub = self._start("mosquitto_pub", "-l", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self._wait_until_subscribed()
        return self

    def __exit__(self, *_: object) -> None:
        self._pub.stdin.close()
        self._pub.wait(30)
        self._sub.terminate()
        self._sub.wait(10)
        self._reader.join()
        self._sub.stdout.close()

    def run(self, rate: int, seconds: float) -> dict:
        """`rate` lines a second; 0: as fast as they are taken. The percentiles are of the delay and of the time between two."""
        self._delays.clear()
        self._arrivals.clear()
        sent, begun = 0, time.monotonic()
        while (passed := time.monotonic() - begun) < seconds:
            due = int(rate * passed) + 1 if rate else len(self._delays) + AHEAD
            for _ in range(sent, due):
                self._send()
            sent = due
            self._pub.stdin.flush()
            time.sleep(max(0.0, begun + sent / rate - time.monotonic()) if rate else 0.001)
        self._pub.stdin.flush()
        deadline = time.monotonic() + 30
        while len(self._delays) < sent and time.monotonic() < deadline:
            time.sleep(0.002)
        gaps = [later - earlier for earlier, later in zip(self._arrivals, self._arrivals[1:])]
        taken = (self._arrivals[-1] - int(begun * 1e9)) / 1e9
        return {"done": len(self._delays), "lost": max(0, sent - len(self._delays)), "seconds": taken,
                "delay": percentiles(self._delays), "gap": percentiles(gaps)}

    def usage(self) -> Usage:
        return Usage.of([self._pub.pid, self._sub.pid])

    def _start(self, program: str, *options: str, **streams: int) -> subprocess.Popen:
        command = [program, "-V", "5", "-q", "1", "-h", "127.0.0.1", "-p", str(self._port), "-t", TOPIC, *options]
        return subprocess.Popen(command, start_new_session=True, **streams)

    def _send(self) -> None:
        self._pub.stdin.write(f"{time.monotonic_ns()} ".ljust(LINE_SIZE, ".").encode() + b"\n")

    def _read(self) -> None:
        for line in self._sub.stdout:
            now = time.monotonic_ns()
            self._delays.append(now - int(line.split(b" ", 1)[0]))
            self._arrivals.append(now)

    def _wait_until_subscribed(self) -> None:
        """Until a line came back: what was sent before the subscription is nowhere."""
        deadline = time.monotonic() + 10
        while not self._delays and time.monotonic() < deadline:
            self._send()
            self._pub.stdin.flush()
            time.sleep(0.05)
        time.sleep(0.1)  # for the last of them


def percentiles(nanoseconds: list[int]) -> dict[str, float]:
    values = sorted(nanoseconds)
    return {
        f"p{part}": values[min(len(values) - 1, len(values) * part // 100)] / 1e6 for part in (50, 99) if values
    }
