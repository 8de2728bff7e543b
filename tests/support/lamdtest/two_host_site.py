"""A worker and a gateway on two hosts, with a tunnel and a broker between them."""

import re

from . import unix_http
from .callers import Callers
from .lamd import server, tunnel
from .ports import free_port


class TwoHostSite:
    """Host A has llama-server and lamd (worker, tunnel); host B has sshd, the broker and lamd's gateway."""

    def __init__(self, hosts, make_llama, make_sshd, make_broker, make_lamd, slots):
        self.hosts = hosts
        self.port = free_port()
        self._make_peers(make_llama, make_sshd, make_broker, slots)
        # The gateway first: the guard of the tunnel reports to it.
        self.gateway = make_lamd(host=hosts.b, start=False, **self.gateway_settings())
        self.worker = make_lamd(host=hosts.a, start=False, **self.worker_settings())
        self._start()
        self.wait_whole()

    def _make_peers(self, make_llama, make_sshd, make_broker, slots):
        self.llama = make_llama(host=self.hosts.a, slots=slots, context=slots * 640)
        self.sshd = make_sshd(host=self.hosts.b)
        self.broker = make_broker(host=self.hosts.b, address=self.hosts.b.address, settings=["max_queued_messages 100000"])

    def _start(self):
        self.gateway.start()
        self.worker.start()

    def worker_settings(self):
        return {"tunnels": [tunnel(self.sshd, (self.port, "worker"), dead_peer="2s")],
                "mqtt": {"brokers": [self.broker.broker()]}, "log": {"level": "info"},
                "worker": {"name": "a", "server": f"http://127.0.0.1:{self.llama.port}"}}

    def gateway_settings(self):
        return {"servers": [server(self.port, mqtt="a")], "mqtt": {"brokers": [self.broker.broker()]},
                "log": {"level": "info"}}

    def wait_whole(self):
        """Both ways are up, and a probe has come back over each of them since this was called."""
        before = [path.get("rtt_s") for path in self.gateway.status()["paths"]]
        self.gateway.wait_status(lambda status: all(path["state"] == "up" and path.get("rtt_s") != rtt
                                                    for path, rtt in zip(status["paths"], before)), 40.0,
                                 "both paths up")
        self.worker.wait_tunnel("up")

    def predicted(self):
        return self.llama.metric("tokens_predicted_total")

    def body(self, tokens):
        return {"messages": [{"role": "user", "content": "Tell me."}], "stream": True, "max_tokens": tokens, "seed": 1,
                "temperature": 0, "ignore_eos": True}

    def ask(self, tokens, count=1, goes_on=False):
        return Callers([self.gateway.socket_path], self.body(tokens), count, goes_on)

    def ask_one(self, body):
        """The text of a complete answer."""
        answer, = Callers([self.gateway.socket_path], body, 1).finish(60.0)
        return answer.text()

    def switch(self, mode):
        answer = unix_http.request(self.gateway.socket_path, "PUT", "/lam/v1/mode", {"mode": mode, "now": True})
        assert answer.status == 200

    def hop_gaps(self):
        """Seconds, as lamd logs them."""
        units = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}
        return [float(number) * units[unit] for number, unit in
                re.findall(r'goes on elsewhere.*?"rung":"path".*?"gap":"([\d.]+) ?(s|ms|us|µs)"',
                           self.gateway.output())]
