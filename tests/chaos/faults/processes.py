"""The machines, and the processes on them."""

import signal

from lamdtest.process import send_signal

from .kind import fault

# Processes that stand still for a while, as on a machine that is out of memory.

def _frozen(process):
    pid = process.pid
    if pid:
        send_signal(pid, signal.SIGSTOP)
    yield
    if pid:
        send_signal(pid, signal.SIGCONT)


@fault("worker", longest=3.0)
def frozen_worker(site, _):
    yield from _frozen(site.worker.process)


@fault("gateway", longest=3.0)
def frozen_gateway(site, _):
    yield from _frozen(site.gateway.process)


@fault("server", longest=3.0)
def frozen_server(site, _):
    yield from _frozen(site.llama)


# Those after which something is gone for good.

@fault("worker", is_survivable=False, longest=2.0)
def killed_worker(site, _):
    site.worker.kill()
    yield
    site.worker.start()


@fault("gateway", is_survivable=False, longest=2.0)
def killed_gateway(site, _):
    site.gateway.kill()
    yield
    site.gateway.start()


@fault("server", is_survivable=False, longest=2.0)
def killed_server(site, _):
    site.llama.kill()
    yield
    site.llama.start()

