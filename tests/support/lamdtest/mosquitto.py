"""A real Mosquitto of the test's own."""

import os
import shutil
import signal

from .host import LOCAL
from .ports import free_port
from .process import Process
from .tcp import is_open
from .wait import wait_until


class Mosquitto:
    def __init__(self, directory, host=LOCAL, settings=(), address="127.0.0.1", port=None):
        """`settings`: more lines of its configuration."""
        self.port = port or free_port()
        self.host = host
        self.address = address
        self._directory = directory
        self._config = directory / f"mosquitto-{self.port}.conf"
        self._settings = settings
        self._process = None
        self.start()

    def start(self):
        lines = [f"listener {self.port} {self.address}", "persistence false", *self._settings]
        if not any(line.startswith("allow_anonymous") for line in lines):
            lines.append("allow_anonymous true")
        if os.geteuid() == 0:
            lines.insert(0, "user root")
        self._config.write_text("\n".join(lines) + "\n")
        binary = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")
        self._process = Process([binary, "-c", self._config], self._directory / f"mosquitto-{self.port}.log", self.host)
        wait_until(lambda: is_open(self.host, (self.address, self.port)), 10.0, "mosquitto to listen")

    def broker(self, port=None, name=None, **settings):
        """For lamd's configuration; `port`: of a line that leads here; `name`: of the host."""
        return {"url": f"mqtt://{name or self.address}:{port or self.port}", **settings}

    def reload(self):
        """Its passwords and access lists, as `systemctl reload mosquitto` does."""
        self._process.send(signal.SIGHUP)

    def retain(self, topic, payload):
        """Publishes it, as somebody with MQTT 3.1.1; returns when the broker has it."""
        def field(data):
            return len(data).to_bytes(2, "big") + data

        def packet(kind, body):
            return bytes([kind, len(body)]) + body

        with self.host.connect((self.address, self.port)) as connection:
            connection.sendall(packet(0x10, field(b"MQTT") + b"\x04\x02\0\x1e" + field(b"")))
            connection.recv(4)
            connection.sendall(packet(0x33, field(topic.encode()) + b"\0\1" + payload))
            connection.recv(4)
            connection.sendall(packet(0xE0, b""))

    def output(self):
        return self._process.output()

    @property
    def pid(self):
        return self._process.pid

    def kill(self):
        self._process.kill()

    def close(self):
        if self._process.is_running():
            self._process.kill()
