"""Asks workers for one task: which of them has it, and what else it does."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from celery_health.survey.answers.deaths import deaths_of
from celery_health.survey.answers.encoding import sendable
from celery_health.survey.answers.registered import read_registered
from celery_health.survey.answers.stats import read_stats
from celery_health.survey.remote_control import (
    Replies,
    answers_of,
    broadcast,
    merged,
    not_refused,
)
from celery_health.times import unix_time
from celery_health.verdicts.deaths import NO_DEATHS, FleetDeaths
from celery_health.verdicts.text import counted
from celery_health.why.facts import BlockingTask, Held, Holder
from celery_health.wire.bounds import task_id as bounded_id
from celery_health.wire.names import is_dead_letter_queue
from celery_health.wire.quarantine import QuarantineStats, quarantine_stats

_LEAST_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker answers, as far as the question needs it."""

    name: str
    queues: tuple[str, ...] | None = None
    slots: int | None = None
    rate_limits: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class TaskReplies:
    """The answers of all workers about one task. ``error``: why remote control could not be used.

    ``visibility_timeout``: of Redis, in seconds, as a worker's configuration has it. ``started``: when the
    holder began to run the task, Unix time. ``quarantine``: that of a worker that does not run the task, of
    several one that cannot move its messages. ``dead_letter_queues``: those of all quarantines, and first of
    those that the task is in. Any program can answer in the name of a worker.
    """

    workers: tuple[Worker, ...] = ()
    holder: Holder | None = None
    name: str | None = None
    started: float | None = None
    eta: float | None = None
    revoked: bool = False
    visibility_timeout: float | None = None
    sent_events: bool | None = None
    deaths: FleetDeaths = NO_DEATHS
    quarantine: QuarantineStats | None = None
    dead_letter_queues: tuple[str, ...] = ()
    ids: frozenset[str] = frozenset()
    """Of all active and ETA tasks."""
    quarantined: frozenset[str] = frozenset()
    """The ids that any worker has in quarantine."""
    error: str | None = None
    answered: int = 0
    """How many workers answered, also those of one name."""
    complete: bool = True
    """Whether every worker has answered, as far as the broker shows how many there are."""


def ask_about_task(app: Any, task_id: str, seconds: float, *, expected: int | None = None) -> TaskReplies:
    """Ask all workers. It blocks for about ``seconds``. ``expected``: how many workers listen, if known."""
    end = time.monotonic() + seconds
    replies: dict[str, dict[str, Any]] = {}
    answers: list[dict[str, Any]] = []
    error = None
    try:
        with app.connection_for_write(connect_timeout=seconds) as connection:
            asks, arguments = sendable(app, "query_task", {"ids": [task_id]})
            first = "query_task" if asks else "ping"
            answers = answers_of(
                app, connection, first, seconds / 2, limit=expected, arguments=arguments if asks else None
            )
            replies[first] = not_refused(merged(answers))
            answering = sorted(replies[first])
            for command in _COMMANDS if answering else ():
                left = max(_LEAST_SECONDS, end - time.monotonic())
                replies[command] = broadcast(
                    app, connection, command, left, destination=answering, limit=len(answers)
                )
    except Exception as failure:  # a broker that fails now is part of the result
        error = None if any(replies.values()) else f"{type(failure).__name__}: {failure}"
    found = replace(task_replies(replies, task_id, time.time(), error), answered=len(answers))
    knows_all = found.holder is not None or found.error is not None or "ping" not in replies
    return found if knows_all else replace(found, error=_RESERVED_UNKNOWN)


_RESERVED_UNKNOWN = "The workers cannot be asked for reserved and ETA tasks, which they could not encode"
_COMMANDS = ("active_queues", "stats", "scheduled", "active", "revoked", "registered", "conf")


def not_answered(missing: int, workers: int) -> str:
    """Why the answers may lack something."""
    return f"{missing} of {counted(workers, 'worker')} did not answer"


def task_replies(replies: Replies, task_id: str, now: float, error: str | None = None) -> TaskReplies:
    """From the answers by command and worker."""
    names = sorted({name for by_worker in replies.values() for name in by_worker})
    answers = {
        name: {command: by_worker.get(name) for command, by_worker in replies.items()} for name in names
    }
    workers = tuple(_worker(name, one) for name, one in answers.items())
    having = ((name, *one) for name in names if (one := _task_of(answers[name], task_id)) is not None)
    name, held, info = next(having, ("", Held.UNKNOWN, {}))
    holder = _holder(name, held, answers[name], info, now) if name else None
    stats = replies.get("stats", {})
    found_stats = (quarantine_stats(answer) for answer in stats.values())
    quarantines = [quarantine for quarantine in found_stats if quarantine is not None]
    return TaskReplies(
        workers=workers,
        holder=holder,
        name=_text(info.get("name")),
        started=_seconds(info.get("time_start")),
        eta=unix_time(_text(info.get("eta"))),
        revoked=any(task_id in _list(one.get("revoked")) for one in answers.values()),
        visibility_timeout=_visibility_timeout(answers),
        sent_events=_sent_events(answers),
        deaths=deaths_of([stats], now),
        quarantine=_quarantine(quarantines, task_id),
        dead_letter_queues=_dead_letter_queues(quarantines, task_id),
        ids=frozenset(_ids(answers.values())),
        quarantined=frozenset().union(*(_quarantined(one) for one in quarantines)),
        error=error,
    )


