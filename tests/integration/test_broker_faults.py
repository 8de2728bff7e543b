"""What is wrong at the broker is named, with what helps; and what a broker loses is not lost."""

import json
import subprocess
import threading
import time
from pathlib import Path

import pytest
from lamdtest import unix_http
from lamdtest.lamd import server
from lamdtest.line import Line
from lamdtest.ports import free_port
from lamdtest.upstream import CHAT, DONE, delta
from lamdtest.wait import wait_until

END = delta("", "stop") + DONE

# What the two ends must be allowed, in mosquitto's words.
GATEWAY = ["topic write lam/v1/home/w/+/req", "topic write lam/v1/home/w/+/ctl", "topic read lam/v1/home/w/+/state",
           "topic read lam/v1/home/c/+/+/r"]
WORKER = ["topic read lam/v1/home/w/a/req", "topic read lam/v1/home/w/a/ctl", "topic write lam/v1/home/w/a/state",
          "topic write lam/v1/home/c/+/+/r"]


class Site:
    """A worker and a gateway at brokers of the test's choice."""

    def __init__(self, make_lamd, directory, upstream):
        self._make_lamd, self._directory, self._upstream = make_lamd, directory, upstream
        self._workers = 0

    def worker(self, *brokers, **settings):
        self._workers += 1
        return self._make_lamd(worker={"name": "a", "server": f"http://127.0.0.1:{self._upstream.port}",
                                       "listen": f"unix:{self._directory}/worker{self._workers}.sock", **settings},
                               mqtt={"site": "home", "brokers": list(brokers)})

    def gateway(self, *brokers):
        return self._make_lamd(servers=[server(None, mqtt="a", probe_interval="1s")],
                               mqtt={"site": "home", "brokers": list(brokers)})

    def both(self, *brokers):
        worker, gateway = self.worker(*brokers), self.gateway(*brokers)
        gateway.wait_path("gpu", "up")
        return worker, gateway


def guide(marker):
    """The example of docs/install.md that begins with `marker`."""
    text = (Path(__file__).parent.parent.parent / "docs" / "install.md").read_text()
    begin = text.index(f"```\n{marker}\n") + 4
    return text[begin:text.index("```", begin)]


@pytest.fixture
def site(make_lamd, directory, upstream):
    return Site(make_lamd, directory, upstream)


def broker_reason(lamd, says, of=lambda status: status["broker"], timeout=15.0):
    """The reason of a broker's status, once its message has `says` in it."""
    def found(status):
        reason = (of(status) or {}).get("reason")
        return reason if reason and says in reason["message"] else None

    return found(lamd.wait_status(found, timeout, f"the broker's reason to say {says!r}"))


def path_reason(lamd, says, timeout=20.0):
    return broker_reason(lamd, says, lambda status: status["paths"][0], timeout)


def of_worker(status):
    return status["worker"]["broker"]


def posts(upstream):
    return sum(1 for method, _ in upstream.requests if method == "POST")


class Answers:
    """Several answers at once: callers, and the server's side of each."""

    def __init__(self, lamd, upstream, count, keep):
        self.streams, self.calls = [], []
        for number in range(count):
            body = {**CHAT, "messages": [{"role": "user", "content": str(number)}]}
            self.streams.append(keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", body, timeout=60)))
            self.calls.append(upstream.next_call(15.0))
            self.calls[-1].begin()
        self.sent = [b""] * count

    def event(self, make):
        """`make(which)`: the next event of each."""
        for number, call in enumerate(self.calls):
            event = make(call.json()["messages"][0]["content"])
            call.event(event)
            self.sent[number] += event

    def check(self):
        """Each is complete, and what its own caller asked for."""
        for number, call in enumerate(self.calls):
            call.event(END)
            call.end()
            self.sent[number] += END
        results = [None] * len(self.streams)

        def read(number):
            results[number] = self.streams[number].read_all()

        threads = [threading.Thread(target=read, args=(number,)) for number in range(len(self.streams))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == self.sent


# What is named


def test_a_wrong_password_is_named(site, make_broker, directory, upstream):
    passwords, right, wrong = (directory / name for name in ("passwords", "right", "wrong"))
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "lam", "secret"], check=True, timeout=10)
    right.write_text("secret\n")
    wrong.write_text("guess\n")
    for file in (right, wrong):
        file.chmod(0o600)
    broker = make_broker(settings=("allow_anonymous false", f"password_file {passwords}"))
    bad = broker.broker(username="lam", password_file=wrong)
    gateway = site.gateway(bad)
    reason = broker_reason(gateway, "refuses the connection")
    assert "not authorized" in reason["message"] or "password" in reason["message"]
    assert "password_file" in reason["remedy"]
    assert gateway.status()["broker"]["state"] == "denied"
    reason = path_reason(gateway, "refuses the connection")
    assert "password_file" in reason["remedy"], "the path names what keeps it from its worker"
    worker = site.worker(bad)
    assert "password_file" in broker_reason(worker, "refuses the connection", of_worker)["remedy"]
    gateway.stop()
    worker.stop()
    site.both(broker.broker(username="lam", password_file=right))


