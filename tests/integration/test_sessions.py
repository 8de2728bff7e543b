"""Conversations that lamd keeps: with a server that echoes, which shows what reached it and what was mixed up."""

import json
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from lamdtest import unix_http
from lamdtest.answers import stream_failure
from lamdtest.echo import EchoServer, answer_to
from lamdtest.lamctl import Exit, lamctl
from lamdtest.lamd import server
from lamdtest.line import Line
from lamdtest.upstream import DONE, delta
from lamdtest.wait import wait_until

ROOT = "/lam/v1/sessions"


def route(name):
    return f"{ROOT}/{name}/messages"


def say(lamd, name, content, **more):
    return lamd.post(route(name), {"content": content, **more}, timeout=30.0)


def history(lamd, name):
    answer = lamd.get(route(name))
    return answer.json()["messages"] if answer.status == 200 else answer.status


def check_pairs(messages):
    """Every question has its own answer, with all that was before it in front."""
    assert len(messages) % 2 == 0
    for i in range(0, len(messages), 2):
        question, answer = messages[i:i + 2]
        assert (question["role"], answer["role"]) == ("user", "assistant")
        assert answer["content"] == answer_to(messages[:i + 1])


def names(lamd):
    return [session["id"] for session in lamd.get(ROOT).json()["sessions"]]


@pytest.fixture
def echo(keep):
    return keep(EchoServer())


@pytest.fixture
def make(echo, make_lamd):
    def make(**sessions):
        lamd = make_lamd(servers=[server(echo.port)], sessions=sessions)
        lamd.wait_path("gpu")
        return lamd

    return make


def test_a_conversation_is_remembered(make, echo):
    lamd = make()
    first = say(lamd, "a", "one", system_prompt="Be brief.", temperature=0.5, defaults={"top_p": 0.25})
    assert first.status == 200 and first.headers["Lam-Server"] == "gpu"
    assert first.json()["choices"][0]["message"]["content"] == "2: one"
    assert say(lamd, "a", "two").json()["choices"][0]["message"]["content"] == "4: two"
    assert [message["content"] for message in echo.asked[1]["messages"]] == ["Be brief.", "one", "2: one", "two"]
    assert echo.asked[0]["temperature"] == 0.5 and "temperature" not in echo.asked[1]
    assert echo.asked[1]["top_p"] == 0.25 and "defaults" not in echo.asked[1] and "system_prompt" not in echo.asked[1]
    assert [message["content"] for message in history(lamd, "a")] == ["one", "2: one", "two", "4: two"]
    assert lamd.get(route("a")).json()["system_prompt"] == "Be brief."


def test_sessions_are_listed_deleted_exported_and_imported(make):
    lamd = make()
    for name in ("c", "a", "b"):
        say(lamd, name, f"I am {name}", system_prompt=f"for {name}")
    assert names(lamd) == ["a", "b", "c"]
    page = lamd.get(f"{ROOT}?limit=2").json()
    assert page["next"] == "b" and [one["turns"] for one in page["sessions"]] == [1, 1]
    assert lamd.get(f"{ROOT}?limit=2&after=b").json()["sessions"][0]["id"] == "c"
    exported = lamd.get(f"{ROOT}/export").body
    assert len(exported.splitlines()) == 3
    assert lamd.get(f"{ROOT}/a").status == 405
    assert unix_http.request(lamd.socket_path, "DELETE", f"{ROOT}/a").status == 204
    assert unix_http.request(lamd.socket_path, "DELETE", f"{ROOT}/a").status == 404
    assert history(lamd, "a") == 404
    assert lamd.post(f"{ROOT}/import", exported + b'{"id": "d"}\n').status == 400
    assert names(lamd) == ["b", "c"], "all or nothing"
    assert lamd.post(f"{ROOT}/import", exported).json()["imported"] == 3
    assert lamd.get(f"{ROOT}/export").body == exported
    assert say(lamd, "a", "again").json()["choices"][0]["message"]["content"] == "4: again"


