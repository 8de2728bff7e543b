"""A server that lamd runs itself: started, ready, brought back whatever ends it, and never beside another one."""

import http.client
import json
import os
import re
import signal

import pytest
from lamdtest import fake, llama, unix_http
from lamdtest.host import LOCAL
from lamdtest.lamctl import lamctl
from lamdtest.ports import free_port
from lamdtest.process import descendants, freeze, wait_gone
from lamdtest.upstream import CHAT
from lamdtest.wait import wait_until

LONG = 60.0  # a bound, no expectation: machines of tests are slow


class Machine:
    """A GPU machine: a lamd whose worker's server is its own child."""

    def __init__(self, make_lamd, directory, start=True, **run):
        self.port = free_port()
        self.directory = directory
        self.run = {"command": llama.command(self.port), "stop_grace": "5s", "restart": {"first": "100ms", "limit": "1s"},
                    **run}
        self.make_lamd = make_lamd
        self.lamd = None
        if start:
            self.start()

    def start(self):
        self.lamd = self.make_lamd(worker=self.worker())

    def worker(self, **settings):
        return {"name": "gpu", "server": f"http://127.0.0.1:{self.port}",
                "listen": f"unix:{self.directory}/worker.sock", "run": self.run, **settings}

    def reload(self, **settings):
        self.lamd.configure(worker=self.worker(**settings))
        answer = self.lamd.reload()
        assert answer.status == 200, answer.body
        return answer.json()["message"]

    def child(self):
        return self.lamd.status()["worker"]["child"]

    def wait(self, state, beyond=0):
        """The child's status once it is in `state`, started more than `beyond` times."""
        def found(status):
            child = status["worker"]["child"]
            return child if child["state"] == state and child["starts"] > beyond else None

        return found(self.lamd.wait_status(found, LONG, f"the server to be {state}"))

    def ask(self):
        """An answer through the worker."""
        body = {**CHAT, "max_tokens": 8}
        stream = unix_http.Stream(self.directory / "worker.sock", "/v1/chat/completions", body, timeout=LONG)
        try:
            return stream.read_all()
        finally:
            stream.close()


@pytest.fixture
def make_machine(make_lamd, directory):
    if why := llama.missing():
        pytest.skip(why)
    return lambda **run: Machine(make_lamd, directory, **run)


@pytest.fixture
def make_fake(make_lamd, directory):
    """The same with a command that is no llama-server, for what does not need one."""
    def make(script, **run):
        program = directory / "server.sh"
        program.write_text("#!/bin/sh\n" + script)
        program.chmod(0o755)
        return Machine(make_lamd, directory, **{"command": [program, "a b"], **run})

    return make


@pytest.fixture
def make_faulty(make_lamd, directory):
    """The same with a server that misbehaves on command."""
    def make(*options, **run):
        machine = Machine(make_lamd, directory, start=False, **run)
        machine.run["command"] = fake.command(machine.port, options)
        machine.start()
        return machine

    return make


def is_free(port):
    try:
        LOCAL.connect(("127.0.0.1", port), 1.0).close()
        return False
    except OSError:
        return True


def listener_of(port):
    """Everything that listens there, by pid."""
    inodes = set()
    with open("/proc/net/tcp") as table:
        for line in list(table)[1:]:
            fields = line.split()
            if int(fields[1].rsplit(":", 1)[1], 16) == port and fields[3] == "0A":
                inodes.add(f"socket:[{fields[9]}]")
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            for entry in os.scandir(f"/proc/{pid}/fd"):
                if os.readlink(entry.path) in inodes:
                    found.add(int(pid))
        except OSError:
            pass
    return found


def test_a_server_is_started_becomes_ready_and_answers(make_machine):
    machine = make_machine()
    child = machine.wait("ready")
    assert listener_of(machine.port) == {child["pid"]}
    assert child["starts"] == 1 and child["memory_bytes"] > 0 and "reason" not in child
    assert b"[DONE]" in machine.ask()
    assert machine.lamd.metric("lamd_child_state", state="ready") == 1
    assert machine.lamd.metric("lamd_child_starts_total") == 1


def test_its_output_is_in_the_log_under_its_own_name(make_machine):
    machine = make_machine()
    machine.wait("ready")
    lines = [json.loads(line) for line in machine.lamd.output().splitlines()]
    said = [line["message"] for line in lines if line.get("source") == "llama-server"]
    assert any("model loaded" in line for line in said), said[-5:]


def test_a_server_that_is_killed_comes_back(make_machine):
    machine = make_machine()
    for round_ in range(3):
        child = machine.wait("ready", beyond=round_)
        os.kill(child["pid"], signal.SIGKILL)
    child = machine.wait("ready", beyond=3)
    assert child["last_exit"]["signal"] == signal.SIGKILL and "SIGKILL" in child["last_exit"]["message"]
    assert listener_of(machine.port) == {child["pid"]}
    assert b"[DONE]" in machine.ask()


