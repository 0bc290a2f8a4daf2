"""Numbers of the history: stats, task names, failures, series, the audit."""

import msgspec

from celery_monitor.history import EACH_DAYS
from celery_monitor.history.filters import completed_field, completions
from celery_monitor.settings import Role
from celery_monitor.web.documents import failure_groups, system_stats
from celery_monitor.web.models.base import NoBody
from celery_monitor.web.models.history import (
    Audit,
    AuditEntry,
    Completion,
    Completions,
    CompletionsQuery,
    Failures,
    ListQuery,
    Onset,
    OnsetQuery,
    QueueSample,
    QueueSamples,
    SamplesQuery,
    Series,
    SeriesPoint,
    SeriesQuery,
    SystemStats,
    TaskName,
    TaskNames,
    Window,
    WindowQuery,
    WorkerSample,
    WorkerSamples,
)
from celery_monitor.web.problems import FieldProblem, ProblemError
from celery_monitor.web.routes.filters import window_of
from celery_monitor.web.routes.paths import MONITORING
from celery_monitor.web.routing import Call, Route

_LABELS = ("name", "queue", "worker")
_DAY = 86_400.0
_ON_THE_WAY_SECONDS = 300.0
"""A client computes the begin of its window some time before it is read here."""


async def get_stats(call: Call[WindowQuery, NoBody]) -> SystemStats:
    """What runs now, and a window of the history in numbers."""
    services = call.services
    return await system_stats(services.history, services.live, window_of(call.query, services.clock()))


async def list_task_names(call: Call[WindowQuery, NoBody]) -> TaskNames:
    """All task names of a window, with rates and percentiles."""
    window = window_of(call.query, call.services.clock())
    views = await call.services.history.names(window)
    return TaskNames(
        window=Window.model_validate(window), names=[TaskName.model_validate(view) for view in views]
    )


async def list_failures(call: Call[ListQuery, NoBody]) -> Failures:
    """The failures of a window, by exception and raising line."""
    window = window_of(call.query, call.services.clock())
    return Failures(
        window=Window.model_validate(window),
        failures=await failure_groups(call.services.history, window, call.query.limit),
    )


async def get_onset(call: Call[OnsetQuery, NoBody]) -> Onset:
    """Since when tasks fail with one error at one line, how often, and on which workers."""
    query = call.query
    window = window_of(query, call.services.clock())
    onset = await call.services.history.onsets.of(query.error, query.place, window)
    if onset is None:
        raise ProblemError(404, "The history has no failure with this error at this line.")
    return Onset(window=Window.model_validate(window), **msgspec.structs.asdict(onset))


async def get_series(call: Call[SeriesQuery, NoBody]) -> Series:
    """A window in equal steps, for charts."""
    query, now = call.query, call.services.clock()
    window = window_of(query, now)
    several = [name for name in _LABELS if getattr(query, name) is not None][1:]
    if several and window.since < now - EACH_DAYS * _DAY - _ON_THE_WAY_SECONDS:
        message = (
            f"The numbers of a name, a queue and a worker together are kept for {EACH_DAYS} days: "
            f"begin the window later, for example with since={EACH_DAYS}d, "
            f"or leave out {' and '.join(several)}."
        )
        raise ProblemError(422, message, errors=(FieldProblem(where="query.since", message=message),))
    points = await call.services.history.series(
        window, name=query.name, queue=query.queue, worker=query.worker, points=query.points
    )
    return Series(
        window=Window.model_validate(window), points=[SeriesPoint.model_validate(point) for point in points]
    )


async def list_queue_samples(call: Call[SamplesQuery, NoBody]) -> QueueSamples:
    """A queue over time."""
    window = window_of(call.query, call.services.clock())
    samples = await call.services.history.queue_series(call.path["queue"], window, call.query.points)
    return QueueSamples(
        window=Window.model_validate(window), samples=[QueueSample.model_validate(one) for one in samples]
    )


async def list_worker_samples(call: Call[SamplesQuery, NoBody]) -> WorkerSamples:
    """A worker over time."""
    window = window_of(call.query, call.services.clock())
    samples = await call.services.history.worker_series(call.path["worker"], window, call.query.points)
    return WorkerSamples(
        window=Window.model_validate(window), samples=[WorkerSample.model_validate(one) for one in samples]
    )


async def list_audit(call: Call[ListQuery, NoBody]) -> Audit:
    """Who changed what."""
    window = window_of(call.query, call.services.clock())
    entries = await call.services.history.audit(window, call.query.limit)
    return Audit(
        window=Window.model_validate(window), entries=[AuditEntry.model_validate(entry) for entry in entries]
    )


async def complete_filter(call: Call[CompletionsQuery, NoBody]) -> Completions:
    """What the last term of a filter can become."""
    field = completed_field(call.query.q)
    values = await call.services.history.values(field) if field else ()
    found = completions(call.query.q, values)
    return Completions(completions=[Completion.model_validate(one) for one in found])


ROUTES = (
    Route(
        method="GET",
        path=f"{MONITORING}/stats",
        handler=get_stats,
        summary="The system in numbers: now, and in a window of time.",
    ),
    Route(
        method="GET",
        path=f"{MONITORING}/tasks/names",
        handler=list_task_names,
        summary="Task names with rates, failure rates, percentiles and trend.",
        errors=(503,),
    ),
    Route(
        method="GET",
        path=f"{MONITORING}/failures",
        handler=list_failures,
        summary="Failures by exception and raising line; open ones have not succeeded since.",
        errors=(503,),
    ),
    Route(
        method="GET",
        path=f"{MONITORING}/failures/onset",
        handler=get_onset,
        summary="Since when tasks fail with one error at one line, how often, and on which workers.",
        errors=(404, 503),
    ),
    Route(
        method="GET",
        path=f"{MONITORING}/series",
        handler=get_series,
        summary="A window in equal steps, of all tasks or of one name, queue or worker. "
        "Two together are kept for 2 days.",
        errors=(503,),
    ),
    Route(
        method="GET",
        path=f"{MONITORING}/queues/{{queue}}/samples",
        handler=list_queue_samples,
        summary="A queue over time.",
        errors=(503,),
    ),
    Route(
        method="GET",
        path=f"{MONITORING}/workers/{{worker}}/samples",
        handler=list_worker_samples,
        summary="A worker over time.",
        errors=(503,),
    ),
    Route(
        method="GET",
        path=f"{MONITORING}/completions",
        handler=complete_filter,
        summary="What the last term of a filter can become.",
        errors=(503,),
    ),
    Route(
        method="GET",
        path=f"{MONITORING}/audit",
        handler=list_audit,
        role=Role.ADMIN,
        summary="Who changed what.",
        errors=(503,),
        tag="access",
    ),
)
