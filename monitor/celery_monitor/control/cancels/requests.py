"""Takes a cancel from a caller."""

from collections.abc import Callable

from celery_monitor.control.cancels.keeper import CancelKeeper
from celery_monitor.control.refused import RefusedError
from celery_monitor.control.rules import cancel_refusal
from celery_monitor.history.history import History
from celery_monitor.history.requests.cancels import MOST_OPEN
from celery_monitor.live.known_tasks import KnownTasks
from celery_monitor.records.requests import RequestedCancel


class CancelRequests:
    """Accepts cancels of single tasks."""

    def __init__(
        self, tasks: KnownTasks, history: History, keeper: CancelKeeper, clock: Callable[[], float]
    ) -> None:
        self._tasks = tasks
        self._history = history
        self._keeper = keeper
        self._clock = clock

    async def cancel(self, task_id: str, identity: str, *, terminate: bool, signal: str) -> RequestedCancel:
        """Keep the cancel and have it sent. A task that the monitor has not seen may wait in its queue.

        Raises:
            RefusedError: the task has ended, or too many cancels are open.
            HistoryUnavailableError: the cancel cannot be kept now, and is not sent.
        """
        record = await self._tasks.record(task_id)
        if record is not None and (why := cancel_refusal(record)) is not None:
            raise RefusedError(why)
        if await count_given(self._history) >= MOST_OPEN:
            raise RefusedError(
                f"{MOST_OPEN:,} cancels are open already, and a worker remembers no more: wait until "
                "cancelled tasks have ended."
            )
        cancel = RequestedCancel(
            task_id=task_id, at=self._clock(), identity=identity, terminate=terminate, signal=signal
        )
        await self._keeper.keep([cancel])
        return cancel


async def count_given(history: History) -> int:
    """The cancels that are open, and those that wait in an action on many tasks."""
    # In this order: what the action moves in between counts twice, not never.
    return await history.bulks.count_waiting_cancels() + await history.cancels.count_open()
