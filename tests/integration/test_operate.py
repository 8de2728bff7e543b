"""What operators do, with a real llama-server behind a real sshd and a real broker: servers out of use, answers ended,
paths probed, and answers that go elsewhere told as their callers saw them."""

import json
import os
import re
import subprocess
import threading
import time

import pytest
from lamdtest import unix_http
from lamdtest.answers import content, stream_failure
from lamdtest.lamctl import Exit, lamctl
from lamdtest.lamd import server, tunnel
from lamdtest.limits import within
from lamdtest.ports import free_port
from lamdtest.wait import wait_until

ASK = {"messages": [{"role": "user", "content": "Tell me."}], "stream": True, "max_tokens": 150, "seed": 1,
       "temperature": 0, "ignore_eos": True}
LONG = {**ASK, "max_tokens": 3000}


class Site:
    """A llama-server with its worker, reached through an sshd and through a broker; beside it a plain one."""

    def __init__(self, make_llama, make_lamd, make_broker, make_sshd, directory, model="tiny.gguf", other=None):
        self.llama = make_llama(model=model)
        self.plain = make_llama(model=model)
        self.broker = make_broker()
        self.sshd = make_sshd()
        port = free_port()
        mqtt = {"site": "home", "brokers": [self.broker.broker()]}
        self.worker = make_lamd([tunnel(self.sshd, (port, f"unix:{directory}/worker.sock"))], mqtt=mqtt,
                                worker={"name": "a", "server": f"http://127.0.0.1:{self.llama.port}",
                                        "listen": f"unix:{directory}/worker.sock"})
        self.worker.wait_tunnel("up")
        if other:
            make_lamd(worker={"name": other, "server": f"http://127.0.0.1:{self.plain.port}",
                              "listen": f"unix:{directory}/{other}.sock"})
        address = f"unix:{directory}/{other}.sock" if other else self.plain.port
        self.gateway = make_lamd(servers=[server(port, mqtt="a"), server(address, other or "plain")], mqtt=mqtt,
                                 stop_timeout="2s")
        self.wait_up()

    def wait_up(self):
        return self.gateway.wait_status(lambda status: [path["state"] for path in status["paths"]] == ["up"] * 3,
                                        what="every path up")

    def ctl(self, *words, **options):
        return lamctl(self.gateway.socket_path, *words, **options)

    def begin(self, body=None, headers=None):
        return unix_http.Stream(self.gateway.socket_path, "/v1/chat/completions", body or ASK, headers, timeout=60.0)

    def ask(self, body=None):
        """The server that answered, and what it said."""
        with self.begin(body) as stream:
            return stream.head().headers["Lam-Server"], content(stream.read_all())

    def servers(self):
        return {one["name"]: one for one in self.gateway.get("/lam/v1/servers").json()["servers"]}

    def drain_all_but(self, name):
        for other in self.servers():
            if other != name:
                assert self.ctl("drain", other).returncode == Exit.DONE


@pytest.fixture
def site(make_llama, make_lamd, make_broker, make_sshd, directory):
    return Site(make_llama, make_lamd, make_broker, make_sshd, directory)


@pytest.fixture
def slow_site(make_llama, make_lamd, make_broker, make_sshd, directory):
    return Site(make_llama, make_lamd, make_broker, make_sshd, directory, "slow.gguf")


@pytest.fixture
def site_of_workers(make_llama, make_lamd, make_broker, make_sshd, directory):
    return Site(make_llama, make_lamd, make_broker, make_sshd, directory, other="other")


