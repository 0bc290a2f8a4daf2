"""The relay between libpq and a server."""

import errno
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from celery_health.readers.access import ANYWHERE
from celery_health.readers.budget import Budget
from celery_health.readers.databases.relay import HOST, relay


@pytest.fixture
def greeter() -> Iterator[int]:
    """The port of a server that greets every client and waits until it is gone."""
    with socket.create_server((HOST, 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                # A client may reset its connection at any moment.
                with client, suppress(OSError):
                    client.sendall(b"hello")
                    client.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def test_a_client_may_connect_again_after_it_broke_its_connection_off(greeter: int) -> None:
    """libpq tries again without TLS, and does not read to the end what the refusing server sent."""
    with relay(HOST, greeter, Budget(1_000), ANYWHERE) as passed:
        for _ in range(3):
            with socket.create_connection((HOST, passed.port), 10) as client:
                assert client.recv(5) == b"hello"
                # What is closed like this is reset, and not ended in order.
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert not passed.exceeded
        assert not passed.silent


class _Listener(socket.socket):
    """A listener as macOS and Windows have it."""

    def shutdown(self, how: int) -> None:
        super().shutdown(how)
        raise OSError(errno.ENOTCONN, "Socket is not connected")


def test_a_listener_that_cannot_be_shut_down_costs_no_result(
    greeter: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = socket.create_server

    def create_server(*arguments: Any, **options: Any) -> socket.socket:
        return _Listener(fileno=made(*arguments, **options).detach())

    monkeypatch.setattr(socket, "create_server", create_server)
    with (
        relay(HOST, greeter, Budget(1_000), ANYWHERE) as passed,
        socket.create_connection((HOST, passed.port), 10) as client,
    ):
        assert client.recv(5) == b"hello"
