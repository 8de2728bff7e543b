"""A gateway that reaches a server through a bridge of existing deployments, which speaks the legacy topics only."""

import threading

import pytest
from lamdtest import unix_http
from lamdtest.answers import content
from lamdtest.lamctl import lamctl
from lamdtest.lamd import server
from lamdtest.legacy import Bridge, PahoClient
from lamdtest.upstream import ANSWER, ASK, CHAT
from lamdtest.wait import wait_until


@pytest.fixture
def broker(make_broker):
    return make_broker()


@pytest.fixture
def make_bridge(directory, broker, keep):
    return lambda port, *projects, options=(): keep(Bridge(directory, broker.port, port, *projects, options=options))


@pytest.fixture
def bridge(make_bridge, upstream):
    return make_bridge(upstream.port, "portal")


@pytest.fixture
def make_gateway(make_lamd, broker):
    def make(*servers, **settings):
        return make_lamd(servers=servers, mqtt={"brokers": [broker.broker()]}, **settings)

    return make


@pytest.fixture
def lamd(bridge, make_gateway):
    lamd = make_gateway(server(None, "old", bridge="portal"))
    lamd.wait_path("old", "up")
    return lamd


class Asking(threading.Thread):
    """A request while it waits for its answer."""

    def __init__(self, lamd, body):
        super().__init__(daemon=True)
        self._lamd, self._body, self._answer = lamd, body, None
        self.start()

    def run(self):
        self._answer = unix_http.request(self._lamd.socket_path, "POST", "/v1/chat/completions", self._body, timeout=60.0)

    def answer(self):
        self.join(60.0)
        return self._answer


@pytest.fixture
def ask():
    return Asking


