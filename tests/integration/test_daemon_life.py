"""lamd from its start to its end: signals, reload, what systemd gives and wants, and files that are not its own."""

import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import time

import pytest
from lamdtest import unix_http
from lamdtest.host import LOCAL
from lamdtest.lamd import server, tunnel
from lamdtest.limits import within
from lamdtest.ports import free_port
from lamdtest.process import cpu_seconds
from lamdtest.tcp import echo, is_echoed
from lamdtest.upstream import CHAT, DONE, delta
from lamdtest.wait import wait_until


@pytest.fixture
def run_answer(upstream, make_lamd, keep):
    """run_answer(): lamd with one answer running through it: (lamd, stream, call)."""
    def run(stop_timeout="5s"):
        lamd = make_lamd(servers=[server(upstream.port)], stop_timeout=stop_timeout)
        lamd.wait_path("gpu")
        stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", CHAT))
        call = upstream.next_call()
        call.begin()
        call.event(delta("one"))
        stream.read_until(delta("one"))
        return lamd, stream, call

    return run


def test_it_serves_although_nothing_it_needs_is_there(make_lamd, make_sshd):
    sshd = make_sshd()
    sshd.stop()
    lamd = make_lamd([tunnel(sshd, (free_port(), "127.0.0.1:1"))], [server(free_port())])
    assert lamd.get("/livez").status == 200 and lamd.get("/healthz").status == 503
    assert lamd.status()["verdict"]["state"] != "healthy"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_lets_running_answers_end(run_answer, number):
    lamd, stream, call = run_answer()
    lamd.process.send(number)
    wait_until(lambda: _is_refused(lamd.socket_path), what="new requests to be refused")
    call.event(delta("two"))
    stream.read_until(delta("two"))
    call.event(DONE)
    call.end()
    assert stream.read_all().endswith(DONE)
    assert lamd.process.wait(5.0) == 0
    assert not lamd.socket_path.exists()


def _is_refused(path):
    try:
        return unix_http.request(path, "GET", "/livez", timeout=1.0).status == 503
    except OSError:
        return True


def test_a_stop_cuts_what_takes_too_long_honestly(run_answer):
    lamd, stream, _ = run_answer(stop_timeout="1s")
    begun = time.monotonic()
    lamd.process.send(signal.SIGTERM)
    with pytest.raises(http.client.IncompleteRead):
        stream.read_all()
    assert b"[DONE]" not in stream.body() and b"lamd is being stopped" in stream.body()
    assert lamd.process.wait(5.0) == 0 and 0.7 <= time.monotonic() - begun <= within(3.0)


def test_a_second_signal_does_not_wait(run_answer):
    lamd, _, _ = run_answer()
    lamd.process.send(signal.SIGTERM)
    wait_until(lambda: _is_refused(lamd.socket_path), what="new requests to be refused")
    begun = time.monotonic()
    lamd.process.send(signal.SIGTERM)
    lamd.process.wait()
    assert time.monotonic() - begun < within(2.0)


def reload_by_signal(lamd):
    lamd.process.send(signal.SIGHUP)


def reload_by_request(lamd):
    assert lamd.reload().status == 200


@pytest.mark.parametrize("reload", [reload_by_signal, reload_by_request])
def test_a_reload_leaves_alone_what_did_not_change(make_sshd, make_server, make_lamd, reload):
    target, sshds, ports = make_server(echo), [make_sshd() for _ in range(3)], [free_port() for _ in range(4)]
    kept, changed, removed = (tunnel(sshd, (port, f"127.0.0.1:{target.port}"), name=name)
                              for sshd, port, name in zip(sshds, ports, ("kept", "changed", "removed")))
    lamd = make_lamd([kept, changed, removed])
    for name in ("kept", "changed", "removed"):
        lamd.wait_tunnel("up", name)
    with LOCAL.connect(("127.0.0.1", ports[0])) as open_channel:
        open_channel.sendall(b"before")
        assert open_channel.recv(100) == b"before"

        changed["forwards"][0]["remote"] = f"127.0.0.1:{ports[3]}"
        lamd.configure([kept, changed])
        reload(lamd)

        lamd.wait_status(lambda status: {one["name"] for one in status["tunnels"]} == {"kept", "changed"},
                         what="the third tunnel to go")
        wait_until(lambda: is_echoed(LOCAL, ("127.0.0.1", ports[3])), what="the new port")
        open_channel.sendall(b"after")
        assert open_channel.recv(100) == b"after"
    assert lamd.tunnel("kept")["connects"] == 1
    assert not is_echoed(LOCAL, ("127.0.0.1", ports[1])) and not is_echoed(LOCAL, ("127.0.0.1", ports[2]))


