"""A tunnel against a real sshd: it comes up, carries connections to every kind of target, and says so."""

import re
import socket

import pytest
from lamdtest.host import LOCAL
from lamdtest.lamd import seconds_until, tunnel
from lamdtest.ports import free_port
from lamdtest.tcp import echo, is_echoed, is_open, summarise
from lamdtest.wait import wait_until


def test_carries_a_connection_and_reports_itself(sshd, make_server, make_lamd):
    target = make_server(echo)
    port = free_port()
    lamd = make_lamd([tunnel(sshd, (port, f"127.0.0.1:{target.port}"))])
    up = lamd.wait_tunnel("up")

    assert is_echoed(LOCAL, ("127.0.0.1", port), b"x" * 100000, 5.0)

    assert up["peer"] == f"{sshd.user}@{sshd.address}:{sshd.port}"
    assert up["address"] == f"127.0.0.1:{sshd.port}"
    assert up["server_version"].startswith("SSH-2.0-OpenSSH")
    assert up["host_key"] == sshd.host_keys["ed25519"].fingerprint()
    assert up["connects"] == 1 and "reason" not in up
    forward = up["forwards"][0]
    assert (forward["state"], forward["bound_port"]) == ("bound", port)
    assert (forward["remote"], forward["target"]) == (f"127.0.0.1:{port}", f"127.0.0.1:{target.port}")
    wait_until(lambda: lamd.forward()["open_channels"] == 0, what="the channel to close")
    after = lamd.forward()
    assert after["received_bytes"] >= 100000 and after["sent_bytes"] >= 100000 and after["refused"] == 0
    assert after["accepted"] >= 1
    lamd.wait_status(lambda status: status["tunnels"][0].get("rtt_s", 0) > 0, what="a round trip")


def test_carries_any_number_of_forwards(sshd, make_server, make_lamd):
    ports = [free_port() for _ in range(5)]
    forwards = [(port, f"127.0.0.1:{make_server(echo).port}") for port in ports]
    make_lamd([tunnel(sshd, *forwards)]).wait_tunnel("up")
    assert all(is_echoed(LOCAL, ("127.0.0.1", port)) for port in ports)


def test_carries_any_number_of_tunnels(make_sshd, make_server, make_lamd):
    target = make_server(echo)
    ports = [free_port() for _ in range(3)]
    lamd = make_lamd([tunnel(make_sshd(), (port, f"127.0.0.1:{target.port}"), name=f"t{port}") for port in ports])
    for port in ports:
        lamd.wait_tunnel("up", f"t{port}")
    assert all(is_echoed(LOCAL, ("127.0.0.1", port)) for port in ports)


def test_reaches_a_unix_socket(sshd, make_server, make_lamd, directory):
    make_server(echo, path=directory / "target.sock")
    port = free_port()
    make_lamd([tunnel(sshd, (port, f"unix:{directory}/target.sock"))]).wait_tunnel("up")
    assert is_echoed(LOCAL, ("127.0.0.1", port))


def test_reaches_an_ipv6_target(sshd, make_server, make_lamd):
    target = make_server(echo, address="::1")
    port = free_port()
    make_lamd([tunnel(sshd, (port, f"[::1]:{target.port}"))]).wait_tunnel("up")
    assert is_echoed(LOCAL, ("127.0.0.1", port))


def test_reaches_localhost_whichever_family_listens(sshd, make_server, make_lamd):
    targets = [make_server(echo, address="127.0.0.1"), make_server(echo, address="::1")]
    ports = [free_port(), free_port()]
    forwards = [(port, f"localhost:{target.port}") for port, target in zip(ports, targets)]
    make_lamd([tunnel(sshd, *forwards)]).wait_tunnel("up")
    assert all(is_echoed(LOCAL, ("127.0.0.1", port)) for port in ports)


def test_listens_on_ipv6_at_the_server(sshd, make_server, make_lamd):
    target, port = make_server(echo), free_port()
    forward = {"remote": f"[::1]:{port}", "target": f"127.0.0.1:{target.port}"}
    make_lamd([tunnel(sshd, forward)]).wait_tunnel("up")
    assert is_echoed(LOCAL, ("::1", port))