def says(call, text):
    call.answer(200, {**ANSWER, "choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]})


def test_a_whole_answer(lamd, upstream, ask):
    asking = ask(lamd, {**ASK, "temperature": 0.1, "top_p": 0.5, "max_tokens": 9})
    call = upstream.next_call()
    assert call.json()["messages"] == [{"role": "system", "content": "You are the assistant of portal."},
                                       {"role": "user", "content": "Hello!"}]
    assert [call.json()[key] for key in ("temperature", "top_p", "max_tokens")] == [0.1, 0.5, 9]
    says(call, "Hi ü")
    answer = asking.answer()
    assert answer.status == 200 and answer.headers["Lam-Transport"] == "mqtt" and answer.headers["Lam-Server"] == "old"
    choice, = answer.json()["choices"]
    assert choice == {"index": 0, "message": {"role": "assistant", "content": "Hi ü"}, "finish_reason": "stop"}


def test_a_stream_of_one_event(lamd, upstream, ask):
    asking = ask(lamd, CHAT)
    says(upstream.next_call(), "Hi")
    answer = asking.answer()
    assert answer.headers["Content-Type"] == "text/event-stream" and content(answer.body) == "Hi"
    assert [event["data"] == "[DONE]" for event in unix_http.sse_events(answer.body)] == [False, True]


def test_a_conversation_is_told_whole_and_left_to_nobody(lamd, bridge, upstream, ask):
    messages = [{"role": "system", "content": "Be terse."}, {"role": "user", "content": "One"},
                {"role": "assistant", "content": "Two"}, {"role": "user", "content": "Three"}]
    asking = ask(lamd, {**ASK, "messages": messages})
    call = upstream.next_call()
    system, user = call.json()["messages"]
    assert system["content"] == "Be terse." and user["content"].endswith("User: One\n\nAssistant: Two\n\nUser: Three")
    says(call, "Four")
    assert asking.answer().status == 200
    asking = ask(lamd, ASK)
    call = upstream.next_call()
    assert "Three" not in call.body.decode() and len(call.json()["messages"]) == 2
    says(call, "Hi")
    asking.answer()
    asked = [payload["sessionId"] for payload in bridge.received("portal/user_input")]
    assert len(set(asked)) == 2
    wait_until(lambda: [payload["sessionId"] for payload in bridge.received("portal/delete_session")] == asked,
               what="both sessions to be deleted")


def test_the_answers_of_a_real_server(make_bridge, make_llama, make_gateway):
    make_bridge(make_llama().port, "portal")
    lamd = make_gateway(server(None, "old", bridge="portal"))
    lamd.wait_path("old", "up")
    body = {"messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 16, "temperature": 0}
    whole = lamd.post("/v1/chat/completions", body, timeout=60.0).json()["choices"][0]["message"]["content"]
    stream = lamd.post("/v1/chat/completions", {**body, "stream": True}, timeout=60.0)
    assert whole and content(stream.body) == whole


def test_an_error_is_an_error(lamd, upstream, ask):
    asking = ask(lamd, CHAT)
    upstream.next_call().answer(500, {"error": {"message": "out of memory"}})
    answer = asking.answer()
    assert answer.status == 502 and answer.error()["message"] == "Error: out of memory"
    assert lamd.path("old")["state"] == "up", "that is no fault of the way"


def test_a_bridge_that_is_busy_is_saturated(make_bridge, upstream, make_gateway):
    make_bridge(upstream.port, "portal", options=["--full"])
    lamd = make_gateway(server(None, "old", bridge="portal"))
    lamd.wait_path("old", "up")
    answer = lamd.post("/v1/chat/completions", CHAT)
    assert answer.status == 503 and answer.headers["Retry-After"] and answer.error()["code"] == "saturated"
    assert lamd.path("old")["state"] == "saturated"


def test_what_a_bridge_cannot_be_told_is_not_left_out(lamd, bridge):
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    answer = lamd.post("/v1/chat/completions", {**CHAT, "tools": tools})
    assert answer.status == 501 and "'tools'" in answer.error()["message"]
    assert lamd.post("/v1/embeddings", {"input": "x"}).status == 501
    assert not bridge.received("portal/user_input")


def test_its_death_is_told_at_once(lamd, bridge, upstream, ask):
    asking = ask(lamd, CHAT)
    upstream.next_call()
    bridge.kill()
    answer = asking.answer()
    assert answer.status == 502 and "has left the broker" in answer.error()["message"]
    path = lamd.wait_path("old", "down")
    assert path["fate"] == "worker_down" and "portal/status" in path["reason"]["remedy"]
    assert lamd.post("/v1/chat/completions", CHAT).status == 503


def test_it_may_come_back(lamd, bridge, make_bridge, upstream, ask):
    bridge.kill()
    lamd.wait_path("old", "down")
    make_bridge(upstream.port, "portal")
    lamd.wait_path("old", "up")
    asking = ask(lamd, CHAT)
    says(upstream.next_call(), "Hi")
    assert content(asking.answer().body) == "Hi"


def test_a_lost_broker_is_told(lamd, broker, upstream, ask):
    asking = ask(lamd, CHAT)
    upstream.next_call()
    broker.kill()
    answer = asking.answer()
    assert answer.status == 502 and "broker" in answer.error()["message"]
    assert lamd.wait_path("old", "down")["fate"] == "broker_down"
    broker.start()
    lamd.wait_path("old", "up", timeout=30.0)


def test_two_projects_of_one_bridge(make_bridge, upstream, make_gateway, ask):
    """The second one has no status of its own."""
    bridge = make_bridge(upstream.port, "portal", "maze")
    lamd = make_gateway(server(None, "a", bridge="portal", models=["a"]),
                        server(None, "b", bridge={"project": "maze", "status": "portal"}, models=["b"]))
    for name, project in (("a", "portal"), ("b", "maze")):
        lamd.wait_path(name, "up")
        asking = ask(lamd, {**ASK, "model": name})
        call = upstream.next_call()
        assert call.json()["messages"][0]["content"] == f"You are the assistant of {project}."
        says(call, name)
        answer = asking.answer()
        assert answer.headers["Lam-Server"] == name and answer.json()["choices"][0]["message"]["content"] == name
    bridge.kill()
    lamd.wait_path("a", "down")
    lamd.wait_path("b", "down")


def test_one_that_never_tells_its_status_is_asked_for_a_sign(make_bridge, upstream, make_gateway):
    make_bridge(upstream.port, "portal", options=["--quiet"])
    lamd = make_gateway(server(None, "old", bridge="portal"))
    lamd.wait_path("old", "up")


def test_one_that_is_not_there_is_down(make_gateway):
    lamd = make_gateway(server(None, "old", bridge="portal", probe_interval="100ms"))
    lamd.wait_status(lambda status: status["broker"]["state"] == "up", what="the broker")

    def is_unheard(status):
        path, = status["paths"]
        return path["state"] == "down" and "has not been heard" in path["reason"]["message"]

    lamd.wait_status(is_unheard, 30.0, "the bridge to be missed")


def test_another_server_answers_where_it_cannot(bridge, upstream, make_upstream, make_gateway, ask):
    other = make_upstream()
    lamd = make_gateway(server(None, "old", bridge="portal", models=["m"]), server(other.port, "new", models=["m"]))
    lamd.wait_path("old", "up")
    lamd.wait_path("new", "up")
    asked = {"old": 0, "new": 0}
    for _ in range(4):
        asking = ask(lamd, {**ASK, "model": "m"})
        wait_until(lambda: not upstream.calls.empty() or not other.calls.empty(), what="a server to be asked")
        if not upstream.calls.empty():
            asked["old"] += 1
            upstream.next_call()
            bridge.kill()
        call = other.next_call()
        asked["new"] += 1
        call.answer(200, ANSWER)
        answer = asking.answer()
        assert answer.status == 200 and answer.headers["Lam-Server"] == "new"
        if asked["old"]:
            break
    assert asked["old"] == 1, "it was asked, and the other one took over"


def test_beside_a_tunnel_it_is_the_second_way(bridge, upstream, make_upstream, make_gateway, ask):
    """As existing deployments have it: the same server through both."""
    direct = make_upstream()
    lamd = make_gateway(server(direct.port, "gpu", bridge="portal"))
    lamd.wait_status(lambda status: [path["state"] for path in status["paths"]] == ["up", "up"], what="both paths up")
    asking = ask(lamd, ASK)
    direct.next_call().answer(200, ANSWER)
    assert asking.answer().headers["Lam-Transport"] == "sse"
    direct.close()
    lamd.wait_status(lambda status: status["paths"][0]["state"] == "down", what="the tunnel's path to go down")
    asking = ask(lamd, CHAT)
    says(upstream.next_call(), "Hi")
    answer = asking.answer()
    assert answer.headers["Lam-Transport"] == "mqtt" and content(answer.body) == "Hi"


def test_the_status_shows_it(lamd):
    path = lamd.path("old")
    assert (path["transport"], path["address"]) == ("mqtt", "bridge:portal")
    assert "bridge:portal" in lamctl(lamd.socket_path, "status").stdout
    assert lamctl(lamd.socket_path, "probe", "old", "mqtt").returncode == 0
    assert [model["id"] for model in lamd.get("/v1/models").json()["data"]] == ["portal"]


def test_lamd_stands_in_for_a_bridge(make_lamd, make_gateway, broker, directory, upstream, ask):
    """Both ends are lamd, and they speak nothing but the legacy topics."""
    make_lamd(worker={"name": "gpu", "server": f"http://127.0.0.1:{upstream.port}", "listen": f"unix:{directory}/w.sock",
                      "legacy": {"projects": {"portal": {"system_prompt": "Be kind."}}}}, mqtt={"brokers": [broker.broker()]})
    lamd = make_gateway(server(None, "old", bridge="portal"))
    lamd.wait_path("old", "up")
    asking = ask(lamd, CHAT)
    call = upstream.next_call()
    assert call.json()["messages"][0]["content"] == "Be kind."
    says(call, "Hi")
    assert content(asking.answer().body) == "Hi"


def test_a_caller_who_leaves_is_heard_no_more(lamd, bridge, upstream, keep, broker):
    client = keep(PahoClient(broker.port, ["portal/delete_session"], 4))
    stream = unix_http.Stream(lamd.socket_path, "/v1/chat/completions", CHAT)
    call = upstream.next_call()
    stream.close()
    assert client.next()[0] == "portal/delete_session"
    says(call, "Hi")
    wait_until(lambda: lamd.status()["streams"]["cancelled"] == 1, what="the answer to count as cancelled")
