"""A TCP proxy before a server of a test.

It can fall silent: both ends stay connected and nothing passes. It can also go down, as the server would.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum

from tools.testbed.servers import free_port

CHUNK = 65536
LONGEST_MARKER = 1000


class Cut(Enum):
    """How much of a marker still passes before the proxy falls silent."""

    BEFORE = "before"
    WITHIN = "within"
    AFTER = "after"


class Proxy:
    """Forwards each connection to ``port`` of this host. ``reached`` is set once the marker has been sent."""

    def __init__(self, port: int) -> None:
        self._target = port
        # While the proxy is down, no outgoing connection may take the port.
        self.port: int = free_port()
        self._listener = self._listen()
        self._sockets: list[socket.socket] = []
        self._lost: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._silent = threading.Event()
        self._marker = b""
        self._cut = Cut.BEFORE
        self.reached = threading.Event()
        self._up = threading.Event()
        self._up.set()
        self._closed = False

    def serve(self) -> None:
        """Accept connections until the proxy is closed."""
        while self._up.wait() and not self._closed:
            with suppress(OSError):
                near, _ = self._listener.accept()
                self._connect(near)

    def lose_connections(self) -> None:
        """Fall silent on the present connections. New ones are forwarded."""
        self._lost = set(self._sockets)

    def fall_silent(self) -> None:
        """Fall silent on all connections, the later ones included."""
        self._silent.set()

    def fall_silent_at(self, marker: bytes, cut: Cut) -> None:
        """Fall silent on all connections at the moment that a client sends the marker."""
        self._marker, self._cut = marker, cut

    def restore(self) -> None:
        """Close all connections and forward new ones. The marker is forgotten."""
        with self._lock:
            self._marker = b""
            # A client connects again as soon as its connection is closed: new ones have to pass by then.
            self._lost.update(self._sockets)
            self._silent.clear()
            self._close_connections()

    def go_down(self) -> None:
        """Close all connections and refuse new ones, until ``come_up``."""
        with self._lock:
            self._up.clear()
            self._sockets.append(self._listener)
            self._close_connections()

    def come_up(self) -> None:
        """Accept connections again."""
        self._listener = self._listen()
        self._up.set()

    def close(self) -> None:
        """Close everything."""
        self._closed = True
        self.go_down()
        self._up.set()

    def _listen(self) -> socket.socket:
        return socket.create_server(("127.0.0.1", self.port))

    def _connect(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            near.close()
            return
        with self._lock:
            self._sockets += [near, far]
            if self._closed or not self._up.is_set():
                # It went down after this client was accepted.
                self._close_connections()
        threading.Thread(target=self._forward_requests, args=(near, far), daemon=True).start()
        threading.Thread(target=self._forward, args=(far, near), daemon=True).start()

    def _close_connections(self) -> None:
        sockets, self._sockets = self._sockets, []
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _passes(self, source: socket.socket) -> bool:
        return source not in self._lost and not self._silent.is_set()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                if self._passes(source):
                    target.sendall(data)
            if self._passes(source):
                target.shutdown(socket.SHUT_WR)

    def _forward_requests(self, source: socket.socket, target: socket.socket) -> None:
        recent = b""
        with suppress(OSError):
            while data := source.recv(CHUNK):
                if not self._passes(source):
                    continue
                # The marker may arrive in two pieces.
                earlier = recent[-LONGEST_MARKER:]
                recent = earlier + data
                place = recent.find(self._marker) if self._marker else -1
                if place < 0 or place + len(self._marker) <= len(earlier):
                    target.sendall(data)
                    continue
                self._silent.set()
                target.sendall(data[: max(0, self._passing(place, len(recent)) - len(earlier))])
                self.reached.set()
            if self._passes(source):
                target.shutdown(socket.SHUT_WR)

    def _passing(self, place: int, end: int) -> int:
        """Up to where the data passes that contains the marker at ``place``."""
        return {Cut.BEFORE: 0, Cut.WITHIN: place + len(self._marker) // 2, Cut.AFTER: end}[self._cut]


@contextmanager
def proxy(port: int) -> Iterator[Proxy]:
    """A proxy before ``port``, closed with the block."""
    made = Proxy(port)
    thread = threading.Thread(target=made.serve)
    thread.start()
    try:
        yield made
    finally:
        made.close()
        thread.join(10)
