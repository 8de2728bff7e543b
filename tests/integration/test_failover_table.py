"""What becomes of an answer whose server fails, fault by fault: the table of docs/failover.md, which is what this test
expects. LAMD_WRITE_DOCS=1 writes it instead."""

import http.client
import json
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lamdtest import unix_http
from lamdtest.fake import FakeServer
from lamdtest.lamd import Lamd, server
from lamdtest.wait import wait_until

PAGE = Path(__file__).parent.parent.parent / "docs" / "failover.md"
HEAD = "| fault | one server | a second one | a second one, `continuation` | behind a worker |\n|---|---|---|---|---|\n"
SETUPS = [setup.strip() for setup in HEAD.split("\n")[0].split("|")[2:-1]]
SEAM = b": lamd: server bad was lost, server good goes on from the text"
DEADLINES = {"first": "2s", "between": "2s"}
AT_THE_DEADLINE = 1.7
TEXT = "The quick brown fox jumps over"
TOKENS = 6
BODY = {"messages": [{"role": "user", "content": "Hello!"}], "stream": True, "max_tokens": TOKENS}
PAUSE = {"pause_s": 0.3}  # so that the tokens before a fault are there before it
TOO_LONG = {"message": "the request exceeds the available context size", "type": "exceed_context_size_error"}
FILTERED = {"message": "the content was filtered", "type": "content_filter"}

FAULTS = {
    "TCP reset before the answer": {"fault": "close_unanswered", "reset": True},
    "TCP reset after 3 tokens": {"fault": "reset", "after": 3, **PAUSE},
    "closed before the answer": {"fault": "close_unanswered"},
    "cut after the head": {"fault": "cut", "after": 0},
    "cut after 3 tokens": {"fault": "cut", "after": 3, **PAUSE},
    "cut within an event": {"fault": "truncate", "after": 3, **PAUSE},
    "no answer for ever": {"fault": "silent"},
    "stall after the head": {"fault": "stall", "after": 0},
    "stall after 3 tokens": {"fault": "stall", "after": 3, **PAUSE},
    "slow first token, within its deadline": {"fault": "slow_first", "delay_s": 1},
    "first event malformed": {"fault": "malformed", "after": 0},
    "malformed event after 3 tokens": {"fault": "malformed", "after": 3, **PAUSE},
    "text that is no event, then a clean end": {"fault": "garbage", "after": 3, **PAUSE},
    "clean end without a finish_reason": {"fault": "no_end", "after": 3, **PAUSE},
    "no `[DONE]`": {"fault": "no_done"},
    "the server's own error after 3 tokens": {"fault": "error_event", "after": 3, **PAUSE},
    "429 with `Retry-After: 7`": {"fault": 429, "retry_after": 7},
    "429 without": {"fault": 429},
    "500 once": {"fault": 500, "times": 1},
    "503 for a minute": {"fault": 503, "retry_after": 60},
    "400, prompt too long": {"fault": 400, **TOO_LONG},
    "400, content filter": {"fault": 400, **FILTERED},
    "401, the caller's key": {"fault": 401},
    "killed after 3 tokens, and back": {"fault": "stall", "after": 3, **PAUSE, "then": "restart"},
    "cut after 3 tokens, the second refuses prefill": {"fault": "cut", "after": 3, **PAUSE, "second": "refuse_prefill"},
}


class Scene:
    """A lamd and its servers, the first of which misbehaves."""

    def __init__(self, directory, setup):
        self.things = []
        options = ["--template", "x"]
        self.bad = self.keep(FakeServer(directory, "bad", options))
        self.servers = [self.bad]
        bad = server(self.bad.port, "bad", deadlines=DEADLINES)
        more = []
        if setup == "behind a worker":
            listen = f"unix:{directory}/w.sock"
            self.keep(Lamd(directory / "worker", worker={"name": "w", "server": f"http://127.0.0.1:{self.bad.port}",
                                                         "listen": listen, "deadlines": DEADLINES}))
            bad = server(listen, "bad")
        if setup.startswith("a second one"):
            self.servers.append(self.keep(FakeServer(directory, "good", options)))
            more = [server(self.servers[1].port, "good", deadlines=DEADLINES)]
        self.lamd = self.keep(Lamd(directory / "gateway", servers=[bad, *more],
                                   continuation="continuation" in setup))
        for entry in (bad, *more):
            self.lamd.wait_path(entry["name"], "up")

    def keep(self, thing):
        self.things.append(thing)
        return thing

    def close(self):
        while self.things:
            self.things.pop().close()


