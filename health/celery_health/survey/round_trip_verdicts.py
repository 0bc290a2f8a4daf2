"""The verdicts on the test tasks: which have failed, and which prove nothing of the workers."""

from collections.abc import Iterator, Sequence

from celery_health.catalogue.entry import Severity
from celery_health.catalogue.fleet import FleetReason
from celery_health.survey.round_trip import PROVING_SECONDS, RoundTrip
from celery_health.survey.snapshot import Snapshot
from celery_health.verdicts.text import counted, listed
from celery_health.verdicts.verdict import Verdict
from celery_health.verdicts.worker_snapshot import WorkerSnapshot


def failed_test_tasks(snapshot: Snapshot) -> Iterator[Verdict]:
    """One verdict for each case: the test tasks that failed, and those that may only have to wait."""
    by_case: dict[str, list[RoundTrip]] = {}
    for trip in snapshot.test_tasks:
        if not trip.ok:
            by_case.setdefault(_case(trip, snapshot), []).append(trip)
    for case, trips in by_case.items():
        severity = Severity.UNHEALTHY if len(trips) == len(snapshot.test_tasks) else None
        yield Verdict(
            FleetReason.TEST_TASK_FAILED,
            tuple(trip.queue for trip in trips),
            {
                "failed": str(len(trips)),
                "sent": counted(len(snapshot.test_tasks), "test task"),
                "failures": "; ".join(f"{trip.queue}: {trip.message}" for trip in trips),
                "busy": _busy_words(trips, snapshot),
            },
            variant=case,
            severity_here=Severity.UNKNOWN if case else severity,
        )


def _case(trip: RoundTrip, snapshot: Snapshot) -> str:
    """The variant of the verdict; empty where the test task has failed."""
    if trip.waited is None:
        return ""
    if trip.waited < PROVING_SECONDS:
        return "too_short"
    if _busy(trip.queue, snapshot):
        return "behind_others"
    # A worker that does not answer may be busy with a task: one of the pool solo, or without remote control.
    none_asked = not snapshot.workers and not snapshot.workers_known
    return "unseen" if snapshot.unresponsive or none_asked else ""


def _busy(queue: str, snapshot: Snapshot) -> list[WorkerSnapshot]:
    """The workers that may have taken the test task, and have other tasks before it.

    A worker that runs nothing is not busy, whatever it has fetched: its pool may be stuck.
    """
    ready = sum(one.ready or 0 for one in snapshot.broker.queues if one.name == queue)
    return [
        worker
        for worker in snapshot.workers
        if queue in worker.queues
        and worker.consuming is not False
        and worker.active_count
        and (ready or worker.reserved or worker.slots is None or worker.active_count >= worker.slots)
    ]


def _busy_words(trips: Sequence[RoundTrip], snapshot: Snapshot) -> str:
    """``one@here runs 2 tasks in 2 slots``."""
    busy = dict.fromkeys(worker for trip in trips for worker in _busy(trip.queue, snapshot))
    return listed([_runs(worker) for worker in busy])


def _runs(worker: WorkerSnapshot) -> str:
    slots = "" if worker.slots is None else f" in {counted(worker.slots, 'slot')}"
    return f"{worker.name} runs {counted(worker.active_count, 'task')}{slots}"
