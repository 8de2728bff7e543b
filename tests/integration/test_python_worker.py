"""A worker in another language, written from docs/protocol.md: the gateway cannot tell it from lamd's own."""

import json
import sys
import threading
import time
from pathlib import Path

import pytest
from lamdtest import unix_http
from lamdtest.answers import content, stream_failure
from lamdtest.lamd import server
from lamdtest.limits import within
from lamdtest.line import Line
from lamdtest.process import Process
from lamdtest.upstream import ANSWER, ASK, DONE, delta
from lamdtest.wait import wait_until

PYTHON_WORKER = Path(__file__).parent.parent / "support" / "python_worker.py"
END = delta("", "stop") + DONE


class PythonWorker(Process):
    def __init__(self, directory, port, broker):
        command = [sys.executable, "-B", PYTHON_WORKER, "home", "py", f"127.0.0.1:{port}", f"127.0.0.1:{broker}"]
        super().__init__(command, directory / "python-worker.log")

    def close(self):
        self.kill()
        assert "Traceback" not in self.output(), self.output()


@pytest.fixture(params=[(), ("max_packet_size 2048",)], ids=["", "small_packets"])
def broker(request, make_broker):
    return make_broker(settings=request.param)


@pytest.fixture
def line(broker, keep):
    """From the gateway to the broker."""
    return keep(Line(broker.port))


@pytest.fixture
def worker(directory, upstream, broker, keep):
    return keep(PythonWorker(directory, upstream.port, broker.port))


@pytest.fixture
def make_gateway(make_lamd, broker, line):
    def make():
        lamd = make_lamd(servers=[server(None, mqtt="py")], mqtt={"site": "home", "brokers": [broker.broker(line.port)]})
        lamd.wait_path("gpu", "up")
        return lamd

    return make


@pytest.fixture
def lamd(worker, make_gateway):
    return make_gateway()


def posts(upstream):
    return sum(1 for method, _ in upstream.requests if method == "POST")


def finish(stream, call, expected):
    call.event(END)
    call.end()
    assert stream.read_all() == expected + END


def answered(lamd, upstream, answer, body):
    """What the caller gets for `body` when the server's side is played by `answer`."""
    results = []
    thread = threading.Thread(target=lambda: results.append(lamd.post("/v1/chat/completions", json.dumps(body).encode())))
    thread.start()
    call = upstream.next_call()
    answer(call)
    thread.join()
    return results[0], call


def test_an_answer_comes_as_the_server_sent_it(lamd, chat, upstream):
    stream, call = chat()
    call.begin()
    expected = b""
    for number in range(20):
        event = delta(f"{number} über ")
        call.event(event)
        expected += event
        stream.read_until(event)
    finish(stream, call, expected)
    assert posts(upstream) == 1
    assert lamd.status()["paths"][0]["models"] == ["tiny"], "its GETs are the server's"


def test_an_answer_that_is_no_stream(lamd, upstream):
    body = {**ASK, "messages": [{"role": "user", "content": "long " * 20000}]}
    result, call = answered(lamd, upstream, lambda call: call.answer(200, ANSWER), body)
    assert result.status == 200 and result.json() == ANSWER
    assert call.json()["messages"] == body["messages"], "a request of many packets"


@pytest.mark.parametrize("status", [400, 429, 503])
def test_an_error_is_the_servers_own(lamd, upstream, status):
    error = {"message": "not like this", "type": "x", "param": None, "code": "y"}
    result, _ = answered(lamd, upstream, lambda call: call.answer(status, {"error": error}), ASK)
    assert result.status == status and result.json() == {"error": error}


def test_a_cut_answer_is_told_from_a_complete_one(chat):
    stream, call = chat()
    call.begin()
    call.event(delta("one"))
    stream.read_until(delta("one"))
    call.cut()
    assert stream_failure(stream)["code"] == "upstream_cut"


def test_a_caller_that_leaves_frees_the_server(chat):
    stream, call = chat()
    call.begin()
    call.event(delta("one"))
    stream.read_until(delta("one"))
    left = time.monotonic()
    stream.close()
    assert call.wait_abandoned() - left < within(1.0)


def test_an_answer_goes_on_when_the_gateway_has_lost_the_broker(lamd, line, chat, upstream):
    stream, call = chat()
    call.begin()
    expected = b""
    for number in range(3):
        line.reset()
        event = delta(str(number))
        call.event(event)
        expected += event
        stream.read_until(event)
    finish(stream, call, expected)
    assert posts(upstream) == 1
    assert lamd.metric("lamd_gateway_hops_total") >= 1


def test_a_long_answer_comes_whole(chat):
    """Ten times what may be under way."""
    stream, call = chat()
    call.begin()
    expected = b""
    for number in range(80):
        event = delta(str(number % 10) * 30000)
        call.event(event)
        expected += event
    finish(stream, call, expected)


def test_a_worker_that_is_killed_is_missed_at_once(lamd, worker, chat):
    stream, call = chat()
    call.begin()
    call.event(delta("one"))
    stream.read_until(delta("one"))
    worker.kill()
    assert stream_failure(stream)["code"] == "stream_cut"
    wait_until(lambda: "py is not at the broker" in lamd.path("gpu")["reason"]["message"], what="the worker to be missed")


def test_a_real_answer_is_what_the_server_says_without(make_llama, directory, broker, keep, make_gateway):
    llama = make_llama()
    keep(PythonWorker(directory, llama.port, broker.port))
    lamd = make_gateway()
    body = {"messages": [{"role": "user", "content": "Tell me."}], "stream": True, "max_tokens": 60, "seed": 1,
            "temperature": 0, "ignore_eos": True}
    status, direct = llama.request("POST", "/v1/chat/completions", body)
    with unix_http.Stream(lamd.socket_path, "/v1/chat/completions", body, timeout=60) as stream:
        assert status == 200 and content(stream.read_all()) == content(direct)
