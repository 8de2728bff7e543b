"""`lamctl doctor` and what answers: the model's server, the broker, the machine at the other end."""

import subprocess
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from lamdtest.certificates import make_certificates
from lamdtest.doctor import Patient
from lamdtest.fake import FakeServer
from lamdtest.lamd import server
from lamdtest.ports import free_port
from lamdtest.process import freeze
from lamdtest.upstream import whole
from lamdtest.wait import wait_until

pytestmark = pytest.mark.root


@pytest.fixture
def gpu_machine(directory, make_lamd):
    """gpu_machine(port): the machine whose worker asks the server at this port."""
    def make(port, **worker):
        lamd = make_lamd(worker={"name": "a", "server": f"http://127.0.0.1:{port}", "listen": f"unix:{directory}/worker.sock", **worker},
                         mqtt={"brokers": [{"url": f"mqtt://127.0.0.1:{free_port()}"}]})
        return Patient(directory, lamd)
    return make


# The model's server


def test_a_server_that_is_not_there(gpu_machine, make_llama):
    port = free_port()
    patient = gpu_machine(port)
    patient.services["llama-server"] = lambda verb: make_llama(port=port)
    patient.mend(patient.find("server_down"))  # the last command is the proof
    assert patient.calls == ["start llama-server"]
    patient.wait_well("server_down")


def test_a_server_that_hangs(gpu_machine, make_llama):
    llama = make_llama()
    patient = gpu_machine(llama.port)
    freeze([llama.pid])
    finding = patient.find("server_wedged")
    assert finding["commands"] == [f"kill -KILL {llama.pid}"]
    patient.mend(finding)
    make_llama(port=llama.port)
    patient.wait_well("server_wedged", "server_down")


def test_a_server_that_loads(gpu_machine, make_upstream):
    upstream = make_upstream()
    upstream.health = (503, {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}})
    patient = gpu_machine(upstream.port)
    finding = patient.find("server_loading")
    assert finding["severity"] == "warning" and "Loading model" in finding["evidence"]
    upstream.health = (200, {"status": "ok"})
    patient.mend(finding)
    patient.wait_well("server_loading")


def test_a_server_that_fails(gpu_machine, make_upstream):
    upstream = make_upstream()
    upstream.health = (500, {"error": {"message": "broken"}})
    patient = gpu_machine(upstream.port)
    assert "broken" in patient.find("server_failing")["evidence"]
    upstream.health = (200, {"status": "ok"})
    patient.wait_well("server_failing")


def test_a_server_that_does_not_take_the_key(gpu_machine, make_llama, directory):
    key = directory / "key"
    key.write_text("guess\n")
    key.chmod(0o600)
    patient = gpu_machine(make_llama(options=("--api-key", "secret")).port, api_key_file=key)
    patient.mend(patient.find("server_unauthorised"), answers="secret\n")
    assert key.read_text() == "secret\n"
    patient.wait_well("server_unauthorised")


def test_a_context_that_is_too_small(gpu_machine, make_llama):
    llama = make_llama(slots=4, context=1024)
    patient = gpu_machine(llama.port)
    finding = patient.find("context_small")
    wanted = int(finding["remedy"].split(" -c ")[1].split()[0])
    llama.kill()
    make_llama(slots=4, context=wanted, port=llama.port)
    patient.wait_well("context_small")


@pytest.mark.parametrize("answer", [b"[" * 5000, b'{"default_generation_settings": [1]}', b'{"default_generation_settings": {"n_ctx": "8"}, "total_slots": -1}'],
                         ids=["no_end", "a_list", "a_text"])
def test_a_server_that_is_no_llama_server_is_none_of_its_business(gpu_machine, make_server, answer):
    def serve(connection):
        stream = connection.makefile("rb")
        while stream.readline():
            while stream.readline().strip():
                pass
            connection.sendall(whole(200, answer))

    assert not {"context_small", "server_failing"} & set(gpu_machine(make_server(serve).port).findings())


def test_a_server_that_is_open_to_the_world(gpu_machine, directory, make_llama):
    llama = make_llama(options=("--host", "0.0.0.0"))
    patient = gpu_machine(llama.port)
    finding = patient.find("server_public")
    assert "--host 127.0.0.1" in finding["remedy"]
    llama.kill()
    make_llama(port=llama.port)
    patient.wait_well("server_public")


# The path, as lamd sees it


def test_what_lamd_says_of_a_server_is_passed_on(directory, make_lamd, keep):
    fake = keep(FakeServer(directory))
    patient = Patient(directory, make_lamd(servers=[server(fake.port)]))
    patient.lamd.wait_path("gpu", "up")
    fake.kill()
    assert "lamctl status" in patient.find("tunnel_down")["commands"]
    fake.start()
    patient.lamd.wait_path("gpu", "up", timeout=40)
    patient.wait_well("tunnel_down")


# The broker


@pytest.fixture
def at_broker(directory, make_lamd):
    def make(*brokers):
        return Patient(directory, make_lamd(servers=[server(None, mqtt="a")], mqtt={"site": "home", "brokers": list(brokers)}))
    return make


def test_a_broker_that_is_not_there(at_broker, make_broker):
    port = free_port()
    patient = at_broker({"url": f"mqtt://127.0.0.1:{port}"})
    assert "start the broker" in patient.find("unreachable")["remedy"]
    make_broker(port=port)
    patient.wait_well("unreachable")


