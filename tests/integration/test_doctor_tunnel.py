"""`lamctl doctor` and the tunnel: what keeps it down is caused at a real sshd, found, and mended by what is printed."""

import re
import socket
import sys

import pytest
from lamdtest.doctor import Patient
from lamdtest.host import LOCAL
from lamdtest.keys import has_rsa_by_sha2, make_key
from lamdtest.lamd import server, tunnel
from lamdtest.ports import free_port
from lamdtest.process import Process, freeze
from lamdtest.tcp import is_open
from lamdtest.wait import wait_until

pytestmark = pytest.mark.root


@pytest.fixture
def treat(directory, make_lamd, make_upstream):
    """treat(sshd, …): a patient whose one tunnel leads to this sshd; `port` is where it listens there."""
    def make(sshd, port=None, **settings):
        target = make_upstream().port
        lamd = make_lamd([tunnel(sshd, (port or free_port(), f"127.0.0.1:{target}"), **settings)])
        return Patient(directory, lamd, sshd)
    return make


def check_mended(patient, cause):
    patient.lamd.wait_tunnel("up", timeout=40)
    patient.wait_well(cause)


# Who the server is


def test_a_host_key_that_is_unknown(sshd, treat, directory):
    known = directory / "known"
    known.touch()
    patient = treat(sshd, known_hosts=known)
    finding = patient.find("host_key")
    assert sshd.host_keys["ed25519"].fingerprint() in finding["message"]
    patient.mend(finding, only="echo")
    check_mended(patient, "host_key")


def test_a_host_key_that_has_changed(sshd, treat, directory):
    known = directory / "known"
    known.write_text(f"[{sshd.address}]:{sshd.port} {make_key(directory / 'other').type_and_blob()}\n")
    patient = treat(sshd, known_hosts=known)
    finding = patient.find("host_key")
    assert "HAS CHANGED" in finding["message"] and [one.split()[0] for one in finding["commands"]] == ["ssh-keygen", "echo"]
    patient.mend(finding)
    check_mended(patient, "host_key")


def test_no_known_hosts_at_all(sshd, treat, directory):
    patient = treat(sshd, known_hosts=directory / "none")
    patient.mend(patient.find("known_hosts_missing"), only="ssh-keyscan")
    patient.wait_well("known_hosts_missing")
    patient.mend({"commands": ["lamctl reconnect b"], "remedy": ""})
    check_mended(patient, "host_key")


# Who we are


def test_a_key_that_is_refused(sshd, treat, directory):
    patient = treat(sshd, identity=make_key(directory / "stranger").path)
    patient.mend(patient.find("key_refused"))
    check_mended(patient, "key_refused")
    assert "permitlisten" in (sshd.directory / "authorized_keys").read_text()


def test_a_passphrase_that_is_wrong(sshd, treat, directory):
    key = make_key(directory / "key", passphrase="open sesame")
    sshd.authorize(key)
    phrase = directory / "phrase"
    phrase.write_text("guess\n")
    phrase.chmod(0o600)
    patient = treat(sshd, identity=key.path, passphrase_file=phrase)
    patient.mend(patient.find("key_unusable"), answers="open sesame\n")
    check_mended(patient, "key_unusable")


def test_a_passphrase_that_is_missing(sshd, treat, directory):
    key = make_key(directory / "key", passphrase="open sesame")
    sshd.authorize(key)
    patient = treat(sshd, identity=key.path)
    finding = patient.find("key_unusable")
    # ssh-keygen asks at a terminal; SSH_ASKPASS answers instead.
    answer = directory / "answer"
    answer.write_text("#!/bin/sh\necho open sesame\n")
    answer.chmod(0o755)
    command = next(one for one in finding["commands"] if one.startswith("ssh-keygen"))
    done = patient.run(f"export SSH_ASKPASS={answer} SSH_ASKPASS_REQUIRE=force; {command}")
    assert done.returncode == 0, done.stderr
    patient.mend(finding, only="lamctl reconnect")
    check_mended(patient, "key_unusable")


@pytest.mark.skipif(has_rsa_by_sha2(), reason="this libssh2 signs RSA by SHA-2")
def test_an_rsa_key_that_this_libssh2_cannot_use(sshd, treat, directory):
    key = make_key(directory / "key", "rsa")
    sshd.authorize(key)
    patient = treat(sshd, identity=key.path)
    finding = patient.find("key_refused")
    assert "RSA" in finding["remedy"]
    patient.mend(finding)
    patient.run("lamctl reconnect b")
    wait_until(lambda: "RSA" not in patient.findings().get("key_refused", {"remedy": "RSA"})["remedy"], 40.0, "the new key")
    patient.mend(patient.find("key_refused"))
    check_mended(patient, "key_refused")


# What it may do there


def test_a_port_that_the_key_may_not_use(make_sshd, treat):
    sshd = make_sshd(key_options='restrict,port-forwarding,permitlisten="127.0.0.1:1"')
    patient = treat(sshd)
    patient.mend(patient.find("port_not_permitted"))
    check_mended(patient, "port_not_permitted")


