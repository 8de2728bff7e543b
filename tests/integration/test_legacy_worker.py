"""Existing backends against a lamd worker: what they publish and what they are told, payload by payload, with the clients
that they use."""

import json
import time
from pathlib import Path

import pytest
from lamdtest import legacy
from lamdtest.lamctl import lamctl
from lamdtest.legacy import NodeClient, PahoClient
from lamdtest.wait import wait_until

CONVERSATIONS = {path.stem: json.loads(path.read_text()) for path in legacy.conversations(Path(__file__).parent / "legacy")}
CLIENTS = {"paho-3.1.1": (PahoClient, 4), "paho-5": (PahoClient, 5), "mqtt.js-3.1.1": (NodeClient, 4),
           "mqtt.js-5": (NodeClient, 5)}
PORTAL = {"projects": {"portal": {"system_prompt": "Be kind."}}}


@pytest.fixture
def broker(make_broker):
    return make_broker()


@pytest.fixture
def make_worker(make_lamd, broker, directory):
    def make(port, settings):
        lamd = make_lamd(worker={"name": "gpu", "server": f"http://127.0.0.1:{port}", "listen": f"unix:{directory}/w.sock",
                                 "legacy": settings},
                         mqtt={"brokers": [broker.broker()]})
        lamd.wait_status(lambda status: status["worker"]["legacy"]["broker"]["state"] == "up", what="its connection")
        return lamd

    return make


@pytest.fixture
def connect(broker, keep):
    def connect(*filters, kind="paho-3.1.1"):
        make, version = CLIENTS[kind]
        if make is NodeClient and (why := legacy.missing_mqtt_js()):
            pytest.skip(why)
        return keep(make(broker.port, filters, version))

    return connect


@pytest.fixture
def portal(make_worker, upstream, connect):
    """ask(session, text, **more): a message to the project `portal`."""
    make_worker(upstream.port, PORTAL)
    client = connect("portal/assistant_response/#")

    def ask(session, text, **more):
        client.publish("portal/user_input", {"sessionId": session, "message": text, **more})

    client.ask = ask
    return client


