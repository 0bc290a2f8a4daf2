"""The socket that the monitor listens on. It is opened first: a taken port is the commonest failure."""

import errno
import os
import socket

from celery_monitor.run.problem import StartError
from celery_monitor.settings.groups import ServerSettings

_BACKLOG = 128


def listen(server: ServerSettings) -> socket.socket:
    """A listening socket.

    Raises:
        StartError: the port is taken, or the address is not one of this machine.
    """
    try:
        found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise _not_here(server) from None
    # An address of IPv4 first: localhost usually has both.
    family, kind, protocol, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and socket.has_dualstack_ipv6():
            # `::` takes IPv4 too, whatever the machine's own default is.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise _refused(server, error) from None
    return listener


def url_of(listener: socket.socket, server: ServerSettings) -> str:
    """The URL at which a browser on this machine reaches the monitor."""
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 (compared, not bound)
        host = "localhost"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{server.url_prefix}"


def _refused(server: ServerSettings, error: OSError) -> StartError:
    if error.errno == errno.EADDRINUSE:
        return StartError(
            f"Port {server.port} of {server.host} is taken: end the program that listens on it, or use "
            "--port with another number."
        )
    if error.errno == errno.EACCES:
        return StartError(
            f"This user may not listen on port {server.port}: use --port with a number above 1023."
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return _not_here(server)
    why = os.strerror(error.errno or 0)
    return StartError(f"Port {server.port} of {server.host} cannot be opened: {why}.")


def _not_here(server: ServerSettings) -> StartError:
    return StartError(
        f"--host {server.host} is not an address of this machine: use 127.0.0.1 for this machine alone, or "
        "0.0.0.0 for all its addresses."
    )