def test_lamctl_lists_shows_forgets_and_carries_them(make, tmp_path):
    lamd = make(max=3000)
    assert lamctl(lamd.socket_path, "sessions").stdout == "no conversations of yours are kept\n"
    assert lamd.post(f"{ROOT}/import", b"\n".join(lines(1200)), timeout=60.0).status == 200
    say(lamd, "alice", "Hi\x1b[2J", system_prompt="Be brief.")
    table = lamctl(lamd.socket_path, "sessions").stdout.splitlines()
    assert len(table) == 1202 and table[0].split() == ["SESSION", "BEGUN", "USED", "TURNS", "MODEL"]
    assert len(json.loads(lamctl(lamd.socket_path, "sessions", "--json").stdout)["sessions"]) == 1201
    assert lamctl(lamd.socket_path, "sessions", "alice").stdout == (
        "system: Be brief.\n\nuser: Hi?[2J\n\nassistant: 2: Hi?[2J\n")
    file = tmp_path / "sessions.ndjson"
    file.write_text(lamctl(lamd.socket_path, "export-sessions").stdout, encoding="utf-8")
    assert lamctl(lamd.socket_path, "forget", "alice").stdout == "session alice is forgotten\n"
    gone = lamctl(lamd.socket_path, "sessions", "alice")
    assert gone.returncode == Exit.NO_SUCH and "lamctl sessions" in gone.stderr
    assert lamctl(lamd.socket_path, "import-sessions", str(file)).stdout == "1201 sessions imported\n"
    assert history(lamd, "alice")[0]["content"] == "Hi\x1b[2J"
    # More than lamd takes at once, with a mistake behind that.
    large = b"\n".join(lines(9000, turns=6)) + b"\n"
    refused = lamctl(lamd.socket_path, "import-sessions", "-", stdin=large.decode() + "{}\n")
    assert refused.returncode == Exit.ERROR and "nothing is imported: line " in refused.stderr
    assert len(names(lamd)) == 1000 and "next" in lamd.get(ROOT).json()


@pytest.mark.root
def test_they_are_there_for_their_user_alone(echo, make_lamd, directory):
    lamd = make_lamd(servers=[server(echo.port)], start=False, socket={"mode": "0666"}, sessions={"store": "memory"})
    for place in (directory, lamd.directory):
        place.chmod(0o755)
    lamd.start()
    lamd.wait_path("gpu")
    say(lamd, "a", "mine")

    def ask_as_nobody(target, *options):
        run = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "curl", "-sS", "--unix-socket",
                              lamd.socket_path, f"http://lamd{target}", *options], capture_output=True, text=True, check=True)
        return json.loads(run.stdout) if run.stdout else None

    assert ask_as_nobody(ROOT)["sessions"] == []
    assert ask_as_nobody(route("a"))["error"]["code"] == "session_not_found"
    assert ask_as_nobody(f"{ROOT}/a", "-X", "DELETE")["error"]["code"] == "session_not_found"
    assert ask_as_nobody(f"{ROOT}/export") is None
    his = ask_as_nobody(route("a"), "-d", '{"content": "his"}')
    assert his["choices"][0]["message"]["content"] == "1: his", "another session of the same name"
    assert [message["content"] for message in history(lamd, "a")] == ["mine", "1: mine"]


def test_the_timeout_of_a_session_ends_its_answer(make, echo):
    lamd = make()
    echo.pause = threading.Event()
    answer = say(lamd, "a", "one", defaults={"timeout_s": 0.5})
    assert answer.status == 504, answer.body
    echo.pause.set()
    assert history(lamd, "a") == 404, "what was not answered is not kept"


def test_chinese_is_not_taken_for_little(make, echo):
    """Nobody counts here: a character is about a token."""
    lamd = make(max_history_tokens=300)
    for _ in range(4):
        say(lamd, "a", "字" * 100)
    assert max(sum(message["content"].count("字") for message in body["messages"]) for body in echo.asked) <= 300


