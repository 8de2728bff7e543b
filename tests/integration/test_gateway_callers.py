"""Callers of the gateway that leave, dawdle or are old: they cost no more than they must, and get what they can."""

import json
import socket
import threading
import time

import pytest
from lamdtest import unix_http
from lamdtest.answers import stream_failure
from lamdtest.lamd import server
from lamdtest.limits import within
from lamdtest.upstream import ANSWER, ASK, CHAT, DONE, delta
from lamdtest.wait import wait_until

_CANCEL = within(0.1)
_ROUNDS = 3  # the best of them counts: a busy machine may slow one, a lamd that is late is late each time


def _leave(stream, call):
    """How long after the caller the server is left."""
    left = time.monotonic()
    stream.close()
    return call.wait_abandoned() - left


@pytest.mark.parametrize("moment", ["before the head", "after the head", "in the answer"])
def test_a_caller_that_leaves_cancels_at_once(chat, lamd, moment):
    def leave():
        stream, call = chat()
        if moment != "before the head":
            call.begin()
            assert stream.head().status == 200
        if moment == "in the answer":
            call.event(delta("one"))
            stream.read_until(delta("one"))
        return _leave(stream, call)

    assert min(leave() for _ in range(_ROUNDS)) <= _CANCEL
    wait_until(lambda: lamd.status()["streams"]["cancelled"] == _ROUNDS, what="the cancelled streams to be counted")
    assert lamd.status()["streams"]["running"] == 0


def test_a_caller_of_a_whole_answer_that_leaves_cancels_at_once(chat):
    assert min(_leave(*chat(ASK)) for _ in range(_ROUNDS)) <= _CANCEL


def test_a_caller_that_only_ended_its_own_side_gets_its_answer(lamd, upstream):
    body = json.dumps(ASK).encode()
    with unix_http.connect_unix(lamd.socket_path) as raw:
        raw.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: lamd\r\nContent-Type: application/json\r\n"
                    b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        raw.shutdown(socket.SHUT_WR)
        upstream.next_call().answer(200, ANSWER)
        assert json.dumps(ANSWER).encode() in unix_http.read_to_end(raw)


def test_a_caller_that_does_not_read_costs_bounded_memory(chat, lamd):
    stream, call = chat()
    call.begin()
    assert stream.head().status == 200
    memory = lamd.resident_bytes()
    sent, full = 0, threading.Event()

    def flood():
        nonlocal sent
        try:
            while True:
                call.event(delta("x" * 60000))
                sent += 60000
        except OSError:
            full.set()

    flooding = threading.Thread(target=flood)
    flooding.start()
    before = -1
    while sent != before:  # until the whole way is full
        before = sent
        full.wait(0.3)
    assert sent < 16 * 1024 * 1024
    lamd.check_memory(memory, 8 * 1024 * 1024)
    stream.close()
    flooding.join(5.0)
    assert full.is_set(), "the server was not told that the caller has left"


def test_ends_are_clean_even_if_the_caller_is_old(lamd, upstream):
    body = json.dumps(CHAT).encode()
    with unix_http.connect_unix(lamd.socket_path) as raw:
        raw.sendall(b"POST /v1/chat/completions HTTP/1.0\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        call = upstream.next_call()
        call.begin()
        call.event(delta("one"))
        call.event(DONE)
        call.end()
        received = unix_http.read_to_end(raw)
    assert b"chunked" not in received.lower() and received.endswith(delta("one") + DONE)


def test_a_body_in_chunks_is_taken(lamd, upstream):
    connection = unix_http.UnixConnection(lamd.socket_path)
    body = json.dumps(ASK).encode()
    connection.request("POST", "/v1/chat/completions", iter([body[:10], body[10:]]),
                       {"Content-Type": "application/json"}, encode_chunked=True)
    call = upstream.next_call()
    assert call.json() == ASK
    call.answer(200, ANSWER)
    response = connection.getresponse()
    assert json.loads(response.read()) == ANSWER
    connection.close()


def test_what_people_say_is_not_logged(upstream, make_lamd, keep):
    """Not at any level, and not when it goes wrong."""
    lamd = make_lamd(servers=[server(upstream.port)], log={"level": "debug"})
    lamd.wait_path("gpu", "up")
    question, answer = "my grandmother's letter", "what the model makes of it"
    body = {**CHAT, "messages": [{"role": "user", "content": question}]}
    for ending in ("cut", "done"):
        stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", body))
        call = upstream.next_call()
        assert call.json()["messages"][0]["content"] == question
        call.begin()
        call.event(delta(answer))
        stream.read_until(delta(answer))
        if ending == "cut":
            call.cut()
            assert stream_failure(stream)
        else:
            call.event(DONE)
            call.end()
            stream.read_all()
    assert lamd.post("/v1/chat/completions", f'{{"messages": [{question}'.encode()).status == 400
    lamd.stop()
    logged = lamd.output()
    assert "stopped" in logged and question not in logged and answer not in logged