def test_a_crash_loop_backs_off_is_told_and_never_given_up(make_fake):
    machine = make_fake("echo no such model >&2; exit 3", restart={"first": "100ms", "limit": "200ms"})
    child = machine.wait("backing_off", beyond=5)
    assert child["last_exit"]["code"] == 3 and "no such model" in child["reason"]["message"]
    machine.lamd.wait_status(lambda status: any("no such model" in one["message"] for one in status["verdict"]["reasons"]),
                             LONG, "the verdict to tell")
    machine.lamd.wait_status(lambda status: status["worker"]["child"]["starts"] > child["starts"] + 5, LONG, "more tries")


def test_the_end_of_lamd_ends_the_server(make_machine):
    machine = make_machine()
    pid = machine.wait("ready")["pid"]
    machine.lamd.stop()
    assert not os.path.exists(f"/proc/{pid}") and is_free(machine.port)


def test_a_server_that_does_not_go_is_killed_with_all_that_it_started(make_fake):
    machine = make_fake("trap '' TERM; sleep 1000 & while :; do sleep 1; done", stop_grace="500ms")
    machine.wait("starting")
    pids = wait_until(lambda: len(found := descendants(machine.lamd.process.pid)) >= 3 and found, LONG, "its processes")
    machine.lamd.stop()
    wait_gone(pids, LONG)
    assert "does not end in time" in machine.lamd.output()


def test_a_lamd_that_is_killed_leaves_no_server_behind(make_machine, make_lamd):
    machine = make_machine()
    pid = machine.wait("ready")["pid"]
    os.kill(machine.lamd.process.pid, signal.SIGKILL)
    wait_gone([pid], LONG)
    machine.lamd.process.wait()
    machine.lamd.start()
    child = machine.wait("ready")
    assert child["pid"] != pid and listener_of(machine.port) == {child["pid"]}


def test_a_stopped_server_is_found_wedged_and_restarted(make_machine):
    machine = make_machine(wedged_after="2s", stop_grace="500ms")
    child = machine.wait("ready")
    freeze([child["pid"]])
    again = machine.wait("ready", beyond=1)
    assert again["pid"] != child["pid"] and "wedged" in machine.lamd.output()
    assert b"[DONE]" in machine.ask()


def test_a_stopped_server_is_only_reported_where_the_policy_says_so(make_machine):
    machine = make_machine(wedged_after="2s", wedged="report")
    child = machine.wait("ready")
    freeze([child["pid"]])
    wedged = machine.wait("wedged")
    assert wedged["pid"] == child["pid"] and "restart-server" in wedged["reason"]["remedy"]
    os.kill(child["pid"], signal.SIGCONT)
    assert machine.wait("ready")["pid"] == child["pid"]


def test_a_server_that_hangs_in_its_answers_is_restarted_although_its_health_is_well(make_faulty, keep):
    machine = make_faulty(wedged_after="2s", stop_grace="500ms")
    first = machine.wait("ready")["pid"]
    stall = {**CHAT, "fake": {"fault": "stall", "after": 3}}
    stream = keep(unix_http.Stream(machine.directory / "worker.sock", "/v1/chat/completions", stall, timeout=LONG))
    assert machine.wait("ready", beyond=1)["pid"] != first
    assert "no token for" in machine.lamd.output()
    with pytest.raises(http.client.HTTPException):
        stream.read_all()
    assert b"[DONE]" not in stream.body()


def test_a_server_that_is_slow_but_gets_on_is_left_alone(make_faulty, keep):
    machine = make_faulty(wedged_after="4s")
    pid = machine.wait("ready")["pid"]
    slow = {**CHAT, "max_tokens": 8, "fake": {"fault": "slow", "delay_s": 1}}
    stream = keep(unix_http.Stream(machine.directory / "worker.sock", "/v1/chat/completions", slow, timeout=LONG))
    assert b"[DONE]" in stream.read_all()
    assert machine.child()["pid"] == pid and machine.child()["starts"] == 1


def test_a_server_is_not_ready_while_it_loads(make_faulty):
    machine = make_faulty("--loading", "3")
    said = machine.lamd.wait_status(lambda status: "503" in status["worker"]["child"].get("reason", {}).get("message", ""),
                                    LONG, "the server to load")
    assert said["worker"]["child"]["state"] == "starting"
    machine.wait("ready")


