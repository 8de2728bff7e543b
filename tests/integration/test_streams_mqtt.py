"""Answers through a broker, and from the broker to the tunnel's way and back."""

import json
import time

import pytest
from lamdtest import unix_http
from lamdtest.answers import stream_failure
from lamdtest.lamd import server
from lamdtest.limits import within
from lamdtest.line import Line
from lamdtest.upstream import CHAT, DONE, delta
from lamdtest.wait import wait_until


@pytest.fixture
def broker(make_broker):
    return make_broker()


@pytest.fixture
def lines(broker, directory, keep):
    """To the worker's socket, and to the broker for each of the two."""
    return {"sse": keep(Line(directory / "worker.sock")), "gateway": keep(Line(broker.port)),
            "worker": keep(Line(broker.port))}


@pytest.fixture
def worker(upstream, make_lamd, directory, broker, lines):
    return make_lamd(worker={"name": "a", "server": f"http://127.0.0.1:{upstream.port}",
                             "listen": f"unix:{directory}/worker.sock", "lease": "4s"},
                     mqtt={"site": "home", "brokers": [broker.broker(lines["worker"].port)]})


@pytest.fixture
def lamd(lines, worker, make_lamd, broker):
    lamd = make_lamd(servers=[server(f"http://127.0.0.1:{lines['sse'].port}", mqtt="a")],
                     mqtt={"site": "home", "brokers": [broker.broker(lines["gateway"].port)]})
    lamd.wait_status(lambda status: [path["state"] for path in status["paths"]] == ["up", "up"], what="both paths up")
    return lamd


@pytest.fixture
def mqtt_only(worker, make_lamd, lines, broker):
    lamd = make_lamd(servers=[server(None, mqtt="a")], mqtt={"site": "home",
                                                              "brokers": [broker.broker(lines["gateway"].port)]})
    lamd.wait_path("gpu", "up")
    return lamd


def finish(stream, call, expected):
    call.event(delta("", "stop") + DONE)
    call.end()
    assert stream.read_all() == expected + delta("", "stop") + DONE


class TestAlone:
    """With the broker as the only way."""

    @pytest.fixture
    def lamd(self, mqtt_only):
        return mqtt_only

    def test_an_answer_comes_as_the_server_sent_it(self, lamd, chat):
        stream, call = chat()
        call.begin()
        call.event(delta("one"))
        stream.read_until(delta("one"))
        assert stream.head().headers["Lam-Transport"] == "mqtt"
        finish(stream, call, delta("one"))

    def test_a_long_answer_comes_whole(self, chat):
        """More than the credit, and than a packet."""
        stream, call = chat()
        call.begin()
        expected = b""
        for number in range(40):
            event = delta(str(number) * 30000)
            call.event(event)
            expected += event
        finish(stream, call, expected)

    @pytest.mark.parametrize("end", ["gateway", "worker"])
    @pytest.mark.parametrize("how", ["reset", "freeze"])
    def test_an_answer_waits_for_the_broker(self, lamd, lines, chat, end, how):
        stream, call = chat()
        call.begin()
        call.event(delta("one"))
        stream.read_until(delta("one"))
        getattr(lines[end], how)()
        call.event(delta("two"))
        if how == "freeze":
            time.sleep(1.0)
            lines[end].thaw()
        stream.read_until(delta("two"))
        finish(stream, call, delta("one") + delta("two"))

    def test_an_answer_survives_a_restart_of_the_broker(self, broker, chat):
        stream, call = chat()
        call.begin()
        call.event(delta("one"))
        stream.read_until(delta("one"))
        broker.kill()
        call.event(delta("two"))
        broker.start()
        stream.read_until(delta("two"))
        finish(stream, call, delta("one") + delta("two"))

    def test_a_new_answer_waits_a_moment_for_a_broker_that_has_just_gone(self, lamd, broker, upstream, keep):
        broker.kill()
        lamd.wait_path("gpu", "down")
        stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", CHAT))
        wait_until(lambda: lamd.get("/lam/v1/streams").json()["streams"], what="the request to wait")
        broker.start()
        call = upstream.next_call()
        call.begin()
        finish(stream, call, b"")

    def test_one_that_stays_away_is_told_in_time(self, lamd, broker, keep):
        broker.kill()
        lamd.wait_path("gpu", "down")
        begun = time.monotonic()
        stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", CHAT))
        assert stream.head().status == 503 and time.monotonic() - begun < within(3.5)
        assert json.loads(stream.read_all())["error"]["code"] == "no_server"

    def test_a_caller_that_leaves_frees_the_server(self, chat):
        stream, call = chat()
        call.begin()
        call.event(delta("one"))
        stream.read_until(delta("one"))
        left = time.monotonic()
        stream.close()
        assert call.wait_abandoned() - left < within(0.5)

    def test_a_gateway_that_dies_frees_the_server_after_the_lease(self, lamd, chat):
        stream, call = chat()
        call.begin()
        call.event(delta("one"))
        stream.read_until(delta("one"))
        lamd.kill()
        killed = time.monotonic()
        assert 1.0 < call.wait_abandoned(12.0) - killed < within(9.0)

    def test_a_worker_that_dies_ends_its_answers_with_an_error(self, worker, chat):
        stream, call = chat()
        call.begin()
        call.event(delta("one"))
        stream.read_until(delta("one"))
        worker.kill()
        killed = time.monotonic()
        assert "lost" in stream_failure(stream)["message"]
        assert time.monotonic() - killed < within(3.0)

    def test_a_worker_that_is_not_there_is_named(self, lamd, worker):
        worker.kill()
        assert "worker a is not at the broker" in lamd.wait_path("gpu", "down")["reason"]["message"]


