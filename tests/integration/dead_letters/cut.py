"""A proxy that falls silent at a chosen place in what the client sends: there the client can be killed."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum


class Cut(Enum):
    """Where the proxy falls silent, relative to the marker."""

    BEFORE = "before"
    WITHIN = "within"
    AFTER = "after"


class CuttingProxy:
    """Passes everything on, until the client sends ``marker``. From then on nothing passes either way."""

    def __init__(self, port: int, marker: bytes, cut: Cut) -> None:
        self._target = ("127.0.0.1", port)
        self._marker = marker
        self._cut = cut
        self._silent = threading.Event()
        self.reached = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = [self._listener]
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

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
                threading.Thread(target=self._pass_on, args=(near, far, True), daemon=True).start()
                threading.Thread(target=self._pass_on, args=(far, near, False), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, from_client: bool) -> None:
        sent = b""
        with suppress(OSError):
            while data := source.recv(65536):
                if self._silent.is_set():
                    continue
                if not from_client:
                    sink.sendall(data)
                    continue
                # The marker may come in two pieces.
                before, sent = len(sent), sent[-1000:] + data
                before = min(before, 1000)
                at = sent.find(self._marker)
                if at < 0 or at + len(self._marker) <= before:
                    sink.sendall(data)
                    continue
                self._silent.set()
                end = {Cut.BEFORE: 0, Cut.WITHIN: at + len(self._marker) // 2, Cut.AFTER: len(sent)}[
                    self._cut
                ]
                sink.sendall(sent[before : max(before, end)])
                self.reached.set()
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def cutting_proxy(port: int, marker: bytes, cut: Cut) -> Iterator[CuttingProxy]:
    """A running proxy, closed with the block."""
    one = CuttingProxy(port, marker, cut)
    try:
        yield one
    finally:
        one.close()
