"""lamctl against a running lamd, and against none: what it prints, and what it exits with."""

import json
import os
import signal
import subprocess

import pytest
from lamdtest.lamctl import Exit, lamctl
from lamdtest.lamd import server, tunnel
from lamdtest.ports import free_port
from lamdtest.tcp import echo
from lamdtest.upstream import DONE, delta


@pytest.fixture
def lamd(sshd, upstream, make_server, make_lamd):
    lamd = make_lamd([tunnel(sshd, (free_port(), f"127.0.0.1:{make_server(echo).port}"))],
                     [server(upstream.port, probe_interval="200ms")])
    lamd.wait_tunnel("up")
    lamd.wait_path("gpu", "up")
    return lamd


@pytest.fixture
def run(lamd):
    return lambda *words, **options: lamctl(lamd.socket_path, *words, **options)


@pytest.fixture
def begin(lamd, keep):
    """A lamctl that goes on: a Popen with text output."""
    class Running:
        def __init__(self, *words, stdin=subprocess.DEVNULL):
            self.process = subprocess.Popen([os.environ["LAMCTL_BIN"], "--socket", lamd.socket_path, *words],
                                            stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                            env={**os.environ, "NO_COLOR": "1"})

        def close(self):
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
                if pipe:
                    pipe.close()

    return lambda *words, **options: keep(Running(*words, **options)).process


def test_status_begins_with_the_verdict(run):
    done = run("status")
    assert done.returncode == Exit.DONE
    assert "healthy" in done.stdout.splitlines()[0]
    assert "gpu" in done.stdout and "up" in done.stdout and "\x1b" not in done.stdout


def test_status_as_json_is_the_status(run, lamd):
    shown = json.loads(run("status", "--json").stdout)
    asked = lamd.status()
    assert shown["schema"] == 1 and shown["tunnels"][0]["name"] == "b"
    assert {key: value for key, value in shown.items() if key not in ("uptime_s", "tunnels", "paths")} == {
        key: value for key, value in asked.items() if key not in ("uptime_s", "tunnels", "paths")}


def test_status_tells_down_and_the_next_step(run, lamd, upstream, sshd):
    upstream.close()
    lamd.wait_path("gpu", "down")
    done = run("status")
    assert done.returncode in (Exit.DOWN, Exit.DEGRADED)
    assert str(upstream.port) in done.stdout