@pytest.mark.parametrize("how", ["cut", "reset", "freeze"])
def test_an_answer_goes_on_over_the_broker(lamd, lines, chat, upstream, how):
    stream, call = chat()
    call.begin()
    call.event(delta("one"))
    stream.read_until(delta("one"))
    assert stream.head().headers["Lam-Transport"] == "sse"
    lost = getattr(lines["sse"], how)() or time.monotonic()
    call.event(delta("two"))
    stream.read_until(delta("two"))
    gap = time.monotonic() - lost
    finish(stream, call, delta("one") + delta("two"))
    assert gap < within(6.0 if how == "freeze" else 1.0)
    assert sum(1 for method, _ in upstream.requests if method == "POST") == 1


def test_a_switch_does_not_condemn_the_path_that_it_leaves(lamd, lines, upstream, keep):
    """Requests that are being sent over it go over the other one instead."""
    lines["sse"].freeze()
    streams = [keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", CHAT)) for _ in range(4)]
    wait_until(lambda: lamd.status()["streams"]["running"] == len(streams), what="the requests to be under way")
    unix_http.request(lamd.socket_path, "PUT", "/lam/v1/mode", {"mode": "mqtt", "now": True})
    calls = [upstream.next_call() for _ in streams]
    assert "switched" not in lamd.path("gpu").get("reason", {}).get("message", "")
    for call in calls:
        call.begin()
        call.event(delta("", "stop") + DONE)
        call.end()
    for stream in streams:
        assert stream.read_all() == delta("", "stop") + DONE
        assert stream.head().headers["Lam-Transport"] == "mqtt"


def test_there_and_back(lamd, lines, chat, broker):
    stream, call = chat()
    call.begin()
    expected = b""
    for number in range(6):
        if number % 2:
            lines["gateway"].reset()
        else:
            lines["sse"].reset()
        event = delta(str(number))
        call.event(event)
        expected += event
        stream.read_until(event)
    finish(stream, call, expected)
    wait_until(lambda: lamd.status()["streams"]["finished"] == 1, what="the answer to be counted")
