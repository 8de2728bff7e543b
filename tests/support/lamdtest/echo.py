"""A server that answers a chat with what it was asked: so a test sees what reached it, and whose answer is whose."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def answer_to(messages):
    """What it says: how many messages there were, and the last of them."""
    return f"{len(messages)}: {messages[-1]['content']}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        """A lamd that is killed resets its connections: nobody's mistake."""


class EchoServer:
    """`pause`: an Event that answers wait for, when there is one."""

    def __init__(self):
        self.asked = []
        self.pause = None
        echo = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65536  # head and body in one

            def do_GET(self):
                known = {"/health": {"status": "ok"}, "/v1/models": {"data": [{"id": "echo", "object": "model"}]}}
                self._send(200 if self.path in known else 404, known.get(self.path, {}))

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                echo.asked.append(body)
                if echo.pause is not None:
                    echo.pause.wait(30.0)
                message = {"role": "assistant", "content": answer_to(body["messages"])}
                self._send(200, {"choices": [{"index": 0, "finish_reason": "stop", "message": message}]})

            def _send(self, status, value):
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