def read(stream):
    try:
        return stream.read_all(), True
    except http.client.IncompleteRead:
        return stream.body(), False


def describe(stream):
    """How the caller sees it."""
    status = stream.head().status
    body, is_clean = read(stream)
    if status != 200:
        retry = stream.head().headers.get("Retry-After")
        error = json.loads(body)["error"]
        return f"{status}" + (f" `{error['code']}`" if isinstance(error["code"], str) else "") + \
               (f", `Retry-After: {retry}`" if retry else "")
    events = [event["data"] for event in unix_http.sse_events(body) if "data" in event]
    values = [json.loads(data) for data in events if data != "[DONE]"]
    said = [choice["delta"]["content"] for value in values for choice in value.get("choices", [])
            if choice["delta"].get("content")]
    tokens = len(said)
    assert TEXT.startswith("".join(said)), said
    is_finished = any(choice["finish_reason"] for value in values for choice in value.get("choices", []))
    error = next((value["error"] for value in values if "error" in value), None)
    assert is_clean == (is_finished or "[DONE]" in events) or error, f"a cut answer looks complete: {body!r}"
    if error:
        assert "[DONE]" not in events and not is_finished
        return f"{tokens} tokens, then an error event" if tokens else "an error event"
    assert tokens == TOKENS and is_clean
    return "complete"


def measure(fault, setup):
    """The cell of the table."""
    fault = dict(fault)
    then, second = fault.pop("then", None), fault.pop("second", None)
    with tempfile.TemporaryDirectory(prefix="lamd-") as directory:
        scene = Scene(Path(directory), setup)
        try:
            if second and len(scene.servers) == 2:
                scene.servers[1].misbehave(fault=second)
            scene.bad.misbehave(**fault)
            begun = time.monotonic()
            stream = unix_http.Stream(scene.lamd.socket_path, "/v1/chat/completions", BODY, timeout=30)
            if then:
                stream.read_until(b"brown")
                scene.bad.kill()
                scene.bad.start()
            cell = describe(stream)
            elapsed = time.monotonic() - begun
            stream.close()
            asked = [entry.asked() for entry in scene.servers]
            if len(asked) == 2 and asked[1]:
                how = "continued by" if SEAM in stream.body() else "from"
                cell += f", {how} the second" if cell == "complete" else ""
                assert asked[1] == 1 or sum(asked) <= 3, f"asked {asked} times"
            assert sum(asked) <= 3
            if elapsed > AT_THE_DEADLINE and fault["fault"] != "slow_first":
                cell += ", at the deadline"
            check_next(scene)
            return cell
        finally:
            scene.close()


def check_next(scene):
    """Nothing hangs, and the next answer is good as soon as the server is."""
    wait_until(lambda: scene.lamd.status()["streams"]["running"] == 0, 5.0, "the answer to be over")
    scene.bad.misbehave()


@pytest.fixture(scope="module")
def table():
    with ThreadPoolExecutor(max_workers=6) as pool:
        rows = {name: [pool.submit(measure, fault, setup) for setup in SETUPS] for name, fault in FAULTS.items()}
        return {name: [cell.result() for cell in cells] for name, cells in rows.items()}


def rows_of(page):
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| ")]
    return {row[0]: row[1:] for row in cells if len(row) == len(SETUPS) + 1 and row[0] in FAULTS}


def test_every_fault_ends_as_the_table_says(table):
    page = PAGE.read_text()
    if os.environ.get("LAMD_WRITE_DOCS"):
        before, _, rest = page.partition(HEAD)
        after = rest.partition("\n\n")[2]
        rows = "".join(f"| {name} | {' | '.join(cells)} |\n" for name, cells in table.items())
        PAGE.write_text(before + HEAD + rows + "\n" + after)
        return
    written = rows_of(page)
    assert {name: cells for name, cells in table.items() if written.get(name) != cells} == {}
    assert list(written) == list(FAULTS)
