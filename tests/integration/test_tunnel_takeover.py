"""Ports that a dead session of the same tunnel still holds: freed at once, unless whoever holds them is alive."""

import time

import pytest
from lamdtest.host import LOCAL
from lamdtest.lamd import tunnel
from lamdtest.ports import free_port
from lamdtest.process import thaw
from lamdtest.recovery import LamdClient, Scene
from lamdtest.tcp import Server, echo, is_echoed
from lamdtest.wait import wait_until

FORCED = 'restrict,port-forwarding,command="{}"'


def wait_echo(port, timeout=5.0):
    begun = time.monotonic()
    wait_until(lambda: is_echoed(LOCAL, ("127.0.0.1", port)), timeout, f"port {port} to echo")
    return time.monotonic() - begun


def test_the_session_of_a_crashed_lamd_is_replaced(sshd, make_server, make_lamd):
    port = free_port()
    lamd = make_lamd([tunnel(sshd, (port, f"127.0.0.1:{make_server(echo).port}"))])
    lamd.wait_tunnel("up")
    stale = sshd.freeze_sessions()  # its sshd never notices that lamd is gone
    lamd.kill()
    lamd.start()
    try:
        lamd.wait_tunnel("up", timeout=4.0)
        assert lamd.forward()["bound_port"] == port
        wait_echo(port)
        # sshd's monitor of another user's session is stopped too and stays; it holds no port.
        wait_until(lambda: set(stale) - set(sshd.session_processes()), what="the dead session to be ended")
    finally:
        thaw(stale)


def test_two_live_lamds_do_not_fight_for_a_tunnel(sshd, make_server, make_lamd):
    port = free_port()
    settings = tunnel(sshd, (port, f"127.0.0.1:{make_server(echo).port}"))
    first = make_lamd([settings])
    first.wait_tunnel("up")
    with LOCAL.connect(("127.0.0.1", port)) as running:
        second = make_lamd([settings])
        denied = second.wait_tunnel("denied")
        assert denied["reason"]["message"] and denied["reason"]["remedy"]
        running.sendall(b"undisturbed")
        assert running.recv(100) == b"undisturbed"
    assert first.tunnel()["state"] == "up" and first.tunnel()["connects"] == 1
    # The first one leaves, and the second may have it.
    first.stop()
    second.post("/lam/v1/tunnels/b/reconnect")
    second.wait_tunnel("up")
    wait_echo(port)


def test_without_takeover_a_stale_port_is_waited_for(sshd, make_server, make_lamd):
    port = free_port()
    lamd = make_lamd([tunnel(sshd, (port, f"127.0.0.1:{make_server(echo).port}"), takeover=False)])
    lamd.wait_tunnel("up")
    stale = sshd.freeze_sessions()
    lamd.kill()
    lamd.start()
    try:
        lamd.wait_status(lambda status: "reason" in status["tunnels"][0]["forwards"][0], what="the busy port")
        wait_until(lambda: sshd.count("cannot listen to port") >= 2, what="two attempts")
    finally:
        thaw(stale)
    lamd.wait_tunnel("up", timeout=5.0)


def test_a_key_that_may_run_nothing_still_makes_a_tunnel(make_sshd, make_server, make_lamd):
    port = free_port()
    sshd = make_sshd(key_options=FORCED.format("false"))
    lamd = make_lamd([tunnel(sshd, (port, f"127.0.0.1:{make_server(echo).port}"))])
    lamd.wait_tunnel("up")
    wait_echo(port)


def test_a_forced_command_that_never_ends_does_not_hold_it_up(make_sshd, make_server, make_lamd):
    port = free_port()
    sshd = make_sshd(key_options=FORCED.format("sleep 1000"))
    lamd = make_lamd([tunnel(sshd, (port, f"127.0.0.1:{make_server(echo).port}"))])
    lamd.wait_tunnel("up", timeout=12.0)
    wait_echo(port)


def test_a_command_that_talks_a_lot_does_no_harm(make_sshd, make_server, make_lamd):
    port = free_port()
    sshd = make_sshd(key_options=FORCED.format("yes"))
    lamd = make_lamd([tunnel(sshd, (port, f"127.0.0.1:{make_server(echo).port}"))])
    lamd.wait_tunnel("up", timeout=12.0)
    wait_echo(port)
    lamd.check_memory(0, 40 * 1024 * 1024)


@pytest.mark.root
def test_a_rival_that_lost_the_network_gives_way(directory, keep):
    """Two machines' worth: the first lamd's flow is dropped for ever, so it cannot say that it lives."""
    scene = keep(Scene(directory, LamdClient, dead_peer="2s"))
    scene.hosts.drop_flows(scene.sshd.port)
    scene.client.lamd.kill()
    keep(Server(echo, scene.hosts.a, port=8081))
    lamd = scene.client.lamd
    lamd.configure([tunnel(scene.sshd, (9000, "127.0.0.1:8081"), dead_peer="2s")])
    lamd.start()
    lamd.wait_tunnel("up", timeout=6.0)
    assert is_echoed(scene.hosts.b, ("127.0.0.1", 9000))