def test_a_server_is_drained_under_load(site_of_workers):
    """Running answers finish whole, new ones go elsewhere, a restart keeps it, resume brings it back."""
    site = site_of_workers
    expected = site.ask()[1]
    streams = [site.begin() for _ in range(6)]
    wait_until(lambda: site.servers()["gpu"]["in_flight"] > 0, what="answers on the server")
    texts = {}

    def read(number):
        texts[number] = content(streams[number].read_all())

    readers = [threading.Thread(target=read, args=(number,)) for number in range(len(streams))]
    with subprocess.Popen([os.environ["LAMCTL_BIN"], "--socket", site.gateway.socket_path, "drain", "gpu", "--wait",
                           "--timeout", "1m"], stdout=subprocess.PIPE, text=True) as drain:
        wait_until(lambda: site.servers()["gpu"]["state"] == "draining", what="the server to drain")
        for reader in readers:
            reader.start()
        assert {site.ask() for _ in range(4)} == {("other", expected)}
        for reader in readers:
            reader.join()
        out = drain.communicate(timeout=30.0)[0]
    assert drain.returncode == Exit.DONE and "server gpu is empty" in out
    assert [texts.get(number) for number in range(6)] == [expected] * 6
    assert {stream.head().headers["Lam-Server"] for stream in streams} == {"gpu", "other"}
    for stream in streams:
        stream.close()

    verdict = site.gateway.status()["verdict"]
    assert (verdict["state"], verdict["reasons"]) == ("healthy", [])
    assert verdict["notes"][0]["message"] == "server gpu is draining"
    shown = site.ctl("status")
    assert shown.returncode == Exit.DONE and "note: server gpu is draining\n" in shown.stdout

    since = site.servers()["gpu"]["draining_since"]
    site.gateway.stop()
    site.gateway.start()
    site.wait_up()
    assert site.servers()["gpu"]["draining_since"] == since
    assert {site.ask()[0] for _ in range(3)} == {"other"}

    assert site.ctl("resume", "gpu").returncode == Exit.DONE
    site.drain_all_but("gpu")
    assert site.ask() == ("gpu", expected)
    assert site.ctl("resume", "other").returncode == Exit.DONE
    assert site.gateway.status()["verdict"]["notes"] == []


def test_without_a_server_in_use_requests_are_refused_and_lamd_is_down(site):
    site.drain_all_but("none")
    refused = site.gateway.post("/v1/chat/completions", json.dumps(ASK).encode())
    assert refused.status == 503 and "gpu is draining" in refused.error()["message"]
    assert site.gateway.get("/readyz").status == 503
    shown = site.ctl("status")
    assert shown.returncode == Exit.DOWN and "every one is draining" in shown.stdout
    assert "next: `lamctl resume gpu`\n" in shown.stdout


def test_drain_does_not_wait_for_ever(slow_site):
    slow_site.drain_all_but("gpu")
    with slow_site.begin(LONG) as stream:
        stream.read_until(b"data:")
        done = slow_site.ctl("drain", "gpu", "--wait", "--timeout", "500ms")
        assert done.returncode == Exit.TIMED_OUT and "1 answer still running on server gpu" in done.stderr
        assert slow_site.servers()["gpu"]["in_flight"] == 1


@pytest.mark.parametrize("name", ["gpu", "plain"])
def test_a_cancelled_answer_frees_its_slot(slow_site, name):
    site = slow_site
    llama = site.llama if name == "gpu" else site.plain
    site.drain_all_but(name)
    with site.begin(LONG) as stream:
        stream.read_until(b"data:")
        assert llama.busy_slots() == 1
        stream_id = stream.head().headers["Lam-Stream"]
        row = site.ctl("streams").stdout.splitlines()[1].split()
        assert row[:2] == [stream_id, "running"] and f"{name}/sse" in row
        shown = site.gateway.get("/lam/v1/streams").json()["streams"][0]
        assert shown["events"] > 0 and shown["age_s"] < 30 and shown["attempts"] == 1
        cancelled = time.monotonic()
        assert site.ctl("cancel", stream_id).returncode == Exit.DONE
        error = stream_failure(stream)
        assert error["code"] == "stream_cancelled" and "cancelled by user" in error["message"]
        wait_until(lambda: llama.busy_slots() == 0, 5.0, "the slot to be free", 0.05)
        assert time.monotonic() - cancelled < within(3.0)
    assert site.gateway.get("/lam/v1/streams").json()["streams"] == []
    assert site.gateway.status()["streams"]["cancelled"] == 1
    assert site.ctl("cancel", stream_id).returncode == Exit.DONE, "it has ended, as was wanted"
    unknown = site.ctl("cancel", "0193")
    assert unknown.returncode == Exit.NO_SUCH and "next: lamctl streams" in unknown.stderr


