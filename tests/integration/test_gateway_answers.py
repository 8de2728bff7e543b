"""Answers through the gateway: the server's own bytes, at once, and only as long as somebody wants them."""

import json
import subprocess

import pytest
from lamdtest import unix_http
from lamdtest.lamd import server
from lamdtest.upstream import ANSWER, ASK, CHAT, DONE, delta
from lamdtest.wait import wait_until


def test_events_come_one_by_one_as_the_server_sends_them(chat):
    stream, call = chat()
    call.begin()
    assert stream.head().status == 200
    assert stream.head().getheader("Content-Type").startswith("text/event-stream")
    for word in ("one", "two", "three"):
        call.event(delta(word))
        stream.read_until(delta(word))  # before the next one exists
    call.event(delta("", "stop") + DONE)
    call.end()
    stream.read_all()


def test_the_bytes_are_the_servers_own(chat):
    sent = (b": a comment\n\n" + delta("é") + b"event: x\ndata: {\"choices\":[]}\n\n" + delta("\U0001f600") +
            b"data:  {\"choices\": []} \n\n" + delta("", "stop") + DONE)
    stream, call = chat()
    call.begin()
    for begin in range(0, len(sent), 7):  # cut anywhere, within characters too
        call.event(sent[begin:begin + 7])
    call.end()
    assert stream.read_all() == sent


def test_the_head_says_who_answered(chat):
    stream, call = chat()
    call.begin()
    head = stream.head()
    assert head.getheader("Lam-Server") == "gpu" and head.getheader("Lam-Transport") == "sse"
    assert head.getheader("Lam-Attempts") == "1" and head.getheader("X-Request-Id")
    call.event(DONE)
    call.end()


def test_what_lamd_does_not_know_passes_to_the_server(chat):
    body = {**CHAT, "grammar": "root ::= \"x\"", "chat_template_kwargs": {"enable_thinking": False}, "n_probs": 3,
            "temperature": 0.25, "logit_bias": [[415, 65]], "cache_prompt": True}
    stream, call = chat(body)
    assert call.json() == body and call.target == "/v1/chat/completions"
    call.begin()
    call.event(DONE)
    call.end()
    stream.read_all()


def test_a_whole_answer_is_passed_on_as_it_is(lamd, upstream, keep):
    stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", ASK))
    call = upstream.next_call()
    call.answer(200, ANSWER)
    assert stream.head().status == 200 and json.loads(stream.read_all()) == ANSWER
    wait_until(lambda: lamd.status()["streams"]["finished"] == 1, what="the answer to be counted")


@pytest.mark.parametrize("target", ["/v1/completions", "/v1/embeddings"])
def test_the_other_routes_of_the_api_are_passed_on(lamd, upstream, keep, target):
    body = {"model": "tiny", "prompt": "x", "input": "x"}
    stream = keep(unix_http.Stream(lamd.socket_path, target, body))
    call = upstream.next_call()
    assert (call.target, call.json()) == (target, body)
    call.answer(200, {"object": "list"})
    assert json.loads(stream.read_all()) == {"object": "list"}


def test_models_are_those_of_all_servers(make_upstream, make_lamd):
    lamd = make_lamd(servers=[server(make_upstream(models=["one"]).port, "a"),
                              server(make_upstream(models=["two", "one"]).port, "b")])
    lamd.wait_path("a")
    lamd.wait_path("b")
    assert sorted(model["id"] for model in lamd.get("/v1/models").json()["data"]) == ["one", "two"]


def test_configured_defaults_fill_what_a_request_leaves_out(upstream, make_lamd, keep):
    lamd = make_lamd(servers=[server(upstream.port)], defaults={"temperature": 0.6, "max_tokens": 512})
    lamd.wait_path("gpu")
    keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", {**ASK, "temperature": 0.1}))
    call = upstream.next_call()
    assert call.json() == {**ASK, "temperature": 0.1, "max_tokens": 512}
    call.answer(200, ANSWER)


def test_the_servers_key_is_sent_and_never_shown(upstream, make_lamd, keep, directory):
    key = directory / "api-key"
    key.write_text("sk-very-secret\n")
    key.chmod(0o600)
    lamd = make_lamd(servers=[server(upstream.port, api_key_file=key)])
    lamd.wait_path("gpu")
    stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", ASK))
    call = upstream.next_call()
    assert call.headers["authorization"] == "Bearer sk-very-secret"
    call.answer(200, ANSWER)
    stream.read_all()
    said = b"".join(lamd.get(target).body for target in ("/lam/v1/status", "/lam/v1/config", "/metrics"))
    processes = subprocess.run(["ps", "axeww"], capture_output=True, check=True).stdout
    assert b"very-secret" not in said + processes + lamd.output().encode()