def test_a_key_that_may_not_forward(make_sshd, treat):
    sshd = make_sshd(key_options="restrict")
    patient = treat(sshd)
    patient.mend(patient.find("forwarding_disabled"), only="lamctl")
    check_mended(patient, "forwarding_disabled")


@pytest.mark.parametrize("setting", ["AllowTcpForwarding no", "AllowTcpForwarding local", "DisableForwarding yes"])
def test_a_server_that_forwards_nothing(make_sshd, treat, setting):
    patient = treat(make_sshd(options=[setting]))
    finding = patient.find("forwarding_disabled")
    patient.mend(finding, only="printf")
    patient.mend(finding, only="lamctl reconnect")
    check_mended(patient, "forwarding_disabled")


def test_a_port_that_somebody_else_has(sshd, treat, directory, keep):
    port = free_port()
    rival = keep(Rival(directory, port))
    patient = treat(sshd, port=port)
    shown = patient.mend(patient.find("port_busy"), only="ss")
    pid = int(re.search(r"pid=(\d+)", shown)[1])
    assert pid == rival.pid
    patient.run(f"kill {pid}")
    check_mended(patient, "port_busy")


class Rival:
    """A program that holds a port and says nothing, as one does that is no HTTP server."""

    def __init__(self, directory, port):
        script = ("import socket, sys, time\nlistener = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
                  "print('ready', flush=True)\nwhile True: listener.accept()[0].close()\n")
        self._process = Process([sys.executable, "-c", script, port], directory / f"rival-{port}.log")
        self.pid = self._process.pid
        wait_until(lambda: is_open(LOCAL, ("127.0.0.1", port)), what="the rival to listen")

    def close(self):
        if self._process.is_running():
            self._process.kill()


def test_connections_that_the_server_closes_early(make_sshd, treat, keep):
    sshd = make_sshd(options=["PerSourceMaxStartups 1"])

    def is_held():
        return keep(socket.create_connection((sshd.address, sshd.port))).recv(4) == b"SSH-"

    wait_until(is_held, what="sshd to have a connection that does not log in")
    patient = treat(sshd)
    finding = patient.find("closed_early", timeout=60)
    patient.mend(finding, only="systemctl")
    assert patient.calls == ["restart ssh"]
    patient.run("lamctl reconnect b")
    check_mended(patient, "closed_early")


# Where the tunnel ends


@pytest.fixture
def web_server(directory, make_lamd, make_sshd):
    """web_server(*options): the machine with the backend, whose sshd has these settings."""
    def make(*options, port=None):
        sshd = make_sshd(options=options)
        return Patient(directory, make_lamd(servers=[server(port or free_port())]), sshd)
    return make


def test_a_server_that_never_asks_whether_clients_live(web_server):
    patient = web_server("ClientAliveInterval 0")
    finding = patient.find("sshd_client_alive")
    assert finding["severity"] == "warning"
    patient.mend(finding)
    patient.wait_well("sshd_client_alive")
    assert patient.calls == ["reload ssh"]


@pytest.mark.parametrize("setting", ["AllowTcpForwarding no", "DisableForwarding yes"])
def test_an_sshd_that_lets_no_tunnel_listen(web_server, setting):
    patient = web_server(setting)
    patient.run("useradd --no-create-home lam")
    patient.mend(patient.find("sshd_forwarding"))
    patient.wait_well("sshd_forwarding")


def test_an_sshd_that_opens_tunnels_to_the_world(make_sshd, directory, make_lamd, make_upstream):
    sshd, port = make_sshd(options=["GatewayPorts yes"]), free_port()
    make_lamd([tunnel(sshd, (port, f"127.0.0.1:{make_upstream().port}"))]).wait_tunnel("up")
    patient = Patient(directory, make_lamd(servers=[server(port)]), sshd)
    assert "port_public" in patient.findings()
    patient.mend(patient.find("sshd_gateway_ports"), only="printf")
    sshd.kill_sessions()
    patient.wait_well("sshd_gateway_ports", "port_public")


def test_a_program_in_the_tunnels_place(web_server, directory, keep):
    port = free_port()
    rival = keep(Rival(directory, port))
    patient = web_server(port=port)
    finding = patient.find("port_taken")
    assert finding["commands"] == [f"kill {rival.pid}"] and f"(pid {rival.pid}" in finding["evidence"]
    patient.mend(finding)
    patient.wait_well("port_taken")


def test_a_port_that_a_dead_session_holds(make_sshd, directory, make_lamd, make_upstream):
    """Its far end is gone, and sshd does not know: what it accepts goes nowhere."""
    sshd, port = make_sshd(), free_port()
    gone = make_lamd([tunnel(sshd, (port, f"127.0.0.1:{make_upstream().port}"))])
    gone.wait_tunnel("up")
    freeze([gone.process.pid])
    patient = Patient(directory, make_lamd(servers=[server(port)]), sshd)
    finding = patient.find("port_dead")
    assert "sshd" in finding["evidence"]
    patient.mend(finding, only="kill")
    patient.wait_well("port_dead")
    assert not is_open(LOCAL, ("127.0.0.1", port))
