"""Which task ids every worker of the resource takes out of circulation, with ``poisonTasks: Quarantine``.

The ids are in ``status.quarantine``: a restarted operator and new pods go on with the same list. An id leaves
the list once its deaths are over: its message is in the dead-letter queue by then, and may be replayed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from celery_health.redaction import redact
from celery_health.verdicts.fleet.poison_tasks import poison_ids
from celery_health.wire.bounds import DEATH_WINDOW_SECONDS, QUARANTINE_LENGTH
from celery_operator.api.names import dead_letter_queue
from celery_operator.api.status import QuarantinedTask
from celery_operator.decide.event_note import EventNote, EventReason
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.evidence.workers import thresholds_of
from celery_operator.decide.orders import QuarantineOrder
from celery_operator.decide.times import moment, rfc3339
from celery_operator.snapshot import Snapshot

MOST_PROBLEMS = 3


@dataclass(frozen=True, slots=True)
class Quarantine:
    """``tasks`` are written before the ``orders`` are sent."""

    tasks: tuple[QuarantinedTask, ...]
    orders: tuple[QuarantineOrder, ...]
    notes: tuple[EventNote, ...]


def quarantine(evidence: Evidence) -> Quarantine:
    """The list of now, and an order to each worker that has another one."""
    snapshot = evidence.snapshot
    tasks = _tasks(snapshot) if snapshot.spec.health.poison_tasks == "Quarantine" else ()
    notes = (*_notes(snapshot, tasks), *_problems(evidence))
    return Quarantine(tasks, tuple(_orders(evidence, tasks)), notes)


def _tasks(snapshot: Snapshot) -> tuple[QuarantinedTask, ...]:
    """Those with the latest deaths, as far as a list may be long."""
    kept = {task.id: task for task in snapshot.previous.quarantine if moment(task.until) > snapshot.now}
    for victim in poison_ids(snapshot.deaths, thresholds_of(snapshot)):
        until = snapshot.now + timedelta(seconds=victim.last + DEATH_WINDOW_SECONDS - snapshot.mono)
        kept[victim.id] = QuarantinedTask(id=victim.id, name=victim.name, until=rfc3339(until))
    latest = sorted(kept.values(), key=lambda task: (task.until, task.id), reverse=True)
    return tuple(sorted(latest[:QUARANTINE_LENGTH], key=lambda task: task.id))


def _orders(evidence: Evidence, tasks: tuple[QuarantinedTask, ...]) -> Iterator[QuarantineOrder]:
    ids = tuple(task.id for task in tasks)
    queue = dead_letter_queue(evidence.snapshot.name)
    for group in evidence.groups:
        for worker in group.present:
            reading = worker.pod.reading
            if reading is not None and reading.quarantined != ids:
                yield QuarantineOrder(worker.pod.name, worker.pod.uid, queue, ids)


def _problems(evidence: Evidence) -> Iterator[EventNote]:
    """Why workers keep messages that they could not move: a note for each cause."""
    readings = [worker.pod.reading for group in evidence.groups for worker in group.present]
    reports = [reading.report for reading in readings if reading is not None]
    problems = {report.quarantine_problem for report in reports if report and report.quarantine_problem}
    for problem in sorted(problems)[:MOST_PROBLEMS]:
        yield EventNote(
            "Warning",
            EventReason.QUARANTINE_FAILED,
            f"Messages of tasks in quarantine cannot be moved to the queue "
            f"{dead_letter_queue(evidence.snapshot.name)}. Workers keep them and run other tasks. "
            f"{redact(problem)}",
        )


def _notes(snapshot: Snapshot, tasks: tuple[QuarantinedTask, ...]) -> Iterator[EventNote]:
    before = {task.id for task in snapshot.previous.quarantine}
    queue = dead_letter_queue(snapshot.name)
    for task in tasks:
        if task.id not in before:
            yield EventNote(
                "Warning",
                EventReason.TASK_QUARANTINED,
                f"Workers move task {task.name} ({task.id}) to the queue {queue} instead of running it.",
            )
