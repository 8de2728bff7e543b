"""What the lamd next to the SSH server knows of tunnels, by their guards: it knows at once that one came or went."""

import json
import os

import pytest
from lamdtest import unix_http
from lamdtest.fake import FakeServer
from lamdtest.guard import guarded
from lamdtest.lamd import server, tunnel
from lamdtest.ports import free_port
from lamdtest.process import send_signal
from lamdtest.wait import wait_until

SELDOM = {"probe_interval": "10min"}  # what is known earlier is known from the guard


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def web(make_lamd, port):
    """The lamd on the web server, which reaches the model through the tunnel."""
    return make_lamd(servers=[server(port, **SELDOM)])


@pytest.fixture
def make_gpu(make_sshd, make_lamd, directory, keep, web):
    """The lamd next to the model, by default with the port that the web server knows."""
    fake = keep(FakeServer(directory))

    def make(remote, permitted=None):
        sshd = make_sshd(key_options=guarded(permitted or remote, web.socket_path))
        lamd = make_lamd([tunnel(sshd, (remote, f"127.0.0.1:{fake.port}"))])
        lamd.sshd = sshd
        return lamd

    return make


def presences(lamd):
    return lamd.get("/lam/v1/presences").json()["presences"]


def test_a_path_is_up_as_soon_as_its_tunnel_is(web, make_gpu, port):
    web.wait_path("gpu", "down")
    gpu = make_gpu(port)
    gpu.wait_tunnel("up")
    web.wait_path("gpu", "up")
    here, = presences(web)
    assert here["name"] == "home" and here["tunnel"] == "b" and here["ports"] == [f"127.0.0.1:{port}"]
    assert here["host"] == os.uname().nodename.split(".")[0] or here["host"]
    assert here["client"] == "127.0.0.1" and web.status()["presences"] == [here]


def test_a_path_is_down_as_soon_as_its_tunnel_is_gone(web, make_gpu, port):
    gpu = make_gpu(port)
    web.wait_path("gpu", "up")
    gpu.kill()
    down = web.wait_path("gpu", "down")
    assert down["reason"]["message"] == "tunnel home left" and down["fate"] == "tunnel_down"
    assert presences(web) == []
    gpu.start()
    web.wait_path("gpu", "up")


def test_a_tunnel_whose_guard_alone_is_gone_is_still_used(web, make_gpu, port):
    gpu = make_gpu(port)
    web.wait_path("gpu", "up")
    guard = next(pid for pid in gpu.sshd.session_processes() if is_guard(pid))
    send_signal(guard, 9)
    wait_until(lambda: presences(web) == [], what="the report to end")
    web.wait_path("gpu", "up")  # the probe that follows at once has proved it
    assert gpu.tunnel()["connects"] == 1


def is_guard(pid):
    with open(f"/proc/{pid}/cmdline") as words:
        return "tunnel-guard" in words.read()


def test_a_lamd_that_was_away_is_told_when_it_is_back(web, make_gpu, port):
    gpu = make_gpu(port)
    web.wait_path("gpu", "up")
    web.stop()  # reports that are held do not keep it
    web.start()
    wait_until(lambda: presences(web), 20.0, "the report")
    web.wait_path("gpu", "up")
    assert gpu.tunnel()["connects"] == 1


def test_a_port_given_by_the_server_is_followed(make_lamd, make_gpu, web):
    web.configure(servers=[{"name": "gpu", "sse": "tunnel:home", **SELDOM}])
    assert web.reload().status == 200
    down = web.wait_path("gpu", "down")
    assert down["address"] == "tunnel:home" and down["reason"]["message"] == "tunnel home is not here"

    gpu = make_gpu(0, permitted="*")
    web.wait_path("gpu", "up")
    first = gpu.forward()["bound_port"]
    assert web.path("gpu")["address"] == f"http://127.0.0.1:{first}"
    assert chat(web) == 200

    gpu.sshd.kill_sessions()
    web.wait_status(lambda status: status["paths"][0]["state"] == "up" and gpu.tunnel()["state"] == "up"
                    and status["paths"][0]["address"] == f"http://127.0.0.1:{gpu.forward()['bound_port']}"
                    and gpu.tunnel()["connects"] == 2, what="the path to follow")
    assert gpu.forward()["bound_port"] != first
    assert chat(web) == 200


def chat(lamd):
    body = json.dumps({"model": "tiny", "messages": [{"role": "user", "content": "Hello!"}]}).encode()
    return lamd.post("/v1/chat/completions", body, {"Content-Type": "application/json"}).status


def test_a_report_that_is_none_is_refused(web):
    for body in (b"", b"{}", b'{"name": "home"}', b'{"name": "home", "ports": []}', b'{"name": "", "ports": ["h:1"]}',
                 b'{"name": "home", "ports": ["/etc/passwd"]}', b'{"name": "home", "ports": ["u@h:1"]}',
                 b'{"name": "a b", "ports": ["127.0.0.1:1"]}', json.dumps({"name": "x" * 200, "ports": ["h:1"]}).encode()):
        assert web.post("/lam/v1/presences", body).status == 400, body
    assert presences(web) == []


def test_a_report_counts_for_as_long_as_it_is_held(web, port):
    body = json.dumps({"name": "home", "ports": [f"127.0.0.1:{port}"]}).encode()
    with unix_http.connect_unix(web.socket_path) as held:
        held.sendall(b"POST /lam/v1/presences HTTP/1.1\r\nHost: lamd\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        assert held.recv(1000).startswith(b"HTTP/1.1 200")
        assert [one["name"] for one in presences(web)] == ["home"]
    wait_until(lambda: presences(web) == [], what="the report to end")
