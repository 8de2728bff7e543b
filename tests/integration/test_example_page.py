"""The example backend's page in a real browser: on a real llama-server, behind a real sshd and a real broker.

With LAMD_SCREENSHOTS=DIRECTORY it leaves there the pictures of docs/images.
"""

import os
from pathlib import Path

import pytest
from lamdtest import backend, browser
from lamdtest.answers import content
from lamdtest.lamd import server, tunnel
from lamdtest.ports import free_port
from lamdtest.upstream import DONE, delta
from lamdtest.wait import wait_until

QUESTION = "How does a tunnel stay up?"
LENGTH = 250  # tokens of an answer
DEFAULTS = {"max_tokens": LENGTH, "temperature": 0}

_MISSING = backend.missing() or browser.missing()
pytestmark = pytest.mark.skipif(bool(_MISSING), reason=str(_MISSING))


class Page:
    """What a person sees of it, and does there."""

    def __init__(self, backend, browser):
        self._browser = browser
        browser.open(backend.url)

    def ask(self, question):
        self._browser.type(question + "\n")

    def answer(self):
        return self._browser.text(".assistant .text")

    def way(self):
        return self._browser.text(".assistant .way")

    def notes(self):
        return self._browser.run("return [...document.querySelectorAll('.notes li')].map((note) => note.textContent)")

    def wait_longer(self, than, by=1):
        wait_until(lambda: len(self.answer()) >= len(than) + by, 60.0, "more of the answer", 0.05)
        return self.answer()

    def wait_end(self):
        wait_until(lambda: not self._browser.is_shown("#stop"), 60.0, "the answer to end", 0.05)
        return self._browser.run("return document.querySelector('article:last-of-type').className")

    def take_picture(self, name):
        if directory := os.environ.get("LAMD_SCREENSHOTS"):
            self._browser.screenshot(Path(directory) / f"{name}.png")


@pytest.fixture
def make_backend(directory, keep):
    return lambda lamd: keep(backend.Backend(directory, lamd.socket_path))


@pytest.fixture
def web(directory, keep):
    return keep(browser.Browser(directory))


class Site:
    def __init__(self, make_llama, make_lamd, make_broker, make_sshd, directory):
        self.llama = make_llama(model="slow.gguf", context=8192)
        self.sshd = make_sshd()
        mqtt = {"site": "home", "brokers": [make_broker().broker()]}
        port = free_port()
        self.worker = make_lamd([tunnel(self.sshd, (port, f"unix:{directory}/worker.sock"))], mqtt=mqtt, stop_timeout="1s",
                                worker={"name": "gpu", "server": f"http://127.0.0.1:{self.llama.port}",
                                        "listen": f"unix:{directory}/worker.sock"})
        self.gateway = make_lamd(servers=[server(port, mqtt="gpu")], mqtt=mqtt, defaults=DEFAULTS, stop_timeout="1s")
        self.gateway.wait_status(lambda status: [path["state"] for path in status["paths"]] == ["up"] * 2,
                                 what="both paths up")

    def expected(self):
        """What the server answers when nothing comes between."""
        body = {"messages": [{"role": "user", "content": QUESTION}], "stream": True, **DEFAULTS}
        return content(self.llama.request("POST", "/v1/chat/completions", body, 60.0)[1])


@pytest.fixture
def site(make_llama, make_lamd, make_broker, make_sshd, directory):
    return Site(make_llama, make_lamd, make_broker, make_sshd, directory)


def test_an_answer_survives_its_tunnel_a_reload_and_a_backend_that_is_killed(site, make_backend, web):
    """Every character of it is there once, and the page says what has happened."""
    expected = site.expected()
    served = make_backend(site.gateway)
    page = Page(served, web)
    wait_until(lambda: "Healthy · auto" in web.text("#health"), what="the page to tell the health")
    page.ask(QUESTION)
    seen = page.wait_longer("", 40)
    assert page.way() == "Answered by gpu over SSE"

    site.sshd.kill_sessions()
    wait_until(page.notes, 10.0, "the failover to be told")
    assert "The way over SSE was lost; the answer went on over MQTT" in page.notes()[0]
    assert "Nothing is missing" in page.notes()[0] and page.way() == "Answered by gpu over SSE → MQTT"
    seen = page.wait_longer(seen, 40)
    page.take_picture("page-failover")

    web.reload()
    assert page.wait_longer(seen, 20).startswith(seen)
    served.kill()
    wait_until(lambda: "Connection lost" in page.way(), 10.0, "the page to notice")
    served.start()
    wait_until(lambda: len(page.notes()) == 2, 10.0, "the page to come back")
    assert page.wait_end() == "assistant done"
    assert page.answer() == expected
    assert site.llama.metric("requests_processing") == 0


def test_a_phone_in_the_dark_and_its_stop_button(site, make_backend, web):
    web.resize(375, 667, is_phone=True)
    web.set_dark(True)
    page = Page(make_backend(site.gateway), web)
    page.ask(QUESTION)
    page.wait_longer("", 150)
    page.take_picture("page-phone")
    assert web.run("return document.documentElement.scrollWidth") == 375, "nothing sticks out"
    assert web.run("return getComputedStyle(document.body).backgroundColor") == "rgb(22, 24, 27)"
    assert site.llama.busy_slots() == 1
    web.click("#stop")
    wait_until(lambda: site.llama.busy_slots() == 0, 5.0, "the slot to be free", 0.05)
    assert page.wait_end() == "assistant stopped" and "Stopped" in page.way()
    stopped = page.answer()
    page.ask("And now?")  # the focus is back where one types
    wait_until(lambda: web.count(".assistant") == 2, what="a second answer")
    page.wait_longer("")
    web.type("\ue00c")  # Escape stops too
    assert page.wait_end() == "assistant stopped"
    web.reload()
    assert web.run("return document.querySelector('.assistant .text').textContent") == stopped


def test_what_a_model_says_is_text(upstream, make_lamd, make_backend, web):
    lamd = make_lamd(servers=[server(upstream.port)])
    lamd.wait_path("gpu", "up")
    page = Page(make_backend(lamd), web)
    evil = "<img src=x onerror='document.title=1'><script>document.title=2</script> & more"
    page.ask(evil)
    call = upstream.next_call()
    call.begin()
    call.event(delta(evil) + delta("", "stop") + DONE)
    call.end()
    assert page.wait_end() == "assistant done"
    assert page.answer() == evil == web.text(".user .text")
    assert web.run("return document.title") == "Chat" and web.count("article img, article script") == 0
    assert web.run("""const made = document.createElement("script"); made.textContent = "document.title = 3";
                      document.body.append(made); return document.title""") == "Chat", "the policy forbids it"
    assert "Content Security Policy" in " ".join(web.problems())


def test_a_refusal_is_told_and_can_be_asked_again(make_upstream, make_lamd, make_backend, web):
    port = free_port()
    lamd = make_lamd(servers=[server(port, probe_interval="200ms")])
    page = Page(make_backend(lamd), web)
    page.ask("Hello?")
    assert page.wait_end() == "assistant failed"
    assert "No model can answer now. Try again in" in web.text(".error")
    upstream = make_upstream(port=port)
    lamd.wait_path("gpu", "up")
    web.click(".error button")
    call = upstream.next_call()
    assert [message["content"] for message in call.json()["messages"]] == ["Hello?"]
    call.begin()
    call.event(delta("Here.") + delta("", "stop") + DONE)
    call.end()
    assert page.wait_end() == "assistant done"
    assert page.answer() == "Here."
