"""lamd as a test runs it: its configuration, its life, what it says of itself."""

import json
import os
import select
import signal
import time
from datetime import datetime

from . import sanitizers, unix_http
from .host import LOCAL
from .limits import check_growth, within
from .process import Process, descriptor_count, resident_bytes
from .wait import Timeout, wait_until
from .yaml import to_yaml


def seconds_until(moment):
    """From now to a time as lamd writes it."""
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp() - time.time()


def tunnel(sshd, *forwards, name="b", **settings):
    """A tunnel's configuration that `sshd` accepts. A forward is (remote port, target) or a whole dict."""
    made = {"name": name, "host": sshd.address, "port": sshd.port, "user": sshd.user, "identity": sshd.key.path,
            "known_hosts": sshd.known_hosts(), **settings}
    made = {key: value for key, value in made.items() if value is not None}
    made["forwards"] = [forward if isinstance(forward, dict) else
                        {"remote": f"127.0.0.1:{forward[0]}", "target": forward[1]} for forward in forwards]
    return made


def server(address, name="gpu", **settings):
    """A server's configuration: `address` is a port of this machine, a URL, a list of them, or None."""
    url = f"http://127.0.0.1:{address}" if isinstance(address, int) else address
    return {"name": name, **({} if url is None else {"sse": url}), **settings}


class Lamd:
    def __init__(self, directory, tunnels=(), servers=(), host=LOCAL, start=True, environment=None, **settings):
        self.directory = directory
        directory.mkdir(exist_ok=True)
        self.socket_path = directory / "lamd.sock"
        self.config_path = directory / "lamd.yaml"
        self.host = host
        self.state_directory = directory / "state"  # as systemd makes it: lamd keeps its identity there
        self.state_directory.mkdir(exist_ok=True)
        self.environment = {"STATE_DIRECTORY": str(self.state_directory), **sanitizers.ENVIRONMENT, **(environment or {})}
        self.process = None
        self._starts = 0
        self.configure(tunnels, servers, **settings)
        if start:
            self.start()

    def configure(self, tunnels=(), servers=(), **settings):
        """Writes the configuration; a running lamd reads it when it is told to."""
        socket_settings = {"path": self.socket_path, **settings.pop("socket", {})}
        log = {"level": "debug", "format": "json", **settings.pop("log", {})}
        config = {"log": log, "socket": socket_settings, **settings}
        if "worker" in config:  # not where every lamd of this machine would have it
            config["worker"] = {"listen": f"unix:{self.directory}/worker.sock", **config["worker"]}
        for section, entries in (("tunnels", tunnels), ("servers", servers)):
            if entries:
                config[section] = {entry["name"]: {key: value for key, value in entry.items() if key != "name"}
                                   for entry in entries}
        self.config_path.write_text(to_yaml(config))

    def start(self, wait=True):
        self.start_command([os.environ["LAMD_BIN"], "--config", self.config_path])
        if wait:
            self.wait_serving()

    def start_command(self, command, pass_fds=()):
        """Starts lamd by other words; `pass_fds` stay open in it."""
        self._starts += 1
        self.process = Process(command, self.directory / f"lamd-{self._starts}.log", self.host, self.environment,
                               pass_fds)

    def wait_serving(self, timeout=20.0):
        wait_until(self._is_serving, timeout, f"lamd to serve {self.socket_path}")

    def _is_serving(self):
        assert self.process.is_running(), f"lamd ended: {self.output()}"
        try:
            return self.get("/livez", timeout=1.0).status == 200
        except OSError:
            return False

    # What it says

    def output(self):
        return self.process.output()

    def get(self, target, timeout=10.0):
        return unix_http.request(self.socket_path, "GET", target, timeout=timeout)

    def post(self, target, body=None, headers=None, timeout=10.0):
        return unix_http.request(self.socket_path, "POST", target, b"" if body is None else body, headers, timeout)

    def status(self):
        return self.get("/lam/v1/status").json()

    def tunnel(self, name="b"):
        return next(tunnel for tunnel in self.status()["tunnels"] if tunnel["name"] == name)

    def forward(self, name="b", index=0):
        return self.tunnel(name)["forwards"][index]

    def path(self, server):
        return next(path for path in self.status()["paths"] if path["server"] == server)

    def metric(self, name, **labels):
        """The value of the one sample with these labels."""
        for line in self.get("/metrics").body.decode().splitlines():
            if line.startswith(name) and line[len(name)] in " {":
                if all(f'{label}="{value}"' for label, value in labels.items()):
                    if all(f'{label}="{value}"' in line for label, value in labels.items()):
                        return float(line.rsplit(" ", 1)[1])
        raise KeyError(f"{name}{labels}")

    # Waiting for it

    def wait_status(self, condition, timeout=15.0, what="the status"):
        """The first status for which `condition(status)` holds: asked again at each event, and at least each 0.2 s."""
        end = time.monotonic() + within(timeout)
        with unix_http.connect_unix(self.socket_path) as events:
            events.sendall(b"GET /lam/v1/events HTTP/1.1\r\nHost: lamd\r\n\r\n")
            while True:
                status = self.status()
                if condition(status):
                    return status
                if time.monotonic() > end:
                    raise Timeout(f"not within {timeout:g} s: {what}; status: {json.dumps(status, indent=1)}")
                if select.select([events], [], [], 0.2)[0]:
                    events.recv(65536)

    def wait_tunnel(self, state="up", name="b", timeout=15.0):
        """The tunnel's status, once it is in `state`."""
        def found(status):
            return next((one for one in status["tunnels"] if one["name"] == name and one["state"] == state), None)

        return found(self.wait_status(found, timeout, f"tunnel {name} {state}"))

    def wait_path(self, server, state="up", timeout=15.0):
        def found(status):
            return next((one for one in status["paths"] if one["server"] == server and one["state"] == state), None)

        return found(self.wait_status(found, timeout, f"path to {server} {state}"))

    # Its resources and its end

    def resident_bytes(self):
        return resident_bytes(self.process.pid)

    def check_memory(self, before, allowed):
        """Fails if it holds more than `allowed` bytes on top of `before`."""
        check_growth(before, self.resident_bytes(), allowed)

    def descriptor_count(self):
        return descriptor_count(self.process.pid)

    def reload(self):
        return self.post("/lam/v1/reload")

    def kill(self):
        """SIGKILL: a crash, or the machine losing its power."""
        self.process.kill()

    def stop(self, timeout=15.0):
        """SIGTERM; the exit must be clean."""
        status = self.process.stop(signal.SIGTERM, timeout)
        self.check_output()
        assert status == 0, f"lamd exited with {status}: {self.output()[-2000:]}"

    def check_output(self):
        sanitizers.check(self.output())

    def close(self):
        """For the end of a test: whatever state it is in, it must not have crashed."""
        if self.process is None:
            return
        if self.process.is_running():
            self.process.send(signal.SIGCONT)
            self.stop()
        else:
            self.check_output()
