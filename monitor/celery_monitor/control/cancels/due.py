"""Which revokes have to be sent to which workers now. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from celery_monitor.records.requests import RequestedCancel
from celery_monitor.remote_control.startup import may_have_missed

MOST_IN_ORDER = 1_000
"""Tasks of one order: its message stays small."""
MOST_WORKERS = 1_000
ALL_SECONDS = 60.0
"""After this time all workers are ordered again: the event of a worker's start may have been missed."""


@dataclass(frozen=True, slots=True)
class Order:
    """One order to revoke tasks. ``workers`` None: all. ``first``: no worker was ordered before."""

    task_ids: tuple[str, ...]
    terminate: bool
    signal: str
    workers: tuple[str, ...] | None = None
    first: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """What this monitor has sent. ``all_at``: when all workers were last ordered, None if never.

    ``by_worker``: when each worker was last ordered. Unix time.
    """

    all_at: float | None
    by_worker: Mapping[str, float]


def due_orders(
    cancels: Sequence[RequestedCancel], online: Mapping[str, float], sent: Sent, now: float
) -> Iterator[Order]:
    """The orders to send now. ``online``: since when each worker is online.

    New cancels go to all workers. All open ones go to workers that have just started, and from time to time
    to all workers.
    """
    everyone = sent.all_at is None or now - sent.all_at >= ALL_SECONDS
    yield from _orders([one for one in cancels if not one.sends], None, first=True)
    known = [one for one in cancels if one.sends]
    if everyone:
        yield from _orders(known, None)
        return
    new = tuple(name for name, since in online.items() if may_have_missed(sent.by_worker.get(name), since))
    if new:
        yield from _orders(known, new[:MOST_WORKERS])


def _orders(
    cancels: Sequence[RequestedCancel], workers: tuple[str, ...] | None, *, first: bool = False
) -> Iterator[Order]:
    by_way: dict[tuple[bool, str], list[str]] = {}
    for cancel in cancels:
        by_way.setdefault((cancel.terminate, cancel.signal), []).append(cancel.task_id)
    for (terminate, signal), task_ids in by_way.items():
        for start in range(0, len(task_ids), MOST_IN_ORDER):
            part = tuple(task_ids[start : start + MOST_IN_ORDER])
            yield Order(part, terminate, signal, workers, first)
