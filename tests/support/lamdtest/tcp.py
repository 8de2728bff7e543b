"""TCP and Unix-socket servers that run in the test's own threads, and a prober that times an outage."""

import socket
import threading
import time

from .host import LOCAL


class Server:
    """Accepts connections on `host` and gives each, in a thread of its own, to `serve(connection)`."""

    def __init__(self, serve, host=LOCAL, address="127.0.0.1", port=0, path=None):
        self._serve = serve
        self.connections = []
        self.accepted = 0
        if path is not None:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(path))
        else:
            self._listener = host.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind((address, port))
            self.port = self._listener.getsockname()[1]
        self._listener.listen(512)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            self.connections.append(connection)
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        try:
            self._serve(connection)
        except OSError:
            pass
        finally:
            self.connections.remove(connection)
            connection.close()

    def close(self):
        """Refuses new connections and cuts the open ones."""
        for end in (self._listener, *self.connections):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._listener.close()
        self._thread.join()


def echo(connection):
    """Sends back what comes; ends its side when the peer has ended its own."""
    while data := connection.recv(65536):
        connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)


def tick(connection):
    """Sends a byte each 50 ms, as a slow answer does, until the peer has gone."""
    while True:
        connection.sendall(b".")
        time.sleep(0.05)


def summarise(connection):
    """Reads to the peer's end of sending, then answers with the number of bytes: needs half-close both ways."""
    total = 0
    while data := connection.recv(65536):
        total += len(data)
    connection.sendall(str(total).encode())
    connection.shutdown(socket.SHUT_WR)
    connection.recv(1)


def is_open(host, address):
    """Whether something listens there."""
    try:
        host.connect(address, 1.0).close()
        return True
    except OSError:
        return False


def is_echoed(host, address, text=b"ping", timeout=0.5):
    """Whether a new connection to `address` echoes within `timeout`."""
    try:
        with host.connect(address, timeout) as connection:
            connection.sendall(text)
            received = b""
            while len(received) < len(text) and (data := connection.recv(len(text) - len(received))):
                received += data
            return received == text
    except OSError:
        return False


class Prober:
    """A new connection and an echo every 100 ms, from a thread; answers when an outage ended."""

    def __init__(self, host, address, interval=0.1):
        self._host, self._address, self._interval = host, address, interval
        self._results = []  # (begun, ended, is_good)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stopping.is_set():
            begun = time.monotonic()
            good = is_echoed(self._host, self._address)
            self._results.append((begun, time.monotonic(), good))
            self._stopping.wait(max(0.0, self._interval - (time.monotonic() - begun)))

    def recovered_after(self, fault):
        """Seconds from the time `fault` to the end of the first good probe after a bad one, or None so far."""
        bad = False
        for begun, ended, good in list(self._results):
            if good and bad and begun >= fault:
                return ended - fault
            bad = bad or (not good and ended >= fault)
        return None

    def is_good_since(self, moment):
        return any(good and begun >= moment for begun, _, good in list(self._results))

    def is_steady(self, since, seconds):
        """Whether each probe that began since then was good, for so long at least."""
        probes = [(ended, good) for begun, ended, good in list(self._results) if begun >= since]
        return bool(probes) and all(good for _, good in probes) and probes[-1][0] >= since + seconds

    def close(self):
        self._stopping.set()
        self._thread.join()
