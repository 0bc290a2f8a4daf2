"""How the facts of a task are put into words. A clause is empty where its fact is unknown."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from celery_health.redaction import printable
from celery_health.verdicts.text import counted, lasting
from celery_health.why.facts import BlockingTask, TaskFacts

_MAX_WORD = 255
_BEGINNING = re.compile(r"[0-9a-f]{8}(-[0-9a-f-]{0,26})?")
"""Of an id as Celery makes them: 36 characters. Verdicts show the first 8."""


def is_beginning(task_id: str) -> bool:
    """Whether this is only the beginning of an id."""
    return _BEGINNING.fullmatch(task_id) is not None


def short(text: str) -> str:
    """A name or an id as one short line: it may come from any program that reaches the broker."""
    shown = printable(text[: _MAX_WORD + 1])
    return shown if len(shown) <= _MAX_WORD else f"{shown[:_MAX_WORD]}..."


def task(facts: TaskFacts) -> str:
    """``task shop.mail ID``, or ``task ID``."""
    name = f"{short(facts.name)} " if facts.name else ""
    return f"task {name}{short(facts.id)}"


def blocking_task(blocking: BlockingTask) -> str:
    """``task shop.report ID, which has been running for 40 min``."""
    name = f"{short(blocking.name)} " if blocking.name else ""
    since = (
        ""
        if blocking.running_for is None
        else f", which has been running for {lasting(blocking.running_for)}"
    )
    return f"task {name}{short(blocking.id)}{since}"


def ago(facts: TaskFacts, time: float | None) -> str:
    """`` 3 min ago``."""
    return "" if time is None else f" {lasting(max(0.0, facts.now - time))} ago"


def until(facts: TaskFacts, time: float | None) -> str:
    """`` 2026-11-29 10:00:00 UTC (in 40 min)``."""
    if time is None:
        return ""
    left = time - facts.now
    distance = f"in {lasting(left)}" if left >= 0 else f"{lasting(-left)} ago"
    return f" {moment(time)} ({distance})"


def moment(time: float) -> str:
    """``2026-11-29 10:00:00 UTC``; the number itself if it is no time of this calendar."""
    try:
        return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"{time:g}"


def ahead(facts: TaskFacts) -> str:
    """`` behind about 120 messages``, or `` as the next message``."""
    queue = facts.queue
    if queue is None or queue.ahead is None:
        return ""
    if queue.at_least:
        return f" behind at least {counted(queue.ahead, 'message')}"
    if queue.ahead == 0:
        return " as the next message"
    return f" behind about {counted(queue.ahead, 'message')}"


def names(workers: Sequence[str], most: int = 5) -> str:
    """``a, b, c``, and how many more."""
    shown = ", ".join(short(one) for one in workers[:most])
    more = len(workers) - most
    return shown if more <= 0 else f"{shown} and {more} more"
