"""`lamctl doctor` passes on what lamd says of its tunnels: each cause at a real sshd, mended as it says."""

import re
import subprocess

import pytest
from lamdtest.doctor import Patient
from lamdtest.host import Host
from lamdtest.lamd import tunnel
from lamdtest.line import Line
from lamdtest.ports import free_port
from lamdtest.process import Process
from lamdtest.wait import wait_until

pytestmark = pytest.mark.root


@pytest.fixture
def treat(directory, make_lamd, make_upstream):
    """treat(sshd, …): a patient whose one tunnel leads to this sshd, or over a line to it."""
    def make(sshd, port=None, line=None, **settings):
        way = {"host": "127.0.0.1", "port": line.port, "known_hosts": sshd.known_hosts(f"[127.0.0.1]:{line.port}")} if line else {}
        forward = {"remote": f"127.0.0.1:{port or free_port()}", "target": f"127.0.0.1:{make_upstream().port}"}
        made = tunnel(sshd, {**forward, **settings.pop("forward", {})}, **{**way, **settings})
        return Patient(directory, make_lamd([made]), sshd)
    return make


def check_mended(patient, cause):
    patient.lamd.wait_tunnel("up", timeout=60)
    patient.wait_well(cause)


# The way there


def test_a_server_that_is_silent(sshd, treat, keep):
    line = keep(Line(sshd.port))
    patient = treat(sshd, line=line, dead_peer="2s", connect_timeout="2min")
    patient.lamd.wait_tunnel("up")
    line.freeze()
    assert "the network on the way" in patient.find("silent")["remedy"]
    line.thaw()
    check_mended(patient, "silent")


def test_a_server_that_hangs(sshd, treat):
    sshd.hang()
    patient = treat(sshd, connect_timeout="2s")
    patient.mend(patient.find("timed_out"))
    assert patient.calls == ["restart ssh"]
    check_mended(patient, "timed_out")


def test_a_connection_that_was_cut(sshd, treat, keep):
    line = keep(Line(sshd.port))
    patient = treat(sshd, line=line, connect_timeout="2min")
    patient.lamd.wait_tunnel("up")
    line.freeze()  # the next connection gets nowhere
    line.reset()
    finding = patient.find("lost")
    assert "by itself" in finding["remedy"] and finding["commands"] == ["journalctl -u ssh -n 50"]  # there
    line.thaw()
    check_mended(patient, "lost")


def test_a_server_whose_algorithms_are_too_new(make_sshd, treat):
    patient = treat(make_sshd(options=["KexAlgorithms sntrup761x25519-sha512@openssh.com"]))
    patient.mend(patient.find("protocol"))
    assert patient.calls == ["reload ssh"]
    check_mended(patient, "protocol")


def test_a_tunnel_that_has_not_come_to_an_end(sshd, treat, keep):
    line = keep(Line(sshd.port))
    line.freeze()
    patient = treat(sshd, line=line, connect_timeout="5min")
    finding = patient.find("unsettled")
    assert finding["severity"] == "warning" and "handshaking" in finding["message"]
    line.thaw()
    patient.mend(finding)  # it waits
    check_mended(patient, "unsettled")


# Who else is there


def test_another_lamd_with_the_same_tunnel(sshd, treat, make_lamd):
    port = free_port()
    rival = make_lamd([tunnel(sshd, (port, "127.0.0.1:1"))])
    rival.wait_tunnel("up")
    patient = treat(sshd, port)
    patient.services["lamd"] = lambda verb: rival.stop()  # "there"
    patient.mend(patient.find("rival"))
    assert patient.calls == ["disable --now lamd"]
    check_mended(patient, "rival")


def test_a_program_that_takes_the_tunnels_connections(make_sshd, treat, keep, directory):
    """Of the addresses of localhost sshd gets one, and connections go to the other."""
    port = free_port()
    script = ("import socket, sys\nlistener = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
              "print('ready', flush=True)\nwhile True: listener.accept()[0].close()\n")
    rival = keep_process(keep, Process(["/usr/bin/python3", "-c", script, port], directory / "rival.log"))
    wait_until(lambda: "ready" in rival.output(), what="the rival to listen")
    patient = treat(make_sshd(host=PrefersIpv4(directory)), dead_peer="2s", forward={"remote": f"localhost:{port}"})
    shown = patient.mend(patient.find("not_verified"), only="ss")
    assert f"pid={rival.pid}," in shown
    patient.run(f"kill {rival.pid}")
    check_mended(patient, "not_verified")


class PrefersIpv4(Host):
    """This machine, but for the order in which it tries the addresses of a name."""

    def __init__(self, directory):
        self._order = directory / "gai.conf"
        self._order.write_text("precedence ::ffff:0:0/96  100\n")

    def command(self, words):
        return ["unshare", "--mount", "sh", "-c", f'mount --bind {self._order} /etc/gai.conf && exec "$@"', "sh", *words]


def keep_process(keep, process):
    process.close = process.kill
    return keep(process)


# Who we are, and what we may do


def test_an_agent_that_is_not_there(sshd, treat, directory):
    patient = treat(sshd, identity=None, agent=directory / "agent")
    started = patient.mend(patient.find("agent_missing"), KEY=sshd.key.path)
    try:
        check_mended(patient, "agent_missing")
    finally:
        subprocess.run(["kill", re.search(r"SSH_AGENT_PID=(\d+)", started)[1]], check=True)


@pytest.mark.parametrize("options, says", [("", "may do more than a tunnel needs"),
                                           ('restrict,port-forwarding,command="false"', "no take-over"),
                                           ('restrict,port-forwarding,permitopen="127.0.0.1:1"', "is not verified")],
                         ids=["excess", "no_takeover", "not_verified"])
def test_what_a_careful_operator_should_know(make_sshd, treat, options, says):
    patient = treat(make_sshd(key_options=options))
    patient.lamd.wait_tunnel("up")
    finding = patient.find("tunnel_note")
    assert finding["severity"] == "warning" and says in finding["message"]
    patient.mend(finding)
    check_mended(patient, "tunnel_note")
