"""Makes the application of aiohttp from the tables of routes."""

import functools
from collections.abc import AsyncIterator, Iterable

from aiohttp import web

from celery_health.wire.group_requests import REQUESTS_PATH
from celery_health.wire.resource_push import PUSH_PATH
from celery_monitor.web import compatible, flower, middleware
from celery_monitor.web.routes import (
    actions,
    alerts,
    bulk,
    export,
    health,
    history,
    live,
    login,
    messages,
    openapi,
    page,
    resource,
    settings,
    tasks,
    updates,
    workers,
)
from celery_monitor.web.routing.dispatch import MAX_BODY_BYTES, bind
from celery_monitor.web.routing.route import Route
from celery_monitor.web.services import Services

TABLES: tuple[tuple[Route, ...], ...] = (
    page.ROUTES,
    login.ROUTES,
    live.ROUTES,
    history.ROUTES,
    tasks.ROUTES,
    actions.ROUTES,
    bulk.ROUTES,
    messages.ROUTES,
    workers.ROUTES,
    resource.ROUTES,
    alerts.ROUTES,
    settings.ROUTES,
    export.ROUTES,
    updates.ROUTES,
    compatible.ROUTES,
)
"""The tables of all modules. A module with routes adds its own here."""


def create_application(services: Services) -> web.Application:
    """The application with every route below the prefix of the settings."""
    application = web.Application(
        middlewares=[middleware.problems],
        client_max_size=MAX_BODY_BYTES,
    )
    application.on_response_prepare.append(middleware.add_security_headers)
    application.cleanup_ctx.append(functools.partial(_connected, services))
    application.on_shutdown.append(functools.partial(_end_updates, services))
    export.prepare(application)
    _add(application, services, all_routes(services))
    if services.push is not None:
        prefix = services.server.url_prefix
        application.router.add_post(prefix + PUSH_PATH, services.push.handle)
        application.router.add_post(prefix + REQUESTS_PATH, services.push.handle_requests)
    return application


def all_routes(services: Services) -> tuple[Route, ...]:
    """Every route that these services serve."""
    tables = (*TABLES, flower.ROUTES) if services.server.flower_api else TABLES
    routes = (*health.routes(services), *(route for table in tables for route in table))
    return (*routes, openapi.route(routes, services.server.url_prefix))


def _add(application: web.Application, services: Services, routes: Iterable[Route]) -> None:
    prefix = services.server.url_prefix
    for route in routes:
        handler = bind(route, services)
        methods = ("GET", "HEAD") if route.method == "GET" and route.head else (route.method,)
        for pattern in route.patterns:
            resource = application.router.add_resource(prefix + pattern)
            for method in methods:
                resource.add_route(method, handler)


async def _end_updates(services: Services, _: web.Application) -> None:
    services.updates.end_all()


async def _connected(services: Services, _: web.Application) -> AsyncIterator[None]:
    await services.access.admission.start()
    yield
    await services.access.admission.close()
    await services.application.close()
