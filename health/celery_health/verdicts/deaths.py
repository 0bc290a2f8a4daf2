"""The deaths of a fleet: which tasks killed the pool children or the processes that ran them.

Times are seconds of the clock by which the evidence was gathered; only their differences count.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from celery_health.wire.deaths import DeathStats
from celery_health.wire.worker_report import WorkerReport

KILLED_FROM_OUTSIDE = "signal SIGKILL"
"""A cause that says nothing about the task, unless the kernel killed the child at the memory limit."""

MEMORY_ERROR = "MemoryError"
"""The cause where Celery itself ended the whole worker."""


@dataclass(frozen=True, slots=True)
class TaskDeaths:
    """One task id and the children that died while they ran it, at one worker.

    ``cause`` and the fields after it are about the last death. ``oom``: killed at the memory limit.
    ``returns``: the message goes back to its queue. ``failed``: it would go back after any other death.
    """

    id: str
    name: str
    count: int
    first: float
    last: float
    cause: str
    oom: bool = False
    returns: bool = True
    failed: bool = False


@dataclass(frozen=True, slots=True)
class ProcessDeath:
    """The death of a worker's own process. ``tasks`` are id and name of what ran, ``task_count`` in all."""

    at: float
    cause: str
    oom: bool
    tasks: tuple[tuple[str, str], ...]
    task_count: int


@dataclass(frozen=True, slots=True)
class WorkerDeaths:
    """The deaths at one worker.

    ``runs`` is how often each task name with deaths has run, ``processed`` how many tasks have. The counts of
    children and tasks are of the window that the agent keeps. Memory is bytes of the container.
    """

    worker: str
    tasks: tuple[TaskDeaths, ...] = ()
    runs: tuple[tuple[str, int], ...] = ()
    processed: int = 0
    children_lost: int = 0
    tasks_lost: int = 0
    memory_limit: int | None = None
    memory_peak: int | None = None
    process_deaths: tuple[ProcessDeath, ...] = ()


@dataclass(frozen=True, slots=True)
class Victim:
    """A task id with its deaths at one worker, or with all of them in the fleet.

    ``alone``: deaths at which no other task ran in what died. ``at``: the process deaths, as worker and
    number. ``last_worker`` is where the last death was, ``memory`` the peak and the limit there in bytes,
    each None where it is unknown.
    """

    id: str
    name: str
    count: int
    alone: int
    first: float
    last: float
    cause: str
    oom: bool
    returns: bool
    last_worker: str
    memory: tuple[int | None, int | None] = (None, None)
    at: frozenset[tuple[str, float]] = frozenset()


@dataclass(frozen=True, slots=True)
class FleetDeaths:
    """The deaths at all workers, those included that are gone for less than the agent's window."""

    workers: tuple[WorkerDeaths, ...] = ()
    dead_letter_queue: str = ""
    """Where workers move the messages of poison tasks; empty where quarantine is off."""

    def victims(self) -> tuple[Victim, ...]:
        """Every task id that ran at a death, the most deaths first."""
        by_id: dict[str, list[Victim]] = {}
        for worker in self.workers:
            for victim in chain(_of_children(worker), _of_processes(worker)):
                by_id.setdefault(victim.id, []).append(victim)
        found = (_joined(of_id) for of_id in by_id.values())
        return tuple(sorted(found, key=lambda victim: (-victim.count, -victim.alone, victim.id)))

    def deaths_by_name(self) -> Counter[str]:
        """Deaths of children by task name, without those that a signal from outside explains."""
        counts: Counter[str] = Counter()
        for task in self._tasks():
            if task.oom or task.cause != KILLED_FROM_OUTSIDE:
                counts[task.name] += task.count
        return counts

    def share_of_runs(self, name: str) -> float:
        """The part of all tasks that had this name, at the workers that say how often it ran there."""
        counted = [(dict(worker.runs).get(name), worker.processed) for worker in self.workers]
        processed = sum(processed for runs, processed in counted if runs is not None)
        runs = sum(runs for runs, _ in counted if runs is not None)
        return min(1.0, runs / processed) if processed else 1.0

    @property
    def children_lost(self) -> int:
        """Deaths of children at all workers."""
        return sum(worker.children_lost for worker in self.workers)

    @property
    def tasks_lost(self) -> int:
        """Tasks that are gone with the child that ran them."""
        return sum(worker.tasks_lost for worker in self.workers)

    def _tasks(self) -> Iterator[TaskDeaths]:
        return chain.from_iterable(worker.tasks for worker in self.workers)


NO_DEATHS = FleetDeaths()


def worker_deaths(worker: str, report: WorkerReport | DeathStats, written: float) -> WorkerDeaths:
    """The deaths at one worker by its report. ``written``: when that was written, by the reader's clock."""
    behind = written - report.written_mono
    return WorkerDeaths(
        worker=worker,
        tasks=tuple(
            TaskDeaths(
                id=task.id,
                name=task.name,
                count=task.count,
                first=task.first_mono + behind,
                last=task.last_mono + behind,
                cause=task.cause,
                oom=task.oom,
                returns=task.returns,
                failed=task.failed,
            )
            for task in report.deaths
        ),
        runs=tuple((one.name, one.runs) for one in report.deaths_by_name),
        processed=report.processed,
        children_lost=report.children_lost,
        tasks_lost=report.tasks_lost,
        memory_limit=report.memory_limit_bytes,
        memory_peak=report.memory_peak_bytes,
    )


def _of_children(worker: WorkerDeaths) -> Iterator[Victim]:
    for task in worker.tasks:
        yield Victim(
            id=task.id,
            name=task.name,
            count=task.count,
            alone=task.count,
            first=task.first,
            last=task.last,
            cause=task.cause,
            oom=task.oom,
            returns=task.returns,
            last_worker=worker.worker,
            memory=(worker.memory_peak, worker.memory_limit),
        )


def _of_processes(worker: WorkerDeaths) -> Iterator[Victim]:
    for death in worker.process_deaths:
        for id_, name in death.tasks:
            yield Victim(
                id=id_,
                name=name,
                count=1,
                alone=int(death.task_count == 1),
                first=death.at,
                last=death.at,
                cause=death.cause,
                oom=death.oom,
                returns=True,
                last_worker=worker.worker,
                # The peak is that of the container that has taken the place of the lost one.
                memory=(None, worker.memory_limit),
                at=frozenset({(worker.worker, death.at)}),
            )


def _joined(of_id: Sequence[Victim]) -> Victim:
    """The same id with the deaths at all workers."""
    return replace(
        max(of_id, key=lambda victim: victim.last),
        count=sum(victim.count for victim in of_id),
        alone=sum(victim.alone for victim in of_id),
        first=min(victim.first for victim in of_id),
        at=frozenset().union(*(victim.at for victim in of_id)),
    )
