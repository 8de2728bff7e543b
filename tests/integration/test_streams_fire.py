"""Many answers of a real server at once, while the ways between gateway and worker are cut, frozen and switched under them:
each is, byte by byte, what the server said, and the server said it once."""

import json
import random
import threading
import time

import pytest
from lamdtest import unix_http
from lamdtest.answers import content
from lamdtest.lamd import server
from lamdtest.limits import within
from lamdtest.line import Line
from lamdtest.wait import wait_until


class Site:
    """A llama-server with its worker, a broker, and a gateway that reaches the worker over lines."""

    def __init__(self, make_llama, make_lamd, make_broker, directory, keep, slots=4):
        self.llama = make_llama(slots=slots)
        self.broker = make_broker(settings=["max_queued_messages 100000", "max_inflight_messages 0"])
        self.lines = {"sse": keep(Line(directory / "worker.sock")), "gateway": keep(Line(self.broker.port)),
                      "worker": keep(Line(self.broker.port))}
        self.worker = make_lamd(worker={"name": "a", "server": f"http://127.0.0.1:{self.llama.port}",
                                        "listen": f"unix:{directory}/worker.sock"},
                                mqtt={"brokers": [self.broker.broker(self.lines["worker"].port)]},
                                log={"level": "info"})
        self.gateway = make_lamd(servers=[server(f"http://127.0.0.1:{self.lines['sse'].port}", mqtt="a")],
                                 mqtt={"brokers": [self.broker.broker(self.lines["gateway"].port)]},
                                 log={"level": "info"})
        self.gateway.wait_status(lambda status: [path["state"] for path in status["paths"]] == ["up", "up"],
                                 what="both paths up")

    def predicted(self):
        """Tokens that the server has made since it began."""
        return self.llama.metric("tokens_predicted_total")

    def ask(self, tokens):
        body = {"messages": [{"role": "user", "content": "Tell me."}], "stream": True, "max_tokens": tokens, "seed": 1,
                "temperature": 0, "ignore_eos": True}
        stream = unix_http.Stream(self.gateway.socket_path, "/v1/chat/completions", body, timeout=120)
        try:
            return content(stream.read_all())
        finally:
            stream.close()

    def ask_many(self, count, tokens):
        results = []

        def ask():
            try:
                results.append(self.ask(tokens))
            except Exception as problem:
                results.append(repr(problem))

        threads = [threading.Thread(target=ask) for _ in range(count)]
        for thread in threads:
            thread.start()
        return threads, results


@pytest.fixture
def site(make_llama, make_lamd, make_broker, directory, keep):
    return Site(make_llama, make_lamd, make_broker, directory, keep)


def check_all_equal(results, expected, count):
    wrong = [result for result in results if result != expected]
    assert not wrong, f"{len(wrong)} of {count} answers differ, such as {wrong[0][:200]!r}"
    assert len(results) == count


def test_answers_under_fire(site):
    """Every line in turn, cut for good for a moment or reset."""
    expected = site.ask(100)
    before = site.predicted()
    threads, results = site.ask_many(24, 100)
    rng = random.Random(1)
    while any(thread.is_alive() for thread in threads):
        line = site.lines[rng.choice(["sse", "gateway", "worker"])]
        line.reset()
        time.sleep(rng.uniform(0.05, 0.4))
    for thread in threads:
        thread.join()
    check_all_equal(results, expected, 24)
    assert site.predicted() - before == 24 * 100, "an answer was generated again"


def test_the_mode_is_switched_under_load(site):
    """Without an error and without a gap, there and back again, three times."""
    expected = site.ask(200)
    before = site.predicted()
    threads, results = site.ask_many(12, 200)
    wait_until(lambda: site.gateway.status()["streams"]["running"] >= 4, 10.0, "answers to run")
    for mode in ["mqtt", "sse"] * 3:
        if any(thread.is_alive() for thread in threads):
            answer = unix_http.request(site.gateway.socket_path, "PUT", "/lam/v1/mode",
                                       json.dumps({"mode": mode, "now": True}).encode())
            assert answer.status == 200 and answer.json()["mode"] == mode
            time.sleep(0.15)
    for thread in threads:
        thread.join()
    check_all_equal(results, expected, 12)
    assert site.predicted() - before == 12 * 200
    assert site.gateway.metric("lamd_gateway_hops_total") > 0


@pytest.mark.slow
def test_slots_are_free_after_callers_have_left(site):
    """Over both transports, twenty times each: at the server's own counter."""
    waits = {}
    for mode in ("sse", "mqtt"):
        unix_http.request(site.gateway.socket_path, "PUT", "/lam/v1/mode", json.dumps({"mode": mode}).encode())
        for _ in range(20):
            stream = unix_http.Stream(site.gateway.socket_path, "/v1/chat/completions",
                                      {"messages": [{"role": "user", "content": "Go on."}], "stream": True,
                                       "max_tokens": 3000, "ignore_eos": True}, timeout=30)
            stream.read_until(b"content")
            left = time.monotonic()
            stream.close()
            wait_until(lambda: site.llama.metric("requests_processing") == 0, 5.0, "the slot to be free", 0.02)
            waits.setdefault(mode, []).append(time.monotonic() - left)
    print({mode: f"median {sorted(times)[10]:.3f} s, longest {max(times):.3f} s" for mode, times in waits.items()})
    assert max(max(times) for times in waits.values()) < within(0.5)
