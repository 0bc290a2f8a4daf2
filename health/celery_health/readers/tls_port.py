"""Whether a server that closes connections without TLS speaks TLS: the workers may know, and the URL not."""

import socket
import ssl

from celery_health.readers import reachability
from celery_health.readers.access import Access, first_that_connects
from celery_health.readers.reachability import Reachability
from celery_health.readers.timeouts import CONNECT_SECONDS
from celery_health.tls import client_context
from celery_health.urls import BrokerUrl


def or_speaks_tls(result: Reachability, url: BrokerUrl, access: Access) -> Reachability:
    """The result of an attempt. A closed connection is no fault of a server that speaks TLS. It blocks."""
    closed = result == reachability.connection_closed(url)
    return reachability.speaks_tls(url) if closed and not url.tls and _speaks_tls(url, access) else result


def _speaks_tls(url: BrokerUrl, access: Access) -> bool:
    """By a handshake that verifies nothing. Nothing is sent after it."""
    port = url.port
    if not url.host or port is None:
        return False

    def connect(address: str) -> socket.socket:
        return socket.create_connection((address, port), CONNECT_SECONDS)

    context = client_context(verify_mode=ssl.CERT_NONE, check_hostname=False)
    try:
        with (
            # DNS may now give another address than before, so the limits count again.
            first_that_connects(url.host, port, access, connect) as connection,
            context.wrap_socket(connection, server_hostname=url.host),
        ):
            return True
    except OSError:
        return False
