"""What applies to every response: errors as problem documents, and the headers of security."""

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from celery_monitor.web.problems import ProblemError

logger = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Set where the route itself has not set another value."""


async def add_security_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Add the headers before any response is sent, streams and errors too."""
    set_security_headers(response)


def set_security_headers(response: web.StreamResponse) -> None:
    """Set the headers that the response does not have."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "celery-monitor"


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Make every error a problem document. What a client must not see goes to the log."""
    try:
        return await handler(request)
    except ProblemError as problem:
        return problem.response()
    except web.HTTPException as error:
        return from_aiohttp(error)
    except Exception:
        # The path is in the log, the query is not: it may have arguments of tasks.
        logger.exception("A request failed: %s %r", request.method, request.path)
        return ProblemError(500, "The monitor failed to answer. The log of the monitor says why.").response()


_DETAILS = {
    404: "There is no such route. GET /api/automation/monitoring/openapi.json lists all routes.",
    413: "The body is too large.",
    417: "The header Expect can only be `100-continue`.",
}


def from_aiohttp(error: web.HTTPException) -> web.StreamResponse:
    """The problem document of an error that aiohttp itself raised. A redirect is raised again."""
    if error.status < 400:
        raise error
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    detail = _DETAILS.get(error.status, f"{error.reason}.")
    if error.status == 405:
        detail = f"This route has the methods {headers.get('Allow', 'of its OpenAPI document')}."
    return ProblemError(error.status, detail, headers).response()
