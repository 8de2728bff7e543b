"""`lamctl tunnel-guard`: dead sessions of a key are ended, live ones never, and its client may say anything."""

import os
import shutil
import signal

import pytest
from lamdtest.guard import Claimant, guarded
from lamdtest.host import LOCAL
from lamdtest.lamd import tunnel
from lamdtest.limits import within
from lamdtest.ports import free_port
from lamdtest.process import thaw
from lamdtest.recovery import FAULTS, Fault, LamdClient, Scene, measure
from lamdtest.tcp import echo, is_echoed
from lamdtest.wait import wait_until


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def sshd(make_sshd, port):
    return make_sshd(key_options=guarded(port))


@pytest.fixture
def settings(sshd, port, make_server):
    return tunnel(sshd, (port, f"127.0.0.1:{make_server(echo).port}"))


@pytest.fixture
def claim(sshd, keep):
    return lambda **words: keep(Claimant.of(sshd, **words))


def wait_echo(port):
    wait_until(lambda: is_echoed(LOCAL, ("127.0.0.1", port)), 5.0, f"port {port} to echo")


def test_a_tunnel_comes_up_with_a_guard(settings, make_lamd, port, sshd):
    lamd = make_lamd([settings])
    up = lamd.wait_tunnel("up")
    assert not up["notes"] and lamd.forward()["bound_port"] == port
    wait_echo(port)
    lamd.stop()
    # It exits with its session, and leaves nothing that the next one could stumble over.
    wait_until(lambda: not sshd.session_processes(), what="the session to end")
    wait_until(lambda: not (sshd.directory / ".lamd" / "home.b.sock").exists(), what="the socket to go")


def test_a_stopped_session_is_ended_for_its_own_lamd(settings, make_lamd, port, sshd):
    lamd = make_lamd([settings])
    lamd.wait_tunnel("up")
    stale = sshd.freeze_sessions()  # with its guard, which nobody can ask now
    lamd.kill()
    lamd.start()
    try:
        lamd.wait_tunnel("up", timeout=15.0)
        assert lamd.forward()["bound_port"] == port
        wait_echo(port)
    finally:
        thaw(stale)


def test_a_live_session_is_not_ended_by_another_client(settings, make_lamd, port):
    first = make_lamd([settings])
    first.wait_tunnel("up")
    with LOCAL.connect(("127.0.0.1", port)) as running:
        second = make_lamd([settings])
        denied = second.wait_tunnel("denied")
        message = denied["reason"]["message"]
        assert os.uname().nodename.split(".")[0] in message and f"127.0.0.1:{port}" in message and " for " in message
        running.sendall(b"undisturbed")
        assert running.recv(100) == b"undisturbed"
    assert first.tunnel()["connects"] == 1
    first.stop()
    second.post("/lam/v1/tunnels/b/reconnect")
    second.wait_tunnel("up")
    wait_echo(port)


def test_a_machine_that_was_copied_does_not_end_the_session_of_its_twin(settings, make_lamd):
    first = make_lamd([settings])
    first.wait_tunnel("up")
    twin = make_lamd([settings], start=False)
    shutil.copytree(first.state_directory, twin.state_directory, dirs_exist_ok=True)
    twin.start()
    twin.wait_tunnel("denied")
    assert first.tunnel()["state"] == "up" and first.tunnel()["connects"] == 1


def test_a_client_that_does_not_answer_gives_way(settings, make_lamd, port):
    first = make_lamd([settings])
    first.wait_tunnel("up")
    first.process.send(signal.SIGSTOP)
    try:
        second = make_lamd([settings])
        second.wait_tunnel("up", timeout=20.0)
    finally:
        first.process.send(signal.SIGCONT)
    wait_echo(port)


def test_a_session_whose_client_is_dead_ends_by_itself(settings, make_lamd, sshd):
    lamd = make_lamd([{**settings, "dead_peer": "2s"}])
    lamd.wait_tunnel("up")
    lamd.process.send(signal.SIGSTOP)
    try:
        wait_until(lambda: not sshd.session_processes(), 20.0, "the session to end")
    finally:
        lamd.process.send(signal.SIGCONT)
    lamd.wait_tunnel("up")


def test_of_many_at_once_one_has_the_tunnel(settings, make_lamd, sshd):
    lamds = [make_lamd([settings], start=False) for _ in range(5)]
    for lamd in lamds:
        lamd.start(wait=False)
    for lamd in lamds:
        lamd.wait_serving()
    states = [lamd.wait_status(lambda status: status["tunnels"][0]["state"] in ("up", "denied"), 40.0)["tunnels"][0]["state"]
              for lamd in lamds]
    assert sorted(states) == ["denied"] * 4 + ["up"], states
    assert [lamd.tunnel()["connects"] for lamd in lamds].count(1) == 1