def test_half_close_passes_both_ways(sshd, make_server, make_lamd):
    target, port = make_server(summarise), free_port()
    make_lamd([tunnel(sshd, (port, f"127.0.0.1:{target.port}"))]).wait_tunnel("up")
    with LOCAL.connect(("127.0.0.1", port)) as caller:
        caller.sendall(b"x" * 300000)
        caller.shutdown(socket.SHUT_WR)
        assert caller.recv(100) == b"300000"
        assert caller.recv(100) == b""  # the target's own end of sending
    wait_until(lambda: not target.connections, what="the target to see the close")


def test_a_target_that_sends_first_and_only_then_reads_to_the_end(sshd, make_server, make_lamd):
    def talk(connection):
        connection.sendall(b"hello")
        connection.shutdown(socket.SHUT_WR)
        summarise(connection)

    target, port = make_server(talk), free_port()
    make_lamd([tunnel(sshd, (port, f"127.0.0.1:{target.port}"))]).wait_tunnel("up")
    with LOCAL.connect(("127.0.0.1", port)) as caller:
        assert caller.recv(100) == b"hello"
        assert caller.recv(100) == b""
        caller.sendall(b"still heard")
        caller.shutdown(socket.SHUT_WR)
        wait_until(lambda: not target.connections, what="the target to be done")


def test_a_target_that_is_down_refuses_its_channel_only(sshd, make_server, make_lamd):
    target, port, dead_port, dead = make_server(echo), free_port(), free_port(), free_port()
    lamd = make_lamd([tunnel(sshd, (port, f"127.0.0.1:{target.port}"), (dead_port, f"127.0.0.1:{dead}"))])
    lamd.wait_tunnel("up")
    with LOCAL.connect(("127.0.0.1", port)) as working:
        for _ in range(3):
            assert not is_echoed(LOCAL, ("127.0.0.1", dead_port), timeout=5.0)
        working.sendall(b"still here")
        assert working.recv(100) == b"still here"
    refused = lamd.wait_status(lambda status: status["tunnels"][0]["forwards"][1]["refused"] >= 3, what="refusals")
    forward = refused["tunnels"][0]["forwards"][1]
    assert str(dead) in forward["reason"]["message"]
    assert lamd.tunnel()["connects"] == 1 and lamd.tunnel()["state"] == "up"

    make_server(echo, port=dead)
    assert is_echoed(LOCAL, ("127.0.0.1", dead_port), timeout=5.0)
    lamd.wait_status(lambda status: "reason" not in status["tunnels"][0]["forwards"][1], what="the reason to go")


def test_a_reset_at_the_target_reaches_the_caller(sshd, make_server, make_lamd):
    def slam(connection):
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    target, port = make_server(slam), free_port()
    lamd = make_lamd([tunnel(sshd, (port, f"127.0.0.1:{target.port}"))])
    lamd.wait_tunnel("up")
    with LOCAL.connect(("127.0.0.1", port)) as caller:
        caller.sendall(b"x")
        assert caller.recv(100) == b""
    wait_until(lambda: lamd.forward()["open_channels"] == 0, what="the channel to close")


def test_reconnect_on_request_replaces_the_session(sshd, make_server, make_lamd):
    target, port = make_server(echo), free_port()
    lamd = make_lamd([tunnel(sshd, (port, f"127.0.0.1:{target.port}"))])
    lamd.wait_tunnel("up")
    before = sshd.connections()
    assert lamd.post("/lam/v1/tunnels/b/reconnect").status in (200, 202, 204)
    lamd.wait_status(lambda status: status["tunnels"][0]["connects"] == 2 and status["tunnels"][0]["state"] == "up",
                     what="the second session")
    assert is_echoed(LOCAL, ("127.0.0.1", port))
    wait_until(lambda: not set(before) & set(sshd.connections()), what="the first session to end")
    assert lamd.post("/lam/v1/tunnels/nobody/reconnect").status == 404


def test_stopping_says_goodbye_and_frees_the_port(sshd, make_server, make_lamd):
    target, port = make_server(echo), free_port()
    lamd = make_lamd([tunnel(sshd, (port, f"127.0.0.1:{target.port}"))])
    lamd.wait_tunnel("up")
    lamd.stop()
    wait_until(lambda: not is_open(LOCAL, ("127.0.0.1", port)), what="the port to be free")
    assert sshd.count(r"Received disconnect from 127\.0\.0\.1.*:11:") == 1


