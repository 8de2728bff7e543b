"""What somebody does to a machine: a changed configuration, another time, a disk that is full."""

import copy
import errno

from .kind import fault

# A reload, and another one back.

_LONG = 60.0


def _reload(lamd, settings, status=200):
    lamd.configure(**copy.deepcopy(settings))
    answer = lamd.post("/lam/v1/reload", timeout=_LONG)
    assert answer.status == status, f"a reload was answered {answer.status}: {answer.body[:500]!r}"


def _reloaded(lamd, settings, change, status=200):
    changed = copy.deepcopy(settings)
    change(changed)
    _reload(lamd, changed, status)
    yield
    _reload(lamd, settings)


@fault("gateway")
def reloaded_gateway(site, rng):
    def another_server(settings):
        settings["servers"].append({"name": "spare", "sse": "http://127.0.0.1:9", "models": ["another"]})

    changes = [another_server,
               lambda settings: settings["servers"][0].update(probe_interval="1s"),
               lambda settings: settings["servers"][0].update(wedged_after="50s", deadlines={"between": "110s"}),
               lambda settings: settings.update(queue={"size": 100, "wait": "20s"}),
               lambda settings: settings.update(stop_timeout="20s", log={"level": "debug"}),
               lambda settings: settings["mqtt"]["brokers"][0].update(site.broker.broker(name="127.0.0.1"))]
    yield from _reloaded(site.gateway, site.gateway_settings(), rng.choice(changes))


@fault("worker")
def reloaded_worker(site, rng):
    def another_forward(settings):
        settings["tunnels"][0]["forwards"].append({"remote": f"127.0.0.1:{site.spare_port}", "target": "127.0.0.1:9"})

    changes = [another_forward,
               lambda settings: settings["tunnels"][0].update(dead_peer="4s"),
               lambda settings: settings["worker"].update(lease="40s"),
               lambda settings: settings["worker"].update(journal={"stream": "2MiB", "total": "128MiB", "keep": "50s"}),
               lambda settings: settings.update(stop_timeout="20s", log={"level": "debug"}),
               lambda settings: settings["mqtt"]["brokers"].append({"url": "mqtt://127.0.0.1:9"})]
    yield from _reloaded(site.worker, site.worker_settings(), rng.choice(changes))


@fault("worker", longest=1.0)
def refused_reload(site, _):
    """A mistake in the file: nothing changes."""
    yield from _reloaded(site.worker, site.worker_settings(), lambda settings: settings.update(tunels=[]), 422)


# Somebody sets the time, and later sets it right.

def _another_time(clock, rng):
    clock.set(rng.choice((-1, 1)) * 10 ** rng.uniform(-1.0, 4.6))  # a tenth of a second to half a day
    yield
    clock.set(0.0)


@fault("clock of the worker", needs="CLOCK_SHIFT")
def clock_of_worker(site, rng):
    yield from _another_time(site.clocks["worker"], rng)


@fault("clock of the gateway", needs="CLOCK_SHIFT")
def clock_of_gateway(site, rng):
    yield from _another_time(site.clocks["gateway"], rng)


# Sessions, and what else is kept, cannot be written.

def _fill(path):
    with open(path, "wb", buffering=0) as filler:
        try:
            while filler.write(b"\0" * 65536):
                pass
        except OSError as problem:
            assert problem.errno == errno.ENOSPC


@fault("disk", spares_sessions=False)
def full_disk(site, _):
    filler = site.hosts.b.inside(site.gateway.state_directory / "filler")
    _fill(filler)
    yield
    filler.unlink()
