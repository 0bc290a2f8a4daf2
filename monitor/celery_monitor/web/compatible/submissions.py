"""Sends tasks and follows them below ``/tasks/``. While the broker is away every route answers 503."""

from aiohttp import web

from celery_health.times import iso_time
from celery_monitor.control.allowed_tasks import TaskNotAllowedError
from celery_monitor.control.results import ResultsAwayError, StoredResult
from celery_monitor.control.submit import BrokerAwayError, NoSuchQueueError, Submission
from celery_monitor.live.fleet_check import FleetState
from celery_monitor.live.known_tasks import KnownTasks
from celery_monitor.live.views import LiveViews
from celery_monitor.records.states import PENDING
from celery_monitor.records.tasks import TaskRecord
from celery_monitor.settings import Role
from celery_monitor.web.compatible.advice import UNHEALTHY, UNKNOWN_LENGTH, health_word, recommendations
from celery_monitor.web.compatible.submissions_models import (
    QueueStats,
    Refused,
    Submitted,
    TaskHealth,
    TaskStatus,
    TaskSubmission,
    WorkerNumbers,
)
from celery_monitor.web.models.base import NoBody, NoQuery
from celery_monitor.web.problems import ErrorShape, ProblemError
from celery_monitor.web.routing import Call, Reply, Route


class RefusedProblemError(ProblemError):
    """A request that cannot be answered, with more than a sentence."""

    def __init__(self, status: int, refused: Refused) -> None:
        super().__init__(status, refused.error, {"Retry-After": "5"} if status == 503 else {})
        self.refused = refused


def queue_for(task: str, state: FleetState, live: LiveViews, default: str) -> str:
    """The queue of a task without a queue of its own: one that a worker consumes which knows the task.

    Raises:
        RefusedProblemError: there are several, and the client must choose.
    """
    queues = {
        queue
        for worker in state.snapshot.workers
        if _may_know(worker.name, task, live)
        for queue in worker.queues
    }
    if not queues or default in queues:
        return default
    if len(queues) == 1:
        return queues.pop()
    raise RefusedProblemError(
        400,
        Refused(error=f'Workers consume {", ".join(sorted(queues))}: choose one of them with "queue".'),
    )


def warning_of(queue: str | None, state: FleetState) -> str | None:
    """Why a task in this queue may have to wait."""
    if queue is None or any(queue in worker.queues for worker in state.snapshot.workers):
        return None
    return f"No worker that answers consumes the queue {queue}: the task waits until one does."


def status_of(task_id: str, record: TaskRecord | None, stored: StoredResult | None) -> TaskStatus:
    """What is known of a task, by the history (``record``) and the result backend (``stored``)."""
    record = record or TaskRecord(id=task_id)
    stored = stored or StoredResult(PENDING)
    by_result = stored.state != PENDING and (stored.ready or record.state == PENDING)
    state = stored.state if by_result else record.state
    failed = state in {"FAILURE", "RETRY", "REVOKED"}
    value = stored.value if by_result and stored.value is not None else record.result
    exception = str(stored.value) if by_result and stored.value is not None else record.exception
    return TaskStatus(
        task_id=task_id,
        task_name=record.name or stored.name,
        status=state,
        known=record.updated > 0 or stored.state != PENDING,
        result=None if failed else value,
        error=exception if failed else None,
        traceback=(record.traceback or stored.traceback) if failed else None,
        args=record.args,
        kwargs=record.kwargs,
        queue=record.queue or stored.queue,
        worker=record.worker or stored.worker,
        retries=record.retries if record.updated else None,
        submitted_at=_time(record.sent or record.received),
        started_at=_time(record.started),
        completed_at=_time(record.finished) or stored.done,
    )


def queue_stats_of(state: FleetState, live: LiveViews) -> QueueStats:
    """The numbers of the workers that answered, and of the queues."""
    workers = state.snapshot.workers
    names = [view.tasks for view in live.workers() if view.online and view.tasks is not None]
    return QueueStats(
        active_tasks=sum(worker.active_count for worker in workers),
        scheduled_tasks=sum(worker.eta for worker in workers),
        reserved_tasks=sum(worker.reserved for worker in workers),
        registered_tasks=len({task for tasks in names for task in tasks}) if names else None,
        active_workers=[worker.name for worker in workers if worker.consuming is not False],
        worker_stats={
            worker.name: WorkerNumbers(
                consuming=worker.consuming,
                active=worker.active_count,
                reserved=worker.reserved,
                scheduled=worker.eta,
                slots=worker.slots,
                queues=list(worker.queues),
            )
            for worker in workers
        },
        queues={name: UNKNOWN_LENGTH if ready is None else ready for name, ready in state.queues.items()},
    )


