"""Requests that cannot be read or do not come. The client is at fault: the log has no traceback of them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestPayloadError

from celery_monitor.web.problems import ProblemError

BODY_SECONDS = 30.0
"""How long the body of a request may take to come."""

IDLE_SECONDS = 90.0
"""When a connection without a request is closed. Proxies keep theirs for up to 75 s and must end first."""

server_log = logging.getLogger(__name__)
"""The log of aiohttp's server. It leaves out requests that are not valid HTTP: anyone can send those."""


def make_runner(application: web.Application, shutdown_seconds: float) -> web.AppRunner:
    """The server of the application. ``shutdown_seconds``: how long requests may take at the end."""
    return web.AppRunner(
        application,
        access_log=None,
        logger=server_log,
        keepalive_timeout=IDLE_SECONDS,
        shutdown_timeout=shutdown_seconds,
    )


@asynccontextmanager
async def reading_body() -> AsyncIterator[None]:
    """Read a body within this context.

    Raises:
        ProblemError: 400, the body is not as the headers say, or the connection ended; 408, it was too slow.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            yield
    except TimeoutError:
        raise ProblemError(408, f"The body did not come within {BODY_SECONDS:.0f} s.") from None
    except RequestPayloadError:
        raise ProblemError(400, "The body cannot be decoded as its headers say.") from None
    except ConnectionError:
        raise ProblemError(400, "The connection ended before the end of the body.") from None


def _is_no_fault_of_the_client(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError | RequestPayloadError)


server_log.addFilter(_is_no_fault_of_the_client)
