"""`lamctl init`: from nothing to two machines that are connected, by what it prints."""

import re
import shlex
import subprocess

import pytest
from lamdtest.lamctl import Exit, lamctl
from lamdtest.lamd import Lamd
from lamdtest.ports import free_port


@pytest.fixture
def init(directory):
    """Runs it with the configuration in a directory of its own."""
    def run(role, *words, place="gpu"):
        (directory / place).mkdir(exist_ok=True)
        config = directory / place / "lamd.yaml"
        return config, lamctl(directory / "none.sock", "init", role, "--config", config, *(str(word) for word in words))
    return run


def fingerprint(sshd):
    shown = subprocess.run(["ssh-keygen", "-lf", "-"], input=sshd.known_hosts().read_text(), text=True, check=True,
                           capture_output=True)
    return re.search(r"SHA256:[A-Za-z0-9+/]+", shown.stdout)[0]


def test_two_machines_are_connected_by_what_is_printed(init, make_sshd, make_llama, keep, directory):
    sshd, llama, port = make_sshd(), make_llama(), free_port()
    config, made = init("gpu", "--host", sshd.address, "--ssh-port", sshd.port, "--user", sshd.user, "--port", port, "--name", "attic",
                        "--server", f"http://127.0.0.1:{llama.port}", "--host-key", fingerprint(sshd))
    assert made.returncode == Exit.DONE, made.stderr
    told = shlex.split(re.search(r"^  (lamctl authorize .*)$", made.stdout, re.M)[1])
    assert told[:-1] == ["lamctl", "authorize", "--user", sshd.user, "--listen", f"127.0.0.1:{port}"]
    with open(sshd.directory / "authorized_keys", "w") as keys:  # as lamctl authorize would
        keys.write(f'restrict,port-forwarding,permitlisten="127.0.0.1:{port}" {told[-1]}\n')

    web, made = init("web", "--port", port, "--name", "attic", place="web")
    assert made.returncode == Exit.DONE
    start(keep, directory / "a", config.read_text().replace("worker:\n", f"worker:\n  listen: unix:{directory}/worker.sock\n", 1))
    gateway = start(keep, directory / "b", web.read_text())
    assert gateway.wait_path("attic", "up", timeout=20.0)
    answer = gateway.post("/v1/chat/completions", {"messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 5})
    assert answer.status == 200 and answer.headers["Lam-Server"] == "attic"


def start(keep, place, config):
    """As it was made, but for the places that a machine has once."""
    lamd = keep(Lamd(place, start=False))
    lamd.config_path.write_text(config + f"\nsocket: {{path: {lamd.socket_path}}}\n")
    lamd.start()
    return lamd


def test_a_host_key_that_is_another_is_refused(init, make_sshd):
    sshd = make_sshd()
    config, made = init("gpu", "--host", sshd.address, "--ssh-port", sshd.port, "--host-key", "SHA256:" + "A" * 43)
    assert made.returncode == Exit.ERROR and "has another host key" in made.stderr
    assert not config.exists() and not (config.parent / "known_hosts").exists()


def test_a_host_key_that_nobody_has_compared_is_not_pinned(init, make_sshd):
    sshd = make_sshd()
    config, made = init("gpu", "--host", sshd.address, "--ssh-port", sshd.port)
    assert made.returncode == Exit.DONE and "The host key is not pinned yet" in made.stdout and fingerprint(sshd) in made.stdout
    assert not (config.parent / "known_hosts").exists()
    assert (config.parent / "id_ed25519").stat().st_mode & 0o777 == 0o600


def test_what_is_missing_is_named_where_nobody_can_be_asked(init):
    for words, missing in (("gpu",), "--host"), (("gpu", "--host", "h", "--port", "x"), "--port"):
        _, made = init(*words)
        assert made.returncode == Exit.USAGE and missing in made.stderr


def test_nothing_is_overwritten(init):
    config, made = init("web")
    assert made.returncode == Exit.DONE
    before = config.read_text()
    _, again = init("web", "--port", "9")
    assert again.returncode == Exit.ERROR and f"{config} is there already" in again.stderr
    assert config.read_text() == before
    _, forced = init("web", "--port", "9", "--force")
    assert forced.returncode == Exit.DONE and "127.0.0.1:9" in config.read_text()
