"""Servers that misbehave: the caller always learns that its answer is not whole, and lamd goes on."""

import http.client
import json
import threading
import time

import pytest
from lamdtest import unix_http
from lamdtest.answers import stream_failure
from lamdtest.lamd import server
from lamdtest.limits import within
from lamdtest.ports import free_port
from lamdtest.upstream import ANSWER, ASK, CHAT, DONE, chunk, delta
from lamdtest.wait import wait_until


@pytest.fixture
def lamd(upstream, make_lamd):
    lamd = make_lamd(servers=[server(upstream.port, deadlines={"first": "2s", "between": "1s"})])
    lamd.wait_path("gpu", "up")
    return lamd


def check_still_serves(lamd, upstream, keep):
    stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", ASK))
    upstream.next_call().answer(200, ANSWER)
    assert json.loads(stream.read_all()) == ANSWER


@pytest.mark.parametrize("ending", ["cut", "reset", "cut in an event", "cut in a chunk", "clean without [DONE]",
                                    "garbage for a chunk", "text for an event"])
def test_an_answer_that_breaks_off_ends_with_an_error(lamd, chat, upstream, keep, ending):
    stream, call = chat()
    call.begin()
    call.event(delta("one"))
    stream.read_until(delta("one"))
    if ending == "reset":
        call.reset()
    elif ending == "clean without [DONE]":
        call.end()
    elif ending == "text for an event":
        call.event(b"proxy error: the child has died")
        call.end()
    else:
        call.send({"cut": b"", "cut in an event": chunk(delta("two")[:20]), "cut in a chunk": b"100\r\nabc",
                   "garbage for a chunk": b"xyz\r\n"}[ending])
        call.cut()
    stream_failure(stream)
    wait_until(lambda: lamd.status()["streams"]["failed"] == 1, what="the failed stream to be counted")
    check_still_serves(lamd, upstream, keep)


def test_a_clean_end_after_the_finish_reason_is_complete(lamd, chat):
    stream, call = chat()
    call.begin()
    call.event(delta("one") + delta("", "length"))
    call.end()
    assert stream.read_all() == delta("one") + delta("", "length")
    wait_until(lambda: lamd.status()["streams"]["finished"] == 1, what="the answer to be counted")


def test_a_servers_own_error_event_is_passed_on_once(chat):
    stream, call = chat()
    call.begin()
    call.event(delta("one"))
    call.event(b'data: {"error":{"code":500,"message":"out of memory","type":"server_error"}}\n\n')
    call.end()
    assert stream_failure(stream)["message"] == "out of memory"


def test_a_server_that_falls_silent_is_given_up(chat):
    stream, call = chat()
    call.begin()
    call.event(delta("one"))
    silent = time.monotonic()
    stream_failure(stream)
    assert 0.9 <= time.monotonic() - silent <= within(2.0)
    call.wait_abandoned(1.0)


def progress(processed):
    return b'data: {"choices":[{"index":0,"delta":{"content":null}}],"prompt_progress":{"processed":%d}}\n\n' % processed


def test_a_server_that_gets_on_with_a_long_prompt_is_waited_for(chat):
    stream, call = chat({**CHAT, "return_progress": True})
    call.begin()
    for i in range(6):
        call.event(progress(i))
        stream.read()
        time.sleep(0.5)  # what is tested: a silence shorter than the deadline
    call.event(delta("one") + DONE)
    call.end()
    assert DONE in stream.read_all()


def test_pings_alone_are_no_answer(chat):
    stream, call = chat()
    call.begin()
    begun = time.monotonic()
    try:
        for _ in range(20):
            call.event(b":\n\n")
            time.sleep(0.25)  # as above
    except OSError:
        pass
    assert "nothing of the answer within 2s" in stream_failure(stream)["message"]
    assert time.monotonic() - begun < within(4.0)


def test_an_event_that_is_not_json_is_not_passed_on(chat):
    stream, call = chat()
    call.begin()
    call.event(delta("one") + b'data: {"choices":[{"del\n\n' + delta("two"))
    assert "not JSON" in stream_failure(stream)["message"]
    assert b"del\n" not in stream.body() and delta("two") not in stream.body()


