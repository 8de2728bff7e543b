"""`lamd --check-config`: every problem at once, where it is, and what to do about it."""

import os
import subprocess

import pytest
from lamdtest.keys import has_rsa_by_sha2, make_key
from lamdtest.yaml import to_yaml


def check(directory, text, **environment):
    path = directory / "lamd.yaml"
    path.write_text(text)
    run = subprocess.run([os.environ["LAMD_BIN"], "--check-config", path], capture_output=True, text=True, check=False,
                         timeout=20, env={**os.environ, **environment})
    return run.returncode, run.stdout + run.stderr


def good(directory):
    key = make_key(directory / "key")
    known = directory / "known_hosts"
    known.write_text(f"b.example.org {key.type_and_blob()}\n")
    return {"tunnels": {"b": {"host": "b.example.org", "user": "lam", "identity": key.path, "known_hosts": known,
                              "forwards": [{"remote": "127.0.0.1:8080", "target": "127.0.0.1:8080"}]}},
            "servers": {"gpu": {"sse": "http://127.0.0.1:8080"}}}


def test_a_good_configuration_is_accepted(directory):
    status, output = check(directory, to_yaml(good(directory)))
    assert status == 0, output


def test_every_problem_is_told_at_once_with_its_place(directory):
    status, output = check(directory, "tunnels:\n  b:\n    host: b.example.org\n    prot: 22\n    user: lam\n"
                                      "    identity: /etc/lamd/id\n    dead_peer: 5 parsecs\n    forwards:\n"
                                      "      - remote: 127.0.0.1:8080\n        target: 127.0.0.1\n"
                                      "servers:\n  gpu: {sse: \"ftp://x\"}\nstop_timeuot: 3s\n")
    assert status != 0
    path = f"{directory}/lamd.yaml"
    for place in (f"{path}:4:", f"{path}:7:", f"{path}:10:", f"{path}:12:", f"{path}:13:"):
        assert place in output, output
    assert "did you mean port" in output and "did you mean stop_timeout" in output


@pytest.mark.parametrize("text", ["", "# nothing\n", "[]", "x", "a: b: c", "\t- x", "tunnels: {", "\xff", "a: &x [*x]",
                                  "tunnels: 7", "servers: {gpu: }", "socket: {mode: 0999}", "log: {level: loud}"])
def test_what_is_no_configuration_is_refused_with_a_sentence(directory, text):
    status, output = check(directory, text)
    assert status not in (0, -6, -11) and len(output) > 20


def test_a_missing_file_is_named(directory):
    run = subprocess.run([os.environ["LAMD_BIN"], "--check-config", directory / "none.yaml"], capture_output=True,
                         text=True, check=False)
    assert run.returncode != 0 and "none.yaml" in run.stderr


def test_a_key_that_others_can_read_is_refused(directory):
    config = good(directory)
    (directory / "key").chmod(0o644)
    status, output = check(directory, to_yaml(config))
    assert status != 0 and "chmod" in output


@pytest.mark.skipif(has_rsa_by_sha2(), reason="this libssh2 signs RSA by SHA-2")
def test_an_rsa_key_that_this_libssh2_cannot_use_is_a_warning(directory):
    config = good(directory)
    config["tunnels"]["b"]["identity"] = make_key(directory / "rsa", "rsa").path
    status, output = check(directory, to_yaml(config))
    assert status == 0 and "RSA" in output and "ed25519" in output


def test_a_secret_in_the_file_is_refused_and_not_repeated(directory):
    config = good(directory)
    config["servers"]["gpu"]["api_key"] = "sk-very-secret"
    status, output = check(directory, to_yaml(config))
    assert status != 0 and "api_key_file" in output and "very-secret" not in output


def test_the_variables_of_before_are_understood(directory):
    status, output = check(directory, "log: {level: info}\n", LLM_COMM_MODE="sse",
                           LLM_SERVER_URL="http://localhost:8080",
                           LLM_TEMPERATURE="0.6", LLM_TIMEOUT="300")
    assert status == 0, output
    status, output = check(directory, "log: {level: info}\n", LLM_TEMPERATURE="x",
                           LLM_SERVER_URL="http://localhost:8080")
    assert status != 0 and "LLM_TEMPERATURE" in output
