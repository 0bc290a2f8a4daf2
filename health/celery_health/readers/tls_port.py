"""Whether a server that closes connections without TLS speaks TLS: the workers may know, and the URL not."""

import socket
import ssl

from celery_health.readers import reachability
from celery_health.readers.reachability import Reachability
from celery_health.readers.timeouts import CONNECT_SECONDS
from celery_health.tls import client_context
from celery_health.urls import BrokerUrl


def or_speaks_tls(result: Reachability, url: BrokerUrl) -> Reachability:
    """The result of an attempt. A closed connection is no fault of a server that speaks TLS. It blocks."""
    closed = result == reachability.connection_closed(url)
    return reachability.speaks_tls(url) if closed and not url.tls and _speaks_tls(url) else result


def _speaks_tls(url: BrokerUrl) -> bool:
    """By a handshake that verifies nothing. Nothing is sent after it."""
    if not url.host or url.port is None:
        return False
    context = client_context(verify_mode=ssl.CERT_NONE, check_hostname=False)
    try:
        with (
            socket.create_connection((url.host, url.port), CONNECT_SECONDS) as connection,
            context.wrap_socket(connection, server_hostname=url.host),
        ):
            return True
    except OSError:
        return False
