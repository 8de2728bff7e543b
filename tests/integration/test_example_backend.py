"""The example backend: what lamd says comes through it as it is, and who leaves frees the server."""

import http.client
import json
import time

import pytest
from lamdtest import backend
from lamdtest.lamd import server
from lamdtest.limits import within
from lamdtest.upstream import ANSWER, ASK, CHAT, DONE, delta

_MISSING = backend.missing()
pytestmark = pytest.mark.skipif(bool(_MISSING), reason=str(_MISSING))


@pytest.fixture
def served(lamd, directory, keep):
    return keep(backend.Backend(directory, lamd.socket_path))


@pytest.fixture
def of_worker(upstream, make_lamd, directory, keep):
    """A backend whose answers can be resumed."""
    make_lamd(worker={"name": "gpu", "server": f"http://127.0.0.1:{upstream.port}", "listen": f"unix:{directory}/worker.sock"})
    lamd = make_lamd(servers=[server(f"unix:{directory}/worker.sock")])
    lamd.wait_path("gpu", "up")
    return keep(backend.Backend(directory, lamd.socket_path))


def begin(served, keep, body, upstream, events):
    """An answer of which the backend has passed on `events`: its connection, its response, the server's side."""
    connection, call = served.send("POST", "/api/llm/chat", body), upstream.next_call()
    keep(connection)
    call.begin()
    for event in events:
        call.event(event)
    response = connection.getresponse()
    seen = b""
    while events and events[-1] not in seen:
        seen += response.read1()
    return connection, response, call


def test_the_example_stays_small():
    """It is there to be read at a glance."""
    lines = sum(len(file.read_text().splitlines()) for file in backend.EXAMPLE.rglob("*.py"))
    assert lines <= 200


def test_health_and_mode_are_lamds_own(lamd, served):
    status, _, body = served.request("GET", "/api/llm/health")
    assert (status, json.loads(body)["state"]) == (200, "healthy")
    status, _, body = served.request("GET", "/api/llm/mode")
    assert (status, json.loads(body)) == (200, lamd.get("/lam/v1/mode").json())


def test_an_answer_comes_whole(served, upstream, keep):
    connection, call = keep(served.send("POST", "/api/llm/chat", ASK)), upstream.next_call()
    call.answer(200, ANSWER)
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())) == (200, ANSWER)
    assert (response.headers["Lam-Server"], response.headers["Lam-Transport"]) == ("gpu", "sse")


def test_an_answer_streams(served, upstream, keep):
    _, response, call = begin(served, keep, CHAT, upstream, [delta("He"), delta("llo")])
    assert response.headers["Content-Type"] == "text/event-stream" and response.headers["X-Accel-Buffering"] == "no"
    call.event(delta("", "stop") + DONE)
    call.end()
    assert DONE in response.read()


def test_an_answer_that_is_cut_does_not_look_complete(served, upstream, keep):
    _, response, call = begin(served, keep, CHAT, upstream, [delta("He")])
    call.cut()
    with pytest.raises(http.client.IncompleteRead) as cut:
        response.read()
    assert b'"error"' in cut.value.partial and b"[DONE]" not in cut.value.partial


@pytest.mark.parametrize("body", [CHAT, ASK])
def test_who_leaves_ends_the_answer_at_the_server(served, upstream, keep, body):
    """Also while nothing has come yet."""
    connection, call = served.send("POST", "/api/llm/chat", body), upstream.next_call()
    left = time.monotonic()
    connection.close()
    assert call.wait_abandoned() - left < within(2.0)


def test_the_servers_refusal_is_passed_on(served, upstream, keep):
    connection, call = keep(served.send("POST", "/api/llm/chat", ASK)), upstream.next_call()
    error = {"error": {"message": "context too long", "type": "invalid_request_error", "param": None, "code": "length"}}
    call.answer(400, error)
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())) == (400, error)


def test_without_lamd_the_answer_is_503_and_says_so(lamd, served):
    lamd.stop()
    for method, target, body in (("GET", "/api/llm/health", None), ("POST", "/api/llm/chat", ASK)):
        status, headers, answered = served.request(method, target, body)
        assert (status, headers["Retry-After"]) == (503, "1")
        assert json.loads(answered)["error"]["code"] == "no_lamd"
    lamd.start()
    assert served.request("GET", "/api/llm/mode")[0] == 200