@pytest.mark.parametrize("body", [CHAT, ASK], ids=["stream", "whole"])
def test_a_server_that_never_begins_is_given_up(chat, body):
    stream, call = chat(body)
    begun = time.monotonic()
    assert stream.head().status == 504
    assert 1.5 <= time.monotonic() - begun <= within(3.5)
    assert json.loads(stream.read_all())["error"]["message"]
    call.wait_abandoned(1.0)


@pytest.mark.parametrize("status", [400, 401, 404, 413, 422])
def test_a_refusal_is_the_callers(lamd, chat, upstream, status):
    stream, call = chat()
    refusal = {"error": {"code": status, "message": "no such thing", "type": "invalid_request_error"}}
    call.answer(status, refusal)
    assert stream.head().status == status
    assert json.loads(stream.read_all())["error"]["message"] == "no such thing"
    assert len([method for method, _ in upstream.requests if method == "POST"]) == 1
    assert lamd.path("gpu")["state"] == "up"


def test_too_many_requests_keeps_its_retry_after(chat):
    stream, call = chat()
    call.answer(429, {"error": {"message": "slow down"}}, b"Retry-After: 7\r\nContent-Type: application/json\r\n")
    assert stream.head().status == 429 and stream.head().getheader("Retry-After") == "7"


@pytest.mark.parametrize("status", [500, 503])
def test_a_failing_server_is_an_error_in_the_right_shape(lamd, upstream, keep, status):
    stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", CHAT))
    upstream.next_call().answer(status, {"error": {"message": "Loading model", "type": "unavailable_error"}})
    assert stream.head().status >= 500
    if stream.head().status == 503:
        assert stream.head().getheader("Retry-After")
    assert json.loads(stream.read_all())["error"]["message"]


