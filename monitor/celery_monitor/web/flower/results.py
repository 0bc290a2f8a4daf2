"""GET /api/task/result/ID and /api/queues/length."""

from typing import Any

from aiohttp import web
from pydantic import Field

from celery_monitor.control.results import MAX_WAIT_SECONDS, ResultsAwayError
from celery_monitor.web.flower.plain_errors import PLAIN_ERRORS
from celery_monitor.web.flower.tasks import FlowerQuery
from celery_monitor.web.models.base import Document, NoBody, NoQuery
from celery_monitor.web.problems import unavailable
from celery_monitor.web.routing import Call, Route


class ResultQuery(FlowerQuery):
    """How long to wait."""

    timeout: float | None = Field(
        default=None,
        ge=0,
        allow_inf_nan=False,
        description=f"Seconds to wait for the end of the task; {MAX_WAIT_SECONDS:g} at most.",
    )


class ActiveQueue(Document):
    """One queue."""

    name: str = Field(description="Its name.")
    messages: int | None = Field(description="Messages that wait; null if unknown.")


class QueueLengths(Document):
    """The queues."""

    active_queues: list[ActiveQueue] = Field(description="By name.")


async def flower_task_result(call: Call[ResultQuery, NoBody]) -> web.Response:
    """The state of a task, and its result if it has ended."""
    try:
        stored = await call.services.application.results.read(call.path["task_id"], call.query.timeout or 0.0)
    except ResultsAwayError as error:
        raise unavailable(str(error)) from None
    document: dict[str, Any] = {"task-id": call.path["task_id"], "state": stored.state}
    if stored.ready:
        document["result"] = stored.value
    if stored.state == "FAILURE":
        document["traceback"] = stored.traceback
    return web.json_response(document)


async def flower_queue_lengths(call: Call[NoQuery, NoBody]) -> QueueLengths:
    """The messages that wait in each queue."""
    state = await call.services.application.fleet.state()
    if state.broker_away:
        raise unavailable(state.snapshot.broker.message)
    queues = sorted(state.queues.items())
    return QueueLengths(active_queues=[ActiveQueue(name=name, messages=ready) for name, ready in queues])


ROUTES = (
    Route(
        method="GET",
        path="/api/task/result/{task_id}",
        handler=flower_task_result,
        summary="Flower: the result of a task.",
        errors=(400, 503),
        error_shape=PLAIN_ERRORS,
        tag="flower",
    ),
    Route(
        method="GET",
        path="/api/queues/length",
        handler=flower_queue_lengths,
        summary="Flower: the length of each queue.",
        errors=(503,),
        error_shape=PLAIN_ERRORS,
        tag="flower",
    ),
)
