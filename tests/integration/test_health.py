"""Whose fault it is: each part of the way is taken away from real peers, and lamd names the one that is missing."""

import threading

import pytest
from lamdtest import unix_http
from lamdtest.answers import content
from lamdtest.lamd import seconds_until, server, tunnel
from lamdtest.lamctl import lamctl
from lamdtest.ports import free_port
from lamdtest.process import freeze, thaw
from lamdtest.upstream import ANSWER, ASK, CHAT, DONE, delta
from lamdtest.wait import wait_until

STORY = {"messages": [{"role": "user", "content": "Tell me a story."}], "stream": True, "max_tokens": 60,
         "temperature": 0, "seed": 7, "ignore_eos": True}


def wait_fate(lamd, fate, transport="sse", timeout=25.0, remedy=""):
    """The path's status, once that is what is wrong with it (and `remedy` what is to be done: a machine that is being
    stopped is silent, then full, before it is gone); the daemon's verdict must say the same."""
    def found(status):
        path = next(one for one in status["paths"] if one["transport"] == transport)
        return (path, status) if path["fate"] == fate and remedy in path.get("reason", {}).get("remedy", "") else None

    path, status = found(lamd.wait_status(found, timeout, f"{transport} to be {fate}"))
    subject = f"server gpu over {transport} is {path['state']}"
    assert fate == "none" or any(reason["message"].startswith(subject) for reason in status["verdict"]["reasons"])
    return path


def posts(upstream):
    return sum(1 for method, _ in upstream.requests if method == "POST")


def wait_up(lamd, timeout=40.0):
    lamd.wait_status(lambda status: all(path["state"] == "up" for path in status["paths"]), timeout,
                     "all paths up")


class House:
    """A GPU machine (real llama-server, a worker and a tunnel of their own lamds), a web server, and what is between."""

    def __init__(self, make_llama, make_lamd, sshd, broker, directory):
        self.llama, self.sshd, self.broker, self.port = make_llama(), sshd, broker, free_port()
        mqtt = {"site": "home", "brokers": [broker.broker()]}
        listen = f"{directory}/worker.sock"
        self.worker = make_lamd(worker={"name": "a", "server": f"http://127.0.0.1:{self.llama.port}",
                                        "listen": f"unix:{listen}"}, mqtt=mqtt)
        self.tunnel = make_lamd([tunnel(sshd, (self.port, f"unix:{listen}"))])
        self.tunnel.wait_tunnel("up")
        self.b = make_lamd(servers=[server(self.port, mqtt="a", probe_interval="500ms", wedged_after="1s")], mqtt=mqtt)
        wait_up(self.b)


@pytest.fixture
def house(make_llama, make_lamd, sshd, make_broker, directory):
    return House(make_llama, make_lamd, sshd, make_broker(), directory)


class TestBehindAWorker:
    def test_a_tunnel_that_is_cut(self, house):
        house.sshd.stop()
        path = wait_fate(house.b, "tunnel_down")
        assert path["state"] == "down" and f"nobody listens at http://127.0.0.1:{house.port}" in path["reason"]["message"]
        assert "look at the tunnel" in path["reason"]["remedy"]
        assert wait_fate(house.b, "none", "mqtt")["state"] == "up"
        assert "down (tunnel down)" in lamctl(house.b.socket_path, "status").stdout
        assert house.b.metric("lamd_path_fate", transport="sse", fate="tunnel_down") == 1
        house.sshd.start()
        wait_up(house.b)
        back = next(one for one in house.b.status()["paths"] if one["transport"] == "sse")
        assert back["falls"] == 1 and 5 < seconds_until(back["held_until"]) <= 36
        assert "nobody listens" in back["held_because"] or "closes" in back["held_because"]
        answer = house.b.post("/v1/chat/completions", {**STORY, "stream": False, "max_tokens": 3})
        assert answer.status == 200 and answer.headers["lam-transport"] == "mqtt"

    def test_a_broker_that_is_stopped(self, house):
        house.broker.kill()
        path = wait_fate(house.b, "broker_down", "mqtt")
        assert "no broker is connected" in path["reason"]["message"] and path["reason"]["remedy"]
        assert wait_fate(house.b, "none")["state"] == "up"

    def test_a_worker_that_is_stopped(self, house):
        house.worker.stop()
        path = wait_fate(house.b, "worker_down", "mqtt", remedy="start worker a")
        assert "worker a" in path["reason"]["message"]
        path = wait_fate(house.b, "worker_down", remedy="start lamd")
        assert "the tunnel is up, the worker of server gpu behind it is not" in path["reason"]["message"]

    def test_a_server_that_is_killed(self, house):
        house.llama.kill()
        for transport in ("sse", "mqtt"):
            path = wait_fate(house.b, "server_down", transport)
            assert path["reason"]["message"] == "worker a answers, but its server does not"
            assert "start the model's server next to worker a" in path["reason"]["remedy"]

    def test_a_server_that_hangs(self, house):
        freeze([house.llama.pid])
        try:
            for transport in ("sse", "mqtt"):
                path = wait_fate(house.b, "wedged", transport)
                assert path["state"] in ("down", "degraded") and "restart" in path["reason"]["remedy"]
        finally:
            thaw([house.llama.pid])
        wait_up(house.b)


@pytest.fixture
def lamd(make_lamd, upstream):
    lamd = make_lamd(servers=[server(upstream.port, probe_interval="200ms", wedged_after="1s")])
    lamd.wait_path("gpu", "up")
    return lamd


