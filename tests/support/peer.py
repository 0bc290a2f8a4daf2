"""A server that anyone may have written: it sends what a test gives it, whatever it is asked."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

HOST = "127.0.0.1"
_PATIENCE_SECONDS = 10.0


class Peer:
    """Sends ``head`` on each connection, and then ``flood`` again and again until the client hangs up.

    Without a flood it ends its side of the connection. ``listens``: the client speaks first.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server((HOST, 0), backlog=16)
        self.port: int = self._listener.getsockname()[1]
        self.head = b""
        self.flood = b""
        self.listens = True

    def serve(self) -> None:
        """One connection after the other, until the peer is closed."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(_PATIENCE_SECONDS)
                self._answer(connection)

    def close(self) -> None:
        """Accept no more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _answer(self, connection: socket.socket) -> None:
        if self.listens:
            connection.recv(65536)
        connection.sendall(self.head)
        while self.flood:
            connection.sendall(self.flood)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


@contextmanager
def peer() -> Iterator[Peer]:
    """A peer that serves in a thread of its own."""
    one = Peer()
    thread = threading.Thread(target=one.serve, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        one.close()
        thread.join(2 * _PATIENCE_SECONDS)
