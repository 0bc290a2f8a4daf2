"""Asks workers by Celery's remote control. The first broadcast finds the workers that answer the others.

A worker with the pool ``solo`` does not answer while it runs a task, and a worker without remote control
never answers: no answer does not mean that a worker is dead.
"""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from celery_health.survey.answers.deaths import deaths_of
from celery_health.survey.answers.encoding import sendable
from celery_health.survey.answers.queues import read_queues
from celery_health.survey.answers.registered import read_registered
from celery_health.survey.answers.stats import read_stats
from celery_health.verdicts.deaths import NO_DEATHS, FleetDeaths
from celery_health.verdicts.worker_snapshot import RunningTask, WorkerSnapshot

_COMMANDS = ("active_queues", "stats", "active", "reserved", "scheduled")
_LEAST_SECONDS = 0.2
"""The time for each further answer of a worker that has just answered."""

_MAX_ETA_TASKS = 1_000
"""Of one worker. A worker may keep far more, and an answer to a person needs no more."""

_ADDED = frozenset({"max-concurrency", "prefetch_count", "total"})
"""Numbers of ``stats`` that workers of one name have together."""

Replies = Mapping[str, Mapping[str, Any]]
"""By command, by worker: the worker's answer."""


@dataclass(frozen=True, slots=True)
class EtaTask:
    """A task that waits in a worker for its time. ``eta``: ISO 8601, as the worker writes it."""

    id: str
    name: str
    eta: str | None


@dataclass(frozen=True, slots=True)
class RemoteControlReplies:
    """What the workers answered. ``error``: why remote control could not be used at all."""

    workers: tuple[WorkerSnapshot, ...] = ()
    registered_tasks: frozenset[str] = field(default_factory=frozenset)
    """Names of the tasks that any worker knows, where asked for."""
    private_queues: frozenset[str] = field(default_factory=frozenset)
    """Queues that are exclusive, or are deleted with their worker. Those for broadcasts are such queues."""
    started: Mapping[str, int] = field(default_factory=dict)
    """How many tasks each worker has started since it runs."""
    eta_tasks: Mapping[str, tuple[EtaTask, ...]] = field(default_factory=dict)
    """The ETA tasks of each worker that has any, the first thousand."""
    deaths: FleetDeaths = NO_DEATHS
    """Of the workers that record deaths: those with the agent or with ``presets.quarantine()``."""
    at: float = 0.0
    """Unix time, which the ages of running tasks count from."""
    error: str | None = None


def inspect_workers(
    app: Any, seconds: float, *, expected: int | None = None, tasks: bool = False
) -> RemoteControlReplies:
    """Ask all workers of ``app``. It blocks for about ``seconds``, and longer where the broker hangs.

    ``expected``: how many workers listen, if known. It returns as soon as all have answered. ``tasks``: ask
    for the names of their tasks as well.
    """
    first, *others = (*_COMMANDS, "registered") if tasks else _COMMANDS
    end = time.monotonic() + seconds
    replies: dict[str, dict[str, Any]] = {}
    error_text, copies, deaths = None, Counter[str](), NO_DEATHS
    try:
        with app.connection_for_write(connect_timeout=seconds) as connection:
            answers = answers_of(app, connection, first, seconds, limit=expected)
            copies = Counter(name for answer in answers for name in answer)
            replies[first] = not_refused(merged(answers))
            answering = sorted(replies[first])
            for command in others if answering else ():
                left = max(_LEAST_SECONDS, end - time.monotonic())
                arguments = {"builtins": True} if command == "registered" else None
                # Else Celery takes one answer for each name.
                to_all = {"destination": answering, "limit": copies.total()}
                answers = answers_of(app, connection, command, left, arguments, **to_all)
                if command == "stats":
                    deaths = deaths_of(answers, time.time())
                replies[command] = not_refused(merged(answers))
    except Exception as error:  # a broker that fails now is part of the result
        error_text = None if any(replies.values()) else f"{type(error).__name__}: {error}"
    registered = frozenset(
        name
        for answer in replies.get("registered", {}).values()
        if (tasks_of := read_registered(answer)) is not None
        for name in tasks_of.names
    )
    now = time.time()
    return RemoteControlReplies(
        workers=tuple(
            replace(worker, copies=copies.get(worker.name, 1)) for worker in worker_snapshots(replies, now)
        ),
        registered_tasks=registered,
        private_queues=private_queues(replies.get("active_queues", {})),
        started=_started(replies),
        eta_tasks=eta_tasks(replies.get("scheduled", {})),
        deaths=deaths,
        at=now,
        error=error_text,
    )


def rate_limited_workers(app: Any, seconds: float, workers: Sequence[WorkerSnapshot]) -> frozenset[str]:
    """Which of these workers have a task with a rate limit. It blocks for at most about ``seconds``."""
    receivers = {
        "destination": [worker.name for worker in workers],
        "limit": sum(worker.copies for worker in workers),
    }
    with app.connection_for_write(connect_timeout=seconds) as connection:
        tasks = broadcast(
            app, connection, "registered", seconds, {"taskinfoitems": ["rate_limit"]}, **receivers
        )
    found = {name: read_registered(answer) for name, answer in tasks.items()}
    return frozenset(name for name, one in found.items() if one is not None and one.rate_limits)


def private_queues(consumed: Mapping[str, Any]) -> frozenset[str]:
    """The queues of one process, from the answers to ``active_queues``."""
    queues = (queue for answer in consumed.values() for queue in read_queues(answer))
    return frozenset(queue.name for queue in queues if queue.private)


def _started(replies: Replies) -> dict[str, int]:
    found = ((name, read_stats(answer).started) for name, answer in replies.get("stats", {}).items())
    return {name: started for name, started in found if started is not None}


def eta_tasks(scheduled: Mapping[str, Any]) -> dict[str, tuple[EtaTask, ...]]:
    """The ETA tasks of each worker from the answers to ``scheduled``, without what Celery does not write."""
    found = {
        name: tuple(
            _eta_task(entry, entry["request"]) for entry in entries[:_MAX_ETA_TASKS] if _is_eta_task(entry)
        )
        for name, entries in scheduled.items()
        if isinstance(entries, list)
    }
    return {name: tasks for name, tasks in found.items() if tasks}


def _is_eta_task(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("request"), dict)


def _eta_task(entry: Mapping[str, Any], request: Mapping[str, Any]) -> EtaTask:
    eta = entry.get("eta")
    return EtaTask(
        str(request.get("id", "")), str(request.get("name", "")), eta if isinstance(eta, str) else None
    )


def broadcast(
    app: Any,
    connection: Any,
    command: str,
    seconds: float,
    arguments: Mapping[str, Any] | None = None,
    **receivers: Any,
) -> dict[str, Any]:
    """The answers of workers that do not refuse. ``receivers``: ``limit`` and ``destination`` of Celery."""
    return not_refused(all_replies(app, connection, command, seconds, arguments, **receivers))


def all_replies(
    app: Any,
    connection: Any,
    command: str,
    seconds: float | None,
    arguments: Mapping[str, Any] | None = None,
    **receivers: Any,
) -> dict[str, Any]:
    """As ``broadcast``, with the answers of workers that refuse: ``{"error": text}``. None waits for none."""
    return merged(answers_of(app, connection, command, seconds, arguments, **receivers))


def answers_of(
    app: Any,
    connection: Any,
    command: str,
    seconds: float | None,
    arguments: Mapping[str, Any] | None = None,
    **receivers: Any,
) -> list[dict[str, Any]]:
    """One entry for each answer, by the name of the worker; none where the answer would break the workers."""
    if seconds is not None:
        can_be_sent, arguments = sendable(app, command, arguments)
        if not can_be_sent:
            return []
    return sent(app, connection, command, seconds, arguments, **receivers)


def sent(
    app: Any,
    connection: Any,
    command: str,
    seconds: float | None,
    arguments: Mapping[str, Any] | None,
    **receivers: Any,
) -> list[dict[str, Any]]:
    """As ``answers_of``, for a command and arguments that ``sendable`` has found to be safe."""
    # A new Control has a new reply queue, so that a late answer is not taken for one to the next command.
    from celery.app.control import Control  # noqa: PLC0415

    answers = Control(app).broadcast(
        command,
        arguments=arguments,
        connection=connection,
        reply=seconds is not None,
        timeout=seconds,
        **receivers,
    )
    return [answer for answer in answers or () if isinstance(answer, dict)]


def not_refused(answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers without those of workers that refuse."""
    return {name: one for name, one in answers.items() if not (isinstance(one, dict) and "error" in one)}


def merged(answers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """By the worker's name. Workers of one name count as one that does the work of all."""
    by_name: dict[str, Any] = {}
    for answer in answers:
        for name, reply in answer.items():
            by_name[name] = _joined(by_name[name], reply) if name in by_name else reply
    return by_name


def _joined(one: Any, other: Any, *, added: bool = False) -> Any:
    """Both answers in one: lists and dicts with the entries of both, and the sums of ``_ADDED``."""
    if isinstance(one, dict) and isinstance(other, dict):
        both = {
            key: _joined(one[key], other[key], added=added or key in _ADDED)
            for key in one.keys() & other.keys()
        }
        return {**one, **other, **both}
    if isinstance(one, list) and isinstance(other, list):
        return one + other
    return one + other if added and isinstance(one, int) and isinstance(other, int) else one


def worker_snapshots(replies: Replies, now: float) -> tuple[WorkerSnapshot, ...]:
    """The workers that answered any command. ``now``: Unix time, for the age of running tasks."""
    names = sorted({name for by_worker in replies.values() for name in by_worker})
    return tuple(
        _worker(name, {command: by_worker.get(name) for command, by_worker in replies.items()}, now)
        for name in names
    )


def _worker(name: str, answers: Mapping[str, Any], now: float) -> WorkerSnapshot:
    stats, queues = read_stats(answers.get("stats")), answers.get("active_queues")
    active = _list(answers.get("active"))
    has_all = all(isinstance(answers.get(command), list) for command in ("active", "reserved", "scheduled"))
    return WorkerSnapshot(
        name=name,
        consuming=bool(queues) if isinstance(queues, list) else None,
        slots=stats.most_slots,
        active_count=len(active),
        running=tuple(_running(task, now) for task in active if isinstance(task, dict)),
        reserved=len(_list(answers.get("reserved"))),
        eta=len(_list(answers.get("scheduled"))),
        queues=tuple(dict.fromkeys(queue.name for queue in read_queues(queues) if not queue.for_broadcasts)),
        # Whether it is full is not known unless it shows all that it has taken.
        prefetch=stats.prefetch if has_all else None,
    )


def _list(answer: object) -> Sequence[Any]:
    return answer if isinstance(answer, list) else ()


def _running(task: Mapping[str, Any], now: float) -> RunningTask:
    started = task.get("time_start")
    age = None
    if isinstance(started, int | float) and abs(started) < 2**53:
        age = max(0.0, now - started)
    return RunningTask(str(task.get("id", "")), str(task.get("name", "")), age)