class TestPlain:
    def test_a_server_that_is_killed_behind_its_tunnel(self, make_llama, make_lamd, sshd):
        llama, port = make_llama(), free_port()
        a = make_lamd([tunnel(sshd, (port, f"127.0.0.1:{llama.port}"))])
        a.wait_tunnel("up")
        b = make_lamd(servers=[server(port, probe_interval="300ms")])
        b.wait_path("gpu", "up")
        llama.kill()
        path = wait_fate(b, "server_down")
        assert "the tunnel is up, server gpu behind it is not" in path["reason"]["message"]
        assert "start server gpu" in path["reason"]["remedy"]
        sshd.stop()
        wait_fate(b, "tunnel_down")

    def test_a_server_that_loads(self, make_llama, make_lamd):
        port = free_port()
        lamd = make_lamd(servers=[server(port, probe_interval="100ms")])
        wait_fate(lamd, "tunnel_down")
        make_llama(model="slow.gguf", port=port)
        lamd.wait_path("gpu", "up")
        assert '"fate":"loading"' in lamd.output().replace('": "', '":"')

    def test_a_server_that_hangs_in_the_middle_of_an_answer_and_goes_on(self, make_llama, make_lamd, keep):
        llama = make_llama(model="slow.gguf")
        lamd = make_lamd(servers=[server(llama.port, probe_interval="500ms", wedged_after="1s")])
        lamd.wait_path("gpu", "up")
        direct = content(llama.request("POST", "/v1/chat/completions", STORY, timeout=60.0)[1])
        stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", STORY, timeout=60.0))
        stream.read_until(b"data:")
        freeze([llama.pid])
        try:
            path = wait_fate(lamd, "wedged")
            assert path["state"] == "down" and path["in_flight"] == 1
            assert "no token for" in path["reason"]["message"] and "in 1 running answer" in path["reason"]["message"]
            assert "restart server gpu" in path["reason"]["remedy"]
            assert lamd.post("/v1/chat/completions", STORY).status == 503
        finally:
            thaw([llama.pid])
        assert content(stream.read_all()) == direct
        lamd.wait_path("gpu", "up")

    def test_a_server_whose_health_is_well_and_whose_answers_do_not_get_on(self, lamd, upstream, keep):
        stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", CHAT))
        call = upstream.next_call()
        call.begin()
        call.event(delta("one"))
        path = wait_fate(lamd, "wedged")
        assert path["state"] == "down" and "no /slots" in path["reason"]["message"]
        assert ("GET", "/slots") in upstream.requests
        assert lamd.post("/v1/chat/completions", CHAT).status == 503
        call.event(delta("", "stop") + DONE)
        call.end()
        assert stream.read_all() == delta("one") + delta("", "stop") + DONE
        lamd.wait_path("gpu", "up")

    def test_a_server_that_thinks_long_is_left_in_peace(self, lamd, upstream, keep):
        """Its slots get on, though no token comes."""
        upstream.slots = lambda: [{"id": 0, "is_processing": True, "id_task": 1,
                                   "n_prompt_tokens_processed": len(upstream.requests)}]
        stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", CHAT))
        call = upstream.next_call()
        call.begin()
        wait_until(lambda: upstream.requests.count(("GET", "/slots")) >= 4, 20.0, "looks into the server")
        assert lamd.path("gpu")["fate"] == "none" and lamd.path("gpu")["state"] == "up"
        call.event(delta("one") + delta("", "stop") + DONE)
        call.end()
        assert stream.read_all() == delta("one") + delta("", "stop") + DONE

    @pytest.mark.parametrize("status", [429, 503])
    def test_a_server_that_wants_no_requests_for_a_while(self, lamd, upstream, keep, status):
        first = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", ASK))
        upstream.next_call().answer(status, {"error": {"message": "later", "type": "x", "code": status}},
                                    b"Content-Type: application/json\r\nRetry-After: 3\r\n")
        assert first.head().status == status
        path = wait_fate(lamd, "saturated")
        assert path["state"] == "saturated" and 0 < seconds_until(path["saturated_until"]) <= 3.7
        assert lamd.status()["verdict"]["state"] == "degraded"
        refused = lamd.post("/v1/chat/completions", ASK)
        assert refused.status == 503 and refused.json()["error"]["code"] == "saturated"
        assert 1 <= int(refused.headers["retry-after"]) <= 4
        assert posts(upstream) == 1
        lamd.wait_path("gpu", "up", timeout=10.0)
        again = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", ASK))
        upstream.next_call().answer(200, ANSWER)
        assert again.head().status == 200

    def test_requests_go_elsewhere_while_a_server_is_saturated(self, make_upstream, make_lamd):
        upstreams = {name: make_upstream() for name in ("red", "blue")}
        lamd = make_lamd(servers=[server(upstream.port, name) for name, upstream in upstreams.items()])
        for name in upstreams:
            lamd.wait_path(name, "up")
        answers = []
        asker = threading.Thread(target=lambda: answers.append(lamd.post("/v1/chat/completions", ASK)))
        asker.start()
        wait_until(lambda: any(map(posts, upstreams.values())), 5.0, "the first request")
        first = next(upstream for upstream in upstreams.values() if posts(upstream))
        first.next_call().answer(429, {"error": {"message": "later"}},
                                 b"Content-Type: application/json\r\nRetry-After: 60\r\n")
        second = next(upstream for upstream in upstreams.values() if upstream is not first)
        second.next_call().answer(200, ANSWER)
        asker.join()
        assert answers[0].status == 200
        for _ in range(3):
            asker = threading.Thread(target=lambda: answers.append(lamd.post("/v1/chat/completions", ASK)))
            asker.start()
            second.next_call().answer(200, ANSWER)
            asker.join()
        assert [answer.status for answer in answers] == [200] * 4
        assert posts(first) == 1
