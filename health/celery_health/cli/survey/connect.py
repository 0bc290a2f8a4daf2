"""Whether anybody is at home: one TCP connection before the readers are imported.

A closed port and a name that does not resolve are known at once, and a name server that hangs hangs alone.
"""

import socket
from contextlib import closing

from celery_health.broker import BrokerReading
from celery_health.readers import reachability
from celery_health.threads import run_in_thread
from celery_health.urls import BrokerKind, BrokerUrl


async def knock(url: BrokerUrl, seconds: float) -> BrokerReading | None:
    """Why nobody can be reached there; None where somebody can, or where only a reader can tell."""
    if url.alternates or url.kind is BrokerKind.SENTINEL or not url.host or url.port is None:
        return None
    address = (url.host, url.port)

    def connect() -> None:
        with closing(socket.create_connection(address, timeout=seconds)):
            pass

    try:
        await run_in_thread(connect, seconds)
    except OSError as error:
        result = reachability.connection_error(error, url)
        return result.reading(url, ()) if result else None
    return None