def test_a_reload_does_not_touch_a_running_answer(run_answer, upstream):
    lamd, stream, call = run_answer()
    lamd.configure(servers=[server(upstream.port), server(free_port(), "another")], defaults={"temperature": 0.1})
    assert lamd.reload().status == 200
    lamd.wait_status(lambda status: len(status["paths"]) == 2, what="the new server")
    call.event(delta("two") + DONE)
    call.end()
    assert stream.read_all() == delta("one") + delta("two") + DONE


def test_a_bad_reload_changes_nothing_and_says_what_is_wrong(run_answer):
    lamd, stream, call = run_answer()
    before = lamd.get("/lam/v1/config").json()
    lamd.config_path.write_text("servers: {gpu: {see: http://127.0.0.1:1}}\nnonsense: true\n")
    answer = lamd.reload()
    assert answer.status == 400 or answer.status == 422
    assert "did you mean sse" in answer.error()["message"] and "nonsense" in answer.error()["message"]
    lamd.process.send(signal.SIGHUP)
    wait_until(lambda: "nonsense" in lamd.output(), what="the log to tell")
    assert lamd.get("/lam/v1/config").json() == before
    call.event(DONE)
    call.end()
    assert stream.read_all() == delta("one") + DONE


def test_the_socket_has_the_configured_mode(upstream, make_lamd):
    lamd = make_lamd(servers=[server(upstream.port)], socket={"mode": "0600"})
    assert stat.S_IMODE(os.stat(lamd.socket_path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(make_lamd(servers=[server(upstream.port)]).socket_path).st_mode) == 0o660


def test_a_second_lamd_on_the_same_socket_is_refused(upstream, make_lamd):
    first = make_lamd(servers=[server(upstream.port)])
    run = subprocess.run([os.environ["LAMD_BIN"], "--config", first.config_path], capture_output=True, text=True,
                         timeout=20, check=False)
    assert run.returncode > 0 and str(first.socket_path) in run.stderr + run.stdout
    assert first.get("/livez").status == 200


def test_the_socket_of_a_dead_lamd_is_replaced(upstream, make_lamd):
    lamd = make_lamd(servers=[server(upstream.port)])
    lamd.kill()
    assert lamd.socket_path.exists()
    lamd.start()
    assert lamd.get("/livez").status == 200


def test_a_file_in_the_place_of_the_socket_is_left_alone(upstream, make_lamd):
    lamd = make_lamd(servers=[server(upstream.port)], start=False)
    lamd.socket_path.write_text("precious")
    run = subprocess.run([os.environ["LAMD_BIN"], "--config", lamd.config_path], capture_output=True, text=True,
                         timeout=20, check=False)
    assert run.returncode > 0 and str(lamd.socket_path) in run.stderr + run.stdout
    assert lamd.socket_path.read_text() == "precious"


def test_a_socket_that_systemd_made_is_used(upstream, make_lamd, directory):
    path = directory / "activated.sock"
    lamd = make_lamd(servers=[server(upstream.port)], start=False)
    lamd.socket_path = path
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(100)
        with unix_http.connect_unix(path) as waiting:  # a caller that came before lamd did
            waiting.sendall(b"GET /livez HTTP/1.1\r\nHost: lamd\r\nConnection: close\r\n\r\n")
            start_activated(lamd, listener)
            assert unix_http.read_to_end(waiting).startswith(b"HTTP/1.1 200")
    lamd.stop()
    assert path.exists(), "an activated socket is systemd's, not lamd's"


def start_activated(lamd, listener):
    """As systemd does: the socket is descriptor 3, and LISTEN_PID is the pid of lamd itself."""
    config = lamd.config_path
    script = f'exec 3<&{listener.fileno()}; export LISTEN_PID=$$ LISTEN_FDS=1; exec "$LAMD_BIN" --config {config}'
    lamd.start_command(["bash", "-c", script], pass_fds=(listener.fileno(),))


class Notifications:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, path):
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self.seen = []

    def wait(self, text, timeout=10.0):
        """All messages up to the first one that has a line beginning with `text`."""
        end = time.monotonic() + within(timeout)
        while True:
            self._socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                message = self._socket.recv(65536).decode()
            except TimeoutError:
                raise AssertionError(f"no {text} within {timeout:g} s; seen: {self.seen}") from None
            self.seen.append(message)
            if any(line.startswith(text) for line in message.split("\n")):
                return message

    def close(self):
        self._socket.close()


