"""Redis and Celery side by side: connection tests, details, and one health for both."""

from aiohttp import web

from celery_health.readers.redis.server import RedisServer
from celery_health.survey.check_result import Problem
from celery_monitor.history import HistoryError, Window
from celery_monitor.live.fleet_check import FleetState
from celery_monitor.web.compatible.advice import (
    DEGRADED,
    HEALTHY,
    UNHEALTHY,
    UNKNOWN_LENGTH,
    health_word,
    recommendations,
)
from celery_monitor.web.compatible.redis_and_celery_models import (
    AnsweringWorker,
    Broker,
    CeleryStatus,
    CeleryStatusReply,
    ConnectionTest,
    Failed,
    Fault,
    Health,
    HealthReply,
    RedisStatus,
    RedisStatusReply,
)
from celery_monitor.web.models.base import NoBody, NoQuery
from celery_monitor.web.problems import ErrorShape, ProblemError
from celery_monitor.web.routing import Call, Reply, Route
from celery_monitor.web.routing.route import Handler
from celery_monitor.web.services import Services

_NO_REDIS = "The application uses no Redis: neither its broker nor its result backend is one."
_NO_WORKERS = "No worker answers."
_KILOBYTE = 1024
# The states count the whole history: the window is for the other numbers of the overview.
_STATES_SECONDS = 60.0


def redis_status(server: RedisServer | None) -> RedisStatus:
    """The details of the Redis server."""
    if server is None:
        return RedisStatus(running=False, error=_NO_REDIS, hint="Read the status of Celery instead.")
    reading = server.reading
    running = reading.reachable is True or server.version is not None
    fine = reading.reachable is True
    return RedisStatus(
        running=running,
        url=reading.address,
        version=server.version,
        memory_usage=None if server.used_memory is None else _size(server.used_memory),
        used_memory=server.used_memory,
        maxmemory=server.maxmemory,
        uptime=server.uptime_seconds,
        connected_clients=server.connected_clients,
        keys_count=_keys(server),
        error=None if fine else reading.message,
        hint=None if fine else reading.reason.entry.wording.remedy or None,
    )


def celery_status(state: FleetState, tasks: dict[str, int] | None) -> CeleryStatus:
    """The details of Celery. ``tasks``: the tasks of the history by state, None if it is not available."""
    snapshot, worst = state.snapshot, next(iter(state.result.problems), None)
    active = [worker for worker in snapshot.workers if worker.consuming is not False]
    running = bool(active) and not state.broker_away
    known = [ready for ready in state.queues.values() if ready is not None]
    return CeleryStatus(
        workers_running=running,
        active_workers=[worker.name for worker in active],
        workers=[
            AnsweringWorker(
                name=worker.name,
                consuming=worker.consuming,
                slots=worker.slots,
                active_tasks=worker.active_count,
                reserved_tasks=worker.reserved,
                scheduled_tasks=worker.eta,
                queues=list(worker.queues),
            )
            for worker in snapshot.workers
        ],
        active_tasks=sum(worker.active_count for worker in snapshot.workers),
        queued_tasks=sum(known) if len(known) == len(state.queues) else UNKNOWN_LENGTH,
        completed_tasks=_number(tasks, "SUCCESS"),
        failed_tasks=_number(tasks, "FAILURE"),
        tasks_by_state=tasks or {},
        queues={name: UNKNOWN_LENGTH if ready is None else ready for name, ready in state.queues.items()},
        broker=Broker(
            url=snapshot.broker.address,
            connected=snapshot.broker.reachable,
            message=snapshot.broker.message,
        ),
        error=None if worst is None else worst.message,
        hint=None if worst is None else worst.remedy,
    )


def health_of(
    server: RedisServer | None, state: FleetState, tasks: dict[str, int] | None, app: str
) -> Health:
    """The health of both. Without workers it is degraded: Redis keeps the tasks until a worker comes."""
    redis, celery = redis_status(server), celery_status(state, tasks)
    return Health(
        overall_status=_overall(celery, state),
        redis=redis,
        celery=celery,
        recommendations=[*_start_redis(state), *recommendations(state.result, app), *_failures(tasks)],
        errors=[_fault(problem) for problem in state.result.problems],
    )


async def check_redis(call: Call[NoQuery, NoBody]) -> ConnectionTest:
    """Whether Redis answers and accepts messages."""
    status = redis_status(await call.services.application.fleet.redis())
    message = status.error or f"{status.url} answers. Redis {status.version or 'of an unknown version'}."
    return ConnectionTest(success=status.running and status.error is None, message=message, hint=status.hint)


