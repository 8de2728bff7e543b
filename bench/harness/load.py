"""The load client and server (bench/load) as the harness drives them."""

import json
import subprocess
from pathlib import Path

from .hosts import Host
from .processes import Program


class BenchError(Exception):
    """A benchmark could not be carried out: what was done, and what came of it."""


class LoadClient:
    """One run of lamd-bench-client, or of a program that speaks as it does. It keeps its connections until the with-block is left."""

    def __init__(self, binary: Path, host: Host, scenario: str, endpoint: str, **options: float):
        arguments = [item for name, value in options.items() for item in (f"--{name.replace('_', '-')}", str(value))]
        self._command = host.command([str(binary), scenario, endpoint, *arguments])
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until_measuring(self) -> None:
        self._expect("measuring")

    def result(self) -> dict:
        while True:
            word, _, rest = self._read_line().partition(" ")
            if word == "done":
                return json.loads(rest)

    def _expect(self, wanted: str) -> None:
        line = self._read_line()
        if line != wanted:
            raise BenchError(f"{' '.join(self._command)}: said {line!r} instead of {wanted!r}")

    def _read_line(self) -> str:
        line = self._process.stdout.readline()
        if not line:
            raise BenchError(f"{' '.join(self._command)}: ended early")
        return line.rstrip("\n")

    def __enter__(self) -> "LoadClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


def start_server(binary: Path, host: Host, port: int, log: Path, endpoint: str | None = None) -> Program:
    """Returns once it listens: on the loopback, or where others reach the host, unless `endpoint` says something else."""
    endpoint = endpoint or (f"127.0.0.1:{port}" if host.is_here else f"0.0.0.0:{port}")
    server = Program(host.command([str(binary), endpoint]), log)
    if not server.wait_until_listening():
        server.stop()
        raise BenchError(f"the benchmark's server did not start: {server.log_tail()}")
    return server