def test_a_password_that_the_broker_refuses(at_broker, make_broker, directory):
    passwords, mine = directory / "passwords", directory / "mine"
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "lam", "secret"], check=True, timeout=10)
    mine.write_text("guess\n")
    mine.chmod(0o600)
    broker = make_broker(settings=("allow_anonymous false", f"password_file {passwords}"))
    patient = at_broker(broker.broker(username="lam", password_file=mine))
    patient.mend(patient.find("credentials"), only="read", answers="secret\n")
    patient.run("systemctl restart lamd")
    patient.wait_well("credentials")


def test_a_topic_that_the_broker_refuses(at_broker, make_broker, make_lamd, make_upstream, directory):
    """The gateway may not write requests."""
    (directory / "etc" / "mosquitto").mkdir(parents=True)
    acl = directory / "etc" / "mosquitto" / "lamd.acl"
    acl.write_text("user web\ntopic read lam/v1/home/#\nuser gpu\ntopic readwrite lam/v1/home/#\n")
    acl.chmod(0o600)
    broker = make_broker(settings=(f"acl_file {acl}",))
    make_lamd(worker={"name": "a", "server": f"http://127.0.0.1:{make_upstream().port}", "listen": f"unix:{directory}/worker.sock"},
              mqtt={"site": "home", "brokers": [broker.broker(username="gpu")]})
    patient = at_broker(broker.broker(username="web"))
    patient.services["mosquitto"] = lambda verb: broker.reload()
    while "access" in patient.findings() or patient.lamd.path("gpu")["state"] != "up":
        patient.mend(patient.find("access"))  # a topic at a time, as the broker refuses them
        assert patient.calls[-2:] == ["reload mosquitto", "restart lamd"] and len(patient.calls) <= 6
        patient.lamd.wait_status(lambda status: status["broker"]["state"] == "up", what="the broker")
        wait_until(lambda: patient.lamd.path("gpu")["state"] == "up" or "access" in patient.findings(), 40.0, "one or the other")


def test_a_broker_whose_certificate_nobody_knows(at_broker, make_broker, directory):
    make_certificates(directory, "stranger")
    make_certificates(directory, "right")
    port, trusted = free_port(), directory / "trusted.pem"
    trusted.write_text((directory / "stranger.pem").read_text())
    make_broker(settings=(f"listener {port} 127.0.0.1", f"certfile {directory}/broker.pem", f"keyfile {directory}/broker.key"))
    patient = at_broker({"url": f"mqtts://127.0.0.1:{port}", "ca_file": trusted})
    finding = patient.find("certificate")
    assert f"put the CA that signed the broker's certificate into {trusted}" in finding["remedy"]
    trusted.write_text((directory / "right.pem").read_text())
    patient.run("systemctl restart lamd")
    patient.wait_well("certificate")


# The other machine


class OtherMachine:
    """A worker that tells a version and a time."""

    def __init__(self, make_server, version):
        self.version, self.clock = version, timedelta()
        self.port = make_server(self._serve).port

    def _serve(self, connection):
        stream = connection.makefile("rb")
        while stream.readline():
            while stream.readline().strip():
                pass
            date = format_datetime(datetime.now(timezone.utc) + self.clock, usegmt=True)
            fields = f"Lam-Worker: a\r\nLam-Version: {self.version}\r\nDate: {date}\r\nContent-Type: application/json\r\n"
            connection.sendall(whole(200, b'{"status":"ok"}', fields.encode()))


def own_version(lamd):
    return lamd.status()["version"]


def test_a_clock_that_is_wrong(make_server, make_lamd, directory):
    other = OtherMachine(make_server, "0")
    patient = Patient(directory, make_lamd(servers=[server(other.port)]))
    other.version = own_version(patient.lamd)
    assert "clock_skew" not in patient.findings() and "version_mismatch" not in patient.findings()
    other.clock = timedelta(hours=-1)
    patient.says("ntp", "no\n")
    assert patient.find("clock_skew")["commands"] == ["apt install systemd-timesyncd"]
    patient.says("ntp", "")
    finding = patient.find("clock_skew")
    assert "differ by 3600 s" in finding["message"] or "differ by 3599 s" in finding["message"] or "differ by 3601 s" in finding["message"]
    patient.services["set-ntp"] = lambda verb: setattr(other, "clock", timedelta())
    patient.mend(finding)
    assert patient.calls == ["timedatectl set-ntp true"]
    patient.wait_well("clock_skew")


def test_machines_of_two_versions(make_server, make_lamd, directory):
    other = OtherMachine(make_server, "0.0.9")
    patient = Patient(directory, make_lamd(servers=[server(other.port)]))
    finding = patient.find("version_mismatch")
    assert "there 0.0.9" in finding["evidence"] and "apt install" in finding["commands"][0]
    other.version = own_version(patient.lamd)
    patient.wait_well("version_mismatch")


def test_a_real_worker_tells_its_version_and_time(make_upstream, make_lamd, directory):
    port = free_port()
    make_lamd(worker={"name": "a", "server": f"http://127.0.0.1:{make_upstream().port}", "listen": f"127.0.0.1:{port}"},
              mqtt={"brokers": [{"url": f"mqtt://127.0.0.1:{free_port()}"}]})
    patient = Patient(directory, make_lamd(servers=[server(port)]))
    patient.lamd.wait_path("gpu", "up")
    assert not {"clock_skew", "version_mismatch"} & set(patient.findings())
