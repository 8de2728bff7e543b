"""Outages between two hosts: found and mended within the times that lamd promises.

Seconds are those of a prober that opens a new connection every 100 ms and gives each 500 ms, which _GRAIN allows for.
"""

import select
import socket
import time

import pytest
from lamdtest.limits import within
from lamdtest.recovery import FAULTS, Fault, LamdClient, Scene, measure
from lamdtest.tcp import is_echoed, tick
from lamdtest.wait import wait_until

pytestmark = pytest.mark.root

_GRAIN = 0.7
_DEAD_PEER = 2.0
_RECONNECT = 1.0
_STALE_PORT = 2.0


@pytest.fixture
def scene(directory, keep, hosts):
    del hosts  # asked for only to skip where there can be none
    return keep(Scene(directory, LamdClient, dead_peer=f"{_DEAD_PEER:g}s"))


def check(scene, fault, limit):
    seconds = measure(scene, fault, bound=limit + 20.0)
    assert seconds is not None, f"not recovered: {scene.client.lamd.tunnel()}"
    assert seconds <= within(limit + _GRAIN), f"{seconds:.2f} s: {scene.client.lamd.tunnel()}"


@pytest.mark.parametrize("name, limit", [
    ("session", _RECONNECT),
    ("sshd", _RECONNECT + 1.0),  # sshd itself needs a moment to start
    ("crash", _RECONNECT + 0.5),  # lamd itself needs a moment to start
    ("stopped", _DEAD_PEER + _STALE_PORT),
    ("flow", _DEAD_PEER + _STALE_PORT),
    ("address", _DEAD_PEER + _STALE_PORT),
    ("reboot", _STALE_PORT),
])
def test_recovers_in_time(scene, name, limit):
    check(scene, FAULTS[name], limit)


def _short(name, lasts):
    fault = FAULTS[name]
    return Fault(fault.name, fault.strike, lasts, fault.mend)


@pytest.mark.parametrize("name, lasts", [("down", 1.0), ("down", 6.0), ("black", 1.0), ("black", 8.0)])
def test_is_back_within_a_second_of_the_link(scene, name, lasts):
    check(scene, _short(name, lasts), _RECONNECT)


def _sends_again_soon():
    """TCP_RTO_MAX_MS is there (Linux 6.15)."""
    with socket.socket() as probe:
        try:
            probe.setsockopt(socket.IPPROTO_TCP, 44, 1000)
        except OSError:
            return False
    return True


def test_an_answer_goes_on_soon_after_a_link_that_was_not_away_for_long(directory, keep, hosts):
    """Without a new connection: `dead_peer` is longer. TCP alone would wait for up to as long again."""
    if not _sends_again_soon():
        pytest.skip("this kernel has no TCP_RTO_MAX_MS (Linux 6.15)")
    del hosts
    scene = keep(Scene(directory, LamdClient, serve=tick, dead_peer="15s"))
    scene.client.lamd.wait_tunnel("up")
    with scene.hosts.b.connect(scene.address, 5.0) as answer:
        assert answer.recv(100)
        scene.hosts.black_hole()
        time.sleep(7.0)  # with the pauses doubled, TCP would try again 12.6 s after the first loss
        while select.select([answer], [], [], 0)[0]:
            assert answer.recv(65536)
        scene.hosts.heal()
        healed = time.monotonic()
        answer.settimeout(20.0)
        assert answer.recv(100)
        waited = time.monotonic() - healed
    assert waited <= within(1.0 + _GRAIN), f"{waited:.2f} s"
    assert scene.client.lamd.tunnel()["connects"] == 1


def test_a_refusing_server_is_retried_until_it_accepts(scene):
    fault = Fault("refused for 5 s", lambda scene: (scene.hosts.refuse(), scene.sshd.kill_sessions()), 5.0,
                  lambda scene: scene.hosts.heal())
    check(scene, fault, 2.0)


def test_an_idle_dead_peer_is_found_in_time(scene):
    """Nobody uses the tunnel: lamd must find out by itself."""
    lamd = scene.client.lamd
    scene.hosts.black_hole()
    lamd.wait_status(lambda status: status["tunnels"][0]["state"] != "up", _DEAD_PEER + 1.0, "the silence to be seen")
    lamd.wait_status(lambda status: "reason" in status["tunnels"][0], what="the reason")
    scene.hosts.heal()
    lamd.wait_tunnel("up", timeout=_RECONNECT + _STALE_PORT)


def test_a_live_peer_that_is_merely_quiet_is_kept(scene):
    lamd = scene.client.lamd
    with scene.hosts.b.connect(scene.address) as idle:
        for _ in range(3):
            before = lamd.tunnel().get("rtt_s")
            lamd.wait_status(lambda status: status["tunnels"][0].get("rtt_s") != before, 2 * _DEAD_PEER, "a probe")
        idle.sendall(b"still the same")
        assert idle.recv(100) == b"still the same"
    assert lamd.tunnel()["connects"] == 1


@pytest.mark.slow
def test_defaults_find_a_stopped_session_in_ten_seconds(directory, keep):
    scene = keep(Scene(directory, LamdClient))
    check(scene, FAULTS["stopped"], 10.0 + _STALE_PORT)


@pytest.mark.slow
def test_many_outages_in_a_row_leave_no_trace(scene):
    lamd = scene.client.lamd
    lamd.wait_tunnel("up")
    descriptors, memory = lamd.descriptor_count(), lamd.resident_bytes()
    for _ in range(30):
        check(scene, FAULTS["session"], _RECONNECT)
    wait_until(lambda: lamd.descriptor_count() <= descriptors, what="descriptors to be closed")
    lamd.check_memory(memory, 4 * 1024 * 1024)
    assert is_echoed(scene.hosts.b, scene.address)