@pytest.fixture
def notifications(directory, keep):
    return keep(Notifications(directory / "notify.sock"))


def test_systemd_is_told_what_happens(upstream, make_lamd, notifications):
    lamd = make_lamd(servers=[server(upstream.port)], environment={"NOTIFY_SOCKET": str(notifications.path)})
    notifications.wait("READY=1")
    assert any("STATUS=" in message for message in notifications.seen)
    lamd.process.send(signal.SIGHUP)
    reloading = notifications.wait("RELOADING=1")
    assert "MONOTONIC_USEC=" in reloading
    notifications.wait("READY=1")
    lamd.stop()
    notifications.wait("STOPPING=1")


def test_the_status_line_names_the_tunnel(make_sshd, make_lamd, notifications):
    sshd = make_sshd()
    sshd.stop()
    make_lamd([tunnel(sshd, (free_port(), "127.0.0.1:1"), name="backend")],
              environment={"NOTIFY_SOCKET": str(notifications.path)})
    wait_until(lambda: "backend" in notifications.wait("STATUS="), what="the tunnel's name in STATUS")


def test_the_watchdog_is_fed_by_the_loop(upstream, make_lamd, notifications):
    lamd = make_lamd(servers=[server(upstream.port)],
                     environment={"NOTIFY_SOCKET": str(notifications.path), "WATCHDOG_USEC": "500000"})
    for _ in range(3):
        notifications.wait("WATCHDOG=1", 1.0)
    lamd.process.send(signal.SIGSTOP)
    notifications.seen.clear()
    lamd.process.send(signal.SIGCONT)
    notifications.wait("WATCHDOG=1", 1.0)


def test_logs_are_json_lines_with_one_for_each_change(make_sshd, make_lamd):
    lamd = make_lamd([tunnel(make_sshd(), (free_port(), "127.0.0.1:1"))])
    lamd.wait_tunnel("up")
    lamd.stop()
    lines = [line for line in lamd.output().splitlines() if line]
    parsed = [json.loads(line) for line in lines]
    assert all(line for line in parsed)
    assert any("up" in json.dumps(line) for line in parsed)


def test_logs_on_a_terminal_or_file_are_text(upstream, make_lamd):
    lamd = make_lamd(servers=[server(upstream.port)], log={"level": "info", "format": "text"})
    lamd.stop()
    assert lamd.output() and not lamd.output().startswith("{")


def test_idle_it_costs_next_to_nothing(make_sshd, make_server, upstream, make_lamd):
    port = free_port()
    lamd = make_lamd([tunnel(make_sshd(), (port, f"127.0.0.1:{make_server(echo).port}"))], [server(upstream.port)],
                     log={"level": "info"})
    lamd.wait_tunnel("up")
    before, begun = cpu_seconds(lamd.process.pid), time.monotonic()
    time.sleep(5.0)  # what is tested is the rest
    share = (cpu_seconds(lamd.process.pid) - before) / (time.monotonic() - begun)
    assert share < within(0.001)
    lamd.check_memory(0, 24 * 1024 * 1024)
