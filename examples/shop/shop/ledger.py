"""What happened to every task, in a Redis list beside the results: it shows lost and doubled tasks.

``python -m shop.ledger`` prints the counts. The list is ``shop:ledger``, in the database of
CELERY_RESULT_BACKEND.
"""

import argparse
import json
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from celery import signals
from redis import Redis, RedisError
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

KEY = "shop:ledger"

log = logging.getLogger(__name__)


class Event(StrEnum):
    """A step in the life of a task. A task that asks for a retry is RETRIED and STARTED again later."""

    SENT = "sent"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    RETRIED = "retried"


ENDINGS = {"SUCCESS": Event.SUCCEEDED, "FAILURE": Event.FAILED, "RETRY": Event.RETRIED}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger; ``time`` is Unix time in seconds."""

    task: str
    event: Event
    worker: str
    time: float


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of tasks. ``open``: sent and not ended (waiting, running or lost). ``doubled``: ended twice."""

    sent: int
    succeeded: int
    failed: int
    open: int
    doubled: int
    workers: int


class Ledger:
    """The list in Redis. A short outage is waited out, a long one raises ``redis.RedisError``."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=5,
            retry=Retry(ExponentialBackoff(cap=1, base=0.05), retries=15),
            retry_on_error=[RedisConnectionError, RedisTimeoutError],
        )

    def write(self, task: str, event: Event, worker: str) -> None:
        self._redis.rpush(
            KEY, json.dumps({"task": task, "event": event, "worker": worker, "time": time.time()})
        )

    def read(self) -> list[Entry]:
        lines: list[str] = self._redis.lrange(KEY, 0, -1)  # type: ignore[assignment]
        return [Entry(**{**record, "event": Event(record["event"])}) for record in map(json.loads, lines)]

    def clear(self) -> None:
        self._redis.delete(KEY)


def summarize(entries: Iterable[Entry]) -> Summary:
    """Count; the order of the entries does not matter."""
    entries = list(entries)
    sent = {entry.task for entry in entries if entry.event is Event.SENT}
    ended = Counter(entry.task for entry in entries if entry.event in (Event.SUCCEEDED, Event.FAILED))
    return Summary(
        sent=len(sent),
        succeeded=len({entry.task for entry in entries if entry.event is Event.SUCCEEDED}),
        failed=len({entry.task for entry in entries if entry.event is Event.FAILED}),
        open=len(sent - ended.keys()),
        doubled=sum(1 for count in ended.values() if count > 1),
        workers=len({entry.worker for entry in entries if entry.event is Event.STARTED}),
    )


def follow(app: Any) -> None:
    """Write the start and the end of every task of ``app``; without a Redis result backend, nothing."""
    url = app.conf.result_backend or ""
    if not url.startswith(("redis://", "rediss://")):
        return
    ledger = Ledger(url)

    def write(task_id: str, event: Event, task: Any) -> None:
        try:
            ledger.write(task_id, event, task.request.hostname or "")
        except RedisError as error:
            # The ledger watches the shop; it never stops it.
            log.warning("Ledger not written (%s %s): %s", event, task_id, error)

    def started(task_id: str, task: Any, **_: Any) -> None:
        write(task_id, Event.STARTED, task)

    def ended(task_id: str, task: Any, state: str, **_: Any) -> None:
        if state in ENDINGS:
            write(task_id, ENDINGS[state], task)

    signals.task_prerun.connect(started, weak=False)
    signals.task_postrun.connect(ended, weak=False)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m shop.ledger", description="Count sent, ended and doubled tasks."
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--clear", action="store_true", help="empty the ledger")
    options = parser.parse_args(arguments)
    url = os.environ.get("CELERY_RESULT_BACKEND", "")
    if not url.startswith(("redis://", "rediss://")):
        print("CELERY_RESULT_BACKEND must be a Redis URL, such as redis://redis:6379/1", file=sys.stderr)
        return 2
    ledger = Ledger(url)
    try:
        if options.clear:
            ledger.clear()
            return 0
        counts = asdict(summarize(ledger.read()))
    except RedisError as error:
        print(f"The ledger cannot be read: {error}", file=sys.stderr)
        return 1
    print(
        json.dumps(counts) if options.json else ", ".join(f"{name} {count}" for name, count in counts.items())
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
