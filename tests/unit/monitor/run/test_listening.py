"""The port of the monitor, and the sentence for each reason why it cannot be opened."""

import socket
from contextlib import closing

import pytest

from celery_monitor.run.listening import listen, url_of
from celery_monitor.run.problem import StartError
from celery_monitor.settings import ServerSettings


def test_any_free_port_is_shown_in_the_url() -> None:
    server = ServerSettings(port=0, url_prefix="/celery")
    with closing(listen(server)) as listener:
        assert url_of(listener, server) == f"http://127.0.0.1:{listener.getsockname()[1]}/celery"


def test_all_addresses_are_reached_as_localhost() -> None:
    server = ServerSettings(host="0.0.0.0", port=0)
    with closing(listen(server)) as listener:
        assert url_of(listener, server).startswith("http://localhost:")


def test_an_address_of_ipv6_has_brackets_in_the_url() -> None:
    server = ServerSettings(host="::1", port=0)
    with closing(listen(server)) as listener:
        assert url_of(listener, server) == f"http://[::1]:{listener.getsockname()[1]}"


def test_all_addresses_of_ipv6_take_both_kinds_of_connections() -> None:
    server = ServerSettings(host="::", port=0)
    with closing(listen(server)) as listener:
        assert url_of(listener, server).startswith("http://localhost:")
        for host in ("::1", "127.0.0.1"):
            with closing(socket.create_connection((host, listener.getsockname()[1]), 30)):
                pass


def test_a_taken_port_is_named() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        with pytest.raises(StartError, match=rf"Port {port} of 127.0.0.1 is taken: .* --port"):
            listen(ServerSettings(port=port))


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(StartError, match=rf"{host} is not an address of this machine"):
        listen(ServerSettings(host=host, port=0))
