"""A server that answers every request alone, at once and always in the same way."""

import threading

from .upstream import ANSWER, Upstream


class Robot:
    def __init__(self, status=200, body=ANSWER, **options):
        self.status, self.body = status, body
        self.answered = 0
        self._upstream = Upstream(**options)
        self.port = self._upstream.port
        self._thread = threading.Thread(target=self._answer_all, daemon=True)
        self._thread.start()

    def _answer_all(self):
        while call := self._upstream.calls.get():
            self.answered += 1
            call.answer(self.status, self.body)

    def close(self):
        self._upstream.calls.put(None)
        self._upstream.close()
        self._thread.join()
