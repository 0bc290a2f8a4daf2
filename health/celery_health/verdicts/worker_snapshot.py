"""A worker as the fleet's verdicts see it, however it was seen: through its sidecar or by remote control."""

from collections.abc import Iterable
from dataclasses import dataclass

from celery_health.wire.worker_report import ActiveTask, WorkerReport


@dataclass(frozen=True, slots=True)
class RunningTask:
    """A task in a pool slot. ``running_for`` and ``limit`` are seconds; None: unknown."""

    id: str
    name: str
    running_for: float | None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class WorkerSnapshot:
    """One worker at one moment; None always means unknown.

    ``running`` may be shorter than ``active_count``: a report shows 100. ``idle_for`` is how many seconds
    ago a task last began or ended. ``has_room`` is False while the prefetch limit keeps the worker from
    taking more. ``pool`` is its kind, such as prefork; empty if unknown. ``copies``: how many workers have
    this name; the numbers are those of all of them.
    """

    name: str
    consuming: bool | None
    slots: int | None
    active_count: int
    running: tuple[RunningTask, ...]
    reserved: int
    eta: int
    queues: tuple[str, ...]
    prefetch: int | None = None
    initial_prefetch: int | None = None
    idle_for: float | None = None
    has_room: bool | None = None
    pool: str = ""
    copies: int = 1

    @property
    def in_flight(self) -> int:
        """Tasks that the worker has fetched and not finished."""
        return self.active_count + self.reserved + self.eta

    @property
    def waiting(self) -> int:
        """Tasks that the worker has fetched and not started."""
        return self.reserved + self.eta

    @property
    def room(self) -> int | None:
        """How many more messages the prefetch limit lets it take; None if unknown, or without a limit."""
        return max(0, self.prefetch - self.in_flight) if self.prefetch else None

    @property
    def own_prefetch(self) -> int | None:
        """The prefetch limit as it is configured: each ETA task raises ``prefetch`` by one."""
        if self.initial_prefetch is not None:
            return self.initial_prefetch
        return None if self.prefetch is None else max(0, self.prefetch - self.eta)

    @property
    def takes_more(self) -> bool | None:
        """Whether the prefetch limit leaves room: by the transport's own word, else by the counts.

        Where tasks are acknowledged late, active tasks count as well. Nothing reports which way applies, so
        the answer is unknown between the two counts.
        """
        if self.has_room is not None or self.prefetch is None:
            return self.has_room
        if self.prefetch == 0 or self.in_flight < self.prefetch:
            return True
        return False if self.waiting >= self.prefetch else None


def worker_snapshot(
    name: str, report: WorkerReport, consuming: bool | None, age: float = 0.0
) -> WorkerSnapshot:
    """A worker by its own report. ``age``: seconds since it was written; ``consuming``: by the verdict."""
    idle_for = None if report.progress_mono is None else report.written_mono - report.progress_mono + age
    return WorkerSnapshot(
        name=name,
        consuming=consuming,
        slots=report.pool_size or None,
        active_count=report.active_count,
        running=_running(report.active, None if report.written_at is None else report.written_at + age),
        reserved=report.reserved,
        eta=report.eta,
        queues=report.queues,
        prefetch=report.prefetch,
        initial_prefetch=report.initial_prefetch,
        idle_for=None if idle_for is None else max(0.0, idle_for),
        has_room=report.transport.can_consume,
        pool=report.pool_kind,
    )


def _running(tasks: Iterable[ActiveTask], now: float | None) -> tuple[RunningTask, ...]:
    """``now``: Unix time of the snapshot, by the clock of the worker's own machine; None: unknown."""
    return tuple(
        RunningTask(
            task.id,
            task.name,
            None if now is None or task.started_at is None else max(0.0, now - task.started_at),
            task.limit,
        )
        for task in tasks
    )