def test_what_is_wrong_is_said(make):
    lamd = make()
    assert say(lamd, "a%2Fb", "x").error()["code"] == "invalid_session"
    assert lamd.post(route("a"), {"nothing": 1}).error()["code"] == "invalid_message"
    assert lamd.post(route("a"), {"messages": [{"role": "tool", "content": "1"}]}).status == 400
    assert lamd.get(f"{ROOT}/a/b").status == 404 and history(lamd, "a") == 404


def test_no_sessions_where_they_are_off(make):
    assert say(make(store="off"), "a", "x").error()["code"] == "sessions_off"


def test_messages_to_one_session_take_turns(make, echo):
    lamd = make()
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda i: say(lamd, "a", f"number {i}"), range(12)))
    assert [answer.status for answer in answers] == [200] * 12
    assert len(history(lamd, "a")) == 24
    check_pairs(history(lamd, "a"))


def test_too_many_messages_to_one_session_are_refused(make, echo):
    lamd = make()
    echo.pause = threading.Event()
    with ThreadPoolExecutor(40) as pool:
        answers = [pool.submit(say, lamd, "a", f"number {i}") for i in range(30)]
        wait_until(lambda: sum(answer.done() for answer in answers) == 13, 10.0, "those that may not wait")
        echo.pause.set()
        statuses = [answer.result() for answer in answers]
    refused = [answer for answer in statuses if answer.status == 503]
    assert len(refused) == 13 and refused[0].headers["Retry-After"] and refused[0].error()["code"] == "session_busy"
    check_pairs(history(lamd, "a"))


def test_the_least_recently_used_goes_first(make):
    lamd = make(max=3)
    for name in ("a", "b", "c", "a", "d"):
        say(lamd, name, "x")
    assert names(lamd) == ["a", "c", "d"]


def test_a_session_expires(make):
    lamd = make(expire="1s")
    say(lamd, "a", "x")
    wait_until(lambda: history(lamd, "a") == 404, 5.0, "the session to expire")
    assert say(lamd, "a", "y").json()["choices"][0]["message"]["content"] == "1: y"


def test_the_history_outlives_lamd(make):
    lamd = make(store="disk")
    say(lamd, "a", "one")
    lamd.stop()
    lamd.start()
    assert say(lamd, "a", "two").json()["choices"][0]["message"]["content"] == "3: two"


def test_a_file_that_cannot_be_read_stays_as_it_is(make):
    lamd = make(store="disk")
    lamd.stop()
    file = lamd.state_directory / "sessions.db"
    file.write_bytes(b"somebody's notes, no database at all")
    lamd.start()
    answer = say(lamd, "a", "one")
    assert answer.status == 500 and "not a database" in answer.error()["message"]
    assert file.read_bytes() == b"somebody's notes, no database at all"
    file.unlink()
    lamd.wait_path("gpu")
    assert say(lamd, "a", "one").status == 200, "once it is out of the way"


def lines(count, turns=2):
    """An import of so many sessions."""
    for number in range(count):
        messages = []
        for turn in range(turns):
            messages.append({"role": "user", "content": f"old {number}-{turn}"})
            messages.append({"role": "assistant", "content": answer_to(messages)})
        yield json.dumps({"id": f"s{number:05}", "messages": messages}).encode()


