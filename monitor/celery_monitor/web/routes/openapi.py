"""The description of the API, made from the table of routes."""

import importlib.metadata
import json
from collections.abc import Iterable

from aiohttp import web

from celery_monitor.web.models.base import NoBody, NoQuery
from celery_monitor.web.routes.paths import MONITORING
from celery_monitor.web.routing import Call, Route
from celery_monitor.web.routing.openapi import document


def route(others: Iterable[Route], prefix: str) -> Route:
    """The route that serves the document of all routes, itself too."""
    served: list[bytes] = []

    async def openapi(_: Call[NoQuery, NoBody]) -> web.Response:
        return web.Response(body=served[0], content_type="application/json")

    itself = Route(
        method="GET",
        path=f"{MONITORING}/openapi.json",
        handler=openapi,
        summary="This document.",
    )
    version = importlib.metadata.version("celery-operator")
    served.append(json.dumps(document((*others, itself), prefix, version)).encode())
    return itself
