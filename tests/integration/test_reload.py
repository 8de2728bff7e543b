"""A reload is a transaction: all of a file or nothing of it, and of what is there only that changes which it concerns."""

import copy
import os
import socket
import stat

import pytest
from lamdtest import unix_http
from lamdtest.host import LOCAL
from lamdtest.lamctl import lamctl
from lamdtest.lamd import server, tunnel
from lamdtest.line import Line
from lamdtest.ports import free_port
from lamdtest.process import wait_gone
from lamdtest.tcp import echo, is_echoed
from lamdtest.upstream import CHAT, DONE, delta
from lamdtest.wait import wait_until

LONG = 60.0  # a bound, no expectation: machines of tests are slow


class Whole:
    """One lamd with everything: a tunnel, a gateway, brokers, a worker and its server, and an answer that runs."""

    def __init__(self, make_lamd, make_sshd, make_broker, make_server, upstream, directory, keep):
        self.directory = directory
        self.upstream = upstream
        program = directory / "server.sh"
        program.write_text("#!/bin/sh\nexec sleep 1000\n")
        program.chmod(0o755)
        target = make_server(echo)
        self.sshds = [make_sshd() for _ in range(2)]
        self.remote = free_port()
        self.settings = {
            "tunnels": [tunnel(self.sshds[0], (self.remote, f"127.0.0.1:{target.port}"), name="one")],
            "servers": [server(upstream.port), server(None, "far", mqtt="w")],
            "worker": {"name": "w", "server": f"http://127.0.0.1:{free_port()}", "listen": f"unix:{directory}/w.sock",
                       "run": {"command": [program, "1"], "restart": {"first": "100ms", "limit": "1s"}}},
            "mqtt": {"site": "home", "brokers": [make_broker().broker()]},
        }
        self.lamd = make_lamd(**self.settings)
        self.lamd.wait_tunnel("up", "one", LONG)
        self.lamd.wait_path("gpu", timeout=LONG)
        self.lamd.wait_status(lambda status: status["broker"]["state"] == status["worker"]["broker"]["state"] == "up",
                              LONG, "both connections to the broker")
        self.lamd.wait_status(lambda status: status["worker"]["child"].get("pid"), LONG, "the server's process")
        self.stream = keep(unix_http.Stream(self.lamd.socket_path, "/v1/chat/completions", CHAT, timeout=LONG))
        self.call = upstream.next_call(LONG)
        self.call.begin()
        self.sent = b""
        self.see_answer_go_on()

    def see_answer_go_on(self):
        event = delta(f"t{len(self.sent)}")
        self.call.event(event)
        self.sent += event
        assert self.stream.read_until(event) == self.sent

    def reload(self, settings):
        self.lamd.configure(**copy.deepcopy(settings))
        return self.lamd.reload()

    def identities(self):
        """What is another one when a part has been begun anew."""
        status = self.lamd.status()
        found = {f"tunnel {one['name']}": one["connects"] for one in status["tunnels"]}
        found |= {f"path {one['server']}": one["since"] for one in status["paths"]}
        found["broker of the gateway"] = status["broker"]["connects"]
        found["broker of the worker"] = status["worker"]["broker"]["connects"]
        found["server's process"] = status["worker"]["child"].get("pid")
        found["stream"] = status["streams"]["running"]
        found["lamd"] = self.lamd.process.pid
        return found


@pytest.fixture
def whole(make_lamd, make_sshd, make_broker, make_server, upstream, directory, keep):
    return Whole(make_lamd, make_sshd, make_broker, make_server, upstream, directory, keep)


def put(path, value):
    """A change: a row's second part."""
    def change(settings):
        *way, last = path.split(".")
        for key in way:
            settings = settings.setdefault(key, {}) if isinstance(settings, dict) else settings[int(key)]
        settings[int(last) if isinstance(settings, list) else last] = value

    return change


def drop(key):
    return lambda settings: settings.pop(key)