def test_a_server_that_never_becomes_ready_is_tried_again(make_faulty):
    machine = make_faulty("--loading", "1000", ready_timeout="1s", stop_grace="500ms")
    assert "ready_timeout" in machine.wait("backing_off", beyond=1)["reason"]["message"]


def test_a_server_that_has_no_health_is_ready(make_faulty):
    make_faulty("--no-health").wait("ready")


def test_nothing_is_started_beside_another_server(make_llama, make_lamd, directory):
    other = make_llama()
    run = {"command": llama.command(other.port), "restart": {"first": "100ms", "limit": "1s"}}
    lamd = make_lamd(worker={"name": "gpu", "server": f"http://127.0.0.1:{other.port}",
                             "listen": f"unix:{directory}/worker.sock", "run": run})
    status = lamd.wait_status(lambda status: status["worker"]["child"]["state"] == "held", LONG, "it to be held")
    child = status["worker"]["child"]
    assert f"(pid {other.pid})" in child["reason"]["message"] and child["starts"] == 0
    assert any(str(other.pid) in one["message"] for one in status["verdict"]["reasons"])
    other.kill()
    lamd.wait_status(lambda status: status["worker"]["child"]["state"] == "ready", LONG, "it to take over")


def test_a_server_that_uses_too_much_memory_is_restarted(make_machine):
    machine = make_machine(memory_max="1MiB")
    child = machine.wait("backing_off")
    assert "memory_max" in child["reason"]["message"]


def test_an_operator_restarts_it(make_machine):
    machine = make_machine()
    first = machine.wait("ready")
    run = lamctl(machine.lamd.socket_path, "restart-server")
    assert run.returncode == 0, run.stderr
    assert machine.wait("ready", beyond=1)["pid"] != first["pid"]
    text = lamctl(machine.lamd.socket_path, "status").stdout
    assert re.search(r"its server process ready, pid \d+, 2 starts", text), text


def test_who_runs_no_server_is_told_so(lamd):
    run = lamctl(lamd.socket_path, "restart-server")
    assert run.returncode != 0 and "runs no server" in run.stderr and "systemctl restart" in run.stderr


def test_its_life_is_told_as_events(make_machine, keep):
    machine = make_machine()
    machine.wait("ready")
    events = keep(unix_http.Stream(machine.lamd.socket_path, "/lam/v1/events", timeout=LONG))
    events.read_until(b"event: snapshot")
    os.kill(machine.child()["pid"], signal.SIGKILL)
    events.read_until(b'"child":{"state":"backing_off"')
    events.read_until(b'"child":{"state":"ready"')
    assert b"event: child" in events.body()


def test_a_reload_restarts_it_only_when_it_would_be_another_process(make_machine):
    machine = make_machine()
    child = machine.wait("ready")
    machine.run.update(stop_grace="7s", wedged_after="70s", memory_max="64GiB", ready_timeout="2min")
    assert "worker.run" in machine.reload()
    assert "worker" in machine.reload(lease="33s")
    machine.lamd.configure(worker=machine.worker(), defaults={"temperature": 0.5})
    assert machine.lamd.reload().status == 200
    assert machine.child()["pid"] == child["pid"] and machine.child()["starts"] == 1

    machine.run["command"] = llama.command(machine.port, slots=2)
    machine.reload()
    again = machine.wait("ready", beyond=1)
    assert again["pid"] != child["pid"]
    assert b"--parallel\x002\x00" in open(f"/proc/{again['pid']}/cmdline", "rb").read()


def test_a_reload_begins_and_ends_to_run_it(make_machine):
    machine = make_machine()
    pid = machine.wait("ready")["pid"]
    run, machine.run = machine.run, None
    machine.lamd.configure(worker={key: value for key, value in machine.worker().items() if key != "run"})
    assert machine.lamd.reload().status == 200
    wait_gone([pid], LONG)
    assert "child" not in machine.lamd.status()["worker"]
    machine.run = run
    machine.reload()
    machine.wait("ready")


def test_it_is_told_what_lamd_is_not_to_be_asked_for(make_fake):
    """Its own variables, and none of systemd's."""
    machine = make_fake('echo "<$FROM_CONFIG|$NOTIFY_SOCKET|$STATE_DIRECTORY|$1>"; sleep 1000',
                        environment={"FROM_CONFIG": "x y"})
    wait_until(lambda: "<x y|||a b>" in machine.lamd.output(), LONG, "its words")


def test_a_chatty_server_does_not_flood_the_log(make_fake):
    machine = make_fake("while :; do echo a line like many others; done")
    machine.wait("starting")
    wait_until(lambda: "lines left out" in machine.lamd.output(), LONG, "lines to be left out")
    assert machine.lamd.output().count("a line like many others") < 5000
    assert machine.lamd.get("/livez").status == 200