def test_tunnels_of_one_key_do_not_meet(sshd, claim):
    first, second = claim(tunnel="a"), claim(tunnel="b")
    assert first.line() == second.line() == "lamd-claim granted guard"
    first.say(b"beat\n")
    assert first.line() == "beat"


def test_there_is_no_shell_for_anyone(sshd, keep):
    for command in "id", "bash -i", "", "lamd-claim b one attic 15; id", "lamd-claim ../b one attic 15":
        visitor = keep(Claimant(sshd, command))
        assert visitor.line() == "lamd-claim unavailable this key is for the tunnels of lamd, and runs no other command"
        assert visitor.line() == "" and visitor.wait() == 1


def test_what_a_client_says_does_no_harm(sshd, claim, port):
    wild = claim()
    assert wild.line() == "lamd-claim granted guard"
    for rubbish in (b"\0\xff\x1b[2J\n" * 100, b"pong 1\n" * 5000, b"bound " + b"127.0.0.1:1 " * 5000 + b"\n",
                    b"bound /etc/passwd:1 ../x:2 127.0.0.1:99999\n", os.urandom(1 << 20) + b"\n", b"x" * (1 << 20) + b"\n"):
        wild.say(rubbish)
    wild.say(b"beat\n")
    assert wild.line() == "beat"
    # What it has said before it was asked is no sign of life.
    other = claim(instance="two", limit=6)
    assert wild.line() == "ping 1"
    assert other.line().startswith("lamd-claim taken_over ")
    assert wild.line() == "" and wild.wait() != 0


def test_a_client_that_answers_keeps_its_tunnel(claim):
    first = claim()
    assert first.line() == "lamd-claim granted guard"
    for number, instance in enumerate(("two", "three"), 1):
        second = claim(instance=instance)
        assert first.line() == f"ping {number}"
        first.say(b"pong %d\n" % number)
        words = second.line().split()
        assert words[:2] == ["lamd-claim", "held"] and words[3:5] == ["attic", "guard"]
        assert second.wait() == 1


def test_a_session_without_its_guard_is_nobody_elses(sshd, claim, settings, make_lamd):
    lamd = make_lamd([settings])
    lamd.wait_tunnel("up")
    guard = next(pid for pid in sshd.session_processes() if "tunnel-guard" in command_of(pid))
    os.kill(guard, signal.SIGKILL)
    wait_until(lambda: guard not in sshd.session_processes(), what="the guard to be gone")
    assert claim(instance="two").line().startswith("lamd-claim held ")
    assert lamd.tunnel()["state"] == "up" and lamd.tunnel()["connects"] == 1
    lamd.kill()  # its own successor gets the tunnel back
    lamd.start()
    lamd.wait_tunnel("up")


def command_of(pid):
    with open(f"/proc/{pid}/cmdline") as words:
        return words.read()


@pytest.mark.root
@pytest.mark.parametrize("name, lasts, noticing", [
    ("black", 12.0, 0.0),  # the guard of the dead session is asked
    ("black", 25.0, 0.0),  # it has ended its session by itself
    ("flow", 0.0, 10.0),
    ("reboot", 0.0, 0.0),
])
def test_the_port_is_back_in_time(directory, keep, hosts, name, lasts, noticing):
    """sshd's own settings, lamd's own settings: the same port within 3 s of the network's return, or of lamd's notice
    where the old flow never returns."""
    del hosts
    scene = keep(Scene(directory, LamdClient, key_options=guarded(9000)))
    fault = FAULTS[name]
    seconds = measure(scene, Fault(name, fault.strike, lasts, fault.mend), bound=noticing + 20.0)
    assert seconds is not None, f"not recovered: {scene.client.lamd.tunnel()}"
    print(f"{name}: {seconds:.2f} s")
    assert seconds <= within(noticing + 3.0)
    assert scene.client.lamd.forward()["bound_port"] == 9000


@pytest.mark.root
def test_without_the_guards_question_the_port_would_be_held(directory, keep, hosts):
    """The same with neither guard nor take-over: sshd keeps the port of the lost flow."""
    del hosts
    scene = keep(Scene(directory, LamdClient, takeover=False, dead_peer="2s"))
    assert measure(scene, FAULTS["flow"], bound=12.0) is None
