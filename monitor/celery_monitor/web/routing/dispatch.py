"""From a request to the call of a handler, and from its result to a response."""

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from celery_monitor.control.refused import RefusedError
from celery_monitor.control.submit import BrokerAwayError
from celery_monitor.history import HistoryUnavailableError
from celery_monitor.web.bad_requests import reading_body
from celery_monitor.web.cross_site import refuse_cross_site, refuse_foreign_socket
from celery_monitor.web.identity.client import client_of
from celery_monitor.web.models.base import Body, Document, NoBody, Query
from celery_monitor.web.problems import ProblemError, invalid, unavailable
from celery_monitor.web.routing.auditing import audited
from celery_monitor.web.routing.call import AuditNote, Call, Origin, Reply
from celery_monitor.web.routing.route import TASK_ID, TASK_ID_PREFIX, Route
from celery_monitor.web.services import Services

logger = logging.getLogger(__name__)

MAX_PARAMETER_LENGTH = 255
TICKET = "ticket"
"""The parameter of a WebSocket's query that proves an identity."""
MAX_BODY_BYTES = 1024 * 1024
_MAX_DEPTH = 32

AiohttpHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def bind(route: Route, services: Services) -> AiohttpHandler:
    """The route as a handler of aiohttp."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await answer(request)
        except ProblemError as problem:
            return route.error_shape.response(problem)

    async def answer(request: web.Request) -> web.StreamResponse:
        admission = services.access.admission
        client = client_of(request, services.server.proxies, services.server.url_prefix)
        ticket = request.query.get(TICKET) if route.websocket else None
        caller = await admission.caller(request, client, route.role, route.limited, ticket)
        origin, note = Origin(caller, client), AuditNote(subject=_subject(request))
        async with audited(route, services, origin, note):
            admission.check_role(caller, route.role)
            if route.changes:
                refuse_cross_site(request, caller, client)
            if route.websocket:
                refuse_foreign_socket(request, caller, client)
            call: Call[Any, Any] = Call(
                services=services,
                origin=origin,
                path=_path(route, request),
                query=_query(route, request),
                body=await _body(route, request),
                request=request,
                note=note,
            )
            return await _answer(route, call)

    return handle


async def _answer(route: Route, call: Call[Any, Any]) -> web.StreamResponse:
    try:
        return _response(await route.handler(call))
    except RefusedError as error:
        raise ProblemError(409, str(error)) from None
    except BrokerAwayError as error:
        raise unavailable(str(error)) from None
    except HistoryUnavailableError as error:
        # The driver's own text can name hosts and users.
        logger.warning("%s could not read the history: %s", route.name, error)
        raise unavailable(
            "The history cannot be read now: its database does not answer, or the query takes too long. "
            "Try again, or narrow the filter. GET /readyz and the log of the monitor say more."
        ) from None


def _subject(request: web.Request) -> str:
    """What the request is about: the parameters of its path."""
    return " ".join(_parameters(request).values())


def _path(route: Route, request: web.Request) -> dict[str, str]:
    parameters = _parameters(request)
    for name, value in parameters.items():
        if len(value) > MAX_PARAMETER_LENGTH and not route.any_length:
            raise ProblemError(422, f"{name} is longer than {MAX_PARAMETER_LENGTH} characters.")
    return parameters


def _parameters(request: web.Request) -> dict[str, str]:
    parameters = dict(request.match_info)
    if TASK_ID in parameters:
        parameters[TASK_ID] = parameters[TASK_ID].removeprefix(TASK_ID_PREFIX)
    return parameters


def _query(route: Route, request: web.Request) -> Query:
    try:
        return route.query.of({name: request.query.getall(name) for name in request.query})
    except ValidationError as error:
        raise invalid("query", error) from None


async def _body(route: Route, request: web.Request) -> Body:
    if not route.has_body:
        return NoBody()
    if route.optional_body and not request.can_read_body:
        return route.body()
    if not route.any_content_type and request.content_type != "application/json":
        raise ProblemError(415, "The body must be JSON: send the header `Content-Type: application/json`.")
    async with reading_body():
        text = await request.read()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise ProblemError(400, "The body is not JSON.") from None
    if _deeper_than(value, _MAX_DEPTH):
        raise ProblemError(422, f"The body is nested deeper than {_MAX_DEPTH} levels.")
    try:
        return route.body.model_validate(value)
    except ValidationError as error:
        raise invalid("body", error) from None


def _deeper_than(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    if levels == 0:
        return True
    return any(
        _deeper_than(one, levels - 1) for one in (value.values() if isinstance(value, dict) else value)
    )


def _response(result: Document | Reply[Any] | web.StreamResponse) -> web.StreamResponse:
    if isinstance(result, web.StreamResponse):
        return result
    reply = result if isinstance(result, Reply) else Reply(result)
    return web.Response(
        status=reply.status,
        body=reply.document.model_dump_json().encode(),
        headers=dict(reply.headers),
        content_type="application/json",
    )
