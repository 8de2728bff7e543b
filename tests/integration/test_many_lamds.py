"""Two gateways and three workers at one broker, each worker with a real llama-server: load spreads by slots, no stream
runs twice, and whichever process is killed, nothing is lost that could be saved."""

import time

import pytest
from lamdtest.callers import Callers
from lamdtest.lamd import server
from lamdtest.limits import within
from lamdtest.wait import wait_until

NAMES = ("a", "b", "c")
SLOTS, TOKENS = 4, 1000
BODY = {"messages": [{"role": "user", "content": "Tell me."}], "stream": True, "max_tokens": TOKENS, "seed": 1,
        "temperature": 0, "ignore_eos": True}


class Site:
    def __init__(self, make_llama, make_lamd, make_broker, directory):
        self.broker = make_broker(settings=["max_queued_messages 100000"])
        mqtt = {"brokers": [self.broker.broker()]}
        self.llamas = {name: make_llama(slots=SLOTS, context=SLOTS * (TOKENS + 200)) for name in NAMES}
        self.workers = {name: make_lamd(worker={"name": name, "server": f"http://127.0.0.1:{llama.port}", "lease": "3s",
                                                "listen": f"unix:{directory}/{name}.sock"}, mqtt=mqtt,
                                        log={"level": "info"}) for name, llama in self.llamas.items()}
        self.gateways = [make_lamd(servers=[server(None, name, mqtt=name) for name in NAMES], mqtt=mqtt,
                                   log={"level": "info"}) for _ in range(2)]
        for gateway in self.gateways:
            self.wait_up(gateway)
        self.expected = finish(self.ask(1))[0].text()
        self.before = self.predicted()

    def wait_up(self, gateway, names=NAMES):
        gateway.wait_status(lambda status: all(path["state"] == "up" for path in status["paths"]
                                               if path["server"] in names), 40.0, f"the paths to {names} to be up")

    def predicted(self):
        return {name: llama.metric("tokens_predicted_total") for name, llama in self.llamas.items()}

    def ask(self, count, goes_on=False):
        """Callers of each gateway."""
        return [Callers([gateway.socket_path], BODY, count, goes_on) for gateway in self.gateways]

    def run(self, count, goes_on=True):
        """The same, once every answer has begun."""
        callers = self.ask(count, goes_on)
        wait_until(lambda: all(some.have_heard_since(0) for some in callers), 20.0, "every answer to begin")
        return callers

    def complete(self, answers):
        """How many of them are what they should be, by server."""
        found = dict.fromkeys(NAMES, 0)
        for answer in answers:
            if answer.text() == self.expected:
                found[answer.answer()[1]["Lam-Server"]] += 1
        return found

    def check_once(self, answers, names=NAMES):
        """The servers of these names have made just what has come whole from them."""
        predicted = self.predicted()
        made = {name: predicted[name] - self.before[name] for name in names}
        whole = self.complete(answers)
        assert made == {name: whole[name] * TOKENS for name in names}

    def wait_free(self):
        wait_until(lambda: not any(llama.metric("requests_processing") for llama in self.llamas.values()), 10.0,
                   "every slot to be free")


@pytest.fixture
def site(make_llama, make_lamd, make_broker, directory):
    return Site(make_llama, make_lamd, make_broker, directory)


def finish(callers):
    return [answer for some in callers for answer in some.finish(120.0)]


def failed(site, answers):
    return [answer for answer in answers if answer.text() != site.expected]


def is_honest(answer):
    """It cannot be taken for a complete one."""
    return b"[DONE]" not in answer.received() and b'"finish_reason":"' not in answer.received()


def test_load_spreads_by_slots(site):
    """As many callers as there are slots, so that a gateway that forgot one would queue."""
    answers = finish(site.ask(3 * SLOTS))
    assert not failed(site, answers), failed(site, answers)[0].text()
    site.check_once(answers)
    shares = site.complete(answers)
    assert all(share == 2 * SLOTS for share in shares.values()), shares


def test_a_worker_that_is_killed(site):
    callers = site.run(6)
    wait_until(lambda: any(stream["server"] == "b" and 0 < stream["events"] < TOKENS / 2 for gateway in site.gateways
                           for stream in gateway.get("/lam/v1/streams").json()["streams"]), what="an answer of b")
    site.workers["b"].kill()
    killed = time.monotonic()
    for gateway in site.gateways:
        gateway.wait_status(lambda status: any(path["server"] == "b" and path["state"] == "down"
                                               for path in status["paths"]), what="b to be down")
    time.sleep(1.0)
    answers = finish(callers)
    lost = failed(site, answers)
    print(f"{len(answers)} answers, {len(lost)} of them lost, the last one told "
          f"{max((answer.ended - killed for answer in lost), default=0):.2f} s after the kill")
    assert 0 < len(lost) <= 2 * SLOTS
    assert all(is_honest(answer) and answer.ended - killed <= within(3.0) for answer in lost), lost[0].text()
    site.wait_free()
    site.check_once(answers, ("a", "c"))
    site.workers["b"].start()
    for gateway in site.gateways:
        site.wait_up(gateway)


def test_a_gateway_that_is_killed(site):
    """Its callers see it, nobody else; the servers are free once the leases are over."""
    callers = site.run(6)
    callers[0].goes_on = False
    site.gateways[0].kill()
    time.sleep(2.0)
    others = callers[1].finish(60.0)
    assert not failed(site, others), failed(site, others)[0].text()
    assert all(is_honest(answer) for answer in failed(site, callers[0].finish(10.0)))
    site.wait_free()
    site.gateways[0].start()
    site.wait_up(site.gateways[0])


def test_a_broker_that_is_killed(site):
    """Nothing is lost of what runs, though there is no other way to the workers."""
    callers = site.run(6, goes_on=False)
    for _ in range(3):
        site.broker.kill()
        site.broker.start()
        for gateway in site.gateways:
            site.wait_up(gateway)
    answers = finish(callers)
    assert not failed(site, answers), failed(site, answers)[0].text()
    site.check_once(answers)
    assert sum(gateway.metric("lamd_gateway_hops_total") for gateway in site.gateways) > 0


def test_a_server_that_is_killed(site):
    callers = site.run(6)
    site.llamas["c"].kill()
    killed = time.monotonic()
    time.sleep(2.0)
    answers = finish(callers)
    lost = failed(site, answers)
    print(f"{len(answers)} answers, {len(lost)} of them lost, the last one told "
          f"{max((answer.ended - killed for answer in lost), default=0):.2f} s after the kill")
    assert len(lost) <= 2 * SLOTS
    assert all(is_honest(answer) and answer.ended - killed <= within(3.0) for answer in lost), lost[0].text()
    del site.llamas["c"]
    site.wait_free()
    site.before.pop("c")
    site.check_once(answers, ("a", "b"))
