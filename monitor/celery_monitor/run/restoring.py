"""After a start: the unfinished tasks of the history are known again, and the workers that had them."""

import asyncio
import logging
from collections.abc import Callable

from celery_monitor.events.merge import Merger
from celery_monitor.history import History, HistoryUnavailableError
from celery_monitor.history.turns import in_turns
from celery_monitor.live.live import Live
from celery_monitor.records.tasks import TaskRecord
from celery_monitor.run.flushing import SAMPLE_SECONDS

MAX_RESTORED = 20_000
"""Of more unfinished tasks only the latest are known again, those that were running first."""
WAIT_SECONDS = 10.0
"""How long events wait for the first attempt."""
_RETRY_SECONDS = 2.0
_log = logging.getLogger(__name__)


class Restorer:
    """Brings what was not finished when the monitor stopped from the history into memory.

    Otherwise, nothing would show that the worker of a running task has gone, or has ended the task, in the
    meantime. What events say of a task counts.

    ``on_tried`` is called after the first attempt. Events that are merged before would be counted without the
    name of their task: only task-received has it.
    """

    def __init__(
        self,
        merger: Merger,
        live: Live,
        history: History,
        *,
        ask_seconds: float = SAMPLE_SECONDS / 3,
        on_tried: Callable[[], object] = lambda: None,
    ) -> None:
        self._merger = merger
        self._live = live
        self._history = history
        self._ask_seconds = ask_seconds
        self._on_tried = on_tried

    async def run(self) -> None:
        """Restore once, watch for workers of which only another monitor hears, and then rest for ever."""
        began = self._live.clock()
        while True:
            try:
                workers = await self.restore()
                break
            except HistoryUnavailableError:
                self._on_tried()
                await asyncio.sleep(_RETRY_SECONDS)
        self._on_tried()
        await self.watch(workers, began)
        await asyncio.Event().wait()

    async def watch(self, workers: set[str], since: float) -> None:
        """Ask the history what other monitors hear of these workers, until each was heard or is forgotten."""
        while unheard := self._unheard(workers):
            await self._ask_other_monitors(unheard, since)
            await asyncio.sleep(self._ask_seconds)

    def _unheard(self, workers: set[str]) -> set[str]:
        known = {name for name in workers if self._live.known_workers.get(name) is not None}
        return known - self._merger.workers.keys()

    async def restore(self) -> set[str]:
        """Returns the workers that had tasks."""
        records = await self._history.unfinished.tasks(MAX_RESTORED)
        workers = {run.worker for record in records for run in record.runs if run.outcome is None}
        samples = await self._history.unfinished.last_samples(workers)
        processed = {
            name: sample.processed for name, sample in samples.items() if sample.processed is not None
        }
        async for part in in_turns(records):
            self._merger.restore(part, processed)
        self._live.restore({name: samples.get(name) for name in workers})
        _log.info("%s", _sentence(records, workers))
        return workers

    async def _ask_other_monitors(self, workers: set[str], since: float) -> None:
        try:
            samples = await self._history.unfinished.last_samples(workers)
        except HistoryUnavailableError:
            return
        for sample in samples.values():
            if sample.online and sample.at > since:
                self._live.on_other_monitor(sample)


def _sentence(records: list[TaskRecord], workers: set[str]) -> str:
    return f"The history has {len(records)} unfinished tasks, on {len(workers)} workers."
