"""A way to a TCP server that can be cut, frozen and mended, as networks are: every byte goes through threads of the test."""

import socket
import threading
import time


class Line:
    def __init__(self, target):
        """`target`: a port of this machine, or the path of a Unix socket."""
        self._target = target
        self._pairs = []
        self._is_open = True
        self._flows = threading.Event()
        self._flows.set()
        self._lock = threading.Lock()
        self.port = 0
        self._listen()

    def _listen(self):
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen(512)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = self._connect()
            except OSError:
                near.close()
                continue
            near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._pairs.append((near, far))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    def _connect(self):
        if isinstance(self._target, int):
            far = socket.create_connection(("127.0.0.1", self._target))
            far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return far
        far = socket.socket(socket.AF_UNIX)
        far.connect(str(self._target))
        return far

    def _copy(self, source, sink):
        try:
            while data := source.recv(65536):
                self._flows.wait()
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        """Closes every connection, and refuses new ones. Returns when."""
        moment = time.monotonic()
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self.reset()
        return moment

    def reset(self):
        """Closes every connection; new ones are welcome."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def mend(self):
        """After cut()."""
        self._listen()

    def freeze(self):
        """Nothing comes through any more, and nobody is told. Returns when."""
        moment = time.monotonic()
        self._flows.clear()
        return moment

    def thaw(self):
        self._flows.set()

    def close(self):
        self.thaw()
        self.cut()