# What is changed, what the answer says of it, and what is begun anew by it.
ROWS = [
    ("a comment", lambda settings: None, "nothing changed", ()),
    ("log.level", put("log", {"level": "info"}), "log.level", ()),
    ("socket.roles", put("socket", {"roles": {"admin": ["user:root"]}}), "socket", ()),
    ("socket.limits", put("socket.limits", {"connections": 50}), "socket", ()),
    ("socket.mode", put("socket.mode", "0600"), "socket", ()),
    ("defaults", put("defaults", {"temperature": 0.5}), "defaults", ()),
    ("queue", put("queue", {"size": 3}), "queue", ()),
    ("models", put("models", {"tiny": {"fallback": ["small"]}}), "models", ()),
    ("sessions on the disk", put("sessions", {"store": "disk"}), "sessions", ()),
    ("sessions.max", put("sessions.max", 5), "sessions", ()),
    ("no sessions", put("sessions.store", "off"), "sessions", ()),
    ("continuation", put("continuation", True), "continuation", ()),
    ("mode", put("mode", "sse"), "mode", ()),
    ("stop_timeout", put("stop_timeout", "3s"), "stop_timeout", ()),
    ("another server", lambda settings: settings["servers"].append(server(1, "third")), "servers", ("path third",)),
    ("its address", put("servers.2.sse", "http://127.0.0.1:2"), "servers", ("path third",)),
    ("without it", lambda settings: settings["servers"].pop(), "servers", ("path third",)),
    ("worker.lease", put("worker.lease", "7s"), "worker", ()),
    ("worker.deadlines", put("worker.deadlines", {"first": "7s"}), "worker", ()),
    ("worker.journal", put("worker.journal", {"keep": "7s"}), "worker", ()),
    ("worker.run: limits", put("worker.run.stop_grace", "2s"), "worker.run", ()),
    ("worker.run: command", put("worker.run.command.1", "2"), "worker.run", ("server's process",)),
    ("worker.run: environment", put("worker.run.environment", {"A": "b"}), "worker.run", ("server's process",)),
    ("mqtt.keepalive", put("mqtt.keepalive", "20s"), "only a restart changes mqtt", ()),
    ("dead_peer", put("tunnels.0.dead_peer", "20s"), "tunnel one changed", ("tunnel one",)),
]


def test_only_what_a_change_concerns_is_begun_anew(whole):
    """Row after row, with one answer running all the time."""
    settings = copy.deepcopy(whole.settings)
    for name, change, said, anew in ROWS:
        before = whole.identities()
        change(settings)
        answer = whole.reload(settings)
        assert answer.status == 200, (name, answer.body)
        assert said in answer.json()["message"], (name, answer.json()["message"])
        if "server's process" in anew:
            wait_until(lambda: whole.identities()["server's process"] not in (None, before["server's process"]), LONG, name)
        if "tunnel one" in anew:
            wait_until(lambda: is_echoed(LOCAL, ("127.0.0.1", whole.remote)), LONG, name)
        after = whole.identities()
        changed = {key for key in before | after if before.get(key) != after.get(key)}
        assert changed - {"tunnel one"} == set(anew) - {"tunnel one"}, (name, before, after)
        if "tunnel one" not in anew:
            assert before["tunnel one"] == after["tunnel one"], name
        whole.see_answer_go_on()
        sessions = whole.lamd.get("/lam/v1/sessions").status  # opens what is kept where the file says
        assert sessions == (404 if settings.get("sessions", {}).get("store") == "off" else 200), name
    assert stat.S_IMODE(os.stat(whole.lamd.socket_path).st_mode) == 0o600
    whole.call.event(DONE)
    whole.call.end()
    assert whole.stream.read_all() == whole.sent + DONE


def taken(keep):
    """An address at which somebody listens already."""
    listener = keep(socket.create_server(("127.0.0.1", 0)))
    return f"127.0.0.1:{listener.getsockname()[1]}"


