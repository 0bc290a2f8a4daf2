"""The proxy of the tests: a client that connects again once it is restored gets through."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from tools.testbed.proxy import proxy

AT_ONCE_SECONDS = 0.3
SECONDS = 30.0


@pytest.fixture
def echo_port() -> Iterator[int]:
    """A server that sends back what it gets."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=echo, args=[connection], daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def echo(connection: socket.socket) -> None:
    with connection:
        while data := connection.recv(16):
            connection.sendall(data)


def test_a_client_that_connects_again_at_once_gets_through(
    echo_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy(echo_port) as between, client(between.port) as first:
        first.sendall(b"1")
        assert first.recv(1) == b"1"
        between.fall_silent()
        answers: list[bytes] = []

        def connect_again() -> None:
            assert first.recv(1) == b""
            with client(between.port) as second:
                second.sendall(b"2")
                answers.append(second.recv(1))

        again = threading.Thread(target=connect_again)
        again.start()
        close = between._close_connections

        def close_and_rest() -> None:
            close()
            again.join(AT_ONCE_SECONDS)

        monkeypatch.setattr(between, "_close_connections", close_and_rest)
        between.restore()
        monkeypatch.undo()
        again.join(SECONDS)
        assert answers == [b"2"]


def test_a_proxy_that_is_down_has_no_connections_and_takes_none_until_it_comes_up(echo_port: int) -> None:
    with proxy(echo_port) as between:
        for number in (b"1", b"2"):
            with client(between.port) as connection:
                connection.sendall(number)
                assert connection.recv(1) == number
                between.go_down()
                assert connection.recv(1) == b""
            with pytest.raises(ConnectionRefusedError):
                client(between.port)
            between.come_up()


def client(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
