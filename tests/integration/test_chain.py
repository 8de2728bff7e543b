"""The whole way: llama-server on A, lamd's tunnel to B's sshd, lamd's gateway on B, and a caller at its Unix socket."""

import json
import subprocess
import time

import pytest
from lamdtest import unix_http
from lamdtest.answers import content, stream_failure
from lamdtest.lamd import server, tunnel
from lamdtest.limits import within
from lamdtest.ports import free_port
from lamdtest.upstream import DONE, delta
from lamdtest.wait import wait_until

CHAT = {"messages": [{"role": "user", "content": "Tell me a story."}], "stream": True, "max_tokens": 120,
        "temperature": 0, "seed": 7}


class Chain:
    def __init__(self, make_lamd, sshd, target_port, **settings):
        self.port = free_port()
        self.a = make_lamd([tunnel(sshd, (self.port, f"127.0.0.1:{target_port}"), **settings)])
        self.a.wait_tunnel("up")
        self.b = make_lamd(servers=[server(self.port, probe_interval="500ms")])
        self.b.wait_path("gpu", "up")


def test_an_answer_of_a_real_server_streams_all_the_way(make_llama, make_lamd, sshd):
    llama = make_llama()
    chain = Chain(make_lamd, sshd, llama.port)
    direct = content(llama.request("POST", "/v1/chat/completions", CHAT)[1])
    words = ["curl", "-sSN", "--fail-with-body", "--unix-socket", chain.b.socket_path, "-H",
             "Content-Type: application/json", "-d", json.dumps(CHAT), "http://lamd/v1/chat/completions"]
    through = subprocess.run(words, capture_output=True, check=True, timeout=60).stdout
    assert content(through) == direct and len(direct) > 50


def test_a_caller_that_leaves_frees_the_real_servers_slot(make_llama, make_lamd, sshd, keep):
    llama = make_llama(model="slow.gguf")
    chain = Chain(make_lamd, sshd, llama.port)
    body = {**CHAT, "max_tokens": 100000, "ignore_eos": True}
    stream = keep(unix_http.Stream(chain.b.socket_path, "/v1/chat/completions", body, timeout=60.0))
    stream.read_until(b"data:")
    assert llama.busy_slots() == 1
    stream.close()
    wait_until(lambda: llama.busy_slots() == 0, 3.0, "the slot to be free", 0.1)


def test_tokens_are_not_gathered_on_the_way(upstream, make_lamd, sshd, keep):
    chain = Chain(make_lamd, sshd, upstream.port)
    stream = keep(unix_http.Stream(chain.b.socket_path, "/v1/chat/completions", {**CHAT, "model": "tiny"}))
    call = upstream.next_call()
    call.begin()
    delays = []
    for number in range(200):
        sent = time.monotonic()
        call.event(delta(f"{number} "))
        stream.read_until(delta(f"{number} "))
        delays.append(stream.reads[-1][0] - sent)
    call.event(DONE)
    call.end()
    stream.read_all()
    assert sorted(delays)[100] < within(0.005) and len(stream.reads) >= 200


def test_a_caller_that_leaves_cancels_at_the_far_server_at_once(upstream, make_lamd, sshd, keep):
    chain = Chain(make_lamd, sshd, upstream.port)
    stream = keep(unix_http.Stream(chain.b.socket_path, "/v1/chat/completions", CHAT))
    call = upstream.next_call()
    call.begin()
    call.event(delta("one"))
    stream.read_until(delta("one"))
    left = time.monotonic()
    stream.close()
    assert call.wait_abandoned() - left <= within(0.1)


def test_a_tunnel_that_dies_ends_its_answers_honestly_and_the_next_one_works(upstream, make_lamd, sshd, keep):
    chain = Chain(make_lamd, sshd, upstream.port)
    stream = keep(unix_http.Stream(chain.b.socket_path, "/v1/chat/completions", CHAT))
    call = upstream.next_call()
    call.begin()
    call.event(delta("one"))
    stream.read_until(delta("one"))
    sshd.kill_sessions()
    stream_failure(stream)
    chain.a.wait_tunnel("up")
    chain.b.wait_path("gpu", "up")
    again = keep(unix_http.Stream(chain.b.socket_path, "/v1/chat/completions", CHAT))
    call = upstream.next_call()
    call.begin()
    call.event(delta("two") + DONE)
    call.end()
    assert again.read_all() == delta("two") + DONE


@pytest.mark.slow
def test_a_real_server_that_is_killed_and_restarted_is_found_again(make_llama, make_lamd, sshd):
    llama = make_llama()
    chain = Chain(make_lamd, sshd, llama.port)
    llama.kill()
    chain.b.wait_path("gpu", "down", timeout=20.0)
    assert chain.b.post("/v1/chat/completions", CHAT).status == 503
    assert chain.a.tunnel()["state"] == "up"
