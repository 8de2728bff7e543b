"""Which server answers: never more at once than it has slots, a bounded queue, models that stand in for others."""

import json
import time

import pytest
from lamdtest import unix_http
from lamdtest.lamd import server
from lamdtest.ports import free_port
from lamdtest.upstream import CHAT, DONE, delta
from lamdtest.wait import wait_until


def finish(stream, call):
    call.begin()
    call.event(delta("one", None) + delta("", "stop") + DONE)
    call.end()
    assert stream.read_all() == delta("one") + delta("", "stop") + DONE


class TestSlots:
    @pytest.fixture
    def lamd(self, upstream, make_lamd):
        lamd = make_lamd(servers=[server(upstream.port, slots=1)], queue={"size": 2, "wait": "1s"})
        lamd.wait_path("gpu", "up")
        return lamd

    @pytest.fixture
    def ask(self, lamd, keep):
        return lambda: keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", CHAT))

    def test_a_request_waits_until_a_slot_is_free(self, ask, upstream):
        first = ask()
        call = upstream.next_call()
        second = ask()
        time.sleep(0.2)
        assert upstream.calls.empty(), "two at once on one slot"
        finish(first, call)
        finish(second, upstream.next_call())

    def test_a_caller_that_leaves_makes_room(self, ask, upstream):
        first = ask()
        upstream.next_call()
        second = ask()
        first.close()
        finish(second, upstream.next_call())

    def test_who_waits_too_long_is_told_when_to_come_back(self, lamd, ask, upstream):
        ask()
        upstream.next_call()
        begun = time.monotonic()
        second = ask()
        assert second.head().status == 503 and int(second.head().headers["Retry-After"]) >= 1
        assert json.loads(second.read_all())["error"]["code"] == "saturated"
        assert time.monotonic() - begun > 0.9
        assert lamd.metric("lamd_gateway_saturated_total") == 1

    def test_the_queue_is_bounded(self, ask, upstream):
        ask()
        upstream.next_call()
        waiting = [ask() for _ in range(2)]
        begun = time.monotonic()
        assert ask().head().status == 503
        assert time.monotonic() - begun < 0.9, "not queued, where it would wait for a second"
        assert len(waiting) == 2


def test_a_llama_servers_own_slots_count(make_llama, make_lamd):
    llama = make_llama(slots=2)
    lamd = make_lamd(servers=[server(llama.port)])
    lamd.wait_path("gpu", "up")
    body = {**CHAT, "max_tokens": 600, "ignore_eos": True}
    streams = [unix_http.Stream(lamd.socket_path, "/v1/chat/completions", body) for _ in range(3)]
    wait_until(lambda: lamd.path("gpu")["in_flight"] == 2, what="two answers to run")
    for stream in streams:
        stream.read_all()
        stream.close()


class TestFallback:
    @pytest.fixture
    def big(self, make_upstream):
        return make_upstream(models=["big"])

    @pytest.fixture
    def small(self, make_upstream):
        return make_upstream(models=["small"])

    def test_another_model_answers_while_the_one_is_gone(self, make_lamd, small, keep):
        lamd = make_lamd(servers=[server(free_port(), "big", models=["big"]), server(small.port, "small")],
                         models={"big": {"fallback": ["small"]}})
        lamd.wait_path("big", "down")
        lamd.wait_path("small", "up")
        stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", {**CHAT, "model": "big"}))
        call = small.next_call()
        assert call.json()["model"] == "small"
        finish(stream, call)
        assert stream.head().headers["Lam-Model"] == "small"

    def test_the_model_itself_is_preferred(self, make_lamd, big, small, keep):
        lamd = make_lamd(servers=[server(big.port, "big"), server(small.port, "small")],
                         models={"big": {"fallback": ["small"]}})
        lamd.wait_path("big", "up")
        lamd.wait_path("small", "up")
        stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", {**CHAT, "model": "big"}))
        call = big.next_call()
        assert call.json()["model"] == "big"
        finish(stream, call)
        assert "Lam-Model" not in stream.head().headers
