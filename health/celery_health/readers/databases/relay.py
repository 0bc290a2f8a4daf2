"""Passes bytes between a local client and a server, and ends when the server has sent too many.

libpq takes in whatever a server announces, and offers no limit. So it connects to a port of this machine, and
its bytes are counted on their way.
"""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from celery_health.readers.access import Access, first_that_connects
from celery_health.readers.budget import Budget, TooMuchError
from celery_health.readers.timeouts import CONNECT_SECONDS, READ_SECONDS

HOST = "127.0.0.1"
_PART = 16 * 1024


class Relay:
    """``port``: of this machine. ``exceeded``: whether the server has sent too much.

    ``silent``: whether the relay has hung up because neither side sent anything for ``READ_SECONDS``.
    """

    def __init__(self, address: tuple[str, int], listener: socket.socket, budget: Budget) -> None:
        self.port: int = listener.getsockname()[1]
        self.exceeded = False
        self.silent = False
        self._address = address
        self._listener = listener
        self._budget = budget

    def run(self, server: socket.socket) -> None:
        """Serve one client after the other, the first one over this connection, until the relay is closed.

        libpq connects again without TLS where a login with TLS fails.
        """
        try:
            while True:
                with server, self._listener.accept()[0] as client:
                    client.settimeout(READ_SECONDS)
                    with suppress(OSError):  # one of the two is gone, and the other one learns of it
                        self._pass(client, server)
                if self.exceeded:
                    return
                server = _connected(self._address)
        except OSError:
            pass  # the relay is closed, or the server no longer takes connections

    def _pass(self, client: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while ready := selector.select(READ_SECONDS):
                for sender, receiver in ((key.fileobj, key.data) for key, _ in ready):
                    assert isinstance(sender, socket.socket)
                    part = sender.recv(_PART)
                    if not part or (sender is server and self._is_too_much(part)):
                        return
                    receiver.sendall(part)
            self.silent = True

    def _is_too_much(self, part: bytes) -> bool:
        try:
            self._budget.take(len(part))
        except TooMuchError:
            self.exceeded = True
        return self.exceeded


def _connected(address: tuple[str, int]) -> socket.socket:
    server = socket.create_connection(address, CONNECT_SECONDS)
    server.settimeout(READ_SECONDS)
    return server


@contextmanager
def relay(host: str, port: int, budget: Budget, access: Access) -> Iterator[Relay]:
    """A relay to the server at ``host``, which is connected when the context begins.

    A later connection goes to the same address: the next answer of DNS may be another.

    Raises:
        OSError: there is no connection to the server.
    """
    server = first_that_connects(host, port, access, lambda address: _connected((address, port)))
    address = server.getpeername()[:2]
    with socket.create_server((HOST, 0), backlog=1) as listener:
        one = Relay(address, listener, budget)
        threading.Thread(target=one.run, args=(server,), name="relay", daemon=True).start()
        try:
            yield one
        finally:
            with suppress(OSError):  # macOS and Windows refuse it for a socket that listens
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread
