"""A server that dies in the middle of its answer: another one with the same model goes on from the text, where the
configuration and the request allow it; otherwise the answer ends with an error."""

import json

import pytest
from lamdtest import unix_http
from lamdtest.answers import content, stream_failure
from lamdtest.lamd import server
from lamdtest.upstream import DONE, delta
from lamdtest.wait import wait_until

BODY = {"messages": [{"role": "user", "content": "Tell me."}], "stream": True, "max_tokens": 60, "seed": 1,
        "temperature": 0, "ignore_eos": True, "stream_options": {"include_usage": True}}
SEAM = b": lamd: server "


@pytest.mark.parametrize("kind", ["plain", "worker"])
def test_another_server_goes_on_from_the_text(kind, make_llama, make_lamd, directory):
    llamas = {name: make_llama(model="slow.gguf") for name in ("gpu0", "gpu1")}
    addresses = {name: f"http://127.0.0.1:{llama.port}" for name, llama in llamas.items()}
    if kind == "worker":
        for name, url in addresses.items():
            addresses[name] = f"unix:{directory}/{name}.sock"
            make_lamd(worker={"name": name, "server": url, "listen": addresses[name]})
    lamd = make_lamd(servers=[server(url, name, models=["m"]) for name, url in addresses.items()], continuation=True)
    for name in llamas:
        lamd.wait_path(name, "up")
    stream = unix_http.Stream(lamd.socket_path, "/v1/chat/completions", BODY, timeout=60)
    stream.read_until(b'"content":"')
    lost = stream.head().headers["Lam-Server"]
    llamas.pop(lost).kill()
    body = stream.read_all()
    assert body.count(SEAM) == 1 and SEAM + lost.encode() in body
    before, _, after = body.partition(SEAM)
    assert before.count(b'"role"') == 1 and b'"role"' not in after, "one answer begins once"
    assert b"prompt_progress" not in body, "nobody asked for it"
    prefix = content(before + DONE)
    assert content(body).startswith(prefix) and len(prefix) < len(content(body))
    survivor, = llamas.values()
    answer = json.loads(survivor.request("POST", "/v1/chat/completions", {**BODY, "stream": False})[1])
    assert answer["choices"][0]["message"]["content"].startswith(prefix)
    usage = [json.loads(event["data"])["usage"] for event in unix_http.sse_events(after)
             if '"usage"' in event.get("data", "")][-1]
    assert usage["completion_tokens"] == BODY["max_tokens"] - before.count(b'"content":"'), "what is left is asked for"
    assert lamd.metric("lamd_gateway_continued_total") == lamd.metric("lamd_failovers_total", rung="continuation") == 1
    failover, = lamd.status()["failovers"]["last"]
    assert failover["rung"] == "continuation" and failover["from"] == lost and failover["to"] == failover["server"] != lost
    assert failover["next"] == before.count(b"data: "), "the events that the caller had"
    assert lamd.status()["streams"]["finished"] == 1


class TestPlayed:
    """Two servers that the test plays."""

    @pytest.fixture
    def cut(self, make_upstream, make_lamd, keep):
        """cut(): the stream of a caller, after its server has gone in the middle; and the other server."""
        def make(more=None, headers=None, templates=("a", "a"), continuation=True):
            upstreams = {name: make_upstream(chat_template=template)
                         for name, template in zip(("one", "two"), templates, strict=True)}
            lamd = make_lamd(servers=[server(upstream.port, name) for name, upstream in upstreams.items()],
                             continuation=continuation)
            for name in upstreams:
                lamd.wait_path(name, "up")
            stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", {**BODY, **(more or {})}, headers))
            wait_until(lambda: any(not upstream.calls.empty() for upstream in upstreams.values()), what="the request")
            first = next(name for name, upstream in upstreams.items() if not upstream.calls.empty())
            call = upstreams.pop(first).next_call()
            call.begin()
            call.event(delta("Once"))
            stream.read_until(b"Once")
            call.cut()
            return stream, first, *upstreams.values()

        return make

    @pytest.mark.parametrize("why", [
        {"continuation": False}, {"templates": ("a", "b")}, {"more": {"n": 2}}, {"more": {"max_tokens": 1}},
        {"more": {"response_format": {"type": "json_object"}}}, {"headers": {"Lam-Resumable": "1"}},
        {"headers": {"Idempotency-Key": "k"}}], ids=str)
    def test_what_cannot_be_continued_ends_with_an_error(self, cut, why):
        stream, first, other = cut(**why)
        assert f"the stream from server {first} was cut" in stream_failure(stream)["message"]
        assert other.calls.empty()

    def test_a_server_that_refuses_to_go_on_leaves_the_first_error(self, cut):
        stream, first, other = cut()
        call = other.next_call()
        assert call.json()["messages"][-1] == {"role": "assistant", "content": "Once"}
        assert call.json()["max_tokens"] == BODY["max_tokens"] - 1
        call.answer(400, {"error": {"message": "Cannot have 2 or more assistant messages", "code": 400}})
        assert f"the stream from server {first} was cut" in stream_failure(stream)["message"]

    def test_the_seam_comes_before_the_first_word_of_the_other(self, cut):
        stream, first, other = cut()
        call = other.next_call()
        call.begin()
        call.event(b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":null}}]}\n\n')
        call.event(delta(" upon") + delta("", "stop") + DONE)
        call.end()
        names = {"one", "two"} - {first}
        seam = f": lamd: server {first} was lost, server {names.pop()} goes on from the text\n\n".encode()
        assert stream.read_all() == delta("Once") + seam + delta(" upon") + delta("", "stop") + DONE
