"""The legacy topics as tests use them: clients of two libraries and two versions of MQTT, a bridge, and conversations that
are kept as files, payload by payload."""

import base64
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import paho.mqtt.client as paho

from .limits import within
from .process import Process
from .wait import wait_until

_SUPPORT = Path(__file__).parent.parent
_NODE = Path(os.environ.get("LAMD_NODE_MODULES", "")) / "mqtt"


class Client:
    """What backends have in common: they publish, and receive what is published on `filters`."""

    def __init__(self):
        self._received = queue.Queue()

    def publish(self, topic, payload, qos=1):
        data = payload if isinstance(payload, bytes) else payload.encode() if isinstance(payload, str) else \
            json.dumps(payload).encode()
        self._send(topic, data, qos)

    def next(self, timeout=10.0):
        """The next (topic, payload), the latter as text."""
        try:
            return self._received.get(timeout=within(timeout))
        except queue.Empty:
            raise AssertionError(f"nothing came within {timeout:g} s") from None

    def is_silent(self, seconds):
        """Whether nothing comes for so long: for what must not be answered."""
        time.sleep(seconds)
        return self._received.empty()


class PahoClient(Client):
    def __init__(self, port, filters, version):
        super().__init__()
        ready = threading.Event()
        protocol = paho.MQTTv5 if version == 5 else paho.MQTTv311
        api = {"callback_api_version": paho.CallbackAPIVersion.VERSION1} if hasattr(paho, "CallbackAPIVersion") else {}
        self._client = paho.Client(client_id=f"backend-{uuid.uuid4().hex[:8]}", protocol=protocol, **api)
        self._client.on_message = lambda _, __, message: self._received.put((message.topic, message.payload.decode()))
        self._client.on_connect = lambda *_: self._client.subscribe([(one, 1) for one in filters]) if version != 5 else \
            self._client.subscribe([(one, paho.SubscribeOptions(qos=1)) for one in filters])
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert ready.wait(10.0)

    def _send(self, topic, data, qos):
        self._client.publish(topic, data, qos).wait_for_publish()

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()


def missing_mqtt_js():
    """Why mqtt.js cannot be used here, or None."""
    if not shutil.which("node"):
        return "no node here"
    if not _NODE.exists():
        return "mqtt.js is not installed here: ./dev test brings it"
    return None


class NodeClient(Client):
    def __init__(self, port, filters, version):
        super().__init__()
        url, protocol = f"mqtt://127.0.0.1:{port}", "5" if version == 5 else "4"
        entry = _NODE / json.loads((_NODE / "package.json").read_text())["main"]
        self._process = subprocess.Popen(["node", _SUPPORT / "mqtt_client.mjs", entry, url, protocol, *filters],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ready = json.loads(self._process.stdout.readline())
        assert ready == "ready", ready
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            topic, payload = json.loads(line)
            self._received.put((topic, base64.b64decode(payload).decode()))

    def _send(self, topic, data, qos):
        self._process.stdin.write(json.dumps([topic, base64.b64encode(data).decode(), qos]) + "\n")
        self._process.stdin.flush()

    def close(self):
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


class Bridge(Process):
    """A program of existing deployments, which speaks the legacy topics only."""

    def __init__(self, directory, broker, server, *projects, options=()):
        command = [sys.executable, "-B", _SUPPORT / "legacy_bridge.py", *options, f"127.0.0.1:{broker}",
                   f"127.0.0.1:{server}", *projects]
        super().__init__(command, directory / f"bridge-{uuid.uuid4().hex[:8]}.log")
        wait_until(lambda: "connected" in self.output(), 10.0, "the bridge to connect")

    def received(self, topic):
        """The payloads that came on a topic."""
        lines = [json.loads(line) for line in self.output().splitlines() if line.startswith("[")]
        return [payload for name, payload in lines if name == topic]

    def close(self):
        self.kill()
        assert "Traceback" not in self.output(), self.output()


def conversations(directory):
    """Their files, each a dict with `about`, `projects` as lamd is configured, and `steps`."""
    return sorted(Path(directory).glob("[0-9]*.json"))


def play(steps, client, upstream=None):
    """Goes through a conversation. `upstream` plays the server exactly as the steps say; without it a real server
    answers, and replies are compared as far as they do not depend on what it says."""
    for step in steps:
        if "send" in step:
            topic, payload = step["send"]
            client.publish(topic, payload, step.get("qos", 1))
        elif "server" in step:
            if upstream:
                _answer(upstream.next_call(10.0), step["server"])
        elif "receive" in step:
            _compare(client.next(60.0), step, exact=upstream is not None or step.get("is_fixed", False))
        else:
            raise ValueError(f"no such step: {step}")


def _answer(call, expected):
    assert (call.method, call.target) == ("POST", "/v1/chat/completions")
    asked = call.json()
    for key, value in expected["asked"].items():
        assert asked.get(key) == value, f"{key}: {asked.get(key)!r}"
    if "status" in expected:
        call.answer(expected["status"], {"error": expected["error"]})
    else:
        message = {"role": "assistant", **expected["message"]}
        call.answer(200, {"choices": [{"index": 0, "finish_reason": "stop", "message": message}]})


def _compare(received, step, exact):
    topic, payload = step["receive"]
    assert received[0] == topic
    if exact:
        assert (received[1] if isinstance(payload, str) else json.loads(received[1])) == payload
    elif isinstance(payload, dict):
        assert "hint" in json.loads(received[1])
    else:
        assert not received[1].startswith("Error:")
