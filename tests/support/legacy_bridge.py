"""A bridge of existing deployments, written from docs/legacy-mqtt.md: legacy_bridge.py BROKER SERVER PROJECT...

BROKER and SERVER are HOST:PORT. It speaks the legacy topics over MQTT 3.1.1 and nothing else; with `--full` it says that it
is busy, with `--quiet` it never tells its status. Needs paho-mqtt (1.6 or 2).
"""

import argparse
import http.client
import json
import queue
import threading
import time
import uuid

import paho.mqtt.client as mqtt

STATUS_EVERY, TIMEOUT = 30.0, 300.0


class Bridge:
    def __init__(self, options):
        self._options, self._projects = options, options.projects
        self._sessions, self._work = {}, queue.Queue()
        self._status = f"{self._projects[0]}/status"
        self._service = f"bridge-{uuid.uuid4().hex[:8]}"
        version = {"callback_api_version": mqtt.CallbackAPIVersion.VERSION1} if hasattr(mqtt, "CallbackAPIVersion") else {}
        self._client = mqtt.Client(client_id=self._service, protocol=mqtt.MQTTv311, **version)
        self._client.on_connect, self._client.on_message = self._connected, self._received
        if not options.quiet:
            self._client.will_set(self._status, json.dumps({"service": self._service, "status": "offline"}), 1)

    def run(self):
        threading.Thread(target=self._answer_all, daemon=True).start()
        threading.Thread(target=self._tell_status, daemon=True).start()
        host, port = self._options.broker.rsplit(":", 1)
        self._client.connect(host, int(port), 30)
        self._client.loop_forever()

    def _connected(self, client, *_):
        for project in self._projects:
            for topic in ("user_input", "clear_history", "clear_history/+", "delete_session", "delete_session/+"):
                client.subscribe(f"{project}/{topic}", 1)
        self._say_online()
        print("connected", flush=True)

    def _tell_status(self):
        while True:
            time.sleep(STATUS_EVERY)
            self._say_online()

    def _say_online(self):
        if not self._options.quiet:
            status = {"service": self._service, "status": "online", "ts": time.time()}
            self._client.publish(self._status, json.dumps(status))

    def _received(self, _, __, message):
        project, what = message.topic.split("/")[:2]
        payload = json.loads(message.payload or b"{}")
        session = str(payload.get("sessionId") or (message.topic.split("/") + [""])[2] or f"default-{uuid.uuid4().hex[:8]}")
        print(json.dumps([message.topic, payload]), flush=True)
        if what == "user_input" and self._options.full:
            self._reply(project, session, payload, "Server is busy, please try again later.")
        elif what == "user_input":
            self._work.put((project, session, payload))
        elif what == "clear_history":
            self._sessions.get((project, session), [None])[1:] = []
            self._client.publish(f"{project}/assistant_response/{session}", json.dumps({"hint": "History cleared"}), 1)
        elif what == "delete_session":
            self._sessions.pop((project, session), None)

    def _answer_all(self):
        while True:
            project, session, payload = self._work.get()
            history = self._sessions.setdefault((project, session), [
                {"role": "system", "content": payload.get("systemPrompt") or f"You are the assistant of {project}."}])
            history.append({"role": "user", "content": payload["message"]})
            try:
                text = self._ask(history, payload)
                history.append({"role": "assistant", "content": text})
            except (OSError, http.client.HTTPException, ValueError, KeyError) as problem:
                text = f"Error: {problem}"
            self._reply(project, session, payload, text)

    def _ask(self, history, payload):
        host, port = self._options.server.rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT)
        body = {"messages": history, "temperature": payload.get("temperature", 0.6), "top_p": payload.get("topP", 0.9),
                "max_tokens": payload.get("maxTokens", 512)}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = json.loads(response.read())
        if response.status != 200:
            raise ValueError(answer["error"]["message"])
        return answer["choices"][0]["message"]["content"]

    def _reply(self, project, session, payload, text):
        topic = payload.get("replyTopic") or f"{project}/assistant_response/{session}"
        self._client.publish(topic, text, 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("broker")
    parser.add_argument("server")
    parser.add_argument("projects", nargs="+")
    Bridge(parser.parse_args()).run()


main()
