"""The server of the application. It also answers requests that no route ever sees, with problem documents."""

import asyncio
import logging
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from aiohttp.web_protocol import RequestHandler, RequestPayloadError

from celery_monitor.web.middleware import from_aiohttp, set_security_headers
from celery_monitor.web.problems import ProblemError

IDLE_SECONDS = 90.0
"""When a connection without a request is closed. Proxies keep theirs for up to 75 s and must end first."""

_NOT_HTTP = "The request is not valid HTTP: its first line, a header or its body cannot be read."
_TOO_LONG = "The first line of the request or one of its headers is too long."
_FAILED = "The monitor failed to answer. The log of the monitor says why."

_log = logging.getLogger(__name__)


def make_runner(application: web.Application, shutdown_seconds: float) -> web.AppRunner:
    """The server of the application. ``shutdown_seconds``: how long requests may take at the end."""
    return _Runner(application, shutdown_timeout=shutdown_seconds)


class _Runner(web.AppRunner):
    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made.request_handler, request_factory=made.request_factory)


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return _Protocol(
            self,
            loop=asyncio.get_running_loop(),
            # None: paths and queries may have arguments of tasks.
            access_log=None,  # type: ignore[arg-type]
            logger=_log,
            keepalive_timeout=IDLE_SECONDS,
        )


class _Protocol(RequestHandler):
    """One connection. aiohttp would answer in plain text what it cannot parse."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        # aiohttp logs the error, and raises one of its own if a response has begun.
        super().handle_error(request, status, exc, message)
        detail = _FAILED if status >= 500 else _TOO_LONG if isinstance(exc, LineTooLong) else _NOT_HTTP
        response = ProblemError(status, detail).response()
        set_security_headers(response)
        response.force_close()
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> Any:
        if isinstance(resp, web.HTTPException):
            resp = from_aiohttp(resp)
        return await super().finish_response(request, resp, start_time)


def _is_no_fault_of_the_client(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError | RequestPayloadError)


# Anyone can send what is not HTTP.
_log.addFilter(_is_no_fault_of_the_client)
