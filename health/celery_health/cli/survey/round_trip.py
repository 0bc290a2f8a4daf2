"""Test tasks: one through each queue, and its result back. It blocks."""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from celery_health.urls import redact

OWN_TASK = "celery_health.tasks.health_check_task"
ECHO_TASK = "celery.accumulate"
"""A built-in of every worker that gives back what it is given: nothing is done, nothing changed."""
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """``seconds`` is None where no result came; ``message`` says in one sentence how it went."""

    queue: str
    task: str
    ok: bool
    seconds: float | None
    message: str


def choose_task(wanted: str | None, registered: Collection[str]) -> str:
    """What the user names, else the check of our own where a worker has it, else the built-in echo."""
    return wanted or (OWN_TASK if OWN_TASK in registered else ECHO_TASK)


def round_trips(app: Any, task: str, queues: Sequence[str], seconds: float) -> tuple[RoundTrip, ...]:
    """Send to all queues at once, then wait for all."""
    end = time.monotonic() + seconds
    sent = [(queue, time.monotonic(), _send(app, task, queue, seconds)) for queue in queues]
    return tuple(_wait(queue, task, began, result, end) for queue, began, result in sent)


def not_back(queues: Sequence[str], task: str, seconds: float) -> tuple[RoundTrip, ...]:
    """Where sending or waiting itself hangs."""
    return tuple(RoundTrip(queue, task, False, None, f"no result within {seconds:.1f} s") for queue in queues)


def _send(app: Any, task: str, queue: str, seconds: float) -> Any:
    from kombu import Exchange, Queue  # noqa: PLC0415

    echo = {"args": ["celery-health"], "kwargs": {"index": 0}} if task == ECHO_TASK else {}
    try:
        return app.send_task(
            task,
            # By the nameless exchange, and declaring nothing: the queue stays as its owner declared it.
            queue=Queue(queue, Exchange("", type="direct"), routing_key=queue, no_declare=True),
            declare=[],
            expires=max(1.0, seconds),
            retry=False,
            ignore_result=False,
            **echo,
        )
    except Exception as error:  # whatever the broker raises is the outcome of this queue's test
        return error


def _wait(queue: str, task: str, began: float, result: Any, end: float) -> RoundTrip:
    if isinstance(result, Exception):
        return RoundTrip(queue, task, False, None, f"cannot be sent: {_told(result)}")
    try:
        while not result.ready():
            if time.monotonic() >= end:
                return RoundTrip(queue, task, False, None, f"no result within {end - began:.1f} s")
            time.sleep(_POLL_SECONDS)
        state, value = result.state, result.result
    except Exception as error:  # a result store that fails is the outcome too
        return RoundTrip(queue, task, False, None, f"the result cannot be fetched: {_told(error)}")
    took = time.monotonic() - began
    if state != "SUCCESS":
        return RoundTrip(queue, task, False, took, f"{state}: {_told(value)}")
    if isinstance(value, dict) and value.get("ok") is False:
        return RoundTrip(queue, task, False, took, "; ".join(_failed_checks(value)) or "it reports a failure")
    return RoundTrip(queue, task, True, took, f"back after {took:.2f} s")


def _failed_checks(value: dict[str, Any]) -> Iterator[str]:
    checks = value.get("checks")
    for name, check in (checks if isinstance(checks, dict) else {}).items():
        if isinstance(check, dict) and check.get("ok") is False:
            yield f"{name}: {redact(str(check.get('message', '')))}"


def _told(error: object) -> str:
    name = f"{type(error).__name__}: " if isinstance(error, BaseException) else ""
    return redact(name + next(iter(str(error).splitlines()), ""))
