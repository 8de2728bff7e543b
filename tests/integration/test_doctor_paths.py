"""`lamctl doctor` passes on what lamd says of its brokers, its servers and the paths to them: each cause with real peers
where they can have it, mended as it says.
"""

import sys

import pytest
from lamdtest import fake
from lamdtest.certificates import make_certificates
from lamdtest.doctor import Patient
from lamdtest.fake import FakeServer
from lamdtest.host import LOCAL
from lamdtest.lamd import server
from lamdtest.ports import free_port
from lamdtest.process import Process, freeze
from lamdtest.tcp import is_open
from lamdtest.wait import wait_until

pytestmark = pytest.mark.root
WAIT = ["lamctl wait --for=healthy --timeout=10min"]


@pytest.fixture
def make_patient(directory, make_lamd):
    """make_patient(…): one of several machines, each with an /etc of its own."""
    made = []

    def make(**settings):
        made.append(directory / f"machine{len(made)}")
        made[-1].mkdir()
        return Patient(made[-1], make_lamd(**settings))
    return make


def worker(port, listen, **settings):
    return {"name": "a", "server": f"http://127.0.0.1:{port}", "listen": listen, **settings}


# The server


@pytest.fixture
def machines(make_patient):
    """machines(port): the machine with the model that listens there, and the one with the backend."""
    def make(port):
        listen = free_port()
        gpu = make_patient(worker=worker(port, f"127.0.0.1:{listen}"))
        return gpu, make_patient(servers=[server(listen, probe_interval="500ms")])
    return make


def test_a_server_that_fails_is_looked_at_where_it_runs(machines, make_upstream, directory, keep):
    port = free_port()
    script = ("from http.server import *\nimport sys\n"
              "class Broken(BaseHTTPRequestHandler):\n  protocol_version = 'HTTP/1.1'\n"
              "  def do_GET(self): self.send_error(500)\n"
              "ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Broken).serve_forever()\n")
    broken = Process([sys.executable, "-c", script, port], directory / "broken.log")
    wait_until(lambda: is_open(LOCAL, ("127.0.0.1", port)), what="the broken server to listen")
    gpu, web = machines(port)
    assert web.find("failing")["commands"] == ["lamctl doctor"]
    gpu.mend(gpu.find("server_failing"))
    broken.wait()
    make_upstream(port=port)
    web.wait_well("failing", "server_down")


def test_a_server_that_hangs_is_ended_where_it_runs(machines, directory, keep):
    model = keep(FakeServer(directory))
    gpu, web = machines(model.port)
    web.lamd.wait_path("gpu", "up")
    freeze([model.pid])
    assert web.find("wedged", timeout=90)["commands"] == ["lamctl doctor"]
    gpu.mend(gpu.find("server_wedged"))
    model.start()
    web.wait_well("wedged", "server_down")


def test_a_server_without_a_worker_that_hangs(make_patient, directory, keep):
    model = keep(FakeServer(directory))
    patient = make_patient(servers=[server(model.port)])
    patient.lamd.wait_path("gpu", "up")
    freeze([model.pid])
    assert "restart it" in patient.find("unresponsive", timeout=90)["remedy"]
    model.kill()
    model.start()
    patient.wait_well("unresponsive", "tunnel_down")


@pytest.mark.parametrize("cause, health", [("loading", (503, {"error": {"message": "Loading model"}})),
                                           ("saturated", (429, {"error": {"message": "too many requests"}}))])
def test_what_passes_is_waited_for(make_patient, upstream, cause, health):
    upstream.health = health
    patient = make_patient(servers=[server(upstream.port, probe_interval="500ms")])
    finding = patient.find(cause)
    assert finding["severity"] == "warning" and finding["commands"] == WAIT
    upstream.health = (200, {"status": "ok"})
    patient.mend(finding)
    patient.wait_well(cause)


def test_a_server_that_wants_another_key(make_patient, make_llama, directory):
    key = directory / "key"
    key.write_text("guess\n")
    key.chmod(0o600)
    patient = make_patient(servers=[server(make_llama(options=("--api-key", "secret")).port, api_key_file=key)])
    finding = patient.find("misconfigured")
    assert "api_key_file" in finding["remedy"]
    key.write_text("secret\n")
    patient.mend(finding)
    patient.wait_well("misconfigured")


# What an operator has asked for


def test_a_server_that_is_draining(make_patient, upstream):
    patient = make_patient(servers=[server(upstream.port)])
    assert patient.run("lamctl drain gpu").returncode == 0
    finding = patient.find("draining")
    assert finding["commands"] == ["lamctl resume gpu"]
    patient.mend(finding)
    patient.wait_well("draining")


