"""Workers asked by Celery's remote control: one broadcast finds who answers, the others ask those.

A worker of the pool ``solo`` answers nothing while it runs a task, and one without remote control never does:
who is silent is not dead.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from celery_health.verdicts.worker_snapshot import RunningTask, WorkerSight

_QUESTIONS = ("active_queues", "stats", "active", "reserved", "scheduled")
_LEAST_SECONDS = 0.2
"""What a worker that has just answered may take for the next answer."""

Replies = Mapping[str, Mapping[str, Any]]
"""By question, by worker: what it answered."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What remote control told. ``failure``: why it could not be used at all, in words."""

    workers: tuple[WorkerSight, ...] = ()
    registered: frozenset[str] = field(default_factory=frozenset)
    """Names of the tasks that any worker has, where they were asked for."""
    begun: Mapping[str, int] = field(default_factory=dict)
    """How many tasks each worker has begun since it started."""
    failure: str | None = None


def ask_workers(app: Any, seconds: float, *, expected: int | None = None, tasks: bool = False) -> Answers:
    """Ask all workers of ``app``; it blocks for about ``seconds``, and longer where the broker hangs.

    ``expected``: how many workers listen, where the broker tells: once all have answered nothing is waited
    for. ``tasks``: ask for the names of their tasks as well.
    """
    first, *others = (*_QUESTIONS, "registered") if tasks else _QUESTIONS
    end = time.monotonic() + seconds
    replies: dict[str, dict[str, Any]] = {}
    failure = None
    try:
        with app.connection_for_write(connect_timeout=seconds) as connection:
            replies[first] = _broadcast(app, connection, first, seconds, limit=expected)
            # Only the first question finds out who answers: the others wait for nobody else.
            answering = sorted(replies[first])
            for question in others if answering else ():
                left = max(_LEAST_SECONDS, end - time.monotonic())
                replies[question] = _broadcast(app, connection, question, left, destination=answering)
    except Exception as error:  # a broker that fails now must not end the look: it is told
        failure = None if any(replies.values()) else f"{type(error).__name__}: {error}"
    registered = frozenset(
        str(name).split(" ", 1)[0] for names in replies.get("registered", {}).values() for name in names
    )
    return Answers(sights(replies, time.time()), registered, _begun(replies), failure)


def _begun(replies: Replies) -> dict[str, int]:
    return {
        name: sum(stats["total"].values())
        for name, stats in replies.get("stats", {}).items()
        if isinstance(stats, dict) and isinstance(stats.get("total"), dict)
    }


def _broadcast(app: Any, connection: Any, question: str, seconds: float, **whom: Any) -> dict[str, Any]:
    # A Control has a reply queue of its own, so that a late answer is not taken for one to the next question.
    from celery.app.control import Control  # noqa: PLC0415

    arguments = {"builtins": True} if question == "registered" else None
    answers = Control(app).broadcast(
        question, arguments=arguments, connection=connection, reply=True, timeout=seconds, **whom
    )
    return {
        name: reply
        for answer in answers or ()
        for name, reply in answer.items()
        if not (isinstance(reply, dict) and "error" in reply)
    }


def sights(replies: Replies, now: float) -> tuple[WorkerSight, ...]:
    """The workers that answered anything. ``now``: Unix time, by which running tasks age."""
    names = sorted({name for by_worker in replies.values() for name in by_worker})
    return tuple(_sight(name, {one: by.get(name) for one, by in replies.items()}, now) for name in names)


def _sight(name: str, told: Mapping[str, Any], now: float) -> WorkerSight:
    stats, queues = told.get("stats") or {}, told.get("active_queues")
    active: Sequence[Any] = told.get("active") or ()
    pool = stats.get("pool") or {}
    return WorkerSight(
        name=name,
        consuming=None if queues is None else bool(queues),
        slots=_number(pool.get("max-concurrency")),
        active_count=len(active),
        running=tuple(_running(task, now) for task in active if isinstance(task, dict)),
        reserved=len(told.get("reserved") or ()),
        eta_held=len(told.get("scheduled") or ()),
        queues=tuple(str(queue["name"]) for queue in queues or () if isinstance(queue, dict)),
        prefetch=_number(stats.get("prefetch_count")),
    )


def _running(task: Mapping[str, Any], now: float) -> RunningTask:
    began = task.get("time_start")
    age = max(0.0, now - began) if isinstance(began, int | float) else None
    return RunningTask(str(task.get("id", "")), str(task.get("name", "")), age)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
