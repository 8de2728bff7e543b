"""The dashboard: who gets to it over TCP, `lamctl dashboard`, and the page itself in a real browser."""

import http.client
import json
import os
import re
import signal
import subprocess
import threading
import urllib.request
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from lamdtest import browser
from lamdtest.lamd import Lamd
from lamdtest.ports import free_port
from lamdtest.wait import wait_until
from test_operate import ASK, Site

IMAGES = Path(__file__).parent.parent.parent / "docs" / "images"


def tcp(port, target, headers=None, method="GET", body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, target, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.fixture
def reading(make_lamd):
    port = free_port()
    lamd = make_lamd(servers=[{"name": "gpu", "sse": "http://127.0.0.1:9"}], dashboard={"listen": f"127.0.0.1:{port}"})
    return lamd, port


def test_tcp_has_the_role_that_is_configured(reading):
    lamd, port = reading
    assert tcp(port, "/dashboard/")[0] == 200
    assert json.loads(tcp(port, "/lam/v1/whoami")[1]) == {"schema": 1, "role": "read"}
    assert json.loads(tcp(port, "/lam/v1/status")[1])["mode"] == "auto"
    for method, target in (("PUT", "/lam/v1/mode"), ("POST", "/lam/v1/reload"), ("GET", "/lam/v1/streams"),
                           ("POST", "/v1/chat/completions")):
        status, body = tcp(port, target, method=method, body=b"{}")
        assert status == 403 and "dashboard.role" in json.loads(body)["error"]["message"], (method, target)
    whoami = lamd.get("/lam/v1/whoami").json()
    assert (whoami["role"], whoami["uid"]) == ("admin", os.getuid())


def test_pages_of_other_sites_get_nothing(reading):
    _, port = reading
    assert tcp(port, "/lam/v1/status", {"Host": f"attacker.example.org:{port}"})[0] == 421
    assert tcp(port, "/lam/v1/status", {"Origin": "http://attacker.example.org"})[0] == 403
    assert tcp(port, "/lam/v1/status", {"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert tcp(port, "/lam/v1/status", {"Origin": f"http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"})[0] == 200


def test_a_port_that_is_taken_is_named(reading, directory):
    _, port = reading
    other = Lamd(directory / "other", servers=[{"name": "gpu", "sse": "http://127.0.0.1:9"}],
                 dashboard={"listen": f"127.0.0.1:{port}"}, start=False)
    other.start(wait=False)
    assert other.process.wait() == 1
    assert f"dashboard: listen on 127.0.0.1:{port}: bind: Address already in use" in other.output()


@contextmanager
def lamctl_dashboard(lamd):
    """The address that it prints; it ends by Ctrl-C and without complaint."""
    command = [os.environ["LAMCTL_BIN"], "--socket", str(lamd.socket_path), "dashboard", "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = iter(process.stdout.readline, "")
            yield next(line.strip() for line in lines if "http://" in line)
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
        finally:
            process.kill()


def test_lamctl_leads_a_browser_to_the_socket(reading):
    lamd, _ = reading
    with lamctl_dashboard(lamd) as url:
        place = re.match(r"http://127\.0\.0\.1:(\d+)/\?key=[0-9a-f-]{36}$", url)
        port = int(place[1])
        assert tcp(port, "/dashboard/")[0] == 403
        assert tcp(port, "/?key=00000000-0000-4000-8000-000000000000")[0] == 403
        person = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        assert b"<title>lamd</title>" in person.open(url, timeout=10).read()
        whoami = json.load(person.open(f"http://127.0.0.1:{port}/lam/v1/whoami", timeout=10))
        assert whoami["role"] == "admin", "the rights of whoever runs lamctl"
        change = urllib.request.Request(f"http://127.0.0.1:{port}/lam/v1/mode", b'{"mode":"sse"}', method="PUT")
        assert json.load(person.open(change, timeout=10))["mode"] == "sse"
        assert lamd.status()["mode"] == "sse"
        assert tcp(port, "/lam/v1/status")[0] == 403, "the cookie is the browser's alone"


def test_lamctl_says_when_lamd_does_not_run(directory):
    answer = subprocess.run([os.environ["LAMCTL_BIN"], "--socket", directory / "none.sock", "dashboard"], text=True,
                            capture_output=True, timeout=30, check=False)
    assert answer.returncode == 8 and "lamd is not running" in answer.stderr


@pytest.mark.skipif(browser.missing() is not None, reason=browser.missing() or "")
def test_the_page_shows_what_happens(make_llama, make_lamd, make_broker, make_sshd, directory):
    """Paths and rates, a failover in the middle of answers, an answer ended, the mode switched; wide, narrow and dark."""
    site = Site(make_llama, make_lamd, make_broker, make_sshd, directory, "slow.gguf", other="other")
    site.drain_all_but("gpu")
    page = browser.Browser(directory)
    try:
        with lamctl_dashboard(site.gateway) as url:
            look(page, url, site)
    finally:
        page.close()


def look(page, url, site):
    def see(selector, text, timeout=20.0):
        page.wait(lambda: text in page.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector),
                  f"{text!r} in {selector}", timeout)

    page.open(url)
    see("#verdict", "healthy")
    see("#reasons", "server other is draining")
    streams = [site.begin({**ASK, "max_tokens": 1500}) for _ in range(3)]
    readers = [threading.Thread(target=read_quietly, args=(stream,), daemon=True) for stream in streams]
    for reader in readers:
        reader.start()
    page.wait(lambda: page.count("#streams button") == 3, "three answers")
    see("#paths article:first-child", "/s")
    page.wait(lambda: page.count("#failovers li") == 0 and "M" in page.run(
        "return document.querySelector('#paths .spark .line').getAttribute('d')"), "a plot")
    for pid in site.sshd.session_processes():
        os.kill(pid, signal.SIGKILL)
    page.wait(lambda: page.count("#failovers li") == 3, "three failovers")
    see("#failovers li", "0 lost, 0 twice")
    see("#paths article:nth-child(1)", "another path is preferred until")
    assert page.count("#timeline .mark") == 3
    page.run("document.querySelector('#streams button').click()")
    page.wait(lambda: page.count("#streams button") == 2, "one answer to be ended")
    page.run("document.querySelector('#mode input[value=mqtt]').click()")
    wait_until(lambda: site.gateway.status()["mode"] == "mqtt", 10.0, "the mode to be switched")
    see("#mode", "mqtt")
    assert page.run("return document.querySelector('#mode input[value=mqtt]').checked")
    if os.environ.get("LAMD_WRITE_DOCS"):
        photograph(page)
    page.resize(390, 800, is_phone=True)
    assert page.run("return document.documentElement.scrollWidth <= innerWidth"), "wider than a phone"
    site.broker.kill()
    see("#verdict", "down")
    see("#reasons", "start the broker")
    site.gateway.stop()
    see("#verdict", "no answer")
    assert [problem for problem in page.problems() if "Failed to load resource" not in problem] == []


def read_quietly(stream):
    try:
        stream.read_all()
    except (OSError, http.client.HTTPException):
        pass  # it was ended, as the test wants


def photograph(page):
    IMAGES.mkdir(exist_ok=True)
    height = page.run("return document.documentElement.scrollHeight")
    page.resize(1100, height)
    page.screenshot(IMAGES / "dashboard.png")
    page.set_dark(True)
    page.resize(390, page.run("return document.documentElement.scrollHeight") + 400, is_phone=True)
    page.screenshot(IMAGES / "dashboard-phone.png")
    page.set_dark(False)