class Events:
    """Those of a lamd, from now on."""

    def __init__(self, gateway):
        self._stream = unix_http.Stream(gateway.socket_path, "/lam/v1/events")
        self._stream.read_until(b"event: snapshot")

    def wait(self, kind):
        marker = f"event: {kind}\n".encode()
        self._stream.read_until(marker)
        while not self._stream.body().split(marker)[-1].count(b"\n\n"):
            self._stream.read()
        return [json.loads(event["data"])[kind] for event in unix_http.sse_events(self._stream.body())
                if event.get("event") == kind]

    def close(self):
        self._stream.close()


def test_a_failover_is_told_as_its_caller_saw_it(site, keep):
    """The events' numbers at the caller say what was lost and what came twice; the failover must say the same."""
    site.drain_all_but("gpu")
    events = keep(Events(site.gateway))
    counted = site.gateway.metric("lamd_gateway_events_total")
    with site.begin({**ASK, "max_tokens": 600}, {"Lam-Resumable": "1"}) as stream:
        stream.read_until(b"id: 20\n")
        assert stream.head().headers["Lam-Transport"] == "sse"
        begun = time.monotonic()
        site.sshd.kill_sessions()
        body = stream.read_all()
        stream_id = stream.head().headers["Lam-Stream"]
    content(body)  # complete
    numbers = [int(number) for number in re.findall(rb"^id: (\d+)$", body, re.MULTILINE)]
    lost = len(set(range(20, numbers[-1] + 1)) - set(numbers))  # before that, lamd keeps the prompt's progress to itself
    twice = len(numbers) - len(set(numbers))
    moments = [moment for moment, _ in stream.reads]
    gap = max(b - a for a, b in zip(moments, moments[1:]) if b > begun)

    failover = events.wait("failover")[0]
    assert failover["stream"] == stream_id and failover["server"] == "gpu" and failover["rung"] == "path"
    assert failover["from"].startswith("sse ") and failover["to"] == "mqtt a" and failover["why"]
    assert (failover["lost"], failover["twice"]) == (lost, twice) == (0, 0)
    assert 20 < failover["next"] <= numbers[-1]
    assert 0 <= failover["gap_s"] <= gap + 0.05

    status = site.gateway.status()["failovers"]
    assert status["last"] == events.wait("failover")
    assert status["path"] == len(status["last"]) == site.gateway.metric("lamd_failovers_total", rung="path")
    assert site.gateway.metric("lamd_failover_lost_total") == site.gateway.metric("lamd_failover_twice_total") == 0
    assert site.gateway.metric("lamd_gateway_hop_gap_seconds_count") == status["path"]
    assert site.gateway.metric("lamd_gateway_events_total") - counted == len(numbers)
    shown = site.ctl("status").stdout
    assert f"answer {stream_id} went on over mqtt after" in " ".join(shown.split())
    assert "nothing lost, nothing twice" in shown


def test_paths_are_probed_layer_by_layer(site):
    done = site.ctl("probe")
    assert done.returncode == Exit.DONE, done.stdout + done.stderr
    assert [line.split()[:2] for line in done.stdout.splitlines() if "/" in line.split()[0]] == [
        ["gpu/sse", "good"], ["gpu/mqtt", "good"], ["plain/sse", "good"]]
    for layer in ("transport", "health", "models", "engine"):
        assert done.stdout.count(f"    {layer} ok") == 3
    site.llama.kill()
    for transport in ("sse", "mqtt"):
        broken = site.ctl("probe", "gpu", transport)
        assert broken.returncode == Exit.DOWN
        assert "transport ok" in broken.stdout and "health failed" in broken.stdout
        assert "models" not in broken.stdout
    assert site.ctl("probe").returncode == Exit.DEGRADED
    site.broker.kill()
    report = json.loads(site.ctl("probe", "gpu", "mqtt", "--json").stdout)
    assert [layer["name"] for layer in report["probes"][0]["layers"]] == ["transport"]


@pytest.mark.parametrize("words", [("drain", "gpuu"), ("resume", "gpuu"), ("probe", "gpuu"), ("probe", "gpuu", "mqtt")])
def test_a_name_that_is_not_there_is_said_to_be_a_slip(upstream, make_lamd, words):
    lamd = make_lamd(servers=[server(upstream.port)])
    done = lamctl(lamd.socket_path, *words)
    assert done.returncode == Exit.NO_SUCH and "There is no server gpuu; did you mean gpu?" in done.stderr
