"""When no way led to the worker, as the gateway itself says: an answer is given up after a while of it (docs/api.md)."""

import threading
import time

_PATIENCE = 2.4  # seconds, less what the look costs


class Ways:
    """Looks all the time until stop(); `closed` has the times (from, to) that were long enough."""

    def __init__(self, gateway):
        self._gateway = gateway
        self._end = threading.Event()
        self.closed = []
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self):
        since = None
        while not self._end.wait(0.1):
            if self._is_closed():
                since = since or time.monotonic()
            elif since:
                self._note(since)
                since = None
        if since:
            self._note(since)

    def _note(self, since):
        if time.monotonic() - since >= _PATIENCE:
            self.closed.append((since, time.monotonic()))

    def _is_closed(self):
        try:
            paths = self._gateway.status()["paths"]
        except (OSError, ValueError):
            return False
        return all(path["state"] not in ("up", "degraded") for path in paths if path["server"] == "gpu")

    def stop(self):
        self._end.set()
        self._thread.join()