def test_a_browser_comes_back_to_its_answer_and_stops_it(of_worker, upstream, keep):
    events = [delta(str(number)) for number in range(3)]
    connection, response, call = begin(of_worker, keep, CHAT, upstream, events)
    assert response.headers["Lam-Resumable"] == "1"
    stream = f"/api/llm/chat/stream/{response.headers['Lam-Stream']}"
    connection.close()
    again, resumed = of_worker.begin("GET", stream, headers={"Last-Event-ID": "1"})
    keep(again)
    call.event(delta("more"))
    seen = b""
    while b"more" not in seen:
        seen += resumed.read1()
    assert seen.startswith(b"id: 2\n")
    assert of_worker.request("DELETE", stream)[0] == 204
    call.wait_abandoned(2.0)


@pytest.fixture
def played(make_upstream, directory, keep):
    """A backend, and the lamd that the test plays for it."""
    socket = make_upstream(path=f"{directory}/played.sock")
    return keep(backend.Backend(directory, f"{directory}/played.sock")), socket


def test_lamd_is_told_for_whom_and_that_a_browser_may_come_back(played, keep):
    served, lamd = played
    for body, resumable in ((CHAT, "1"), (ASK, None)):
        keep(served.send("POST", "/api/llm/chat", body))
        call = lamd.next_call()
        assert (call.target, call.json()) == ("/v1/chat/completions", body)
        assert (call.headers["lam-caller"], call.headers.get("lam-resumable")) == ("127.0.0.1", resumable)
        call.answer(200, ANSWER)


def test_sessions_are_lamds(played, keep):
    served, lamd = played
    connection = keep(served.send("POST", "/api/llm/chat/session", {"content": "Hello!", "stream": False}))
    call = lamd.next_call()
    call.answer(200, ANSWER)
    response = connection.getresponse()
    session = response.headers["X-Session-Id"]
    assert json.loads(response.read()) == ANSWER
    assert call.target == f"/lam/v1/sessions/{session}/messages"
    assert call.json() == {"content": "Hello!", "stream": False}

    keep(served.send("POST", "/api/llm/chat/session", {"session_id": "../x?y", "content": "Again."}))
    call = lamd.next_call()
    assert (call.target, call.json()) == ("/lam/v1/sessions/..%2Fx%3Fy/messages", {"content": "Again."})
    call.answer(200, ANSWER)
    keep(served.send("DELETE", f"/api/llm/chat/session/{session}"))
    call = lamd.next_call()
    assert (call.method, call.target) == ("DELETE", f"/lam/v1/sessions/{session}")
    call.answer(204, b"")


def test_a_conversation_goes_on_and_is_forgotten(lamd, served, upstream, keep):
    def say(content, **body):
        connection = keep(served.send("POST", "/api/llm/chat/session", {"content": content, **body}))
        call = upstream.next_call()
        assert [message["content"] for message in call.json()["messages"]][-1] == content
        call.answer(200, ANSWER)
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())) == (200, ANSWER)
        return response.headers["X-Session-Id"], call.json()["messages"]

    session, _ = say("Hello!", system_prompt="Be brief.")
    _, sent = say("And now?", session_id=session)
    assert [(message["role"], message["content"]) for message in sent] == [
        ("system", "Be brief."), ("user", "Hello!"), ("assistant", "Hi"), ("user", "And now?")]
    status, _, kept = served.request("GET", f"/api/llm/chat/session/{session}")
    assert (status, len(json.loads(kept)["messages"])) == (200, 4)
    assert served.request("DELETE", f"/api/llm/chat/session/{session}")[0] == 204
    assert served.request("GET", f"/api/llm/chat/session/{session}")[0] == 404


def test_only_the_failovers_of_ones_own_stream_are_told(of_worker, monkeypatch):
    monkeypatch.syspath_prepend(str(backend.EXAMPLE))
    import backend as example

    mine, other = {"stream": "1", "rung": "path"}, {"stream": "2", "rung": "path"}
    snapshot = {"snapshot": {"failovers": {"last": [mine, other]}}}
    assert example.failovers_of("1", snapshot) == [json.dumps(mine)]
    assert example.failovers_of("1", {"failover": other}) == []
    assert example.failovers_of("1", {"failover": mine}) == [json.dumps(mine)]
    assert example.failovers_of("1", {"verdict": {}}) == []
