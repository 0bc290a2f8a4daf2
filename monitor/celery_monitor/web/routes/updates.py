"""Live updates: the WebSocket and its tickets."""

from functools import partial

from aiohttp import web

from celery_monitor.web.models.base import NoBody, NoQuery
from celery_monitor.web.models.updates import Ticket, UpdatesQuery
from celery_monitor.web.problems import ProblemError, unavailable
from celery_monitor.web.routes.paths import MONITORING
from celery_monitor.web.routing import Call, Route
from celery_monitor.web.updates.connection import Connection, new_socket


async def open_updates(call: Call[UpdatesQuery, NoBody]) -> web.WebSocketResponse:
    """Serve one WebSocket until it ends."""
    services, request, hub = call.services, call.request, call.services.updates
    socket = new_socket()
    if not socket.can_prepare(request).ok:
        detail = "This route is a WebSocket: connect with a WebSocket client, version 13."
        raise ProblemError(426, detail, {"Upgrade": "websocket", "Connection": "Upgrade"})
    if hub.is_full:
        raise unavailable("The monitor serves as many WebSockets as it may. Try again later.", 30)
    if hub.is_full_for(call.caller):
        raise ProblemError(
            429, "This identity has as many WebSockets as it may: close some.", {"Retry-After": "30"}
        )
    still_valid = partial(services.access.admission.still_valid, request, call.client, call.caller)
    await socket.prepare(request)
    connection = Connection(
        hub,
        socket,
        transport=request.transport,
        caller=call.caller,
        still_valid=still_valid,
        clock=services.clock,
    )
    await connection.serve()
    return socket


async def make_ticket(call: Call[NoQuery, NoBody]) -> Ticket:
    """A ticket for one WebSocket."""
    ticket, expires = call.services.access.admission.ticket(call.request, call.client, call.caller)
    return Ticket(ticket=ticket, expires=expires)


ROUTES = (
    Route(
        method="GET",
        path=f"{MONITORING}/ws",
        handler=open_updates,
        head=False,
        websocket=True,
        summary="Live updates over a WebSocket.",
        statuses=(101,),
        errors=(426, 503),
        media_types=(),
    ),
    Route(
        method="POST",
        path=f"{MONITORING}/ws/ticket",
        handler=make_ticket,
        audited=False,
        summary="A ticket for the WebSocket: works once, within 30 seconds.",
        tag="access",
    ),
)
