"""The deaths in the pods of one resource, kept for a while after a pod or a process is gone."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from celery_health.verdicts.deaths import FleetDeaths, ProcessDeath, TaskDeaths, WorkerDeaths, worker_deaths
from celery_health.wire.bounds import DEATH_WINDOW_SECONDS
from celery_health.wire.deaths import ProcessEnd
from celery_operator.snapshot import ContainerEnd, PodState

MATCH = timedelta(seconds=30)
"""The most by which the sidecar's and the kubelet's time of one end differ: clocks of nodes differ, too."""

MOST_KEPT = 200
"""Processes, and ends of processes, that are remembered for one resource. Of more pods, two for each."""

_SIGNAL_BASE = 128
_ORDERED = frozenset(
    {0, _SIGNAL_BASE + signal.SIGTERM, _SIGNAL_BASE + signal.SIGINT, _SIGNAL_BASE + signal.SIGKILL}
)
"""Exit codes that do not speak of a task: ends that were ordered, and a kill from outside."""

_Key = TypeVar("_Key")
_Process = tuple[str, int, float | None]
"""Pod uid, pid, and when the process started to report."""
_End = tuple[str, float]
"""Pod uid, and when the sidecar saw the end."""


class SeenDeaths:
    """Remembers the deaths that readings show. Times are seconds of one clock that never goes back."""

    def __init__(self) -> None:
        self._processes: dict[_Process, tuple[float, WorkerDeaths]] = {}
        self._ends: dict[_End, tuple[float, WorkerDeaths]] = {}

    def update(self, pods: tuple[PodState, ...], now: float, wall: datetime) -> FleetDeaths:
        """Add what the pods show; ``wall`` is the moment ``now``. Gives the deaths of the window.

        Of a process that is gone only the tasks at its deaths count: another pool has taken its place.
        """
        running, most = set(), max(MOST_KEPT, 2 * len(pods))
        for pod in pods:
            reading = pod.reading
            if reading is None or pod.deleting:
                continue
            if reading.report is not None:
                key = (pod.uid, reading.report.pid, reading.report.started_mono)
                found = worker_deaths(pod.name, reading.report, now - reading.age)
                running.add(key)
                last = max((task.last for task in found.tasks), default=now)
                _keep(self._processes, key, last, found, most)
            for end in reading.ends:
                ended = (pod.uid, end.ended_mono)
                if ended not in self._ends and (death := _of_end(pod, end, now, wall)):
                    _keep(self._ends, ended, now - end.ended_age, death, most)
        processes = (
            found if key in running else replace(found, children_lost=0)
            for key, found in _current(self._processes, now)
        )
        return FleetDeaths((*processes, *(found for _, found in _current(self._ends, now))))


def _keep(
    kept: dict[_Key, tuple[float, WorkerDeaths]], key: _Key, at: float, found: WorkerDeaths, most: int
) -> None:
    if not (found.children_lost or found.tasks_lost or found.process_deaths):
        kept.pop(key, None)
        return
    kept[key] = (at, found)
    while len(kept) > most:
        del kept[next(iter(kept))]


def _current(kept: dict[_Key, tuple[float, WorkerDeaths]], now: float) -> Iterator[tuple[_Key, WorkerDeaths]]:
    for key, (at, found) in list(kept.items()):
        if now - at > DEATH_WINDOW_SECONDS:
            del kept[key]
        else:
            yield key, found


def _of_end(pod: PodState, end: ProcessEnd, now: float, wall: datetime) -> WorkerDeaths | None:
    """The end with the kubelet's cause; None while that is unknown, and for an end that was ordered."""
    if end.cause:
        return _of_ending_task(pod, end, now - end.ended_age)
    known = pod.last_end
    if known is None or abs(wall - timedelta(seconds=end.ended_age) - known.finished_at) > MATCH:
        return None
    if not known.oom and known.exit_code in _ORDERED:
        return None
    death = ProcessDeath(
        at=now - end.ended_age,
        cause=_cause(known),
        oom=known.oom,
        tasks=tuple((task.id, task.name) for task in end.active),
        task_count=end.active_count,
    )
    return WorkerDeaths(
        worker=pod.name,
        memory_limit=end.memory_limit_bytes,
        process_deaths=(death,) if death.tasks else (),
    )


def _of_ending_task(pod: PodState, end: ProcessEnd, at: float) -> WorkerDeaths:
    """Celery itself ended the process because of one task. For the fleet that is as if a child had died."""
    tasks = tuple(
        TaskDeaths(task.id, task.name, 1, first=at, last=at, cause=end.cause, returns=end.returns)
        for task in end.active
    )
    return WorkerDeaths(
        worker=pod.name,
        tasks=tasks,
        children_lost=len(tasks),
        tasks_lost=0 if end.returns else len(tasks),
        memory_limit=end.memory_limit_bytes,
    )


def _cause(end: ContainerEnd) -> str:
    """In the words of the agent's own reports."""
    number = end.exit_code - _SIGNAL_BASE
    try:
        return f"signal {signal.Signals(number).name}"
    except ValueError:
        return f"exit status {end.exit_code}"
