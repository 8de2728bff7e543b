"""A worker in front of a server, and a gateway with several ways to it: an answer goes on when its way is lost."""

import json
import threading
import time

import pytest
from lamdtest import unix_http
from lamdtest.answers import content, stream_failure
from lamdtest.lamd import server
from lamdtest.limits import within
from lamdtest.line import Line
from lamdtest.upstream import CHAT, DONE, delta


@pytest.fixture
def worker(upstream, make_lamd, directory):
    lamd = make_lamd(worker={"name": "a", "server": f"http://127.0.0.1:{upstream.port}",
                             "listen": f"unix:{directory}/worker.sock", "lease": "3s"})
    return lamd


@pytest.fixture
def lines(worker, directory, keep):
    return [keep(Line(directory / "worker.sock")) for _ in range(2)]


@pytest.fixture
def lamd(lines, make_lamd):
    lamd = make_lamd(servers=[server([f"http://127.0.0.1:{line.port}" for line in lines], name="gpu")])
    lamd.wait_status(lambda status: all(path["state"] == "up" for path in status["paths"]), what="both paths up")
    return lamd


def test_an_answer_comes_through_a_worker_as_the_server_sent_it(chat):
    stream, call = chat()
    call.begin()
    call.event(delta("one"))
    stream.read_until(delta("one"))
    call.event(delta("", "stop") + DONE)
    call.end()
    assert stream.read_all() == delta("one") + delta("", "stop") + DONE


@pytest.mark.parametrize("how", ["cut", "reset", "freeze"])
def test_an_answer_goes_on_over_another_way(lamd, lines, chat, upstream, how):
    stream, call = chat()
    call.begin()
    call.event(delta("one"))
    stream.read_until(delta("one"))
    lost = getattr(lines[0], how)() or time.monotonic()
    call.event(delta("two"))
    stream.read_until(delta("two"))
    gap = time.monotonic() - lost
    call.event(delta("", "stop") + DONE)
    call.end()
    assert stream.read_all() == delta("one") + delta("two") + delta("", "stop") + DONE
    assert gap < within(6.0 if how == "freeze" else 1.0)
    assert sum(1 for method, _ in upstream.requests if method == "POST") == 1
    assert lamd.metric("lamd_gateway_hops_total") == 1
    assert lamd.status()["streams"]["finished"] == 1


def test_the_tunnels_way_and_back(lamd, lines, chat):
    """Hop after hop, over whichever line is left: every event once."""
    stream, call = chat()
    call.begin()
    expected = b""
    for number in range(10):
        lines[number % 2].reset()
        event = delta(str(number))
        call.event(event)
        expected += event
        try:
            stream.read_until(event)
        except Exception:
            print(stream.body(), lamd.output()[-6000:])
            raise
    call.event(delta("", "stop") + DONE)
    call.end()
    assert stream.read_all() == expected + delta("", "stop") + DONE


def test_a_caller_that_leaves_frees_the_server(chat):
    stream, call = chat()
    call.begin()
    call.event(delta("one"))
    stream.read_until(delta("one"))
    left = time.monotonic()
    stream.close()
    assert call.wait_abandoned() - left < within(0.5)


def test_a_gateway_that_dies_frees_the_server_after_the_lease(lamd, chat):
    stream, call = chat()
    call.begin()
    call.event(delta("one"))
    stream.read_until(delta("one"))
    lamd.kill()
    killed = time.monotonic()
    assert 1.0 < call.wait_abandoned(8.0) - killed < within(6.0)


def test_a_worker_that_dies_ends_its_answers_with_an_error(worker, lines, chat):
    stream, call = chat()
    call.begin()
    call.event(delta("one"))
    stream.read_until(delta("one"))
    worker.kill()
    assert "lost" in stream_failure(stream)["message"]


def test_a_server_that_is_down_is_told_from_a_worker_that_is(lamd, upstream, worker):
    upstream.close()
    reason = lamd.wait_path("gpu", "down")["reason"]
    assert "worker a answers, but its server does not" in reason["message"]
    worker.kill()
    lamd.wait_status(lambda status: all("reason" in path and "worker a answers" not in path["reason"]["message"]
                                        for path in status["paths"]), what="the worker to be missed on both paths")


def test_answers_that_are_no_stream_pass_too(lamd, upstream):
    results = []
    thread = threading.Thread(target=lambda: results.append(
        lamd.post("/v1/chat/completions", json.dumps({**CHAT, "stream": False}).encode())))
    thread.start()
    upstream.next_call().answer(200, {"choices": [{"message": {"content": "ü"}}]})
    thread.join()
    assert results[0].status == 200 and results[0].json() == {"choices": [{"message": {"content": "ü"}}]}


@pytest.mark.parametrize("status", [400, 429, 500])
def test_a_servers_refusal_comes_in_its_own_words(lamd, upstream, status):
    results = []
    thread = threading.Thread(target=lambda: results.append(
        lamd.post("/v1/chat/completions", json.dumps(CHAT).encode())))
    thread.start()
    upstream.next_call().answer(status, {"error": {"message": "no", "type": "x", "param": None, "code": status}})
    thread.join()
    assert results[0].status == status and results[0].json()["error"]["message"] == "no"


def test_a_hundred_real_answers_under_fire(make_llama, make_lamd, directory, keep):
    """Both lines are cut and frozen in turn while answers of a real server run: each is what the server says without."""
    llama = make_llama()
    make_lamd(worker={"name": "a", "server": f"http://127.0.0.1:{llama.port}",
                      "listen": f"unix:{directory}/llama-worker.sock"})
    lines = [keep(Line(directory / "llama-worker.sock")) for _ in range(2)]
    lamd = make_lamd(servers=[server([f"http://127.0.0.1:{line.port}" for line in lines], name="gpu")])
    lamd.wait_path("gpu", "up")
    body = {"messages": [{"role": "user", "content": "Tell me."}], "stream": True, "max_tokens": 100, "seed": 1,
            "temperature": 0, "ignore_eos": True}

    def ask():
        stream = unix_http.Stream(lamd.socket_path, "/v1/chat/completions", body, timeout=60)
        try:
            return content(stream.read_all())
        finally:
            stream.close()

    expected = ask()
    results = []
    is_done = threading.Event()

    def fire():
        number = 0
        while not is_done.wait(0.3):
            line = lines[number % 2]
            line.reset()
            number += 1

    gunner = threading.Thread(target=fire)
    gunner.start()
    threads = [threading.Thread(target=lambda: results.append(ask())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    is_done.set()
    gunner.join()
    assert results == [expected] * len(threads)


@pytest.mark.slow
def test_a_caller_that_waits_for_long_hears_that_lamd_lives(lamd, upstream, keep):
    stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", CHAT, timeout=40))
    call = upstream.next_call()
    call.begin()
    begun = time.monotonic()
    stream.read_until(b":\n\n")
    assert 14 < time.monotonic() - begun < 25
    call.event(delta("one") + delta("", "stop") + DONE)
    call.end()
    assert stream.read_all() == b":\n\n" + delta("one") + delta("", "stop") + DONE
