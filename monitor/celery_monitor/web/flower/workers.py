"""GET /api/workers."""

from aiohttp import web
from pydantic import Field

from celery_monitor.remote_control.remote_control import RemoteControlError
from celery_monitor.web.flower.plain_errors import PLAIN_ERRORS
from celery_monitor.web.flower.tasks import FlowerQuery
from celery_monitor.web.models.base import NoBody
from celery_monitor.web.problems import ProblemError
from celery_monitor.web.routing import Call, Route


class WorkersQuery(FlowerQuery):
    """Which workers."""

    refresh: bool = Field(default=False, description="Ask the workers now.")
    status: bool = Field(default=False, description="Only whether each worker is online.")
    workername: str | None = Field(default=None, max_length=255, description="One worker, with its tasks.")


async def flower_workers(call: Call[WorkersQuery, NoBody]) -> web.Response:
    """Workers by name."""
    query, services = call.query, call.services
    if query.status:
        return web.json_response({view.name: view.online for view in services.live.workers()})
    answers = services.application.worker_answers
    try:
        found = await answers.workers(query.workername or None, refresh=query.refresh)
    except RemoteControlError as error:
        raise ProblemError(503, f"Failed to update workers: {error}") from None
    if query.workername and query.workername not in found:
        raise ProblemError(404, f"Unknown worker '{query.workername}'")
    return web.json_response(found)


ROUTES = (
    Route(
        method="GET",
        path="/api/workers",
        handler=flower_workers,
        summary="Flower: workers by name.",
        errors=(400, 404, 503),
        error_shape=PLAIN_ERRORS,
        tag="flower",
    ),
)
