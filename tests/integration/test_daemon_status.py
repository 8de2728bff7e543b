"""What lamd says of itself: status, verdict, events, metrics, configuration."""

import json
import re

import pytest
from lamdtest import unix_http
from lamdtest.lamd import server, tunnel
from lamdtest.ports import free_port
from lamdtest.tcp import echo
from lamdtest.upstream import CHAT, DONE, delta
from lamdtest.wait import wait_until


@pytest.fixture
def lamd(sshd, upstream, make_server, make_lamd):
    """One tunnel and one server, both up."""
    lamd = make_lamd([tunnel(sshd, (free_port(), f"127.0.0.1:{make_server(echo).port}"))],
                     [server(upstream.port, probe_interval="200ms")])
    lamd.wait_tunnel("up")
    lamd.wait_path("gpu", "up")
    return lamd


class Events:
    """The events of a stream, read one after the other."""

    def __init__(self, lamd, last=None):
        headers = {"Last-Event-ID": last} if last else {}
        self.stream = unix_http.Stream(lamd.socket_path, "/lam/v1/events", headers=headers)
        self._pending = b""

    def next(self, kind=None):
        while True:
            while b"\n\n" not in self._pending:
                data = self.stream.read()
                assert data, "the events ended"
                self._pending += data
            block, _, self._pending = self._pending.partition(b"\n\n")
            for event in unix_http.sse_events(block + b"\n\n"):
                if "data" in event and (kind is None or event["event"] == kind):
                    return event

    def close(self):
        self.stream.close()


@pytest.fixture
def events(lamd, keep):
    return lambda last=None: keep(Events(lamd, last))


def test_all_is_well_when_all_is_up(lamd):
    status = lamd.status()
    assert status["schema"] == 1 and status["mode"] == "auto" and status["version"]
    assert status["verdict"] == {"state": "healthy", "reasons": [], "notes": []}
    assert 0 < status["uptime_s"] < 60
    assert [lamd.get(target).status for target in ("/livez", "/readyz", "/healthz")] == [200, 200, 200]
    assert lamd.get("/lam/v1/tunnels").json()["tunnels"][0]["name"] == "b"
    path = lamd.get("/lam/v1/paths").json()["paths"][0]
    assert (path["server"], path["transport"], path["models"]) == ("gpu", "sse", ["tiny"])


def test_a_lost_tunnel_shows_in_the_verdict_with_its_reason(lamd, sshd):
    sshd.stop()
    status = lamd.wait_status(lambda status: status["verdict"]["state"] != "healthy", what="the verdict")
    reasons = status["verdict"]["reasons"]
    assert any("b" in reason["message"] for reason in reasons)
    assert lamd.get("/healthz").status == 503 and lamd.get("/healthz").json()


def test_events_begin_with_a_snapshot_and_go_on_with_changes(lamd, events, sshd):
    stream = events()
    first = stream.next()
    assert first["event"] == "snapshot" and first["id"]
    assert json.loads(first["data"])["snapshot"]["tunnels"][0]["state"] == "up"
    sshd.kill_sessions()
    states = []
    while "up" not in states:
        states.append(json.loads(stream.next("tunnel")["data"])["tunnel"]["state"])
    assert states[0] != "up"


def test_events_are_numbered_without_gaps(lamd, events, sshd):
    stream = events()
    numbers = [json.loads(stream.next()["data"])["number"]]
    sshd.kill_sessions()
    while len(numbers) < 5:
        numbers.append(json.loads(stream.next()["data"])["number"])
    assert numbers == list(range(numbers[0], numbers[0] + 5))


def test_events_go_on_where_a_reader_left(lamd, events, sshd):
    whole, stream = events(), events()
    last = stream.next()
    stream.close()
    sshd.kill_sessions()
    lamd.wait_status(lambda status: status["tunnels"][0]["connects"] == 2, what="the second session")
    whole.next()
    resumed = events(last["id"])
    for _ in range(3):
        assert resumed.next() == whole.next()


def test_an_id_that_means_nothing_gets_a_snapshot(lamd, events):
    for last in ("nonsense", "99999999", "-1", "x" * 5000):
        assert events(last).next()["event"] == "snapshot"


def test_a_reader_of_events_that_does_not_read_costs_bounded_memory(lamd, keep):
    stuck = [keep(unix_http.connect_unix(lamd.socket_path)) for _ in range(20)]
    for raw in stuck:
        raw.sendall(b"GET /lam/v1/events HTTP/1.1\r\nHost: lamd\r\n\r\n")
    memory = lamd.resident_bytes()
    for _ in range(200):
        lamd.reload()
    lamd.check_memory(memory, 32 * 1024 * 1024)
    assert lamd.get("/livez").status == 200


def test_streams_are_events_too(lamd, events, upstream, keep):
    stream = events()
    stream.next("snapshot")
    chat = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", CHAT))
    call = upstream.next_call()
    call.begin()
    call.event(delta("one") + DONE)
    call.end()
    chat.read_all()
    states = [json.loads(stream.next("stream")["data"])["stream"]["state"] for _ in range(2)]
    assert states == ["running", "finished"]


METRIC = re.compile(r'^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="(\\.|[^"\\])*",?)*\})? [-+0-9.eEInfNa]+$')


def test_metrics_are_what_prometheus_reads(lamd):
    answer = lamd.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    typed, seen = set(), set()
    for line in answer.body.decode().splitlines():
        if line.startswith("# TYPE "):
            name = line.split()[2]
            assert name not in typed, f"{name} is declared twice"
            typed.add(name)
        elif line and not line.startswith("#"):
            assert METRIC.match(line), line
            name, sample = re.split(r"[{ ]", line)[0], line.rsplit(" ", 1)[0]
            assert sample not in seen, f"{sample} comes twice"
            seen.add(sample)
            assert name in typed or re.sub(r"_(bucket|sum|count)$", "", name) in typed, name
    assert any(name.startswith("lamd_") for name in typed)


def test_metrics_tell_of_tunnels_and_streams(lamd, upstream, keep):
    before = lamd.get("/metrics").body.decode()
    assert re.search(r'lamd_tunnel\w*\{[^}]*"b"', before)
    chat = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", CHAT))
    call = upstream.next_call()
    call.begin()
    call.event(delta("one") + DONE)
    call.end()
    chat.read_all()
    wait_until(lambda: lamd.get("/metrics").body.decode() != before, what="the figures to change")


def test_the_configuration_is_shown_without_secrets(lamd):
    shown = lamd.get("/lam/v1/config")
    assert shown.status == 200
    text = shown.body.decode()
    assert "PRIVATE KEY" not in text and str(lamd.socket_path) in text


def test_every_answer_has_an_id_of_its_own(lamd):
    ids = {lamd.get(target).headers["X-Request-Id"] for target in ("/livez", "/livez", "/nothing", "/lam/v1/status")}
    assert len(ids) == 4 and all(ids)