def test_what_the_guide_allows_is_enough(site, make_broker, directory, upstream, keep):
    """Its access list, and its lines for mosquitto but for the listener and its certificate."""
    passwords, acl = directory / "passwords", directory / "acl"
    for name in ("gpu", "web"):
        create = [] if passwords.exists() else ["-c"]
        subprocess.run(["mosquitto_passwd", "-b", *create, passwords, name, "secret"], check=True, timeout=10)
    acl.write_text(guide("user gpu").replace("w/gpu/", "w/a/"))
    acl.chmod(0o600)
    secret = directory / "secret"
    secret.write_text("secret\n")
    secret.chmod(0o600)
    lines = [line for line in guide("listener 8883").splitlines()
             if line.split()[0] not in ("listener", "certfile", "keyfile")]
    lines = [line.replace("/etc/mosquitto/lamd.passwd", str(passwords)).replace("/etc/mosquitto/lamd.acl", str(acl))
             for line in lines]
    broker = make_broker(settings=["allow_anonymous false", *lines])
    site.worker(broker.broker(username="gpu", password_file=secret))
    gateway = site.gateway(broker.broker(username="web", password_file=secret))
    gateway.wait_path("gpu", "up")
    stream = keep(unix_http.Stream(gateway.socket_path, "/v1/chat/completions", CHAT))
    call = upstream.next_call()
    call.begin()
    call.event(delta("one") + END)
    call.end()
    assert stream.read_all() == delta("one") + END


@pytest.mark.parametrize("denied", [GATEWAY[0], WORKER[0], WORKER[3], GATEWAY[3], GATEWAY[2]],
                         ids=["gateway_writes_requests", "worker_reads_requests", "worker_writes_answers",
                              "gateway_reads_answers", "gateway_reads_presence"])
def test_what_an_access_list_denies_is_named(site, make_broker, directory, denied):
    acl = directory / "acl"

    def allow(without=None):
        gateway = [line for line in GATEWAY if line is not without]
        worker = [line for line in WORKER if line is not without]
        acl.write_text("\n".join(["user gateway", *gateway, "", "user worker", *worker, ""]))
        acl.chmod(0o600)

    allow(without=denied)
    broker = make_broker(settings=(f"acl_file {acl}",))
    worker = site.worker(broker.broker(username="worker"))
    gateway = site.gateway(broker.broker(username="gateway"))
    if denied is GATEWAY[2]:
        reason = path_reason(gateway, "worker a is not at the broker")
        assert "access list" in reason["remedy"] and "lam/v1/home/w/+/state" in reason["remedy"]
    else:
        reason = path_reason(gateway, "silent over mqtt" if denied is not GATEWAY[0] else "not authorized")
        assert "access list" in reason["remedy"]
        assert "lam/v1/home/w/a/req" in reason["remedy"]
        if denied is not GATEWAY[0]:
            assert "lam/v1/home/c/" in reason["remedy"]
    if denied is WORKER[3]:
        reason = broker_reason(worker, "refuses a message to lam/v1/home/c/", of_worker)
        assert "let user worker write" in reason["remedy"]
    broker.kill()
    allow()
    broker.start()
    gateway.wait_path("gpu", "up")


