"""One TCP connection before the readers are imported.

A closed port and a host name that does not resolve are found at once, without the client packages.
"""

import socket
from contextlib import closing

from celery_health.broker import BrokerReading
from celery_health.readers.connection_errors import connection_error
from celery_health.threads import run_in_thread
from celery_health.urls import BrokerKind, BrokerUrl


async def connection_failure(url: BrokerUrl, seconds: float) -> BrokerReading | None:
    """Why no TCP connection can be made. None if one can be made, or if only a reader can find out."""
    if url.alternates or url.kind is BrokerKind.SENTINEL or not url.host or url.port is None:
        return None
    address = (url.host, url.port)

    def connect() -> None:
        with closing(socket.create_connection(address, timeout=seconds)):
            pass

    try:
        await run_in_thread(connect, seconds)
    except OSError as error:
        result = connection_error(error, url)
        return result.reading(url, ()) if result else None
    return None
