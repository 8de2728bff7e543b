"""A GPU machine's lamd and a web server's, both on this machine, with a tunnel and a broker between them."""

import contextlib
import os

from lamdtest.lamd import Lamd, server, tunnel
from lamdtest.llama import LlamaServer
from lamdtest.mosquitto import Mosquitto
from lamdtest.ports import free_port
from lamdtest.sshd import Sshd


class SoakSite:
    def __init__(self, directory, streams):
        self._things = contextlib.ExitStack()
        try:
            self._build(directory, streams)
        except BaseException:
            self.close()
            raise

    def _build(self, directory, streams):
        port = free_port()
        self.llama = self._keep(LlamaServer(directory, slots=streams, context=streams * 256))
        self.sshd = self._keep(Sshd(directory))
        self.broker = self._keep(Mosquitto(directory, settings=["max_queued_messages 100000"]))
        mqtt = {"brokers": [self.broker.broker()]}
        journal = {"total": "64MiB", "keep": "10s"}  # so that it is full soon
        self.worker = self._keep(Lamd(
            directory / "worker", [tunnel(self.sshd, (port, "worker"), dead_peer="2s")], mqtt=mqtt, log={"level": "warning"},
            worker={"name": "a", "server": f"http://127.0.0.1:{self.llama.port}", "journal": journal, "lease": "10s"}))
        self.gateway = self._keep(Lamd(directory / "gateway", servers=[server(port, mqtt="a")], mqtt=mqtt,
                                       queue={"size": streams, "wait": "5min"}, log={"level": "warning"}))
        self.gateway.wait_status(lambda status: all(path["state"] == "up" for path in status["paths"]), 60.0, "both paths up")

    def _keep(self, thing):
        self._things.callback(thing.close)
        return thing

    def close(self):
        self._things.close()

    def sample(self):
        """What must not grow."""
        values = {"slots at work": self.llama.metric("requests_processing")}
        for name, lamd in (("gateway", self.gateway), ("worker", self.worker)):
            values[f"{name}: memory"] = lamd.resident_bytes()
            values[f"{name}: descriptors"] = lamd.descriptor_count()
            values[f"{name}: threads"] = len(os.listdir(f"/proc/{lamd.process.pid}/task"))
        return values
