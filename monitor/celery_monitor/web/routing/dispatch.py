"""From a request to the call of a handler, and from its result to a response."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from celery_monitor.web.cross_site import refuse_cross_site
from celery_monitor.web.identity.client import client_of
from celery_monitor.web.models.base import Body, Document, NoBody, Query
from celery_monitor.web.problems import ProblemError, invalid
from celery_monitor.web.routing.call import Call, Reply
from celery_monitor.web.routing.route import Route
from celery_monitor.web.services import Services

MAX_PARAMETER_LENGTH = 255
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
        client = client_of(request, services.server.proxies, services.server.url_prefix)
        caller = await services.access.admission.admit(request, client, route.role, route.limited)
        if route.changes:
            refuse_cross_site(request, caller, client)
        call: Call[Any, Any] = Call(
            services=services,
            caller=caller,
            client=client,
            path=_path(request),
            query=_query(route, request),
            body=await _body(route, request),
            request=request,
        )
        return _response(await route.handler(call))

    return handle


def _path(request: web.Request) -> dict[str, str]:
    parameters = dict(request.match_info)
    for name, value in parameters.items():
        if len(value) > MAX_PARAMETER_LENGTH:
            raise ProblemError(422, f"{name} is longer than {MAX_PARAMETER_LENGTH} characters.")
    return parameters


def _query(route: Route, request: web.Request) -> Query:
    given: dict[str, str | list[str]] = {}
    for name in request.query:
        values = request.query.getall(name)
        given[name] = values if len(values) > 1 else values[0]
    try:
        return route.query.model_validate(given)
    except ValidationError as error:
        raise invalid("query", error) from None


async def _body(route: Route, request: web.Request) -> Body:
    if not route.has_body:
        return NoBody()
    if not route.any_content_type and request.content_type != "application/json":
        raise ProblemError(415, "The body must be JSON: send the header `Content-Type: application/json`.")
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
