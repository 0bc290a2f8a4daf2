"""The deaths of a worker's pool children and of its own process: ends that nothing ordered.

No death is recorded while a worker stops, nor for ``maxTasksPerChild``, time limits and revoked tasks.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from celery_health.wire.bounds import ACTIVE_LENGTH, DEATHS_LENGTH, Count, Name, Seconds
from celery_health.wire.names import DEATHS_STAT


class TaskDeaths(msgspec.Struct, frozen=True, kw_only=True):
    """One task id, and the pool children that died while they ran it, within ``DEATH_WINDOW_SECONDS``.

    ``count`` is the number of these deaths, ``first_mono`` and ``last_mono`` are the times of the first and
    the last. The other fields are about the last death: ``queue`` is empty where it is not known. ``cause``
    is a phrase: ``signal SIGSEGV`` or ``exit status 3``. ``oom`` says that the kernel killed the child
    because the container reached its memory limit: its counter ``oom_kill`` was higher after the death than
    before it. The report has one memory peak for all deaths, because the peak never falls. ``ran_for``:
    seconds that the task had run. ``returns`` says whether the message goes back to its queue; if not, the
    task is lost. ``failed``: the message would go back after another death, but the task raised SystemExit,
    which this version of Celery takes for a failure.
    """

    id: Name
    name: Name
    queue: Name = ""
    count: Count
    first_mono: Seconds
    last_mono: Seconds
    cause: Name
    oom: bool = False
    ran_for: Seconds | None = None
    returns: bool = False
    failed: bool = False


class NameDeaths(msgspec.Struct, frozen=True, kw_only=True):
    """One task name, and the pool children that died while they ran a task of it.

    ``count``: deaths within ``DEATH_WINDOW_SECONDS``. ``runs``: tasks of that name that the process has begun
    since it started; ``processed`` of the report counts the tasks of all names.
    """

    name: Name
    count: Count
    runs: Count


class EndedTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task that ran when its worker ended. ``ran_for``: seconds since it began."""

    id: Name
    name: Name
    ran_for: Seconds | None


class EndingTask(EndedTask, frozen=True, kw_only=True):
    """The task because of which Celery ends the whole worker, in order: it raised MemoryError.

    ``cause`` is a phrase, and ``returns`` says whether the message goes back to its queue.
    """

    cause: Name
    returns: bool


class ProcessEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The death of a worker's own process, with the tasks that ran by its last report.

    ``pid`` and ``started_mono`` are of its last report. ``ended_mono`` is when the sidecar saw that the
    process had ended, some tenths of a second late: it identifies the end among those of one pod.
    ``ended_age`` is the time since then. ``active`` has as many of the ``active_count`` tasks as the answer
    has room for. ``memory_limit_bytes`` is the container's limit, null without one. ``cause`` is empty where
    only the kubelet knows it. Else ``active`` is the one task that caused the end, as in ``EndingTask``, and
    ``returns`` says whether its message goes back to its queue.
    """

    pid: Count
    started_mono: Seconds | None
    ended_mono: Seconds
    ended_age: Seconds
    active_count: Count
    active: Annotated[tuple[EndedTask, ...], Meta(max_length=ACTIVE_LENGTH)]
    memory_limit_bytes: Count | None = None
    cause: Name = ""
    returns: bool = True


DeathsById = Annotated[tuple[TaskDeaths, ...], Meta(max_length=DEATHS_LENGTH)]
DeathsByName = Annotated[tuple[NameDeaths, ...], Meta(max_length=DEATHS_LENGTH)]


class DeathStats(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker that records deaths adds to its answer to ``inspect stats``.

    Fields are those of a worker report. ``written_mono`` is when the worker answered.
    """

    written_mono: Seconds
    processed: Count
    deaths: DeathsById
    deaths_by_name: DeathsByName
    children_lost: Count
    tasks_lost: Count
    memory_limit_bytes: Count | None = None
    memory_peak_bytes: Count | None = None


def death_stats(stats: object) -> DeathStats | None:
    """Read them from a worker's answer to ``inspect stats``; None where they are missing or invalid."""
    found = stats.get(DEATHS_STAT) if isinstance(stats, dict) else None
    try:
        return msgspec.convert(found, DeathStats)
    except msgspec.ValidationError:
        return None
