"""The deaths of the worker's own process, and the tasks that ran at each of them.

The sidecar outlives the worker's container. When the lock shows that a process is gone, the sidecar keeps
what the last report of that process showed.
"""

from collections import deque
from dataclasses import dataclass
from pathlib import Path

import msgspec

from celery_health.wire.answers import ProcessState
from celery_health.wire.bounds import ENDS_BYTES, ENDS_LENGTH
from celery_health.wire.deaths import EndedTask, EndingTask, ProcessEnd
from celery_health.wire.names import STOP_FILE
from celery_health.wire.worker_report import ActiveTask, Phase, WorkerReport
from celery_probe.sidecar.observe.lock import LockReading

# A report comes every second. An older one does not show what ran at the end.
STALE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Moment:
    """What one refresh showed. ``live``: liveness passed. ``stopping``: a stop was requested."""

    lock: LockReading | None
    report: WorkerReport | None
    live: bool
    stopping: bool


class EndLog:
    """The last ends of one pod's workers. ``directory`` is the folder that agent and sidecar share."""

    def __init__(self, directory: Path) -> None:
        self._stop = directory / STOP_FILE
        self._ends: deque[ProcessEnd] = deque(maxlen=ENDS_LENGTH)

    def is_stop_requested(self) -> bool:
        """Whether the worker is about to be stopped, by its stop hook."""
        return self._stop.exists()

    def note(self, before: Moment, after: Moment, now: float) -> None:
        """Compare two refreshes, and keep the end of a process that nothing ordered."""
        if not _has_ended(before.lock, after.lock):
            return
        report = _last_report(before.report, after)
        if report is not None and report.ended_by is not None:
            # Celery stops in order then, for as long as other tasks run, so that the report says "stopping".
            self._keep(_end_by_task(report, report.ended_by, now))
            return
        ordered = before.stopping or after.stopping or not before.live
        if report is None or ordered or report.phase is Phase.STOPPING:
            return
        if now - report.written_mono <= STALE_SECONDS:
            self._keep(_end_of(report, now))

    def latest(self, now: float) -> tuple[ProcessEnd, ...]:
        """The ends with their ages at the moment ``now``, the newest last."""
        return tuple(
            msgspec.structs.replace(end, ended_age=round(max(0.0, now - end.ended_mono), 3))
            for end in self._ends
        )

    def _keep(self, end: ProcessEnd) -> None:
        """Drop the oldest ends, and then tasks of the only one, until all of them take ``ENDS_BYTES``."""
        self._ends.append(end)
        while len(msgspec.json.encode(tuple(self._ends))) > ENDS_BYTES:
            if len(self._ends) > 1:
                self._ends.popleft()
            else:
                end = self._ends.pop()
                self._ends.append(msgspec.structs.replace(end, active=_outer_half(end.active)))


def _outer_half(active: tuple[EndedTask, ...]) -> tuple[EndedTask, ...]:
    """Half of the tasks of a report: of those that run longest, which come first, and of those begun last."""
    kept = len(active) // 2
    latest = (kept + 1) // 2
    return (*active[: kept - latest], *active[len(active) - latest :])


def _has_ended(before: LockReading | None, after: LockReading | None) -> bool:
    if before is None or after is None or before.state is not ProcessState.RUNNING:
        return False
    return after.state is ProcessState.ENDED or (
        after.state is ProcessState.RUNNING and after.holder != before.holder
    )


def _last_report(last: WorkerReport | None, after: Moment) -> WorkerReport | None:
    """The last report of the process that ended. It may have written one since the refresh before."""
    newest = after.report
    if newest is None or last is None:
        return last
    same = (newest.pid, newest.started_mono) == (last.pid, last.started_mono)
    return newest if same else last


def _end_of(report: WorkerReport, now: float) -> ProcessEnd:
    return ProcessEnd(
        pid=report.pid,
        started_mono=report.started_mono,
        ended_mono=now,
        ended_age=0.0,
        active_count=report.active_count,
        active=tuple(_task(task, report, now) for task in report.active),
        memory_limit_bytes=report.memory_limit_bytes,
    )


def _end_by_task(report: WorkerReport, task: EndingTask, now: float) -> ProcessEnd:
    return msgspec.structs.replace(
        _end_of(report, now),
        active_count=1,
        active=(EndedTask(id=task.id, name=task.name, ran_for=task.ran_for),),
        cause=task.cause,
        returns=task.returns,
    )


def _task(task: ActiveTask, report: WorkerReport, now: float) -> EndedTask:
    """``started_at`` is Unix time. The report's own two times lead from one clock to the other."""
    ran_for = None
    if task.started_at is not None and report.written_at is not None:
        ran_for = round(max(0.0, now - report.written_mono + report.written_at - task.started_at), 3)
    return EndedTask(id=task.id, name=task.name, ran_for=ran_for)