def test_none_of_ten_thousand_is_lost_or_mixed_up_by_kills(make):
    """A hundred callers at once, each with sessions of its own, and SIGKILL in between: what was answered is there."""
    lamd = make(store="disk", max=20000)
    assert lamd.post(f"{ROOT}/import", b"\n".join(lines(10000)), timeout=120.0).json()["imported"] == 10000
    answered = {}

    def caller(number):
        for turn in range(1000):
            name, text = f"s{(number + 100 * turn) % 10000:05}", f"new {number}-{turn}"
            try:
                if say(lamd, name, text).status != 200:
                    return
            except (OSError, unix_http.http.client.HTTPException):
                return
            answered.setdefault(name, []).append(text)

    for _ in range(3):
        before = sum(map(len, answered.values()))
        with ThreadPoolExecutor(100) as pool:
            calls = [pool.submit(caller, number) for number in range(100)]
            wait_until(lambda: sum(map(len, answered.values())) > before + 250, 120.0, "answers")
            lamd.kill()
            for call in calls:
                call.result()
        lamd.start()
        lamd.wait_path("gpu")
    exported = [json.loads(line) for line in lamd.get(f"{ROOT}/export", timeout=60.0).body.splitlines()]
    assert len(exported) == 10000
    lost = 0
    for session in exported:
        check_pairs(session["messages"])
        assert session["messages"][0]["content"] == f"old {int(session['id'][1:])}-0"
        said = [message["content"] for message in session["messages"]]
        lost += sum(text not in said for text in answered.get(session["id"], []))
    print(f"{sum(map(len, answered.values()))} answers in {len(answered)} sessions over 3 kills, {lost} lost")
    assert lost == 0


class TestCuts:
    """With a server that the test plays."""

    @pytest.fixture
    def talk(self, lamd, upstream, keep):
        def begin(content):
            stream = keep(unix_http.Stream(lamd.socket_path, route("a"), {"content": content, "stream": True}))
            return stream, upstream.next_call()

        return begin

    def test_an_answer_is_kept_before_its_caller_has_its_end(self, lamd, talk):
        stream, call = talk("one")
        call.begin()
        call.event(delta("Hel"))
        stream.read_until(delta("Hel"))
        assert history(lamd, "a") == 404
        call.event(delta("lo") + delta("", "stop"))
        stream.read_until(delta("", "stop"))
        assert [message["content"] for message in history(lamd, "a")] == ["one", "Hello"]
        call.event(DONE)
        call.end()
        assert stream.read_all() == delta("Hel") + delta("lo") + delta("", "stop") + DONE

    def test_nothing_is_kept_of_an_answer_that_is_cut(self, lamd, talk):
        stream, call = talk("one")
        call.begin()
        call.event(delta("Hel"))
        stream.read_until(delta("Hel"))
        call.cut()
        stream_failure(stream)
        assert history(lamd, "a") == 404

    def test_nothing_is_kept_of_an_answer_that_its_caller_leaves(self, lamd, talk):
        stream, call = talk("one")
        call.begin()
        call.event(delta("Hel"))
        stream.read_until(delta("Hel"))
        stream.close()
        call.wait_abandoned()
        again, call = talk("two")
        assert [message["content"] for message in call.json()["messages"]] == ["two"]
        call.begin()
        call.event(delta("Yes") + delta("", "stop") + DONE)
        call.end()
        again.read_all()
        assert [message["content"] for message in history(lamd, "a")] == ["two", "Yes"]


def test_an_answer_survives_its_transport_and_is_kept_once(upstream, make_lamd, make_broker, directory, keep):
    broker = make_broker()
    line = keep(Line(directory / "worker.sock"))
    mqtt = {"site": "home", "brokers": [broker.broker(broker.port)]}
    make_lamd(worker={"name": "a", "server": f"http://127.0.0.1:{upstream.port}", "listen": f"unix:{directory}/worker.sock"},
              mqtt=mqtt)
    lamd = make_lamd(servers=[server(f"http://127.0.0.1:{line.port}", mqtt="a")], mqtt=mqtt)
    lamd.wait_status(lambda status: [path["state"] for path in status["paths"]] == ["up", "up"], what="both paths up")
    stream = keep(unix_http.Stream(lamd.socket_path, route("a"), {"content": "one", "stream": True}, timeout=30.0))
    call = upstream.next_call()
    call.begin()
    call.event(delta("Hel"))
    stream.read_until(delta("Hel"))
    line.cut()
    call.event(delta("lo"))
    stream.read_until(delta("lo"))
    call.event(delta("", "stop") + DONE)
    call.end()
    assert stream.read_all() == delta("Hel") + delta("lo") + delta("", "stop") + DONE
    assert lamd.status()["failovers"]["path"] >= 1
    assert [message["content"] for message in history(lamd, "a")] == ["one", "Hello"]