def test_a_mode_in_which_no_server_can_be_reached(make_patient, upstream):
    patient = make_patient(servers=[server(upstream.port, mqtt="a")], mqtt={"brokers": [{"url": f"mqtt://127.0.0.1:{free_port()}"}]})
    patient.lamd.wait_status(lambda status: any(path["state"] == "up" for path in status["paths"]), what="a path to be up")
    assert patient.run("lamctl switch-mode mqtt").returncode == 0
    finding = patient.find("mode", timeout=60)
    patient.mend(finding)
    patient.wait_well("mode")


def test_a_server_of_lamds_own_that_does_not_start(make_patient, directory):
    port = free_port()
    run = {"command": ["/bin/sh", "-c", "echo no model; exit 1"], "restart": {"first": "100ms", "limit": "1s"}}
    made = worker(port, f"unix:{directory}/worker.sock")
    patient = make_patient(worker={**made, "run": run})
    patient.says("journal", "no model\n")
    finding = patient.find("server_process")
    assert patient.mend(finding) == "no model\n"
    patient.lamd.configure(worker={**made, "run": {"command": fake.command(port)}})
    patient.run("systemctl restart lamd")
    patient.wait_well("server_process", "unsettled")


# The broker


def at(broker):
    return {"site": "home", "brokers": [broker]}


def test_no_broker(make_patient, make_broker):
    port = free_port()
    patient = make_patient(servers=[server(None, mqtt="a")], mqtt=at({"url": f"mqtt://127.0.0.1:{port}"}))
    assert "start the broker" in patient.find("broker_down")["remedy"]
    make_broker(port=port)
    patient.wait_well("broker_down", "unreachable")


def test_a_worker_that_does_not_run(make_patient, make_broker, make_lamd, upstream, directory):
    broker = make_broker().broker()
    gpu = make_lamd(worker=worker(upstream.port, f"unix:{directory}/worker.sock"), mqtt=at(broker), start=False)
    patient = make_patient(servers=[server(None, mqtt="a", probe_interval="500ms")], mqtt=at(broker))
    patient.services["lamd"] = lambda verb: gpu.start()  # on its machine
    patient.mend(patient.find("worker_down"), only="systemctl")
    assert patient.calls == ["start lamd"]
    patient.lamd.wait_path("gpu", "up", timeout=60)
    patient.wait_well("worker_down")


def test_two_workers_of_one_name(make_patient, make_broker, make_lamd, upstream, directory):
    """They push each other out until one of them gives up."""
    broker = make_broker().broker()
    both = [make_patient(worker=worker(upstream.port, f"unix:{directory}/worker{i}.sock"), mqtt=at(broker)) for i in range(2)]
    found = wait_until(lambda: [(one, one.findings()["taken_over"]) for one in both if "taken_over" in one.findings()], 90.0,
                       "one of them to give up", 0.3)
    patient, finding = found[0]
    other = both[0] if patient is both[1] else both[1]
    other.lamd.stop()
    other.lamd.configure(worker={**worker(upstream.port, f"unix:{directory}/other.sock"), "name": "b"}, mqtt=at(broker))
    other.lamd.start()
    patient.mend(finding)
    patient.wait_well("taken_over")
    other.wait_well("taken_over")


@pytest.mark.parametrize("cause, limit", [("refused", "max_qos 0"), ("unavailable", "message_size_limit 10")])
def test_a_broker_that_allows_too_little(make_patient, make_broker, upstream, directory, cause, limit):
    broker = make_broker(settings=(limit,))
    patient = make_patient(worker=worker(upstream.port, f"unix:{directory}/worker.sock"), mqtt=at(broker.broker()))
    finding = patient.find(cause)
    assert limit.split()[0] in finding["remedy"] and "restart" in finding["remedy"]
    broker.kill()
    make_broker(port=broker.port)
    if finding["commands"]:
        patient.mend(finding)
    patient.wait_well(cause, "unreachable")


def test_a_file_that_is_no_certificate(make_patient, make_broker, directory):
    make_certificates(directory, "right")
    port, trusted = free_port(), directory / "trusted.pem"
    trusted.write_text("this is none\n")
    make_broker(settings=(f"listener {port} 127.0.0.1", f"certfile {directory}/broker.pem", f"keyfile {directory}/broker.key"))
    patient = make_patient(servers=[server(None, mqtt="a")], mqtt=at({"url": f"mqtts://127.0.0.1:{port}", "ca_file": trusted}))
    finding = patient.find("local_file")
    assert str(trusted) in finding["message"]
    trusted.write_text((directory / "right.pem").read_text())
    patient.mend(finding)
    patient.wait_well("local_file", "certificate")
