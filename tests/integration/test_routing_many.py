"""Which of several servers answers: the one with the prompt in its cache, the one with the least to do, none that fails;
and who is next where all are busy."""

import json

import pytest
from lamdtest import unix_http
from lamdtest.lamd import server
from lamdtest.ports import free_port
from lamdtest.robot import Robot
from lamdtest.upstream import ANSWER, ASK, CHAT
from lamdtest.wait import wait_until


def error(code):
    return {"error": {"message": f"broken {code}", "type": "server_error", "code": 500}}


@pytest.fixture
def make_robot(keep):
    return lambda *arguments, **options: keep(Robot(*arguments, **options))


def ask(lamd, body=None):
    return unix_http.request(lamd.socket_path, "POST", "/v1/chat/completions", body or ASK, timeout=60.0)


@pytest.fixture
def serve(make_lamd):
    """serve(thing, thing…): a lamd with these servers, named a, b, c…, all up."""
    def start(*peers, slots=None, **options):
        names = [chr(ord("a") + i) for i in range(len(peers))]
        settings = {} if slots is None else {"slots": slots}
        lamd = make_lamd(servers=[server(peer.port, name, **settings) for peer, name in zip(peers, names)], **options)
        for name in names:
            lamd.wait_path(name, "up")
        return lamd

    return start


class Conversation:
    """Turns of one caller, as a chat page sends them: all of it, each time."""

    def __init__(self, lamd, topic):
        self._lamd = lamd
        self._messages = [{"role": "system", "content": f"You tell stories about {topic}. " + f"{topic} is good. " * 20}]
        self.servers = []
        self.cached = []  # tokens of the prompt that the server had in its cache

    def turn(self, text):
        self._messages.append({"role": "user", "content": text})
        answer = ask(self._lamd, {"messages": self._messages, "max_tokens": 8, "temperature": 0, "seed": 1})
        assert answer.status == 200, answer.body
        self._messages.append(answer.json()["choices"][0]["message"])
        self.servers.append(answer.headers["Lam-Server"])
        self.cached.append(answer.json()["timings"]["cache_n"])


def test_a_conversation_stays_with_the_server_that_has_it_in_its_cache(make_llama, serve):
    lamd = serve(make_llama(slots=2), make_llama(slots=2), make_llama(slots=2))
    cats, dogs = Conversation(lamd, "cats"), Conversation(lamd, "dogs")
    for i in range(5):
        cats.turn(f"Go on, part {i}.")
        dogs.turn(f"And then, part {i}?")
    for conversation in (cats, dogs):
        assert len(set(conversation.servers)) == 1, conversation.servers
        assert all(later > earlier for earlier, later in zip(conversation.cached[1:], conversation.cached[2:]))
        assert conversation.cached[1] > 50, conversation.cached
    assert lamd.metric("lamd_gateway_affine_total") == 8