async def get_redis_status(call: Call[NoQuery, NoBody]) -> RedisStatusReply:
    """The details of the Redis server."""
    return RedisStatusReply(redis_status=redis_status(await call.services.application.fleet.redis()))


async def check_celery(call: Call[NoQuery, NoBody]) -> ConnectionTest:
    """Whether the broker answers and at least one worker consumes."""
    state = await call.services.application.fleet.state()
    status = celery_status(state, None)
    if not status.workers_running:
        return ConnectionTest(success=False, message=status.error or _NO_WORKERS, hint=status.hint)
    names = ", ".join(status.active_workers[:10])
    return ConnectionTest(success=True, message=f"{len(status.active_workers)} active: {names}")


async def get_celery_status(call: Call[NoQuery, NoBody]) -> CeleryStatusReply:
    """The details of Celery."""
    state = await call.services.application.fleet.state()
    return CeleryStatusReply(celery_status=celery_status(state, await task_states(call.services)))


async def redis_celery_health(call: Call[NoQuery, NoBody]) -> Reply[HealthReply]:
    """The health of both; 503 while it is unhealthy."""
    application = call.services.application
    state = await application.fleet.state()
    tasks = await task_states(call.services)
    health = health_of(await application.fleet.redis(), state, tasks, application.connection.name)
    return Reply(HealthReply(health=health), 503 if health.overall_status == UNHEALTHY else 200)


async def task_states(services: Services) -> dict[str, int] | None:
    """The tasks of the history by state; None while the history cannot be read."""
    now = services.clock()
    try:
        return (await services.history.overview(Window(now - _STATES_SECONDS, now))).states
    except HistoryError:
        return None


def _overall(celery: CeleryStatus, state: FleetState) -> str:
    if state.broker_away:
        return UNHEALTHY
    if celery.workers_running and health_word(state.result) == HEALTHY:
        return HEALTHY
    return DEGRADED


def _start_redis(state: FleetState) -> list[str]:
    broker = state.snapshot.broker
    if not state.broker_away or broker.kind not in {"redis", "rediss"}:
        return []
    return [f"Start the Redis service at {broker.address}, or correct REDIS_URL or CELERY_BROKER_URL."]


def _failures(tasks: dict[str, int] | None) -> list[str]:
    failed = _number(tasks, "FAILURE")
    if not failed:
        return []
    return [
        f"{failed} failed tasks are in the history: read their errors, correct the cause, send them again."
    ]


def _fault(problem: Problem) -> Fault:
    return Fault(reason=problem.reason, error=problem.message, hint=problem.remedy, command=problem.command)


def _number(tasks: dict[str, int] | None, state: str) -> int | None:
    return None if tasks is None else tasks.get(state, 0)


def _keys(server: RedisServer) -> int | None:
    """The keys of database 0, by INFO: a database that is not there has none."""
    if server.version is None:
        return server.keys
    return next((one.keys for one in server.keyspace if one.database == 0), 0)


def _size(size: int) -> str:
    """As Redis writes ``used_memory_human``."""
    value = float(size)
    for unit in ("B", "K", "M", "G"):
        if value < _KILOBYTE or unit == "G":
            break
        value /= _KILOBYTE
    return f"{value:.0f}B" if unit == "B" else f"{value:.2f}{unit}"


def _failed(problem: ProblemError) -> web.Response:
    body = Failed(message=problem.detail).model_dump_json().encode()
    return web.Response(
        status=problem.status, body=body, headers=dict(problem.headers), content_type="application/json"
    )


_ERRORS = ErrorShape(media_type="application/json", model=Failed, response=_failed)


def _route(path: str, handler: Handler, summary: str, statuses: tuple[int, ...] = (200,)) -> Route:
    return Route(
        method="GET",
        path=path,
        handler=handler,
        summary=summary,
        statuses=statuses,
        error_shape=_ERRORS,
        tag="compatible",
    )


ROUTES = (
    _route("/api/test/redis", check_redis, "Whether Redis answers and accepts messages."),
    _route("/api/redis/status", get_redis_status, "The Redis server: version, memory, clients, keys."),
    _route("/api/test/celery", check_celery, "Whether the broker answers and a worker consumes."),
    _route("/api/celery/status", get_celery_status, "Workers, queues, and tasks by state."),
    _route("/api/redis-celery/health", redis_celery_health, "The health of Redis and Celery.", (200, 503)),
)