def test_an_excess_of_rights_is_noticed(sshd, make_server, make_lamd):
    target, port = make_server(echo), free_port()
    lamd = make_lamd([tunnel(sshd, (port, f"127.0.0.1:{target.port}"))])
    notes = " ".join(lamd.wait_tunnel("up")["notes"])
    assert re.search(r"restrict|permitlisten", notes)


def test_a_key_with_just_its_rights_is_not_blamed(make_sshd, make_server, make_lamd):
    port = free_port()
    sshd = make_sshd(key_options=f'restrict,port-forwarding,permitlisten="127.0.0.1:{port}",command="true"')
    target = make_server(echo)
    lamd = make_lamd([tunnel(sshd, (port, f"127.0.0.1:{target.port}"))])
    assert not re.search(r"excess|more rights|restrict", " ".join(lamd.wait_tunnel("up")["notes"]))
    assert is_echoed(LOCAL, ("127.0.0.1", port))


def test_a_server_that_is_not_there_yet_is_waited_for(make_sshd, make_server, make_lamd):
    sshd, target, port = make_sshd(), make_server(echo), free_port()
    sshd.stop()
    lamd = make_lamd([tunnel(sshd, (port, f"127.0.0.1:{target.port}"))])
    waiting = lamd.wait_tunnel("backing_off")
    assert "refused" in waiting["reason"]["message"] and str(sshd.port) in waiting["reason"]["message"]
    assert waiting["next_attempt"]
    sshd.start()
    lamd.wait_tunnel("up", timeout=35.0)
    assert is_echoed(LOCAL, ("127.0.0.1", port))


def _addresses(name):
    try:
        return {address for *_, (address, *_) in socket.getaddrinfo(name, None)}
    except socket.gaierror:
        return set()


_LOCALHOST = _addresses("localhost")


@pytest.mark.skipif("127.0.0.1" not in _LOCALHOST, reason="localhost has no such address here, see /etc/hosts")
def test_a_name_with_both_families_is_connected(make_sshd, make_server, make_lamd):
    sshd, target, port = make_sshd(), make_server(echo), free_port()
    known = sshd.known_hosts(f"[localhost]:{sshd.port}")
    lamd = make_lamd([tunnel(sshd, (port, f"127.0.0.1:{target.port}"), host="localhost", known_hosts=known)])
    assert lamd.wait_tunnel("up")["address"] == f"127.0.0.1:{sshd.port}"


def test_a_server_with_an_ipv6_address_only(make_sshd, make_server, make_lamd):
    sshd, target, port = make_sshd(address="::1"), make_server(echo), free_port()
    lamd = make_lamd([tunnel(sshd, (port, f"127.0.0.1:{target.port}"))])
    assert lamd.wait_tunnel("up")["address"] == f"[::1]:{sshd.port}"
    assert is_echoed(LOCAL, ("127.0.0.1", port))


@pytest.mark.skipif(len(_LOCALHOST) < 2, reason="localhost has not two addresses here, see /etc/hosts")
def test_a_name_whose_first_address_does_not_answer(make_sshd, make_server, make_lamd):
    sshd, port = make_sshd(address="::1"), free_port()
    known = sshd.known_hosts(f"[localhost]:{sshd.port}")
    lamd = make_lamd([tunnel(sshd, (port, f"127.0.0.1:{make_server(echo).port}"), host="localhost",
                             known_hosts=known)])
    assert lamd.wait_tunnel("up")["address"] == f"[::1]:{sshd.port}"


def test_a_connection_closed_before_the_banner_is_a_penalty(make_sshd, make_server, make_lamd):
    """So does an OpenSSH that has had enough of a client: coming back at once would prolong it."""
    closing = make_server(lambda connection: None)
    lamd = make_lamd([tunnel(make_sshd(), (free_port(), "127.0.0.1:1"), port=closing.port)])
    waiting = lamd.wait_status(lambda status: "next_attempt" in status["tunnels"][0], what="the wait")["tunnels"][0]
    assert seconds_until(waiting["next_attempt"]) > 5.0
    assert closing.accepted == 1 and waiting["reason"]["message"]


def test_a_peer_that_is_no_ssh_server_is_named(make_server, make_sshd, make_lamd):
    sshd, port = make_sshd(), free_port()
    http = make_server(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    lamd = make_lamd([tunnel(sshd, (port, "127.0.0.1:1"), port=http.port)])
    assert lamd.wait_tunnel("backing_off")["reason"]["message"]
