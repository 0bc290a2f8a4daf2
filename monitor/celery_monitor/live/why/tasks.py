"""What the question needs from the history and from the merger."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from celery_monitor.records.requests import RequestedCancel
from celery_monitor.records.tasks import TaskRecord


class Percentile(NamedTuple):
    """The runtime in seconds that 99 % of this number of runs stay below."""

    p99: float
    runs: int


class Tasks(Protocol):
    """Records of tasks. A history that is away knows nothing; nothing raises."""

    async def record(self, task_id: str) -> TaskRecord | None:
        """One task, with its runs."""

    async def cancel(self, task_id: str) -> RequestedCancel | None:
        """The requested cancel of a task."""

    async def succeeded_as(self, task_id: str) -> str | None:
        """The id of the latest retry that a person has sent, if that succeeded, or the retry of that one."""

    async def active_on(self, worker: str) -> Sequence[TaskRecord]:
        """The tasks that this worker is running, at most 100."""

    async def runtime(self, name: str) -> Percentile | None:
        """The runtimes of tasks of this name over the last week."""
