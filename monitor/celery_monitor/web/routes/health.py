"""Whether the monitor works, for probes, and its metrics."""

import asyncio
from collections.abc import Sequence

from aiohttp import web

from celery_monitor.settings import Role
from celery_monitor.web.models.base import NoBody, NoQuery
from celery_monitor.web.models.health import CheckResult, Readiness
from celery_monitor.web.routing import Call, Reply, Route
from celery_monitor.web.services import Check, Services

HIDDEN_CAUSE = "The check failed. The log of the monitor names the cause; send a token to see it here."
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def routes(services: Services) -> tuple[Route, ...]:
    """The routes of probes are open, so that the kubelet needs no token."""
    if services.metrics is None:
        return PROBES
    role = None if services.access.settings.metrics_public else Role.VIEWER
    return (
        *PROBES,
        Route(
            method="GET",
            path="/metrics",
            handler=metrics,
            role=role,
            summary="Metrics in the format of Prometheus.",
            media_types=("text/plain",),
            tag="health",
        ),
    )


async def healthz(call: Call[NoQuery, NoBody]) -> Reply[Readiness]:
    """Whether the monitor's process works. A failure means that a restart helps."""
    return await _reply(call, [check for check in call.services.checks if check.restart_helps])


async def readyz(call: Call[NoQuery, NoBody]) -> Reply[Readiness]:
    """Whether everything that the monitor needs works: the broker, events, the history."""
    return await _reply(call, call.services.checks)


async def metrics(call: Call[NoQuery, NoBody]) -> web.Response:
    """All metrics."""
    assert call.services.metrics is not None
    blocks = []
    for block in call.services.metrics():
        blocks.append(block)
        # Thousands of series take long: others are served in between.
        await asyncio.sleep(0)
    return web.Response(body=b"".join(blocks), headers={"Content-Type": METRICS_TYPE})


async def _reply(call: Call[NoQuery, NoBody], checks: Sequence[Check]) -> Reply[Readiness]:
    problems = {check.name: check.problem() for check in checks}
    ready = all(problem is None for problem in problems.values())
    # The cause may name hosts and users.
    if not ready and not await _has_role(call):
        problems = {name: problem and HIDDEN_CAUSE for name, problem in problems.items()}
    results = [CheckResult(name=name, ok=why is None, problem=why) for name, why in problems.items()]
    return Reply(Readiness(ok=ready, checks=results), status=200 if ready else 503)


async def _has_role(call: Call[NoQuery, NoBody]) -> bool:
    caller = await call.services.access.admission.caller_of_open_route(call.request, call.client)
    return caller.role is not None


PROBES = (
    Route(
        method="GET",
        path="/healthz",
        handler=healthz,
        role=None,
        limited=False,
        summary="Whether the monitor works, for a liveness probe.",
        statuses=(200, 503),
        tag="health",
    ),
    Route(
        method="GET",
        path="/readyz",
        handler=readyz,
        role=None,
        limited=False,
        summary="Whether the monitor sees the broker, events and its database, for a readiness probe.",
        statuses=(200, 503),
        tag="health",
    ),
)
