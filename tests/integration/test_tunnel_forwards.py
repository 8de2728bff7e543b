"""Remote listeners that the server does not grant: each refusal is told apart, and what can pass is tried again."""

import time

from lamdtest.host import LOCAL
from lamdtest.lamd import tunnel
from lamdtest.limits import within
from lamdtest.ports import free_port
from lamdtest.tcp import echo, is_echoed
from lamdtest.wait import wait_until


def test_permitlisten_is_named_with_the_line_to_change(make_sshd, make_server, make_lamd):
    port = free_port()
    sshd = make_sshd(key_options='permitlisten="127.0.0.1:1"')
    lamd = make_lamd([tunnel(sshd, (port, f"127.0.0.1:{make_server(echo).port}"))])
    denied = lamd.wait_tunnel("denied")
    forward = denied["forwards"][0]
    assert forward["state"] == "refused"
    assert "permitlisten" in forward["reason"]["message"] + forward["reason"]["remedy"]
    assert str(port) in forward["reason"]["remedy"] and denied["next_attempt"]


def test_forwarding_disabled_by_the_server_is_named(make_sshd, make_server, make_lamd):
    sshd = make_sshd(options=["AllowTcpForwarding no"])
    lamd = make_lamd([tunnel(sshd, (free_port(), f"127.0.0.1:{make_server(echo).port}"))])
    reason = lamd.wait_tunnel("denied")["forwards"][0]["reason"]
    assert "AllowTcpForwarding" in reason["message"] + reason["remedy"]


def test_forwarding_disabled_by_the_key_is_named(make_sshd, make_server, make_lamd):
    sshd = make_sshd(key_options="restrict")
    lamd = make_lamd([tunnel(sshd, (free_port(), f"127.0.0.1:{make_server(echo).port}"))])
    reason = lamd.wait_tunnel("denied")["forwards"][0]["reason"]
    assert "restrict" in reason["message"] + reason["remedy"] or "port-forwarding" in reason["remedy"]


def test_a_busy_port_is_tried_each_second_until_it_is_free(sshd, make_server, make_lamd):
    port = free_port()
    squatter = make_server(echo, port=port)
    lamd = make_lamd([tunnel(sshd, (port, f"127.0.0.1:{make_server(echo).port}"))])
    busy = lamd.wait_status(lambda status: "reason" in status["tunnels"][0]["forwards"][0], what="the reason")
    assert str(port) in busy["tunnels"][0]["forwards"][0]["reason"]["message"]

    begun, refusals = time.monotonic(), sshd.count("cannot listen to port")
    wait_until(lambda: sshd.count("cannot listen to port") >= refusals + 3, 10.0, "three more attempts")
    assert 1.8 <= time.monotonic() - begun <= within(5.0)
    assert len(sshd.connections()) == 1, "the session must not be thrown away for a busy port"

    squatter.close()
    freed = time.monotonic()
    lamd.wait_tunnel("up", timeout=5.0)
    assert time.monotonic() - freed < within(2.0)
    assert lamd.forward()["bound_port"] == port and is_echoed(LOCAL, ("127.0.0.1", port))


def test_alternates_are_used_in_order(sshd, make_server, make_lamd):
    port, busy, spare, last = (free_port() for _ in range(4))
    make_server(echo, port=port)
    make_server(echo, port=busy)
    target = make_server(echo)
    forward = {"remote": f"127.0.0.1:{port}", "alternates": [busy, spare, last],
               "target": f"127.0.0.1:{target.port}"}
    lamd = make_lamd([tunnel(sshd, forward)])
    up = lamd.wait_tunnel("up")
    assert up["forwards"][0]["bound_port"] == spare and up["forwards"][0]["state"] == "bound"
    assert is_echoed(LOCAL, ("127.0.0.1", spare))


def test_the_server_may_choose_the_port(sshd, make_server, make_lamd):
    lamd = make_lamd([tunnel(sshd, (0, f"127.0.0.1:{make_server(echo).port}"))])
    port = lamd.wait_tunnel("up")["forwards"][0]["bound_port"]
    assert port > 0 and is_echoed(LOCAL, ("127.0.0.1", port))


def test_one_refused_forward_is_told_beside_a_good_one(make_sshd, make_server, make_lamd):
    good, bad = free_port(), free_port()
    sshd = make_sshd(key_options=f'permitlisten="127.0.0.1:{good}"')
    target = make_server(echo)
    lamd = make_lamd([tunnel(sshd, (good, f"127.0.0.1:{target.port}"), (bad, f"127.0.0.1:{target.port}"))])
    lamd.wait_status(lambda status: status["tunnels"][0]["forwards"][1]["state"] == "refused", what="the refusal")
    assert lamd.tunnel()["state"] != "up" and lamd.status()["verdict"]["state"] != "healthy"