def answer(call, text):
    call.answer(200, {"choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]})


@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.parametrize("name", CONVERSATIONS)
def test_a_conversation_goes_as_it_is_written_down(name, kind, make_worker, upstream, connect):
    conversation = CONVERSATIONS[name]
    client = connect(*(f"{project}/{topic}/#" for project in conversation["projects"] for topic in ("assistant_response", "hint")),
                     kind=kind)
    make_worker(upstream.port, {"projects": conversation["projects"]})
    legacy.play(conversation["steps"], client, upstream)


@pytest.mark.parametrize("kind", CLIENTS)
def test_conversations_go_with_a_real_server(kind, make_worker, make_llama, connect):
    projects = {name: project for one in CONVERSATIONS.values() for name, project in one["projects"].items()}
    client = connect("+/assistant_response/#", "+/hint/#", kind=kind)
    make_worker(make_llama().port, {"projects": projects})
    for conversation in CONVERSATIONS.values():
        legacy.play(conversation["steps"], client)


def test_its_status_is_on_the_first_projects_topic(make_worker, upstream, connect):
    client = connect("+/status")
    lamd = make_worker(upstream.port, {"service": "bridge-1", "projects": {"portal": {}, "maze": {}}})
    topic, payload = client.next()
    status = json.loads(payload)
    assert topic == "portal/status" and abs(status.pop("ts") - time.time()) < 60
    assert status == {"service": "bridge-1", "status": "online"}
    lamd.stop()
    assert client.next() == ("portal/status", '{"service":"bridge-1","status":"offline"}')


def test_its_will_tells_when_it_dies(make_worker, upstream, connect):
    lamd = make_worker(upstream.port, {"service": "bridge-1", **PORTAL})
    client = connect("portal/status")
    lamd.kill()
    assert client.next() == ("portal/status", '{"service":"bridge-1","status":"offline"}')
    assert connect("portal/status").is_silent(0.3), "nothing of it is retained"


@pytest.mark.slow
def test_its_status_comes_every_half_minute(make_worker, upstream, connect):
    make_worker(upstream.port, PORTAL)
    client = connect("portal/status")
    client.next(35.0)
    before = time.monotonic()
    client.next(35.0)
    assert 27.0 < time.monotonic() - before < 35.0


def test_a_failure_is_a_text(portal, upstream):
    portal.ask("s", "Hi")
    upstream.next_call().answer(500, {"error": {"message": "out of memory"}})
    assert portal.next() == ("portal/assistant_response/s", "Error: out of memory")
    portal.ask("s", "Hi")
    upstream.next_call().cut()
    assert portal.next()[1].startswith("Error: ")
    portal.ask("s", "Hi")
    upstream.next_call().answer(429, {"error": {"message": "slow down"}})
    assert "busy" in portal.next()[1]


def test_a_server_that_is_gone_is_told(make_worker, connect):
    make_worker(1, PORTAL)
    client = connect("portal/assistant_response/#")
    client.publish("portal/user_input", {"sessionId": "s", "message": "Hi"})
    assert client.next()[1].startswith("Error: ")


def test_a_server_that_is_silent_is_told_in_time(make_worker, upstream, connect):
    make_worker(upstream.port, {"timeout": "1s", **PORTAL})
    client = connect("portal/assistant_response/#")
    client.publish("portal/user_input", {"sessionId": "s", "message": "Hi"})
    call = upstream.next_call()
    assert client.next()[1].startswith("Error: ")
    call.wait_abandoned()


def test_sessions_are_answered_at_once_and_each_in_order(portal, upstream):
    portal.ask("a", "1")
    portal.ask("a", "2")
    portal.ask("b", "3")
    calls = {call.json()["messages"][-1]["content"]: call for call in (upstream.next_call(), upstream.next_call())}
    assert set(calls) == {"1", "3"}, "2 waits for the answer to 1"
    answer(calls["3"], "re 3")
    assert portal.next() == ("portal/assistant_response/b", "re 3")
    answer(calls["1"], "re 1")
    assert portal.next() == ("portal/assistant_response/a", "re 1")
    last = upstream.next_call()
    assert [message["content"] for message in last.json()["messages"]] == ["Be kind.", "1", "re 1", "2"]
    answer(last, "re 2")
    assert portal.next() == ("portal/assistant_response/a", "re 2")


def test_it_says_when_it_is_busy(make_worker, upstream, connect):
    make_worker(upstream.port, {"answers": 1, "queue": 1, **PORTAL})
    client = connect("portal/assistant_response/#")
    for session in "abc":
        client.publish("portal/user_input", {"sessionId": session, "message": "Hi"})
    assert client.next() == ("portal/assistant_response/c", "Server is busy, please try again later.")
    for session in "ab":
        answer(upstream.next_call(), "Hi")
        assert client.next() == (f"portal/assistant_response/{session}", "Hi")


def test_an_answer_waits_for_the_broker(portal, upstream, broker, connect):
    """The backend comes back to the same topic, as its client does after a restart of the broker."""
    portal.ask("s", "Hi", replyTopic="portal/assistant_response/s/c/r")
    call = upstream.next_call()
    broker.kill()
    answer(call, "late")
    broker.start()
    client = connect("portal/assistant_response/#")
    client.publish("portal/user_input", {"sessionId": "s", "message": "Hi", "replyTopic": "portal/assistant_response/s/c/r"})
    assert client.next(20.0) == ("portal/assistant_response/s/c/r", "late")
    assert len([1 for method, _ in upstream.requests if method == "POST"]) == 1, "nothing is generated twice"


def test_old_turns_go_first_and_the_prompt_never(make_worker, upstream, connect):
    make_worker(upstream.port, {"max_history_tokens": 60, **PORTAL})
    client = connect("portal/assistant_response/#")
    for number in range(6):
        client.publish("portal/user_input", {"sessionId": "s", "message": f"{number} " + "x" * 30})
        call = upstream.next_call()
        messages = call.json()["messages"]
        answer(call, f"re {number}")
        client.next()
    assert messages[0] == {"role": "system", "content": "Be kind."} and messages[-1]["content"].startswith("5 ")
    assert 2 < len(messages) < 8 and not any(message["content"].startswith("0 ") for message in messages)


def test_the_prompt_may_stand_in_a_file(make_worker, upstream, connect, directory):
    (directory / "prompt.txt").write_text("Line one.\nLine two.\n")
    make_worker(upstream.port, {"projects": {"portal": {"system_prompt_file": directory / "prompt.txt"}}})
    client = connect("portal/assistant_response/#")
    client.publish("portal/user_input", "Hi")
    call = upstream.next_call()
    assert call.json()["messages"][0]["content"] == "Line one.\nLine two."
    answer(call, "Hi")
    client.next()


def test_a_stop_waits_for_the_answer(make_worker, upstream, connect):
    lamd = make_worker(upstream.port, PORTAL)
    client = connect("portal/assistant_response/#")
    client.publish("portal/user_input", {"sessionId": "s", "message": "Hi"})
    call = upstream.next_call()
    lamd.process.send(15)
    wait_until(lambda: "no new messages" in lamd.output(), what="lamd to stop")
    client.publish("portal/user_input", {"sessionId": "t", "message": "Hi"})
    assert client.next() == ("portal/assistant_response/t", "Server is busy, please try again later.")
    answer(call, "Bye")
    assert client.next() == ("portal/assistant_response/s", "Bye")
    lamd.process.wait(10.0)


def test_the_status_shows_it(make_worker, upstream, connect):
    lamd = make_worker(upstream.port, PORTAL)
    client = connect("portal/assistant_response/#")
    client.publish("portal/user_input", {"sessionId": "s", "message": "Hi"})
    answer(upstream.next_call(), "Hi")
    client.next()
    shown = lamd.status()["worker"]["legacy"]
    assert shown["projects"] == ["portal"] and shown["sessions"] == 1 and shown["answered"] == 1 and shown["failed"] == 0
    assert "legacy topics of portal: 1 session" in lamctl(lamd.socket_path, "status").stdout
