"""The event loop of the operator: each lookup of a host name has a thread of its own, within its share.

asyncio resolves host names in a small pool of threads. A name server that does not answer keeps such a thread
for up to a minute, so that a few host names of one tenant would stop all connections of the operator.
"""

import asyncio
import socket
from contextlib import suppress
from typing import Any

from celery_health.threads import run_in_thread
from celery_operator.shares import holders
from celery_operator.shares.slots import Slots

AT_ONCE = 256
"""Lookups that run at a time, also those that were given up."""
AT_ONCE_OF_ONE = 4
"""The same of one CeleryDeployment."""


class OperatorLoop(asyncio.SelectorEventLoop):
    """An event loop whose lookups of host names cannot hold up each other."""

    def __init__(self) -> None:
        super().__init__()
        self._lookups = Slots(AT_ONCE, AT_ONCE_OF_ONE)

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> Any:
        """As of asyncio. Those of the operator itself, such as the API server's name, wait for no slot."""

        def resolve() -> Any:
            return socket.getaddrinfo(host, port, **options)

        if holders.current() == holders.OPERATOR:
            return await run_in_thread(resolve, None)
        holder = await self._lookups.acquire()
        is_running = False

        def resolve_and_release() -> Any:
            nonlocal is_running
            is_running = True
            try:
                return resolve()
            finally:  # also after it was given up
                with suppress(RuntimeError):  # the loop is closed
                    self.call_soon_threadsafe(self._lookups.release, holder)

        try:
            return await run_in_thread(resolve_and_release, None)
        except RuntimeError:
            if not is_running:  # there was no thread for it
                self._lookups.release(holder)
            raise
