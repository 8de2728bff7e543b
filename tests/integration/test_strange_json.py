"""JSON that is well-formed and made to do harm: nested so deeply that whoever goes down into it ends, or with numbers that
nobody holds. Whatever side it comes from, lamd says that it is none, and goes on."""

import json

import pytest
from lamdtest import unix_http
from lamdtest.answers import stream_failure
from lamdtest.lamd import server
from lamdtest.legacy import PahoClient
from lamdtest.wait import wait_until

_DEEP = "[" * 200_000 + "]" * 200_000
_STRANGE = {"deep": _DEEP, "large number": "1e999"}


@pytest.fixture(params=_STRANGE)
def strange(request):
    return _STRANGE[request.param]


@pytest.mark.parametrize("target, body", [
    ("/lam/v1/sessions/a/messages", '{"content": %s}'),
    ("/lam/v1/sessions/a/messages", '{"content": "Hi", "tools": %s}'),
    ("/lam/v1/sessions/a/messages", '{"content": "Hi", "defaults": {"top_p": %s}}'),
    ("/lam/v1/sessions/import", '{"id": "a", "messages": [{"role": "user", "content": %s}]}'),
])
def test_from_a_caller(lamd, upstream, target, body, strange):
    answer = lamd.post(target, (body % strange).encode())
    assert answer.status in (400, 404) and answer.error()["message"]
    assert lamd.status()["verdict"]["state"] == "healthy" and upstream.calls.empty()


def test_a_request_that_is_nested_too_deeply(lamd, upstream):
    answer = lamd.post("/v1/chat/completions", ('{"messages": %s}' % _DEEP).encode())
    assert answer.status == 400 and upstream.calls.empty()


def test_from_an_operator(lamd, strange):
    answer = unix_http.request(lamd.socket_path, "PUT", "/lam/v1/mode", b'{"mode": %s}' % strange.encode())
    assert answer.status == 400 and lamd.status()["verdict"]["state"] == "healthy"


def test_from_a_server_as_an_error(lamd, chat, strange):
    stream, call = chat({"messages": [{"role": "user", "content": "Hi"}]})
    call.answer(400, b'{"error": {"message": "no", "code": %s}}' % strange.encode())
    assert stream.head().status in (400, 502) and stream.read_all()
    wait_until(lambda: lamd.status()["streams"]["running"] == 0, what="its end")


@pytest.mark.parametrize("skip", [False, True])
def test_from_a_server_in_a_stream(lamd, chat, strange, skip):
    stream, call = chat({"messages": [{"role": "user", "content": "Hi"}], "stream": True, "skip_thinking": skip})
    call.begin()
    call.event(b'data: {"choices":[{"index":0,"delta":{"content":"<","x":%s}}]}\n\n' % strange.encode())
    call.cut()
    assert stream_failure(stream) and lamd.status()["verdict"]["state"]


@pytest.mark.parametrize("payload", ['{"sessionId": "s", "message": %s}', '%s', '{"sessionId": "s", "message": "x", "maxTokens": %s}'])
def test_from_a_peer_at_the_broker(make_broker, make_lamd, upstream, directory, keep, payload, strange):
    broker = make_broker()
    lamd = make_lamd(worker={"name": "gpu", "server": f"http://127.0.0.1:{upstream.port}", "listen": f"unix:{directory}/w.sock",
                             "legacy": {"projects": {"portal": {}}}}, mqtt={"brokers": [broker.broker()]},
                     stop_timeout="1s")
    lamd.wait_status(lambda status: status["worker"]["legacy"]["broker"]["state"] == "up", what="its connection")
    client = keep(PahoClient(broker.port, ["portal/assistant_response/#"], 4))
    for topic in ("user_input", "template", "clear_history/s", "state"):
        client.publish(f"portal/{topic}", payload % strange)
    client.publish("portal/user_input", json.dumps({"sessionId": "last", "message": "Hi"}))
    while (call := upstream.next_call()).json()["messages"][-1]["content"] != "Hi":
        call.answer(200, {"choices": [{"message": {"role": "assistant", "content": "?"}}]})
    call.answer(200, {"choices": [{"message": {"role": "assistant", "content": "Ho"}}]})
    while client.next()[1] != "Ho":
        pass


def test_a_member_of_another_type_from_a_server(lamd, upstream):
    upstream.slots = lambda: [{"id": 0, "is_processing": None}]
    answer = lamd.post("/lam/v1/paths/gpu/sse/probe")
    assert answer.status == 200 and lamd.status()["verdict"]["state"] == "healthy"


def test_a_state_of_another_type_from_a_peer_at_the_broker(make_broker, make_lamd):
    broker = make_broker()
    lamd = make_lamd(servers=[server(None, mqtt="a")], mqtt={"brokers": [broker.broker()]})
    lamd.wait_status(lambda status: status["broker"]["state"] == "up", what="its connection")
    for state in (b'{"state": 5}', b'{"state": "online"}'):
        broker.retain("lam/v1/default/w/a/state", state)
    lamd.wait_status(lambda status: status["paths"][0]["reason"]["message"] != "worker a is not at the broker",
                     what="the worker's presence")