def test_a_name_that_two_workers_have_is_named(site, make_broker):
    """They push each other out until one of them sees it; not every broker says why it ends a connection."""
    broker = make_broker()
    first, gateway = site.both(broker.broker())
    workers = [first, site.worker(broker.broker())]

    def denied():
        return [lamd for lamd in workers if of_worker(lamd.status())["state"] == "denied"]

    loser = wait_until(denied, 30.0, "one of them to give up")[0]
    reason = of_worker(loser.status())["reason"]
    assert "another" in reason["remedy"] and "unique at a broker" in reason["remedy"]
    winner = next(lamd for lamd in workers if lamd is not loser)
    winner.wait_status(lambda status: of_worker(status)["state"] == "up", what="the other one to have the name")
    gateway.wait_path("gpu", "up")


def run(*command, cwd):
    subprocess.run([str(word) for word in command], cwd=cwd, check=True, timeout=60, capture_output=True)


def test_a_certificate_that_has_expired_is_named(site, make_broker, directory):
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run("openssl", "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", 30, "-subj", "/CN=test CA",
        cwd=directory)
    run("openssl", "req", *key, "-keyout", "broker.key", "-out", "broker.csr", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", cwd=directory)

    def sign(name, begin, end):
        (directory / "index.txt").write_text("")
        (directory / "ca.cnf").write_text(
            "[ca]\ndefault_ca=one\n[one]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\n"
            "policy=any\ncopy_extensions=copy\nunique_subject=no\n[any]\ncommonName=supplied\n")
        run("openssl", "ca", "-batch", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", "broker.csr",
            "-out", name, "-startdate", begin, "-enddate", end, cwd=directory)

    sign("expired.pem", "20200101000000Z", "20210101000000Z")
    sign("valid.pem", "20200101000000Z", "20491231000000Z")
    port = free_port()

    def settings(certificate):
        return (f"listener {port} 127.0.0.1", f"certfile {directory}/{certificate}", f"keyfile {directory}/broker.key",
                "allow_anonymous true")

    secure = {"url": f"mqtts://127.0.0.1:{port}", "ca_file": directory / "ca.pem"}
    broker = make_broker(settings=settings("expired.pem"))
    gateway = site.gateway(secure)
    reason = broker_reason(gateway, "expired")
    assert reason["remedy"]
    assert "expired" in path_reason(gateway, "expired")["message"]
    gateway.stop()
    broker.kill()
    make_broker(settings=settings("valid.pem"))
    site.both(secure)


def test_a_worker_that_is_at_another_site_is_told_how_to_be_found(site, make_broker):
    reason = path_reason(site.gateway(make_broker().broker()), "worker a is not at the broker")
    assert "start worker a" in reason["remedy"] and "site" in reason["remedy"]


# What is not lost


def test_messages_that_are_too_large_for_the_broker_go_in_parts(site, make_broker, upstream, keep):
    broker = make_broker(settings=("max_packet_size 2048",))
    _, gateway = site.both(broker.broker())
    question = "tell me " * 20000
    stream = keep(unix_http.Stream(gateway.socket_path, "/v1/chat/completions",
                                   {**CHAT, "messages": [{"role": "user", "content": question}]}))
    call = upstream.next_call()
    assert call.json()["messages"][0]["content"] == question
    call.begin()
    expected = b""
    for number in range(20):
        event = delta(f"{number} " * 5000)
        call.event(event)
        expected += event
        stream.read_until(event)
    call.event(END)
    call.end()
    assert stream.read_all() == expected + END
    assert posts(upstream) == 1


def test_a_request_of_several_packets_of_the_usual_size(site, make_broker, upstream):
    _, gateway = site.both(make_broker().broker())
    body = {**CHAT, "stream": False, "messages": [{"role": "user", "content": "x" * 3_000_000}]}
    results = []
    thread = threading.Thread(target=lambda: results.append(
        gateway.post("/v1/chat/completions", json.dumps(body).encode(), timeout=30)))
    thread.start()
    call = upstream.next_call(20.0)
    answer = {"choices": [{"message": {"content": "y" * 3_000_000}}]}
    call.answer(200, answer)
    thread.join()
    assert call.json() == body and results[0].json() == answer


def test_what_a_full_queue_drops_is_asked_for_again(site, make_broker, upstream, keep):
    # Where lamd's own Receive Maximum counts for more than the broker's number in flight, the bytes still count.
    broker = make_broker(settings=("max_queued_messages 5", "max_inflight_messages 1", "max_inflight_bytes 4000",
                                   "max_queued_bytes 4000"))
    line = keep(Line(broker.port))
    site.worker(broker.broker())
    gateway = site.gateway(broker.broker(line.port))
    gateway.wait_path("gpu", "up")
    answers = Answers(gateway, upstream, 12, keep)
    for number in range(60):
        if number % 20 == 5:
            line.freeze()  # too short to be taken for a lost connection, too long for the queue
        if number % 20 == 15:
            line.thaw()
        answers.event(lambda which, number=number: delta(f"{which}.{number} " * 50))
        time.sleep(0.02)  # as models speak: not a wait for anything
    answers.check()
    assert posts(upstream) == 12
    assert "messages are being dropped" in broker.output(), "there was something to ask for again"


def test_a_restart_of_the_broker_loses_nothing(site, make_broker, upstream, keep):
    broker = make_broker()
    _, gateway = site.both(broker.broker())
    answers = Answers(gateway, upstream, 10, keep)
    for number in range(30):
        if number == 10:
            broker.kill()
        if number == 20:
            broker.start()
        answers.event(lambda which, number=number: delta(f"{which}.{number} "))
        time.sleep(0.02)
    answers.check()
    assert posts(upstream) == 10, "each generated once"


def test_the_second_broker_is_used_while_the_first_is_dead(site, make_broker, upstream, keep):
    first, second = make_broker(), make_broker()
    brokers = [first.broker(), second.broker()]
    first.kill()
    worker, gateway = site.both(*brokers)
    for lamd, broker in ((gateway, gateway.status()["broker"]), (worker, of_worker(worker.status()))):
        assert broker["state"] == "up" and broker["address"].endswith(str(second.port)), lamd
    answers = Answers(gateway, upstream, 2, keep)
    answers.event(lambda which: delta(f"{which}: one"))
    first.start()
    second.kill()
    answers.event(lambda which: delta(f"{which}: two"))
    answers.check()
    assert posts(upstream) == 2


def test_a_caller_that_reads_slowly_keeps_its_answer(site, make_broker, upstream, keep):
    """Longer than the worker's lease, and with more to come than may be under way."""
    broker = make_broker()
    site.worker(broker.broker(), lease="2s")
    gateway = site.gateway(broker.broker())
    gateway.wait_path("gpu", "up")
    stream = keep(unix_http.Stream(gateway.socket_path, "/v1/chat/completions", CHAT, timeout=30))
    call = upstream.next_call()
    call.begin()
    expected = b""

    def speak():
        nonlocal expected
        for number in range(200):
            event = delta(f"{number} " * 20000)
            call.event(event)
            expected += event
        call.event(END)
        call.end()

    speaker = threading.Thread(target=speak)
    speaker.start()
    stream.read_until(b"data: ")
    time.sleep(6.0)  # the caller's own time
    body = stream.read_all()
    speaker.join()
    assert body == expected + END
    assert posts(upstream) == 1


def test_an_answer_that_is_long_in_coming_keeps_its_worker(site, make_broker, upstream, keep):
    """Longer than the lease: who waits says so."""
    broker = make_broker()
    site.worker(broker.broker(), lease="2s")
    gateway = site.gateway(broker.broker())
    gateway.wait_path("gpu", "up")
    answers = Answers(gateway, upstream, 1, keep)
    time.sleep(5.0)  # the model's own time
    answers.check()
    wait_until(lambda: gateway.status()["streams"]["finished"] == 1, what="the answer to be counted")


def test_a_worker_that_is_stopped_ends_what_it_has_begun(site, make_broker, upstream, keep):
    broker = make_broker()
    worker, gateway = site.both(broker.broker())
    answers = Answers(gateway, upstream, 2, keep)
    answers.event(lambda which: delta(f"{which}: one"))
    stopper = threading.Thread(target=worker.stop)
    stopper.start()
    wait_until(lambda: "stopping" in worker.output() or "SIGTERM" in worker.output(), what="the worker to have heard")
    answers.event(lambda which: delta(f"{which}: two"))
    answers.check()
    stopper.join()
