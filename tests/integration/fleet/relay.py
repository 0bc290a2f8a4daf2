"""A relay between a worker and its broker that a test can make half-open: both ends stay, nothing passes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Relay:
    """Listens on a free port of its own and passes everything on to another."""

    def __init__(self, target_port: int) -> None:
        self._target = ("127.0.0.1", target_port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._passes = threading.Event()
        self._passes.set()
        self._sockets: list[socket.socket] = [self._listener]
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def freeze(self) -> None:
        """From now on swallow every byte without a word, as a firewall does that forgot the connection."""
        self._passes.clear()

    def close(self) -> None:
        """End all connections."""
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                self._sockets += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if self._passes.is_set():
                    sink.sendall(data)
            if self._passes.is_set():
                sink.shutdown(socket.SHUT_WR)


@contextmanager
def relay(target_port: int) -> Iterator[Relay]:
    """A running relay, closed with the block."""
    one = Relay(target_port)
    try:
        yield one
    finally:
        one.close()
