"""What lamd leans on: the SSH server, the broker, and the names of hosts."""

import signal

from lamdtest.process import send_signal

from .kind import fault

# The SSH server.

@fault("sshd", longest=0.5)
def killed_sessions(site, _):
    for pid in site.sshd.session_processes():
        send_signal(pid, signal.SIGKILL)
    yield


@fault("sshd")
def frozen_sessions(site, _):
    pids = site.sshd.freeze_sessions()
    yield
    site.sshd.thaw(pids)


@fault("sshd", longest=0.5)
def restarted_sshd(site, _):
    site.sshd.restart()
    yield


@fault("sshd")
def stolen_port(site, _):
    """Somebody else has the forward's port when the tunnel comes back."""
    site.sshd.kill_sessions()
    thief = site.hosts.b.socket()
    try:
        thief.bind(("127.0.0.1", site.port))
        thief.listen()
    except OSError:
        pass  # the tunnel was faster
    yield
    thief.close()


@fault("sshd", longest=3.0)
def killed_claim(site, _):
    """The tunnel's claim, or its guard; then its session. One that is lost between both holds its port for as long as its
    TCP does (docs/recovery.md), for nobody knows any more whose it is."""
    for pid in site.claims():
        send_signal(pid, signal.SIGKILL)
    yield
    site.sshd.kill_sessions()


# The broker. It keeps nothing, so one that was killed has lost what was retained.

@fault("broker")
def killed_broker(site, _):
    site.broker.kill()
    yield
    site.broker.start()


@fault("broker")
def frozen_broker(site, _):
    send_signal(site.broker.pid, signal.SIGSTOP)
    yield
    send_signal(site.broker.pid, signal.SIGCONT)


@fault("broker", longest=0.5)
def forgotten_state(site, _):
    """Somebody clears what the worker has retained."""
    site.broker.retain("lam/v1/default/w/a/state", b"")
    yield


# The web host's name, by which the tunnel and the broker are found.

@fault("name", longest=0.5)
def moved_server(site, _):
    """Another address, and the name leads there."""
    site.hosts.move_server()
    site.name_server(site.hosts.b.address)
    yield


@fault("name", longest=0.5)
def slow_name(site, _):
    """Another address; the name leads to the old one for a while."""
    site.hosts.move_server()
    yield
    site.name_server(site.hosts.b.address)


@fault("name")
def lost_name(site, _):
    site.name_server(None)
    yield
    site.name_server(site.hosts.b.address)