def task_health_of(state: FleetState, live: LiveViews, app: str) -> TaskHealth:
    """The health of task processing."""
    worst = next(iter(state.result.problems), None)
    stats = None if state.broker_away else queue_stats_of(state, live)
    return TaskHealth(
        status=health_word(state.result),
        celery_connected=state.snapshot.broker.reachable is True,
        active_workers=[] if stats is None else stats.active_workers,
        queue_stats=stats,
        error=None if worst is None else worst.message,
        recommendations=recommendations(state.result, app),
    )


async def submit_task(call: Call[NoQuery, TaskSubmission]) -> Submitted:
    """Send a task."""
    application, wanted = call.services.application, call.body
    try:
        name = application.allowed_tasks.resolve(wanted.task_name)
    except TaskNotAllowedError as error:
        raise RefusedProblemError(400, Refused(error=str(error), valid_tasks=list(error.known))) from None
    call.note.subject = name
    state = _present(await application.fleet.state())
    queue = wanted.queue
    if queue is None and application.connection.app is None:
        queue = queue_for(name, state, call.services.live, application.connection.default_queue)
    submission = Submission(name, wanted.args, wanted.kwargs, queue, wanted.priority, wanted.countdown)
    try:
        task_id = await application.submitter.send(submission)
    except NoSuchQueueError as error:
        raise RefusedProblemError(400, Refused(error=str(error))) from None
    except BrokerAwayError as error:
        raise RefusedProblemError(503, Refused(error=str(error), task_id=error.task_id)) from None
    where = f" to the queue {queue}" if queue else ""
    call.note.detail = f"{task_id}{where}"
    return Submitted(
        task_id=task_id,
        message=f"Task {name} was sent{where}.",
        task_name=name,
        queue=queue,
        warning=warning_of(queue, state),
    )


async def task_status(call: Call[NoQuery, NoBody]) -> TaskStatus:
    """The state and the result of a task."""
    application, task_id = call.services.application, call.path["task_id"]
    record = await KnownTasks(call.services.history, call.services.recent_task).readable(task_id)
    broker = await application.fleet.broker()
    if broker.reachable is False:
        last = None if record is None else record.state
        raise RefusedProblemError(503, Refused(error=broker.message, task_id=task_id, status=last))
    stored = None
    if application.results.configured:
        try:
            stored = await application.results.read(task_id)
        except ResultsAwayError as error:
            if record is None:
                raise RefusedProblemError(503, Refused(error=str(error), task_id=task_id)) from None
    return status_of(task_id, record, stored)


async def queue_stats(call: Call[NoQuery, NoBody]) -> QueueStats:
    """Workers and queues in numbers."""
    return queue_stats_of(_present(await call.services.application.fleet.state()), call.services.live)


async def task_health(call: Call[NoQuery, NoBody]) -> Reply[TaskHealth]:
    """The health; 503 while it is unhealthy."""
    application = call.services.application
    state = await application.fleet.state()
    health = task_health_of(state, call.services.live, application.connection.name)
    return Reply(health, 503 if health.status == UNHEALTHY else 200)


def _present(state: FleetState) -> FleetState:
    if state.broker_away:
        raise RefusedProblemError(503, Refused(error=state.snapshot.broker.message))
    return state


def _may_know(worker: str, task: str, live: LiveViews) -> bool:
    view = live.worker(worker)
    return view is None or view.tasks is None or task in view.tasks


def _time(moment: float | None) -> str | None:
    return iso_time(moment, "milliseconds")


def _refusal(problem: ProblemError) -> web.Response:
    refused = problem.refused if isinstance(problem, RefusedProblemError) else Refused(error=problem.detail)
    return web.Response(
        status=problem.status,
        body=refused.model_dump_json(exclude_none=True).encode(),
        headers=dict(problem.headers),
        content_type="application/json",
    )


_ERRORS = ErrorShape(media_type="application/json", model=Refused, response=_refusal)

ROUTES = (
    Route(
        method="POST",
        path="/tasks/submit",
        handler=submit_task,
        role=Role.OPERATOR,
        summary="Send a task that the settings allow.",
        errors=(503,),
        any_content_type=True,
        error_shape=_ERRORS,
        tag="compatible",
    ),
    Route(
        method="GET",
        path="/tasks/status/{task_id}",
        handler=task_status,
        summary="The state and the result of a task.",
        errors=(503,),
        error_shape=_ERRORS,
        tag="compatible",
    ),
    Route(
        method="GET",
        path="/tasks/health",
        handler=task_health,
        summary="Whether tasks are processed.",
        statuses=(200, 503),
        error_shape=_ERRORS,
        tag="compatible",
    ),
    Route(
        method="GET",
        path="/tasks/queue/stats",
        handler=queue_stats,
        summary="Workers and queues in numbers.",
        errors=(503,),
        error_shape=_ERRORS,
        tag="compatible",
    ),
)