def _ids(answers: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for one in answers:
        scheduled = (entry.get("request") for entry in _dicts(one.get("scheduled")))
        for task in (*_dicts(one.get("active")), *scheduled):
            if isinstance(task, dict) and isinstance(task.get("id"), str):
                yield task["id"]


def _dead_letter_queues(quarantines: Sequence[QuarantineStats], task_id: str) -> tuple[str, ...]:
    ranked = sorted(quarantines, key=lambda one: bounded_id(task_id) not in _quarantined(one))
    return tuple(dict.fromkeys(one.queue for one in ranked if is_dead_letter_queue(one.queue)))


def _quarantined(quarantine: QuarantineStats) -> set[str]:
    return {task.id for task in quarantine.tasks}


def _quarantine(quarantines: Sequence[QuarantineStats], task_id: str) -> QuarantineStats | None:
    """Workers that cannot move the message of the task come first."""
    found = [one for one in quarantines if bounded_id(task_id) in _quarantined(one)]
    return max(found, key=lambda one: bool(one.problem and one.waiting), default=None)


def _task_of(answers: Mapping[str, Any], task_id: str) -> tuple[Held, Mapping[str, Any]] | None:
    for entry in _dicts(answers.get("scheduled")):
        request = entry.get("request")
        if isinstance(request, dict) and request.get("id") == task_id:
            return Held.ETA, {**request, "eta": entry.get("eta")}
    queried = answers.get("query_task")
    state = queried.get(task_id) if isinstance(queried, dict) else None
    if isinstance(state, list | tuple) and len(state) == 2 and isinstance(state[1], dict):
        held = {"active": Held.ACTIVE, "reserved": Held.RESERVED}.get(str(state[0]), Held.UNKNOWN)
        return held, state[1]
    # Where the worker cannot encode the answers above.
    running = (task for task in _dicts(answers.get("active")) if task.get("id") == task_id)
    return next(((Held.ACTIVE, task) for task in running), None)


def _holder(name: str, held: Held, answers: Mapping[str, Any], info: Mapping[str, Any], now: float) -> Holder:
    others = [task for task in _dicts(answers.get("active")) if task.get("id") != info.get("id")]
    blocking = [
        BlockingTask(
            str(task.get("id", "")),
            str(task.get("name", "")),
            None if (start := _seconds(task.get("time_start"))) is None else max(0.0, now - start),
        )
        for task in others
    ]
    blocking.sort(key=lambda task: -(task.running_for or 0.0))
    return Holder(
        worker=name,
        held=held,
        slots=_worker(name, answers).slots,
        blocking=tuple(blocking) if held is Held.RESERVED else (),
        online=True,
    )


def _worker(name: str, answers: Mapping[str, Any]) -> Worker:
    queues, registered = answers.get("active_queues"), read_registered(answers.get("registered"))
    names = tuple(str(queue.get("name", "")) for queue in _dicts(queues))
    return Worker(
        name=name,
        queues=names if isinstance(queues, list) else None,
        slots=read_stats(answers.get("stats")).slots,
        rate_limits=None if registered is None else registered.rate_limits,
    )


def _visibility_timeout(answers: Mapping[str, Mapping[str, Any]]) -> float | None:
    """The shortest of all workers: any of them may put a message back."""
    found = []
    for one in answers.values():
        options = _dict(one.get("conf")).get("broker_transport_options")
        seconds = _seconds(options.get("visibility_timeout")) if isinstance(options, dict) else None
        if seconds is not None:
            found.append(seconds)
    return min(found, default=None)


def _sent_events(answers: Mapping[str, Mapping[str, Any]]) -> bool | None:
    values = [
        value
        for one in answers.values()
        if isinstance(value := _dict(one.get("conf")).get("task_send_sent_event"), bool)
    ]
    return any(values) if values else None


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in _list(value) if isinstance(one, dict)]


def _seconds(value: Any) -> float | None:
    return float(value) if type(value) in {int, float} and 0 <= value < 1e11 else None


def _text(value: Any) -> str | None:
    return value[:255] if isinstance(value, str) and value else None