def test_a_server_on_a_unix_socket(make_upstream, make_lamd, keep, directory):
    upstream = make_upstream(path=directory / "server.sock")
    lamd = make_lamd(servers=[server(f"unix:{directory}/server.sock")])
    lamd.wait_path("gpu")
    stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", ASK))
    upstream.next_call().answer(200, ANSWER)
    assert json.loads(stream.read_all()) == ANSWER


def test_curl_reads_a_stream(lamd, upstream):
    words = ["curl", "-sSN", "--fail-with-body", "--unix-socket", lamd.socket_path, "-H",
             "Content-Type: application/json", "-d", json.dumps(CHAT), "http://lamd/v1/chat/completions"]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as curl:
        call = upstream.next_call()
        call.begin()
        call.event(delta("one"))
        assert curl.stdout.read(len(delta("one"))) == delta("one")
        call.event(delta("", "stop") + DONE)
        call.end()
        assert curl.stdout.read() == delta("", "stop") + DONE
    assert curl.returncode == 0


def test_one_connection_serves_many_requests(lamd, upstream):
    connection = unix_http.UnixConnection(lamd.socket_path)
    for number in range(3):
        connection.request("POST", "/v1/chat/completions", json.dumps(ASK), {"Content-Type": "application/json"})
        upstream.next_call().answer(200, {"number": number})
        assert json.loads(connection.getresponse().read()) == {"number": number}
    connection.close()


def test_connections_to_the_server_are_kept(lamd, upstream, keep):
    for _ in range(5):
        stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", ASK))
        upstream.next_call().answer(200, ANSWER)
        stream.read_all()
    assert upstream.accepted() <= 3


def test_many_streams_at_once_are_kept_apart(lamd, upstream, keep):
    streams = [keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", {**CHAT, "seed": number}))
               for number in range(64)]
    calls = {call.json()["seed"]: call for call in (upstream.next_call() for _ in streams)}
    for call in calls.values():
        call.begin()
    for turn in range(20):
        for number, call in calls.items():
            call.event(delta(f"{number}:{turn} "))
    assert lamd.status()["streams"]["running"] == 64
    for call in calls.values():
        call.event(DONE)
        call.end()
    for number, stream in enumerate(streams):
        assert stream.read_all() == b"".join(delta(f"{number}:{turn} ") for turn in range(20)) + DONE


def test_a_wrong_route_or_method_is_said_so(lamd):
    assert lamd.get("/v1/nothing").status == 404
    refused = lamd.get("/v1/chat/completions")
    assert refused.status == 405 and "POST" in refused.headers["Allow"]
    assert lamd.get("/nothing").error()["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\"x\"", b"\xff\xfe", b"{}" * 1000, b"[" * 100000])
def test_a_body_that_is_no_request_is_refused_here(lamd, upstream, body):
    answer = unix_http.request(lamd.socket_path, "POST", "/v1/chat/completions", body,
                               {"Content-Type": "application/json"})
    assert answer.status == 400 and answer.error()["type"] == "invalid_request_error"
    assert not [target for method, target in upstream.requests if method == "POST"]


def test_a_model_that_no_server_has_is_refused(make_upstream, make_lamd):
    lamd = make_lamd(servers=[server(make_upstream(models=[name]).port, name) for name in ("red", "blue")])
    lamd.wait_path("red")
    lamd.wait_path("blue")
    answer = lamd.post("/v1/chat/completions", {**ASK, "model": "gpt-9"})
    assert answer.status == 404 and answer.error()["code"] == "model_not_found"
    assert "gpt-9" in answer.error()["message"]


def test_a_single_server_takes_any_name_for_its_model(lamd, upstream, keep):
    """As llama-server itself does: backends that send a name of their own go on working."""
    stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", {**ASK, "model": "gpt-9"}))
    call = upstream.next_call()
    assert call.json()["model"] == "gpt-9"
    call.answer(200, ANSWER)
    assert json.loads(stream.read_all()) == ANSWER


def test_a_response_that_is_read_whole_equals_the_direct_one(make_llama, make_lamd):
    llama = make_llama()
    lamd = make_lamd(servers=[server(llama.port)])
    lamd.wait_path("gpu")
    body = {"messages": CHAT["messages"], "temperature": 0, "seed": 1, "max_tokens": 40}
    direct = json.loads(llama.request("POST", "/v1/chat/completions", body)[1])
    through = lamd.post("/v1/chat/completions", body, timeout=30.0).json()
    assert through["choices"] == direct["choices"]
