"""Conversations and thinking with a real llama-server: its own count of tokens, its own context, its own tags."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from lamdtest import unix_http
from lamdtest.answers import content
from lamdtest.lamd import server

CONTEXT, ANSWER = 512, 96
GGUF = Path(__file__).parents[2] / "tools" / "llama" / "make_tiny_gguf.py"
ASK = {"messages": [{"role": "user", "content": "hello there"}], "seed": 31, "max_tokens": 60}
RAW = {**ASK, "reasoning_format": "none"}  # the server leaves its tags in the content


def reach(transport, llama, make_lamd, make_broker, directory, **settings):
    """A gateway that reaches it with or without a worker."""
    if transport == "plain":
        lamd = make_lamd(servers=[server(llama.port)], **settings)
    else:
        broker = make_broker()
        mqtt = {"site": "home", "brokers": [broker.broker()]}
        make_lamd(worker={"name": "a", "server": f"http://127.0.0.1:{llama.port}",
                          "listen": f"unix:{directory}/worker.sock"}, mqtt=mqtt)
        way = {"mqtt": "a"} if transport == "mqtt" else {}
        lamd = make_lamd(servers=[server(f"unix:{directory}/worker.sock" if transport == "sse" else None, **way)],
                         mqtt=mqtt, **settings)
    lamd.wait_path("gpu")
    return lamd


@pytest.mark.parametrize("transport", ["plain", "sse", "mqtt"])
def test_a_prompt_and_its_answer_never_exceed_the_context(transport, make_llama, make_lamd, make_broker, directory):
    llama = make_llama(slots=1, context=CONTEXT)
    lamd = reach(transport, llama, make_lamd, make_broker, directory)
    prompts = []
    for number in range(14):
        body = {"content": f"{number}: " + "The quick brown fox jumps over the lazy dog. " * (1 + number % 5),
                "system_prompt": "Be brief.", "max_tokens": ANSWER, "ignore_eos": True, "temperature": 0}
        answer = lamd.post("/lam/v1/sessions/a/messages", body, timeout=60.0)
        assert answer.status == 200, answer.body
        usage = answer.json()["usage"]
        assert usage["prompt_tokens"] + ANSWER <= CONTEXT
        assert usage["completion_tokens"] == ANSWER, "there was room for all of it"
        assert answer.headers["Lam-Transport"] == ("mqtt" if transport == "mqtt" else "sse")
        prompts.append(usage["prompt_tokens"])
    assert max(prompts) > CONTEXT - ANSWER - 150, f"and there was no need to send so little: {prompts}"
    print(f"{transport}: prompts of {prompts} tokens")


def test_an_answer_is_shortened_only_where_there_is_no_room(make_llama, make_lamd, make_broker, directory):
    llama = make_llama(slots=1, context=CONTEXT)
    lamd = reach("plain", llama, make_lamd, make_broker, directory)
    body = {"content": "hello", "max_tokens": 5000, "ignore_eos": True}
    usage = lamd.post("/lam/v1/sessions/a/messages", body, timeout=60.0).json()["usage"]
    assert usage["prompt_tokens"] + usage["completion_tokens"] == CONTEXT
    too_long = lamd.post("/lam/v1/sessions/b/messages", {"content": "the lazy dog " * 400}, timeout=60.0)
    assert too_long.status == 400 and too_long.error()["type"] == "exceed_context_size_error"
    assert lamd.get("/lam/v1/sessions/b/messages").status == 404


@pytest.fixture
def thinker(make_llama, directory):
    model = directory / "think.gguf"
    subprocess.run([sys.executable, "-B", GGUF, "--template", "think", model], check=True, capture_output=True)
    return make_llama(model=model)


def ask_stream(lamd, body, headers=None):
    with unix_http.Stream(lamd.socket_path, "/v1/chat/completions", {**body, "stream": True}, headers, 30.0) as stream:
        return stream.read_all(), stream.head().headers


def thinking_of(text):
    assert text.startswith("<think>") and "</think>" in text, text
    return text.partition("</think>")[2].lstrip()


@pytest.mark.parametrize("transport", ["plain", "sse", "mqtt"])
def test_thinking_is_taken_out(transport, thinker, make_lamd, make_broker, directory):
    lamd = reach(transport, thinker, make_lamd, make_broker, directory,
                 defaults={"skip_thinking": True, "reasoning": "keep"})
    body, _ = ask_stream(lamd, {**RAW, "skip_thinking": False})
    expected = thinking_of(content(body))
    left, _ = ask_stream(lamd, RAW)
    assert content(left) == expected
    assert len(unix_http.sse_events(left)) == len(unix_http.sse_events(body)), "no event is left out"
    whole = lamd.post("/v1/chat/completions", RAW, timeout=30.0).json()["choices"][0]["message"]
    assert whole["content"] == expected
    reasoned = lamd.post("/v1/chat/completions", ASK, timeout=30.0).json()["choices"][0]["message"]
    assert reasoned["reasoning_content"], "kept"


def test_a_server_is_asked_not_to_think(thinker, make_lamd, make_broker, directory):
    lamd = reach("plain", thinker, make_lamd, make_broker, directory)
    asked = {**ASK, "chat_template_kwargs": {"enable_thinking": False}}
    expected = json.loads(thinker.request("POST", "/v1/chat/completions", asked)[1])["choices"][0]["message"]["content"]
    model = json.loads(thinker.request("GET", "/v1/models")[1])["data"][0]["id"]
    lamd.configure(servers=[server(thinker.port)], models={model: {"defaults": {"skip_thinking": True}}})
    assert lamd.reload().status == 200
    for body in ({**ASK, "model": model}, ASK):
        message = lamd.post("/v1/chat/completions", body, timeout=30.0).json()["choices"][0]["message"]
        assert message["content"] == expected and "reasoning_content" not in message
    wanted = {**ASK, "chat_template_kwargs": {"enable_thinking": True}}
    assert lamd.post("/v1/chat/completions", wanted, timeout=30.0).json()["choices"][0]["message"]["reasoning_content"]


def test_a_filtered_stream_is_the_same_wherever_it_is_resumed(thinker, make_lamd, make_broker, directory):
    lamd = reach("sse", thinker, make_lamd, make_broker, directory)
    skip = {**RAW, "skip_thinking": True, "chat_template_kwargs": {"enable_thinking": True}}
    body, headers = ask_stream(lamd, skip, {"Lam-Resumable": "1"})
    assert headers["Lam-Resumable"] == "1" and b"<think>" not in body
    events = unix_http.sse_events(body)
    assert [event["id"] for event in events] == [str(number) for number in range(len(events))]
    lamd.configure(servers=[server(f"unix:{directory}/worker.sock")])
    for last in range(0, len(events) - 1, 3):
        with unix_http.Stream(lamd.socket_path, f"/lam/v1/streams/{headers['Lam-Stream']}",
                              headers={"Last-Event-ID": str(last)}) as stream:
            assert unix_http.sse_events(stream.read_all()) == events[last + 1:]
    lamd.kill()
    lamd.start()
    lamd.wait_path("gpu")
    with unix_http.Stream(lamd.socket_path, f"/lam/v1/streams/{headers['Lam-Stream']}") as stream:
        assert unix_http.sse_events(stream.read_all()) == events


def test_a_session_does_not_keep_thinking(thinker, make_lamd, make_broker, directory):
    lamd = reach("plain", thinker, make_lamd, make_broker, directory)
    body = {"content": "hello there", "seed": 31, "max_tokens": 60, "reasoning_format": "none",
            "defaults": {"skip_thinking": True, "reasoning": "keep"}, "stream": True}
    with unix_http.Stream(lamd.socket_path, "/lam/v1/sessions/a/messages", body, timeout=30.0) as stream:
        said = content(stream.read_all())
    kept = lamd.get("/lam/v1/sessions/a/messages").json()["messages"][-1]["content"]
    assert kept == said and "think>" not in kept
