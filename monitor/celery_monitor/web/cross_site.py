"""Refuses changes and WebSockets that a page of another site asks a browser for."""

from aiohttp import web

from celery_monitor.web.identity.caller import Caller
from celery_monitor.web.identity.client import Client
from celery_monitor.web.problems import ProblemError


def refuse_cross_site(request: web.Request, caller: Caller, client: Client) -> None:
    """Check where a request that changes something comes from.

    Raises:
        ProblemError: 403, a page of another site sent it; or the browser sent the credential by itself, and
            no header shows that the request comes from the monitor's own page.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        # Browsers set this header themselves, and no page can change it.
        if site != "same-origin":
            raise ProblemError(403, "A page of another site sent this request. Use the monitor's own page.")
        return
    if not _has_own_origin(request, client) and caller.ambient:
        raise ProblemError(
            403,
            "A change with the session cookie needs the header Sec-Fetch-Site or Origin. Programs send the "
            "header `Authorization: Bearer TOKEN` instead of the cookie.",
        )


def refuse_foreign_socket(request: web.Request, caller: Caller, client: Client) -> None:
    """Check where a WebSocket comes from. Browsers always send Origin with it.

    Raises:
        ProblemError: 403, a page of another site opens it; or the browser sent the credential by itself, and
            no header shows that the monitor's own page opens it.
    """
    if not _has_own_origin(request, client) and caller.ambient:
        raise ProblemError(403, "A WebSocket with the session cookie needs the header Origin.")


def _has_own_origin(request: web.Request, client: Client) -> bool:
    """Whether there is an Origin. Raises ProblemError (403) if it is not the monitor's own."""
    origin = request.headers.get("Origin")
    if origin is not None and origin.lower() != client.origin:
        raise ProblemError(
            403,
            "The header Origin is not the monitor's own address. Behind a proxy, name the proxy with "
            "--proxy and have it send X-Forwarded-Proto and X-Forwarded-Host.",
        )
    return origin is not None
