"""A TCP proxy before a broker that stops forwarding at a chosen point of the conversation."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Gate:
    """Forwards every connection to ``port`` of this host, until a client sends one of the awaited words."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self._word = b""
        self._passes_word = False
        self._open = threading.Event()
        self._open.set()
        self.closed = threading.Event()
        self.port: int = self._listener.getsockname()[1]

    def close_at(self, word: bytes, *, passes: bool) -> None:
        """Forward nothing more once a client has sent ``word``, which still passes if ``passes``."""
        self._word, self._passes_word = word, passes

    def reopen(self) -> None:
        """Cut all connections, and forward new ones."""
        self._word = b""
        # In this order: what the gate has kept back never arrives.
        self._cut()
        self._open.set()

    def serve(self) -> None:
        """Accept until ended."""
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    near.close()
                    continue
                self._ends += [near, far]
                threading.Thread(target=self._forward, args=(near, far, True), daemon=True).start()
                threading.Thread(target=self._forward, args=(far, near, False), daemon=True).start()

    def end(self) -> None:
        """End all there is."""
        self._ends.append(self._listener)
        self._cut()
        self._open.set()

    def _cut(self) -> None:
        ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _forward(self, source: socket.socket, target: socket.socket, from_client: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if from_client and self._word and self._word in data and not self.closed.is_set():
                    self._open.clear()
                    if self._passes_word:
                        target.sendall(data)
                    self.closed.set()
                    if self._passes_word:
                        continue
                self._open.wait()
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@contextmanager
def gate(port: int) -> Iterator[Gate]:
    """A gate before ``port``, ended with the block."""
    made = Gate(port)
    thread = threading.Thread(target=made.serve)
    thread.start()
    try:
        yield made
    finally:
        made.end()
        thread.join(10)