def test_colour_is_for_terminals_only(lamd):
    words = f"{os.environ['LAMCTL_BIN']} --socket {lamd.socket_path} status"
    on_terminal = subprocess.run(["script", "-qec", words, "/dev/null"], capture_output=True, text=True, check=False,
                                 env={**{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, "TERM": "xterm"})
    assert "\x1b[" in on_terminal.stdout
    plain = subprocess.run(["script", "-qec", words, "/dev/null"], capture_output=True, text=True, check=False,
                           env={**os.environ, "NO_COLOR": "1", "TERM": "xterm"})
    assert "\x1b[3" not in plain.stdout


def test_tunnels_and_paths_are_listed(run, sshd):
    tunnels, paths = run("tunnels"), run("paths")
    assert tunnels.returncode == paths.returncode == Exit.DONE
    assert str(sshd.port) in tunnels.stdout and "gpu" in paths.stdout
    assert json.loads(run("tunnels", "--json").stdout)["tunnels"][0]["state"] == "up"
    assert json.loads(run("paths", "--json").stdout)["paths"][0]["state"] == "up"


def test_reconnect_replaces_the_session(run, lamd):
    assert run("reconnect", "b").returncode == Exit.DONE
    lamd.wait_status(lambda status: status["tunnels"][0]["connects"] == 2, what="the second session")
    assert run("reconnect", "nobody").returncode == Exit.NO_SUCH


def test_reload_says_what_is_wrong(run, lamd):
    assert run("reload").returncode == Exit.DONE
    lamd.config_path.write_text("nonsense: 1\n")
    refused = run("reload")
    assert refused.returncode == Exit.ERROR and "nonsense" in refused.stderr


def test_wait_returns_when_it_is_so(run, lamd, sshd):
    assert run("wait", "--for=healthy", "--timeout=5s").returncode == Exit.DONE
    sshd.stop()
    lamd.wait_status(lambda status: status["tunnels"][0]["state"] != "up", what="the loss")
    assert run("wait", "--for=healthy", "--timeout=300ms").returncode == Exit.TIMED_OUT
    sshd.start()
    assert run("wait", "--for=healthy", "--timeout=40s", timeout=50).returncode == Exit.DONE


def test_events_are_followed(begin, lamd, sshd):
    events = begin("events")
    assert events.stdout.readline()
    sshd.kill_sessions()
    seen = ""
    while "tunnel b up" not in seen:
        line = events.stdout.readline()
        assert line, "the events ended"
        seen += line
    events.send_signal(signal.SIGINT)
    events.communicate(timeout=5)


def test_watch_shows_changes_until_it_is_told_to_end(begin, sshd, lamd):
    watch = begin("status", "--watch")
    assert watch.stdout.readline()
    sshd.stop()
    while "backing_off" not in watch.stdout.readline():
        assert watch.poll() is None
    watch.send_signal(signal.SIGINT)
    watch.communicate(timeout=5)


def test_chat_streams_to_standard_output(begin, upstream):
    chat = begin("chat", "Hello there")
    call = upstream.next_call()
    assert call.json()["messages"][-1] == {"role": "user", "content": "Hello there"}
    call.begin()
    call.event(delta("One "))
    assert chat.stdout.read(4) == "One "
    call.event(delta("two") + delta("", "stop") + DONE)
    call.end()
    output, errors = chat.communicate(timeout=5)
    assert output.strip() == "two" and chat.returncode == Exit.DONE
    assert "token" in errors


def test_chat_reads_a_pipe(begin, upstream):
    chat = begin("chat", stdin=subprocess.PIPE)
    chat.stdin.write("From a pipe\n")
    chat.stdin.close()
    call = upstream.next_call()
    assert "From a pipe" in call.json()["messages"][-1]["content"]
    call.begin()
    call.event(delta("yes", None) + delta("", "stop") + DONE)
    call.end()
    assert chat.stdout.read().strip() == "yes" and chat.wait(5) == Exit.DONE


def test_a_chat_that_breaks_off_fails(begin, upstream):
    chat = begin("chat", "Hello")
    call = upstream.next_call()
    call.begin()
    call.event(delta("One"))
    assert chat.stdout.read(3) == "One"
    call.cut()
    _, errors = chat.communicate(timeout=5)
    assert chat.returncode == Exit.ERROR and errors


def test_a_chat_that_is_interrupted_cancels(begin, upstream):
    chat = begin("chat", "Hello")
    call = upstream.next_call()
    call.begin()
    call.event(delta("One"))
    assert chat.stdout.read(3) == "One"
    chat.send_signal(signal.SIGINT)
    call.wait_abandoned(2.0)
    chat.communicate(timeout=5)
    assert chat.returncode != Exit.DONE


def test_check_needs_no_daemon(directory):
    config = directory / "lamd.yaml"
    config.write_text("servers: {gpu: {sse: \"http://127.0.0.1:8080\"}}\n")
    assert lamctl(directory / "none.sock", "check", str(config)).returncode == Exit.DONE
    config.write_text("servers: {gpu: {see: x}}\n")
    refused = lamctl(directory / "none.sock", "check", str(config))
    assert refused.returncode == Exit.ERROR and "did you mean sse" in refused.stdout + refused.stderr


@pytest.mark.parametrize("words", [["status"], ["tunnels"], ["paths"], ["reload"], ["reconnect", "b"], ["events"],
                                   ["chat", "x"]])
def test_without_a_daemon_it_says_so(directory, words):
    done = lamctl(directory / "none.sock", *words)
    assert done.returncode == Exit.NOT_RUNNING and "none.sock" in done.stderr


@pytest.mark.parametrize("words", [[], ["statsu"], ["status", "--nope"], ["wait", "--for=nonsense"],
                                   ["wait", "--for=healthy", "--timeout=5 parsecs"]])
def test_wrong_usage_is_told_apart(directory, words):
    done = lamctl(directory / "none.sock", *words)
    assert done.returncode == Exit.USAGE and done.stderr


@pytest.mark.root
def test_what_is_not_permitted_is_told_apart(upstream, make_lamd, directory):
    directory.chmod(0o755)
    lamd = make_lamd(servers=[server(upstream.port)], start=False, socket={"mode": "0666"})
    lamd.directory.chmod(0o755)
    lamd.start()
    words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", os.environ["LAMCTL_BIN"], "--socket",
             lamd.socket_path, "reload"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == Exit.NOT_PERMITTED and "admin" in done.stderr


def test_version_is_that_of_the_daemon_too(run, lamd):
    done = run("version")
    assert done.returncode == Exit.DONE and lamd.status()["version"] in done.stdout


def test_output_to_a_closed_pipe_ends_quietly(lamd):
    words = f"{os.environ['LAMCTL_BIN']} --socket {lamd.socket_path} events; echo $? >&2"
    with subprocess.Popen(["bash", "-c", words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as events:
        assert events.stdout.readline()
        events.stdout.close()
        lamd.reload()  # something to write
        assert events.stderr.read().strip() in ("0", "141")


def test_import_env_makes_a_configuration_that_lamd_takes(directory):
    """But for `bridge`, whose brokers are not here: it is only checked."""
    env, made, password = directory / ".env", directory / "lamd.yaml", directory / "password"
    env.write_text("LLM_COMM_MODE=sse\nLLM_SERVER_URL=http://localhost:8888\nLLM_TIMEOUT=120\nLLM_SKIP_THINKING=true\n"
                   "LLM_MAX_HISTORY_TOKENS=4000\nMQTT_BROKER_HOST=b.example.org\nMQTT_USERNAME=web\nMQTT_PASSWORD=hunter2\n")
    words = ["import-env", env, "--output", made, "--password-file", password]
    answer = lamctl(directory / "none.sock", *words)
    assert answer.returncode == Exit.DONE and f"wrote {made}" in answer.stdout
    assert password.read_text() == "hunter2\n" and password.stat().st_mode & 0o777 == 0o600
    assert "hunter2" not in made.read_text() + answer.stdout + answer.stderr
    check = subprocess.run([os.environ["LAMD_BIN"], "--check-config", made], capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stderr
    again = lamctl(directory / "none.sock", *words)
    assert again.returncode == Exit.ERROR and f"{made} is there already" in again.stderr
    assert lamctl(directory / "none.sock", *words, "--force").returncode == Exit.DONE
