"""How lamd proves who it is, and how it behaves when nobody believes it."""

import socket
import threading

import pytest
from lamdtest.agent import SshAgent
from lamdtest.keys import has_rsa_by_sha2, make_key, needs_rsa_by_sha2
from lamdtest.lamd import seconds_until, tunnel
from lamdtest.ports import free_port


@pytest.fixture
def start(make_lamd):
    return lambda sshd, **settings: make_lamd([tunnel(sshd, (free_port(), "127.0.0.1:1"), **settings)])


def passphrase_file(directory, text):
    path = directory / "passphrase"
    path.write_text(text)
    path.chmod(0o600)
    return path


RSA = pytest.param("rsa", marks=needs_rsa_by_sha2)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", RSA])
def test_every_type_of_key_is_accepted(sshd, start, directory, kind):
    key = make_key(directory / "key", kind)
    sshd.authorize(key)
    start(sshd, identity=key.path).wait_tunnel("up")


@pytest.mark.parametrize("kind, options", [("rsa", []), ("rsa", ["-m", "PEM"]), ("ecdsa", ["-m", "PEM"])])
def test_every_form_of_a_key_is_read(make_sshd, start, directory, kind, options):
    sshd = make_sshd(options=["PubkeyAcceptedAlgorithms +ssh-rsa"])  # all that libssh2 1.10 can do with RSA
    key = make_key(directory / "key", kind, options=options)
    sshd.authorize(key)
    start(sshd, identity=key.path).wait_tunnel("up")


@pytest.mark.skipif(has_rsa_by_sha2(), reason="this libssh2 signs RSA by SHA-2")
def test_an_rsa_key_that_this_libssh2_cannot_use_is_explained(sshd, start, directory):
    key = make_key(directory / "key", "rsa")
    sshd.authorize(key)
    remedy = start(sshd, identity=key.path).wait_tunnel("denied")["reason"]["remedy"]
    assert "RSA" in remedy and "ed25519" in remedy


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", RSA])
def test_an_encrypted_key_opens_with_its_passphrase(sshd, start, directory, kind):
    key = make_key(directory / "key", kind, passphrase="open sesame")
    sshd.authorize(key)
    start(sshd, identity=key.path, passphrase_file=passphrase_file(directory, "open sesame\n")).wait_tunnel("up")


def test_a_wrong_passphrase_is_named_and_never_shown(sshd, start, directory):
    key = make_key(directory / "key", passphrase="open sesame")
    sshd.authorize(key)
    lamd = start(sshd, identity=key.path, passphrase_file=passphrase_file(directory, "hunter22\n"))
    denied = lamd.wait_tunnel("denied")
    assert "passphrase" in denied["reason"]["message"] and str(key.path) in denied["reason"]["message"]
    assert "hunter22" not in lamd.get("/lam/v1/status").body.decode() + lamd.output()
    assert sshd.count("Failed publickey") == 0


def test_an_encrypted_key_without_a_passphrase_says_what_is_missing(sshd, start, directory):
    key = make_key(directory / "key", passphrase="open sesame")
    sshd.authorize(key)
    denied = start(sshd, identity=key.path).wait_tunnel("denied")
    assert "passphrase" in denied["reason"]["message"] + denied["reason"]["remedy"]


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", RSA])
def test_an_agent_holds_the_key(sshd, start, directory, keep, kind):
    key = make_key(directory / "key", kind)
    sshd.authorize(key)
    agent = keep(SshAgent(directory, make_key(directory / "another"), key))
    start(sshd, identity=None, agent=agent.path).wait_tunnel("up")


def test_a_key_may_be_a_credential_of_systemd(sshd, make_lamd, directory):
    credentials = directory / "credentials"
    credentials.mkdir()
    key = make_key(credentials / "tunnel-key")
    sshd.authorize(key)
    settings = tunnel(sshd, (free_port(), "127.0.0.1:1"), identity="credential:tunnel-key")
    make_lamd([settings], environment={"CREDENTIALS_DIRECTORY": str(credentials)}).wait_tunnel("up")


def test_an_agent_that_is_not_there_is_named(sshd, start, directory):
    lamd = start(sshd, identity=None, agent=directory / "none.sock")
    status = lamd.wait_status(lambda status: status["tunnels"][0]["state"] in ("denied", "backing_off"))
    assert str(directory / "none.sock") in status["tunnels"][0]["reason"]["message"]


def test_a_refused_key_is_not_hammered(sshd, start, directory):
    stranger = make_key(directory / "stranger")
    probes = sshd.count("Connection from")
    denied = start(sshd, identity=stranger.path).wait_tunnel("denied")

    assert str(stranger.path) in denied["reason"]["message"]
    assert 4 < seconds_until(denied["next_attempt"]) <= 15  # 15 s, less up to half of it by chance
    assert sshd.count("Connection from") == probes + 1


def test_a_key_that_is_accepted_meanwhile_works_after_reconnect(sshd, start, directory):
    stranger = make_key(directory / "stranger")
    lamd = start(sshd, identity=stranger.path)
    lamd.wait_tunnel("denied")
    sshd.authorize(stranger)
    lamd.post("/lam/v1/tunnels/b/reconnect")
    lamd.wait_tunnel("up")


def test_a_user_that_does_not_exist_is_refused_like_a_key(sshd, start):
    assert start(sshd, user="nobody-of-that-name").wait_tunnel("denied")["reason"]["message"]


def test_a_connection_that_ends_while_the_key_is_looked_at_is_no_refusal(sshd, make_server, make_lamd):
    """It comes back at once, where a refused key waits."""
    cuts = []

    def serve(connection):
        with sshd.host.connect((sshd.address, sshd.port)) as far:
            threading.Thread(target=pump, args=(connection, far, lambda: False), daemon=True).start()
            # sshd writes its log before it answers.
            pump(far, connection, lambda: not cuts and sshd.count("Accepted key") and not cuts.append(1))

    line = make_server(serve)
    lamd = make_lamd([tunnel(sshd, (free_port(), "127.0.0.1:1"), port=line.port,
                             known_hosts=sshd.known_hosts(f"[127.0.0.1]:{line.port}"))])
    lamd.wait_tunnel("up", timeout=60.0)
    assert cuts and "was refused" not in lamd.output()


def pump(source, sink, is_cut):
    """Until either end closes, or `is_cut()` with something to pass on."""
    try:
        while (data := source.recv(65536)) and not is_cut():
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
