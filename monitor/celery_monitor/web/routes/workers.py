"""Orders to workers."""

from collections.abc import Awaitable, Sequence

from celery_monitor.control.workers import WorkerAnswer as Answer
from celery_monitor.settings import Role
from celery_monitor.web.models.base import NoQuery
from celery_monitor.web.models.workers import (
    ConsumersBody,
    PoolBody,
    RateLimitBody,
    TimeLimitBody,
    WorkerAnswer,
    WorkerAnswers,
)
from celery_monitor.web.routes.paths import MONITORING
from celery_monitor.web.routing import AuditNote, Call, Route


async def change_pool(call: Call[NoQuery, PoolBody]) -> WorkerAnswers:
    """Add processes to the pool of a worker, or take some from it."""
    change = call.body.grow or -(call.body.shrink or 0)
    call.note.detail = f"{change:+d} processes"
    return await _answers(call.note, _one(call.services.actions.workers.pool(call.path["worker"], change)))


async def change_consumers(call: Call[NoQuery, ConsumersBody]) -> WorkerAnswers:
    """Have a worker consume a queue, or no longer consume it."""
    worker, body, workers = call.path["worker"], call.body, call.services.actions.workers
    if body.add is not None:
        call.note.detail = f"add {body.add}"
        return await _answers(call.note, _one(workers.add_consumer(worker, body.add)))
    call.note.detail = f"cancel {body.cancel}"
    return await _answers(call.note, _one(workers.cancel_consumer(worker, body.cancel or "")))


async def set_rate_limit(call: Call[NoQuery, RateLimitBody]) -> WorkerAnswers:
    """Limit how often each worker starts tasks of a name."""
    name, body = call.path["name"], call.body
    call.note.detail = f"rate limit {body.rate}"
    return await _answers(call.note, call.services.actions.workers.rate_limit(name, body.rate, body.workers))


async def set_time_limit(call: Call[NoQuery, TimeLimitBody]) -> WorkerAnswers:
    """Set the time limits of tasks of a name."""
    name, body = call.path["name"], call.body
    call.note.detail = f"soft {body.soft}, hard {body.hard}"
    return await _answers(
        call.note, call.services.actions.workers.time_limit(name, body.soft, body.hard, body.workers)
    )


async def _one(answer: Awaitable[Answer]) -> list[Answer]:
    return [await answer]


async def _answers(note: AuditNote, answers: Awaitable[Sequence[Answer]]) -> WorkerAnswers:
    found = await answers
    results = {result: sum(one.result == result for one in found) for result in ("ok", "error", "no answer")}
    note.detail += ": " + ", ".join(f"{count} {result}" for result, count in results.items() if count)
    return WorkerAnswers(answers=[WorkerAnswer.model_validate(one) for one in found])


_WORKER = f"{MONITORING}/workers/{{worker}}"
_NAME = f"{MONITORING}/tasks/names/{{name}}"

ROUTES = (
    Route(
        method="POST",
        path=f"{_WORKER}/pool",
        handler=change_pool,
        summary="Add processes to the pool of a worker, or take some from it.",
        role=Role.OPERATOR,
        errors=(409,),
    ),
    Route(
        method="POST",
        path=f"{_WORKER}/consumers",
        handler=change_consumers,
        summary="Have a worker consume a queue, or no longer consume it.",
        role=Role.OPERATOR,
        errors=(409,),
    ),
    Route(
        method="POST",
        path=f"{_NAME}/rate-limit",
        handler=set_rate_limit,
        summary="Limit how often each worker starts tasks of a name.",
        role=Role.OPERATOR,
        errors=(409,),
    ),
    Route(
        method="POST",
        path=f"{_NAME}/time-limit",
        handler=set_time_limit,
        summary="Set the time limits of tasks of a name.",
        role=Role.OPERATOR,
        errors=(409,),
    ),
)
