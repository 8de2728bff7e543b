"""What every test with real peers may ask for (a plugin of pytest). Each thing made here ends with its test, last made
first."""

import os
import resource
import shutil
import tempfile
from pathlib import Path

import pytest

from . import llama, netns, unix_http
from .lamd import Lamd, server
from .mosquitto import Mosquitto
from .peer import PeerServer
from .sshd import Sshd
from .tcp import Server
from .upstream import CHAT, Upstream

_SKIPPED = 77  # ctest's SKIP_RETURN_CODE


def pytest_configure():
    """Thousands of connections are thousands of descriptors at this end too."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def pytest_sessionfinish(session, exitstatus):
    """Tells ctest that nothing could run here, which is neither good nor bad."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    ran = [name for name in ("passed", "failed", "error", "xfailed") if reporter.stats.get(name)]
    if exitstatus == pytest.ExitCode.OK and not ran and reporter.stats.get("skipped"):
        session.exitstatus = _SKIPPED


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("root") and os.geteuid() != 0:
            item.add_marker(pytest.mark.skip(reason="needs root"))


@pytest.fixture
def directory():
    """A short path, as Unix sockets want it; kept when LAMD_KEEP is set."""
    path = Path(tempfile.mkdtemp(prefix="lamd-"))
    yield path
    if not os.environ.get("LAMD_KEEP"):
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def keep(directory):
    """keep(thing): closes it at the end of the test."""
    things = []

    def remember(thing):
        things.append(thing)
        return thing

    yield remember
    problems = []
    while things:
        try:
            things.pop().close()
        except Exception as problem:  # the rest must be closed all the same
            problems.append(problem)
    if problems:
        raise problems[0]


@pytest.fixture
def make_sshd(directory, keep):
    return lambda **options: keep(Sshd(directory, **options))


@pytest.fixture
def sshd(make_sshd):
    return make_sshd()


@pytest.fixture
def make_lamd(directory, keep):
    made = []

    def make(tunnels=(), servers=(), **options):
        made.append(directory / f"lamd{len(made)}")
        return keep(Lamd(made[-1], tunnels, servers, **options))

    return make


@pytest.fixture
def make_server(keep):
    return lambda serve, **options: keep(Server(serve, **options))


@pytest.fixture
def peer(directory, keep):
    """The bulk peer's port."""
    return keep(PeerServer(directory)).port


@pytest.fixture
def hosts(directory, keep):
    """Two hosts and a link that can be made bad."""
    if why := netns.missing():
        pytest.skip(why)
    return keep(netns.TwoHosts(directory))


@pytest.fixture
def make_upstream(keep):
    return lambda **options: keep(Upstream(**options))


@pytest.fixture
def upstream(make_upstream):
    """A server that the test plays itself."""
    return make_upstream()


@pytest.fixture
def make_broker(directory, keep):
    return lambda **options: keep(Mosquitto(directory, **options))


@pytest.fixture
def make_llama(directory, keep):
    if why := llama.missing():
        pytest.skip(why)
    return lambda **options: keep(llama.LlamaServer(directory, **options))


@pytest.fixture
def lamd(upstream, make_lamd):
    """With one server, which the test plays; most files have their own."""
    lamd = make_lamd(servers=[server(upstream.port)])
    lamd.wait_path("gpu", "up")
    return lamd


@pytest.fixture
def chat(lamd, upstream, keep):
    """chat(): a stream that a caller has asked for, and the server's side of it."""
    def begin(body=None, headers=None):
        stream = keep(unix_http.Stream(lamd.socket_path, "/v1/chat/completions", body or CHAT, headers))
        return stream, upstream.next_call()

    return begin
