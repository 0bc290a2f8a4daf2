"""Test tasks: sends one through each queue and waits for the results. It blocks."""

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from celery_health.error_text import first_line, in_one_line
from celery_health.redaction import redact

OWN_TASK = "celery_health.tasks.health_check_task"
ECHO_TASK = "celery.accumulate"
"""A built-in task of every worker that returns its arguments and changes nothing."""
PROVING_SECONDS = 2.0
"""A shorter wait without a result proves nothing. It begins when a test task is sent."""
_LEAST_SECONDS = 3.0
"""What the test tasks have of their own, so that each is waited for longer than ``PROVING_SECONDS``."""
_POLL_SECONDS = 0.02
_ACCESS_REFUSED = 403
"""RabbitMQ's code for a user without the permission."""


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """The outcome for one queue. ``seconds`` is None where no result came back.

    ``waited``: for how many seconds no result came, None if a result or an error came.
    """

    queue: str
    task: str
    ok: bool
    seconds: float | None
    message: str
    waited: float | None = None


def choose_task(named: str | None, registered: Collection[str]) -> str:
    """The task that the user names, or else our own if a worker knows it, or else a built-in task."""
    return named or (OWN_TASK if OWN_TASK in registered else ECHO_TASK)


def seconds_to_wait(timeout: float, left: float) -> float:
    """How long to wait for results: what the check has ``left``, but not less than 3 s or ``timeout``."""
    return max(left, min(timeout, _LEAST_SECONDS))


@dataclass(frozen=True, slots=True)
class _Sent:
    """A test task on its way. ``result`` is the error where it could not be sent."""

    queue: str
    task: str
    at: float
    result: Any


def round_trips(
    app: Any, task: str, queues: Sequence[str], seconds: float, left: dict[str, str]
) -> tuple[RoundTrip, ...]:
    """Send to all queues, then wait for all results, each with its own time.

    ``left`` gets the id of each task by queue, and keeps those of tasks that do not come back.
    """
    end = time.monotonic() + seconds
    waiting = []
    refusal = _refusal(app, min(1.0, seconds / 4))
    for queue in queues:
        sent = _Sent(queue, task, time.monotonic(), refusal or _send(app, task, queue, seconds))
        waiting.append(sent)
        if not isinstance(sent.result, Exception):
            left[queue] = str(sent.result.id)
    ended: dict[str, RoundTrip] = {}
    while True:
        for sent in tuple(waiting):
            if trip := _arrived(sent):
                ended[sent.queue] = trip
                waiting.remove(sent)
                left.pop(sent.queue, None)
                _forget(sent)
        if not waiting or time.monotonic() >= end:
            break
        time.sleep(_POLL_SECONDS)
    for sent in waiting:
        ended[sent.queue] = _no_result(sent.queue, task, max(0.0, end - sent.at))
    return tuple(ended[queue] for queue in queues)


def without_results(
    queues: Sequence[str], task: str, seconds: float, sent: Collection[str]
) -> tuple[RoundTrip, ...]:
    """The outcome where sending or waiting hangs. ``sent``: the queues that have their task."""
    unsent = f"the task cannot be sent within {seconds:.1f} s"
    return tuple(
        _no_result(queue, task, seconds) if queue in sent else RoundTrip(queue, task, False, None, unsent)
        for queue in queues
    )


def _no_result(queue: str, task: str, seconds: float) -> RoundTrip:
    return RoundTrip(queue, task, False, None, f"no result within {seconds:.1f} s", seconds)


def _refusal(app: Any, seconds: float) -> Exception | None:
    """The error, if RabbitMQ does not let the user send to queues by their names, as Celery itself does.

    Without a confirmation such a message is lost silently.
    """
    try:
        with app.connection_for_write(connect_timeout=seconds) as connection:
            if connection.transport.driver_type == "amqp":
                _publish_nothing(connection.channel(), seconds)
    except Exception as error:  # any other one comes again when a task is sent
        return error if getattr(error, "reply_code", None) == _ACCESS_REFUSED else None
    return None


def _publish_nothing(channel: Any, seconds: float) -> None:
    from amqp import Message  # noqa: PLC0415

    channel.basic_publish_confirm(Message(""), routing_key="celery-health.no-queue", confirm_timeout=seconds)


def _send(app: Any, task: str, queue: str, seconds: float) -> Any:
    from kombu import Exchange, Queue  # noqa: PLC0415

    echo = {"args": ["celery-health"], "kwargs": {"index": 0}} if task == ECHO_TASK else {}
    try:
        return app.send_task(
            task,
            # The default exchange, and no declaration: the queue stays as the application declared it.
            queue=Queue(queue, Exchange("", type="direct"), routing_key=queue, no_declare=True),
            declare=[],
            expires=max(1.0, seconds),
            # RabbitMQ itself drops a message that no worker takes.
            expiration=max(1.0, seconds),
            retry=False,
            ignore_result=False,
            **echo,
        )
    except Exception as error:  # any error is the outcome for this queue
        return error


def _arrived(sent: _Sent) -> RoundTrip | None:
    """The outcome, None while there is none."""
    queue, task, result = sent.queue, sent.task, sent.result
    if isinstance(result, Exception):
        return RoundTrip(queue, task, False, None, f"the task cannot be sent: {_text(result)}")
    try:
        if not result.ready():
            return None
        state, value = result.state, result.result
    except Exception as error:  # any error of the result backend is the outcome for this queue
        return RoundTrip(queue, task, False, None, f"the result cannot be fetched: {_text(error)}")
    took = time.monotonic() - sent.at
    if state != "SUCCESS":
        return RoundTrip(queue, task, False, took, f"{state}: {_text(value)}")
    if isinstance(value, dict) and value.get("ok") is False:
        return RoundTrip(
            queue, task, False, took, "; ".join(_failed_checks(value)) or "the task reports a failure"
        )
    return RoundTrip(queue, task, True, took, f"result after {took:.2f} s")


def _forget(sent: _Sent) -> None:
    """No other program needs the result. Where it cannot be deleted, it expires."""
    with suppress(Exception):
        sent.result.forget()


def _failed_checks(value: dict[str, Any]) -> Iterator[str]:
    checks = value.get("checks")
    for name, check in (checks if isinstance(checks, dict) else {}).items():
        if isinstance(check, dict) and check.get("ok") is False:
            yield f"{name}: {redact(str(check.get('message', '')))}"


def _text(error: object) -> str:
    return in_one_line(error) if isinstance(error, BaseException) else redact(first_line(error))
