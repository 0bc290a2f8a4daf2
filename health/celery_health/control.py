"""Workers asked by Celery's remote control: all questions at once, one broadcast each.

A worker of the pool ``solo`` answers nothing while it runs a task, and one without remote control never does:
who is silent is not dead.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from celery_health.fleet.sights import RunningTask, WorkerSight

_QUESTIONS = ("stats", "active", "reserved", "scheduled", "active_queues")

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
    """Ask all workers of ``app``; it blocks for at most about ``seconds``.

    ``expected``: how many workers listen, where the broker tells: once all have answered nothing is waited
    for. ``tasks``: ask for the names of their tasks as well.
    """
    questions = (*_QUESTIONS, "registered") if tasks else _QUESTIONS
    replies: dict[str, dict[str, Any]] = {}
    failures: list[str] = []

    def ask(question: str) -> None:
        try:
            replies[question] = _broadcast(app, question, seconds, expected)
        except Exception as error:  # a broker that fails now must not end the look: it is told
            failures.append(f"{type(error).__name__}: {error}")

    # Daemons: one that a broker holds up does not hold up the end of the program.
    threads = [threading.Thread(target=ask, args=(one,), daemon=True) for one in questions]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds + 0.5
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    known = dict(replies)
    registered = frozenset(
        str(name).split(" ", 1)[0] for names in known.get("registered", {}).values() for name in names
    )
    failure = failures[0] if failures and not any(known.values()) else None
    return Answers(sights(known, time.time()), registered, _begun(known), failure)


def _begun(replies: Replies) -> dict[str, int]:
    return {
        name: sum(stats["total"].values())
        for name, stats in replies.get("stats", {}).items()
        if isinstance(stats, dict) and isinstance(stats.get("total"), dict)
    }


def _broadcast(app: Any, question: str, seconds: float, expected: int | None) -> dict[str, Any]:
    # Each Control has a reply queue of its own, so that threads do not take each other's answers.
    from celery.app.control import Control  # noqa: PLC0415

    arguments = {"builtins": True} if question == "registered" else None
    with app.connection_for_write(connect_timeout=seconds) as connection:
        answers = Control(app).broadcast(
            question,
            arguments=arguments,
            connection=connection,
            reply=True,
            timeout=seconds,
            limit=expected,
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
