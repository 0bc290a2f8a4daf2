"""The sidecar's HTTP server: neighbours cannot fill its memory or its connections.

Everything in the cluster may connect to a sidecar. So a connection without a request ends soon, as does one
whose client does not read the answer. A new connection takes the place of the oldest one: the probes of the
kubelet always get an answer.
"""

import asyncio
import logging
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

MOST_CONNECTIONS = 100
FIRST_REQUEST_SECONDS = 5.0
"""How long the first request of a connection may take to arrive."""
ANSWER_SECONDS = 10.0
"""How long a client may take to read an answer: as long as Prometheus by default takes for a scrape."""
_IDLE_SECONDS = 75.0
"""How long a connection may wait for its next request. The operator uses each connection once."""
_log = logging.getLogger(__name__)
_HEADERS, _HEADER_BYTES, _LINE_BYTES = 32, 4096, 2048


class BoundedRunner(web.AppRunner):
    """Runs an application on a server with bounds."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made.request_handler, request_factory=made.request_factory)


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return _Connection(
            self,
            loop=asyncio.get_running_loop(),
            access_log=None,
            logger=_log,
            keepalive_timeout=_IDLE_SECONDS,
            max_headers=_HEADERS,
            max_field_size=_HEADER_BYTES,
            max_line_size=_LINE_BYTES,
            lingering_time=1.0,
        )

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Count a new connection, and end the oldest one if there are too many."""
        super().connection_made(handler, transport)
        # One that was closed is in the list until its task has ended.
        present = [one for one in self._connections if one.transport is not None]
        if len(present) > MOST_CONNECTIONS:
            present[0].force_close()


class _Connection(RequestHandler):
    __slots__ = ("_was_answered",)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._was_answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        asyncio.get_running_loop().call_later(FIRST_REQUEST_SECONDS, self._end_without_request)

    def force_close(self) -> None:
        """End the connection now. A plain close waits, without end, until the client has read the rest."""
        transport = self.transport
        super().force_close()
        if transport is not None:
            transport.abort()

    def _end_without_request(self) -> None:
        if self._current_request is None and not self._was_answered:
            self.force_close()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> Any:
        self._was_answered = True
        timer = asyncio.get_running_loop().call_later(ANSWER_SECONDS, self.force_close)
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            timer.cancel()


def _is_no_fault_of_the_client(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


# Anyone can send what is not HTTP. Its bytes do not belong into the log.
_log.addFilter(_is_no_fault_of_the_client)