FAULTS = {
    "a key that nobody knows": lambda settings, keep: put("nonsense", 1)(settings),
    "a key file that is missing": lambda settings, keep: put("tunnels.0.identity", "/nowhere/key")(settings),
    "a server's key that is missing": lambda settings, keep: put("servers.0.api_key_file", "/nowhere/key")(settings),
    "a program that is missing": lambda settings, keep: put("worker.run.command", ["/nowhere/server"])(settings),
    "the dashboard's port is taken": lambda settings, keep: put("dashboard", {"listen": taken(keep)})(settings),
    "the worker's port is taken": lambda settings, keep: put("worker.listen", taken(keep))(settings),
    "a group that nobody knows": lambda settings, keep: put("socket", {"group": "no-such-group"})(settings),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_with_one_fault_changes_nothing(whole, keep, fault):
    """Also nothing of what is good in it."""
    before = whole.identities()
    config = whole.lamd.get("/lam/v1/config").json()
    settings = copy.deepcopy(whole.settings)
    settings["tunnels"][0]["dead_peer"] = "20s"
    settings["servers"].append(server(1, "third"))
    settings["worker"]["run"]["command"] = [*settings["worker"]["run"]["command"], "x"]
    if "dashboard" not in fault:
        settings["dashboard"] = {"listen": f"127.0.0.1:{free_port()}"}
    FAULTS[fault](settings, keep)
    answer = whole.reload(settings)
    assert answer.status == 422, answer.body
    run = lamctl(whole.lamd.socket_path, "reload")
    assert run.returncode != 0 and answer.error()["message"].splitlines()[0][-40:] in run.stderr + run.stdout
    assert whole.lamd.get("/lam/v1/config").json() == config
    assert whole.identities() == before
    if "dashboard" in settings and "dashboard" not in fault:
        port = int(settings["dashboard"]["listen"].rsplit(":", 1)[1])
        with pytest.raises(OSError):
            LOCAL.connect(("127.0.0.1", port), 1.0)
    whole.see_answer_go_on()
    assert whole.reload(whole.settings).json()["message"] == "nothing changed"


def dashboard_is_at(port):
    try:
        with LOCAL.connect(("127.0.0.1", port), 2.0) as connection:
            connection.sendall(b"GET /dashboard/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return b"200 OK" in connection.recv(100)
    except OSError:
        return False


def test_the_dashboard_comes_moves_and_goes(upstream, make_lamd):
    lamd = make_lamd(servers=[server(upstream.port)])
    first, second = free_port(), free_port()
    for ports, settings in (([first], {"dashboard": {"listen": f"127.0.0.1:{first}"}}),
                            ([first], {"dashboard": {"listen": f"127.0.0.1:{first}", "role": "admin"}}),
                            ([second], {"dashboard": {"listen": f"127.0.0.1:{second}"}}), ([], {})):
        lamd.configure(servers=[server(upstream.port)], **settings)
        assert "dashboard" in lamd.reload().json()["message"]
        assert [port for port in (first, second) if dashboard_is_at(port)] == ports


def test_the_worker_listens_elsewhere_and_answers_go_on(upstream, make_lamd, make_sshd, directory, keep):
    """The tunnel that leads to it follows; who is connected stays."""
    sshd, remote = make_sshd(), free_port()
    tunnels = [tunnel(sshd, (remote, "worker"), name="one")]
    worker = {"name": "w", "server": f"http://127.0.0.1:{upstream.port}", "listen": f"unix:{directory}/a.sock"}
    lamd = make_lamd(tunnels, worker=worker)
    lamd.wait_tunnel("up", "one", LONG)
    stream = keep(unix_http.Stream(directory / "a.sock", "/v1/chat/completions", CHAT, timeout=LONG))
    call = upstream.next_call(LONG)
    call.begin()
    call.event(delta("one"))
    stream.read_until(delta("one"))

    lamd.configure(tunnels, worker={**worker, "listen": f"unix:{directory}/b.sock"})
    message = lamd.reload().json()["message"]
    assert "worker" in message and "tunnel one changed" in message
    assert not (directory / "a.sock").exists()
    assert unix_http.request(directory / "b.sock", "GET", "/v1/models").status == 200
    call.event(delta("two") + DONE)
    call.end()
    assert stream.read_all() == delta("one") + delta("two") + DONE
    lamd.wait_tunnel("up", "one", LONG)


def test_a_worker_comes_with_a_reload(upstream, make_lamd, directory, make_broker):
    lamd = make_lamd(servers=[server(upstream.port)])
    mqtt = {"site": "home", "brokers": [make_broker().broker()]}
    worker = {"name": "w", "server": f"http://127.0.0.1:{upstream.port}", "listen": f"unix:{directory}/w.sock"}
    lamd.configure(servers=[server(upstream.port)], worker=worker, mqtt=mqtt)
    message = lamd.reload().json()["message"]
    assert "worker" in message and "restart" not in message
    assert unix_http.request(directory / "w.sock", "GET", "/v1/models").status == 200
    lamd.wait_status(lambda status: status["worker"]["broker"]["state"] == "up", LONG, "its broker")


def test_what_waits_for_a_restart_is_not_forgotten(whole):
    settings = copy.deepcopy(whole.settings)
    settings["worker"]["name"] = "another"
    assert "only a restart changes worker.name" in whole.reload(settings).json()["message"]
    assert "only a restart changes worker.name" in whole.reload(settings).json()["message"]
    notes = whole.lamd.status()["verdict"]["notes"]
    assert any("worker.name" in note["message"] and "restart" in note["remedy"] for note in notes)
    assert whole.reload(whole.settings).json()["message"] == "nothing changed"
    assert not whole.lamd.status()["verdict"].get("notes")


def test_a_stop_during_a_reload_loses_neither(whole):
    """The server that ends slowly is waited for by both."""
    program = whole.directory / "slow.sh"
    program.write_text("#!/bin/sh\ntrap 'exit 0' TERM\nwhile :; do sleep 1; done\n")
    program.chmod(0o755)
    settings = copy.deepcopy(whole.settings)
    settings["worker"]["run"]["command"] = [program]
    assert whole.reload(settings).status == 200
    wait_until(lambda: b"slow.sh" in cmdline(whole.identities()["server's process"]), LONG, "the slow one")
    pid = whole.identities()["server's process"]
    whole.call.event(DONE)
    whole.call.end()
    del settings["worker"]["run"]
    assert whole.reload(settings).status == 200
    wait_gone([pid], LONG)
    whole.lamd.stop()


def cmdline(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as words:
            return words.read()
    except OSError:
        return b""


def test_an_answer_goes_on_over_the_paths_of_a_server_that_a_reload_has_changed(make_lamd, upstream, directory, keep):
    """Its old paths are looked after for as long as it runs: a tunnel that breaks later is found again when it is back."""
    make_lamd(worker={"name": "w", "server": f"http://127.0.0.1:{upstream.port}", "listen": f"unix:{directory}/w.sock"})
    line = keep(Line(directory / "w.sock"))
    gateway = make_lamd(servers=[server(line.port)])
    gateway.wait_path("gpu", timeout=LONG)
    stream = keep(unix_http.Stream(gateway.socket_path, "/v1/chat/completions", CHAT, timeout=LONG))
    call = upstream.next_call(LONG)
    call.begin()
    call.event(delta("one"))
    stream.read_until(b"one")
    gateway.configure(servers=[server(line.port, probe_interval="1s")])
    assert gateway.reload().status == 200
    gateway.wait_path("gpu", timeout=LONG)
    line.cut()
    gateway.wait_path("gpu", "down", timeout=LONG)
    line.mend()
    call.event(delta("two"))
    call.event(DONE)
    call.end()
    assert stream.read_all().endswith(DONE)