GARBAGE = {
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "no status": b"HTTP/1.1 banana\r\n\r\n",
    "zeros": b"\0" * 100000,
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    "an endless head": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 500000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_a_server_that_speaks_something_else_is_an_error(chat, kind):
    stream, call = chat(ASK)
    try:
        call.send(GARBAGE[kind])
        call.cut()
    except OSError:
        pass  # lamd had enough already
    assert stream.head().status in (502, 503)
    assert json.loads(stream.read_all())["error"]["message"]


def test_an_event_without_end_costs_bounded_memory(lamd, chat):
    stream, call = chat()
    call.begin()
    memory = lamd.resident_bytes()

    def flood():
        try:
            for _ in range(1000):
                call.event(b"x" * 65536)
        except OSError:
            pass

    flooding = threading.Thread(target=flood)
    flooding.start()
    try:
        while stream.read():
            lamd.check_memory(memory, 48 * 1024 * 1024)
            stream.reads.clear()
    except http.client.IncompleteRead:
        pass
    flooding.join(10.0)
    assert not flooding.is_alive()


def test_without_any_server_the_answer_is_503_at_once(make_lamd):
    lamd = make_lamd(servers=[server(free_port())])
    lamd.wait_path("gpu", "down")
    begun = time.monotonic()
    answer = lamd.post("/v1/chat/completions", CHAT)
    assert answer.status == 503 and int(answer.headers["Retry-After"]) >= 1 and answer.error()["message"]
    assert time.monotonic() - begun < within(1.0)
    assert lamd.get("/readyz").status == 503 and lamd.get("/livez").status == 200


@pytest.fixture
def pair(make_upstream, make_lamd):
    """lamd with two servers of the same model, both up."""
    upstreams = {name: make_upstream() for name in ("one", "two")}
    lamd = make_lamd(servers=[server(upstream.port, name) for name, upstream in upstreams.items()])
    for name in upstreams:
        lamd.wait_path(name, "up")
    return lamd, upstreams


def first_call(upstreams, timeout=5.0):
    """(name, call) at whichever server the request went to."""
    return wait_until(lambda: next(((name, upstream.next_call(0)) for name, upstream in upstreams.items()
                                    if not upstream.calls.empty()), None), timeout, "a request at one of the servers")


def test_where_a_server_just_died_the_other_one_is_asked(make_upstream, make_lamd, keep):
    """Before a probe could see it: half of the requests would go to the dead one."""
    upstreams = {name: make_upstream() for name in ("one", "two")}
    lamd = make_lamd(servers=[server(upstream.port, name, probe_interval="10min")
                              for name, upstream in upstreams.items()])
    for name in upstreams:
        lamd.wait_path(name, "up")
    upstreams["one"].close()
    for _ in range(4):
        stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", CHAT))
        call = upstreams["two"].next_call()
        call.begin()
        call.event(delta("one") + DONE)
        call.end()
        assert stream.read_all() == delta("one") + DONE
        assert stream.head().getheader("Lam-Server") == "two"


def test_what_was_cut_before_its_first_token_is_asked_of_another_server(pair, keep):
    lamd, upstreams = pair
    stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", CHAT))
    name, call = first_call(upstreams)
    call.cut()  # which ends it there, too
    other = "two" if name == "one" else "one"
    call = upstreams[other].next_call()
    call.begin()
    call.event(delta("one") + DONE)
    call.end()
    assert stream.read_all() == delta("one") + DONE
    assert stream.head().getheader("Lam-Server") == other and stream.head().getheader("Lam-Attempts") == "2"


def test_what_two_servers_cut_is_not_asked_for_ever(pair, keep):
    lamd, upstreams = pair
    stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", CHAT))
    name, call = first_call(upstreams)
    call.cut()
    upstreams["two" if name == "one" else "one"].next_call().cut()
    assert stream.head().status == 502
    assert json.loads(stream.read_all())["error"]["message"]


def test_after_the_first_token_nothing_is_asked_again(pair, keep):
    lamd, upstreams = pair
    stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", CHAT))
    name, call = first_call(upstreams)
    call.begin()
    call.event(delta("one"))
    stream.read_until(delta("one"))
    call.cut()
    stream_failure(stream)
    other = next(upstream for key, upstream in upstreams.items() if key != name)
    assert other.calls.empty()


def test_a_server_that_is_down_is_not_asked(make_upstream, make_lamd, keep):
    good = make_upstream()
    lamd = make_lamd(servers=[server(free_port(), "dead"), server(good.port, "good")])
    lamd.wait_path("good", "up")
    lamd.wait_path("dead", "down")
    for _ in range(4):
        stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", ASK))
        good.next_call().answer(200, ANSWER)
        stream.read_all()
        assert stream.head().getheader("Lam-Attempts") == "1"
    assert lamd.status()["verdict"]["state"] == "degraded" and lamd.get("/readyz").status == 200


def test_a_request_goes_to_the_server_that_has_its_model(make_upstream, make_lamd, keep):
    upstreams = {name: make_upstream(models=[name]) for name in ("red", "blue")}
    lamd = make_lamd(servers=[server(upstream.port, name) for name, upstream in upstreams.items()])
    for name in upstreams:
        lamd.wait_path(name, "up")
    for name, upstream in upstreams.items():
        stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", {**ASK, "model": name}))
        upstream.next_call().answer(200, ANSWER)
        assert stream.head().getheader("Lam-Server") == name


def test_a_loading_server_is_said_to_load_and_comes_up(make_upstream, make_lamd):
    upstream = make_upstream()
    upstream.health = (503, {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}})
    lamd = make_lamd(servers=[server(upstream.port, probe_interval="200ms")])
    lamd.wait_path("gpu", "loading")
    assert lamd.get("/readyz").status == 503
    upstream.health = (200, {"status": "ok"})
    lamd.wait_path("gpu", "up", timeout=5.0)
    assert lamd.get("/readyz").status == 200


def test_a_server_that_dies_and_returns_is_seen(make_upstream, make_lamd, keep):
    upstream = make_upstream()
    lamd = make_lamd(servers=[server(upstream.port, probe_interval="200ms")])
    lamd.wait_path("gpu", "up")
    upstream.close()
    down = lamd.wait_path("gpu", "down", timeout=5.0)
    assert str(upstream.port) in down["reason"]["message"] + down["address"]
    again = make_upstream(port=upstream.port)
    lamd.wait_path("gpu", "up", timeout=5.0)
    check_still_serves(lamd, again, keep)
