"""Host keys are always checked: who the server is, is never taken on trust."""

import pytest
from lamdtest.host import LOCAL
from lamdtest.keys import make_key, needs_rsa_by_sha2
from lamdtest.lamd import tunnel
from lamdtest.ports import free_port
from lamdtest.tcp import echo, is_echoed


@pytest.fixture
def start(make_server, make_lamd):
    """start(sshd, **settings): lamd with one tunnel to it, and the port it forwards."""
    def run(sshd, **settings):
        port = free_port()
        lamd = make_lamd([tunnel(sshd, (port, f"127.0.0.1:{make_server(echo).port}"), **settings)])
        return lamd, port

    return run


def check_denied(lamd, sshd, kind="ed25519"):
    denied = lamd.wait_tunnel("denied")
    fingerprint = sshd.host_keys[kind].fingerprint()
    assert denied["host_key"] == fingerprint
    assert fingerprint in denied["reason"]["message"] + denied["reason"]["remedy"]
    assert denied["next_attempt"]
    assert sshd.count("Accepted publickey") == 0
    return denied["reason"]


def test_an_unknown_key_is_denied_with_the_way_to_accept_it(sshd, start, directory):
    known = directory / "known_hosts"
    known.touch()
    lamd, port = start(sshd, known_hosts=known)
    reason = check_denied(lamd, sshd)
    assert str(known) in reason["remedy"]
    assert not is_echoed(LOCAL, ("127.0.0.1", port))

    known.write_text(sshd.known_hosts().read_text())
    lamd.post("/lam/v1/tunnels/b/reconnect")
    lamd.wait_tunnel("up")
    assert is_echoed(LOCAL, ("127.0.0.1", port))


def test_a_missing_known_hosts_file_knows_nobody(sshd, start, directory):
    lamd, _ = start(sshd, known_hosts=directory / "none")
    check_denied(lamd, sshd)


def test_a_changed_key_is_denied_and_called_changed(sshd, start, directory):
    other = make_key(directory / "other")
    known = directory / "known_hosts"
    known.write_text(f"[{sshd.address}]:{sshd.port} {other.type_and_blob()}\n")
    lamd, _ = start(sshd, known_hosts=known)
    assert "changed" in check_denied(lamd, sshd)["message"].lower()


def test_a_revoked_key_is_denied_even_if_it_is_also_known(sshd, start, directory):
    known = directory / "known_hosts"
    known.write_text(sshd.known_hosts().read_text() + sshd.known_hosts(marker="@revoked").read_text())
    lamd, _ = start(sshd, known_hosts=known)
    assert "revoked" in check_denied(lamd, sshd)["message"]


def test_hashed_entries_are_understood(sshd, start):
    lamd, _ = start(sshd, known_hosts=sshd.known_hosts(hashed=True))
    lamd.wait_tunnel("up")


def test_an_entry_of_another_port_does_not_count(sshd, start):
    lamd, _ = start(sshd, known_hosts=sshd.known_hosts(f"[{sshd.address}]:{sshd.port + 1}"))
    check_denied(lamd, sshd)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", pytest.param("rsa", marks=needs_rsa_by_sha2)])
def test_the_server_is_asked_for_the_type_of_key_that_is_known(make_sshd, start, kind):
    sshd = make_sshd(host_keys=("ed25519", "ecdsa", "rsa"))
    lamd, _ = start(sshd, known_hosts=sshd.known_hosts(kinds=[kind]))
    assert lamd.wait_tunnel("up")["host_key"] == sshd.host_keys[kind].fingerprint()


def test_a_key_of_another_type_is_unknown_and_not_changed(make_sshd, start):
    sshd = make_sshd(host_keys=("ed25519", "ecdsa"))
    sshd.stop()
    known = sshd.known_hosts(kinds=["ecdsa"])
    del sshd.host_keys["ecdsa"]
    sshd.start()
    lamd, _ = start(sshd, known_hosts=known)
    assert "changed" not in check_denied(lamd, sshd)["message"].lower()


def test_a_pinned_fingerprint_needs_no_known_hosts(sshd, start, directory):
    lamd, _ = start(sshd, host_key=sshd.host_keys["ed25519"].fingerprint(), known_hosts=directory / "none")
    lamd.wait_tunnel("up")


def test_another_key_than_the_pinned_one_is_denied(sshd, start, directory):
    lamd, _ = start(sshd, host_key=make_key(directory / "other").fingerprint())
    check_denied(lamd, sshd)


def test_a_denied_tunnel_leaves_the_others_alone(make_sshd, make_server, make_lamd, directory):
    target, port = make_server(echo), free_port()
    denied = tunnel(make_sshd(), (free_port(), "127.0.0.1:1"), name="stranger", known_hosts=directory / "none")
    good = tunnel(make_sshd(), (port, f"127.0.0.1:{target.port}"), name="good")
    lamd = make_lamd([denied, good])
    lamd.wait_tunnel("denied", "stranger")
    lamd.wait_tunnel("up", "good")
    assert is_echoed(LOCAL, ("127.0.0.1", port))
