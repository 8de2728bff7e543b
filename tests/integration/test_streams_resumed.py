"""Callers who come back: to a stream that went on without them, to a gateway that was killed, with a request they sent
before."""

import json
import threading

import pytest
from lamdtest import unix_http
from lamdtest.answers import content
from lamdtest.lamd import server
from lamdtest.upstream import CHAT, DONE, delta
from lamdtest.wait import wait_until

RESUMABLE = {"Lam-Resumable": "1"}


def numbered(*events):
    return b"".join(b"id: %d\n%s" % (number, event) for number, event in enumerate(events))


@pytest.fixture
def worker(upstream, make_lamd, directory):
    return make_lamd(worker={"name": "a", "server": f"http://127.0.0.1:{upstream.port}",
                             "listen": f"unix:{directory}/worker.sock"})


@pytest.fixture
def lamd(worker, make_lamd, directory):
    lamd = make_lamd(servers=[server(f"unix:{directory}/worker.sock")])
    lamd.wait_path("gpu", "up")
    return lamd


def come_back(lamd, stream_id, last=None, keep=None):
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    return keep(unix_http.Stream(lamd.socket_path, f"/lam/v1/streams/{stream_id}", headers=headers))


def begin(chat, count):
    stream, call = chat(headers=RESUMABLE)
    call.begin()
    events = [delta(str(number)) for number in range(count)]
    for event in events:
        call.event(event)
    stream.read_until(events[-1])
    return stream, call, events


def end(call, events):
    events += [delta("", "stop"), DONE]
    call.event(events[-2] + events[-1])
    call.end()


def test_a_caller_comes_back(lamd, chat, keep):
    stream, call, events = begin(chat, 3)
    assert stream.body() == numbered(*events)
    stream.close()
    events.append(delta("more"))
    call.event(events[-1])
    again = come_back(lamd, stream.head().headers["Lam-Stream"], 1, keep)
    again.read_until(events[-1])
    end(call, events)
    assert again.read_all() == numbered(*events)[len(numbered(*events[:2])):]


def test_a_stream_that_has_ended_can_be_had_again(lamd, chat, keep):
    stream, call, events = begin(chat, 2)
    end(call, events)
    assert stream.read_all() == numbered(*events)
    again = come_back(lamd, stream.head().headers["Lam-Stream"], keep=keep)
    assert again.read_all() == numbered(*events)


def test_a_gateway_that_was_killed_finds_its_streams(lamd, chat, keep):
    stream, call, events = begin(chat, 3)
    stream_id = stream.head().headers["Lam-Stream"]
    lamd.kill()
    events.append(delta("while nobody was there"))
    call.event(events[-1])
    lamd.start()
    again = come_back(lamd, stream_id, 2, keep)
    again.read_until(events[-1])
    end(call, events)
    assert again.read_all() == numbered(*events)[len(numbered(*events[:3])):]


def test_a_stream_is_cancelled_by_its_id(lamd, chat):
    stream, call, _ = begin(chat, 1)
    stream_id = stream.head().headers["Lam-Stream"]
    stream.close()
    assert unix_http.request(lamd.socket_path, "DELETE", f"/lam/v1/streams/{stream_id}").status == 204
    call.wait_abandoned(2.0)


def test_what_is_no_stream_is_said_to_be_none(lamd, chat):
    assert lamd.get("/lam/v1/streams/01932c07-209e-7b3e-9c4f-0242ac120002").status == 404
    stream, call, _ = begin(chat, 1)
    stream_id = stream.head().headers["Lam-Stream"]
    response = unix_http.request(lamd.socket_path, "GET", f"/lam/v1/streams/{stream_id}",
                                 headers={"Last-Event-ID": "many"})
    assert response.status == 400
    call.cut()


def test_the_same_request_again_is_not_asked_again(lamd, upstream, keep):
    headers = {"Idempotency-Key": "one"}
    first = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", CHAT, headers))
    call = upstream.next_call()
    call.begin()
    call.event(delta("one"))
    first.read_until(delta("one"))
    second = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", CHAT, headers))
    second.read_until(delta("one"))
    call.event(delta("", "stop") + DONE)
    call.end()
    assert first.read_all() == delta("one") + delta("", "stop") + DONE
    assert content(second.read_all()) == "one"
    assert upstream.calls.empty()
    other = lamd.post("/v1/chat/completions", json.dumps({**CHAT, "n": 1}).encode(), headers)
    assert other.status == 422


def test_fifty_callers_come_back_to_a_gateway_that_was_killed(make_llama, make_lamd, directory):
    """Of a real server: what they have before and after is together what they would have had."""
    llama = make_llama()
    make_lamd(worker={"name": "a", "server": f"http://127.0.0.1:{llama.port}", "listen": f"unix:{directory}/w.sock"})
    lamd = make_lamd(servers=[server(f"unix:{directory}/w.sock")])
    lamd.wait_path("gpu", "up")
    body = {"messages": [{"role": "user", "content": "Tell me."}], "stream": True, "max_tokens": 120, "seed": 1,
            "temperature": 0, "ignore_eos": True}
    callers = [unix_http.Stream(lamd.socket_path, "/v1/chat/completions", body, RESUMABLE, timeout=60)
               for _ in range(50)]
    wait_until(lambda: lamd.status()["streams"]["running"] == 50, 10.0, "fifty callers")
    callers[0].read_until(b"content")
    lamd.kill()
    lamd.start()
    lamd.wait_path("gpu", "up")
    results = []

    def finish(caller):
        try:
            text = caller.read_all()
        except Exception:
            text = caller.body()
        if not caller.is_begun():  # it had waited for a slot: nothing was begun for it
            again = unix_http.Stream(lamd.socket_path, "/v1/chat/completions", body, timeout=60)
            results.append(content(again.read_all()))
            return
        whole = text[:text.rfind(b"\n\n") + 2] if b"\n\n" in text else b""
        ids = [line for line in whole.split(b"\n") if line.startswith(b"id: ")]
        headers = {"Last-Event-ID": ids[-1][4:].decode()} if ids else {}
        again = unix_http.Stream(lamd.socket_path, f"/lam/v1/streams/{caller.head().headers['Lam-Stream']}",
                                 headers=headers, timeout=60)
        results.append(content(whole + again.read_all()))

    threads = [threading.Thread(target=finish, args=(caller,)) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 50 and len(set(results)) == 1