def test_load_spreads_by_slots(make_llama, serve, keep):
    lamd = serve(make_llama(slots=2, model="slow.gguf"), make_llama(slots=6, model="slow.gguf"))
    body = {**CHAT, "max_tokens": 400, "ignore_eos": True}
    streams = []
    for i in range(4):
        question = [{"role": "user", "content": f"Tell me about number {i}."}]
        streams.append(keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", {**body, "messages": question})))
        wait_until(lambda: lamd.path("a")["in_flight"] + lamd.path("b")["in_flight"] == i + 1, what="it to run")
    assert (lamd.path("a")["in_flight"], lamd.path("b")["in_flight"]) == (1, 3)


def test_a_server_that_fails_at_once_attracts_no_load(make_llama, make_robot, serve):
    bad = make_robot(500, error(1))
    lamd = serve(bad, make_llama(slots=2), make_llama(slots=2))
    for i in range(100):
        answer = ask(lamd, {"messages": [{"role": "user", "content": f"Say {i}."}], "max_tokens": 1})
        assert answer.status == 200
    assert 1 <= bad.answered <= 5


def test_nor_while_the_others_have_no_slot_free(upstream, make_robot, serve, keep):
    bad = make_robot(500, error(1))
    lamd = serve(upstream, bad, slots=1)
    for i in range(100):
        question = {**ASK, "messages": [{"role": "user", "content": f"Say {i}."}]}
        stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", question))
        upstream.next_call().answer(200, ANSWER)
        assert stream.head().status == 200 and stream.read_all()
    failed = bad.answered
    assert 3 <= failed <= 5
    first = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", ASK))
    call = upstream.next_call()
    second = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", ASK))
    lamd.wait_status(lambda status: status["queue"]["waiting"] == 1, what="the second to wait")
    call.answer(200, ANSWER)
    assert first.head().status == 200
    upstream.next_call().answer(200, ANSWER)
    assert second.head().status == 200
    assert bad.answered == failed


def test_retries_have_a_budget(make_robot, serve):
    robots = make_robot(500, error(1)), make_robot(500, error(2))
    lamd = serve(*robots)
    answers = [ask(lamd) for _ in range(100)]
    retries, denied = (lamd.metric(f"lamd_gateway_retries{name}_total") for name in ("", "_denied"))
    assert retries + denied == 100
    assert 30 <= retries < 60, "three a second"
    assert sum(robot.answered for robot in robots) == 100 + retries
    assert all(answer.status == 500 and answer.error()["message"].startswith("broken") for answer in answers)
    assert all(answer.headers["Lam-Server"] in "ab" for answer in answers)


def test_a_server_that_is_back_gets_its_share_gradually(make_robot, make_lamd):
    steady, port = make_robot(), free_port()
    lamd = make_lamd(servers=[server(steady.port, "a"), server(port, "b", probe_interval="500ms")])
    lamd.wait_path("a", "up")
    lamd.wait_path("b", "down")
    back = make_robot(port=port)
    lamd.wait_path("b", "up")
    for i in range(50):
        assert ask(lamd, {**ASK, "messages": [{"role": "user", "content": f"Say {i}."}]}).status == 200
    assert back.answered <= 15
    steady.close()
    lamd.wait_path("a", "down")
    before = back.answered
    assert all(ask(lamd).status == 200 for _ in range(10))
    assert back.answered == before + 10, "alone it is never held back"


class TestQueue:
    @pytest.fixture
    def lamd(self, upstream, serve):
        return serve(upstream, slots=1, queue={"size": 4, "wait": "60s"})

    @pytest.fixture
    def begin(self, lamd, keep):
        """begin(text, headers, body…): a request that waits, or runs."""
        def start(text, headers=None, **body):
            question = [{"role": "user", "content": text}]
            return keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions",
                                         {**ASK, "messages": question, **body}, headers, timeout=30.0))

        return start

    @staticmethod
    def wait_waiting(lamd, count):
        return lamd.wait_status(lambda status: status["queue"]["waiting"] == count, what=f"{count} to wait")

    @staticmethod
    def served(upstream, count):
        """The questions in the order in which the server got them."""
        questions = []
        for _ in range(count):
            call = upstream.next_call()
            questions.append(call.json()["messages"][0]["content"])
            call.answer(200, ANSWER)
        return questions

    @pytest.mark.parametrize("who", ["user", "safety_identifier", "Lam-Caller"])
    def test_the_users_of_one_backend_take_turns(self, lamd, upstream, begin, who):
        begin("running")
        running = upstream.next_call()
        for waiting, (text, name) in enumerate([("a1", "anna"), ("a2", "anna"), ("a3", "anna"), ("b1", "bert")], 1):
            begin(text, **({"headers": {who: name}} if who == "Lam-Caller" else {who: name}))
            self.wait_waiting(lamd, waiting)
        running.answer(200, ANSWER)
        assert self.served(upstream, 4) == ["a1", "b1", "a2", "a3"]

    def test_the_status_tells_who_waits(self, lamd, upstream, begin):
        assert lamd.status()["queue"] == {"waiting": 0, "longest_wait_s": 0.0}
        begin("1")
        running = upstream.next_call()
        begin("2")
        first = self.wait_waiting(lamd, 1)["queue"]["longest_wait_s"]
        begin("3")
        assert self.wait_waiting(lamd, 2)["queue"]["longest_wait_s"] > first > 0
        assert lamd.metric("lamd_gateway_queue_waiting") == 2
        assert lamd.metric("lamd_gateway_queue_longest_wait_seconds") > first
        running.answer(200, ANSWER)
        assert self.served(upstream, 2) == ["2", "3"]

    def test_who_finds_the_queue_full_is_told_how_long_it_will_take(self, lamd, upstream, begin):
        answered = begin("0")
        call = upstream.next_call()
        begun = json.loads(lamd.get("/lam/v1/status").body)["uptime_s"]
        wait_until(lambda: lamd.status()["uptime_s"] > begun + 2, what="an answer that takes two seconds")
        call.answer(200, ANSWER)
        assert answered.head().status == 200 and answered.read_all()
        for i in range(5):
            begin(str(i))
            self.wait_waiting(lamd, i)
        refused = begin("5")
        assert refused.head().status == 503
        assert 10 <= int(refused.head().headers["Retry-After"]) <= 14, "five answers of two seconds on one slot"
        assert upstream.next_call()


def test_a_conversation_leaves_a_server_that_is_full(make_upstream, make_lamd, keep):
    home, other = make_upstream(), make_upstream()
    lamd = make_lamd(servers=[server(home.port, "a", slots=1), server(other.port, "b", slots=1)])
    lamd.wait_path("a", "up")
    lamd.wait_path("b", "up")

    def begin():
        return keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", ASK))

    def next_call():
        wait_until(lambda: not (home.calls.empty() and other.calls.empty()), what="a request")
        return (home, home.next_call()) if not home.calls.empty() else (other, other.next_call())

    stream = begin()
    first, call = next_call()
    call.answer(200, ANSWER)
    assert stream.head().status == 200 and stream.read_all()
    begin()
    second, call = next_call()
    assert second is first, "the prompt is known"
    begin()
    third, other_call = next_call()
    assert third is not first, "but its slot is taken"
    for one in (call, other_call):
        one.answer(200, ANSWER)
