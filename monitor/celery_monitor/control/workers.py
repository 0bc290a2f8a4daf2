"""Orders to workers by remote control, and what each of them answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from celery_monitor.control.refused import RefusedError
from celery_monitor.live.views import LiveViews
from celery_monitor.remote_control.remote_control import RemoteControl, RemoteControlError
from celery_monitor.texts import Texts

MOST_CHANGE = 1_000
"""Processes that one order adds to a pool, or takes from it."""
_MAX_TEXT = 500
_TEXTS = Texts()


@dataclass(frozen=True, slots=True)
class WorkerAnswer:
    """What one worker answered: ``ok``, ``error`` or, where nothing came, ``no answer``."""

    worker: str
    result: str
    text: str


class WorkerOrders:
    """Orders one worker, or all that are online. ``ordered``: called with the name of each of them."""

    def __init__(
        self, live: LiveViews, remote_control: RemoteControl, ordered: Callable[[str], None]
    ) -> None:
        self._live = live
        self._remote = remote_control
        self._ordered = ordered

    async def pool(self, worker: str, change: int) -> WorkerAnswer:
        """Add processes to the pool of a worker, or take some from it. Raises RefusedError."""
        view = self._online(worker)
        if change < 0 and view.slots is not None and view.slots + change < 1:
            raise RefusedError(
                f"Worker {worker} has {view.slots} slots, and would have none left: shrink the pool by less, "
                "or cancel its consumers."
            )
        command = "pool_grow" if change > 0 else "pool_shrink"
        return (await self._order(command, {"n": abs(change)}, [worker]))[0]

    async def add_consumer(self, worker: str, queue: str) -> WorkerAnswer:
        """Have a worker consume a queue. Raises RefusedError."""
        self._online(worker)
        return (await self._order("add_consumer", {"queue": queue}, [worker]))[0]

    async def cancel_consumer(self, worker: str, queue: str) -> WorkerAnswer:
        """Have a worker consume a queue no longer. Raises RefusedError."""
        view = self._online(worker)
        if view.queues is not None and queue not in view.queues:
            raise RefusedError(
                f"Worker {worker} does not consume the queue {queue}: it consumes "
                f"{', '.join(view.queues) or 'none'}."
            )
        return (await self._order("cancel_consumer", {"queue": queue}, [worker]))[0]

    async def rate_limit(self, name: str, rate: str, workers: Sequence[str]) -> list[WorkerAnswer]:
        """Limit how often each worker starts tasks of a name. ``workers`` empty: all. Raises RefusedError."""
        return await self._order("rate_limit", {"task_name": name, "rate_limit": rate}, self._chosen(workers))

    async def time_limit(
        self, name: str, soft: float | None, hard: float | None, workers: Sequence[str]
    ) -> list[WorkerAnswer]:
        """Set the time limits of tasks of a name, in seconds. ``workers`` empty: all. Raises RefusedError."""
        arguments = {"task_name": name, "soft": soft, "hard": hard}
        return await self._order("time_limit", arguments, self._chosen(workers))

    def _chosen(self, workers: Sequence[str]) -> list[str]:
        if workers:
            for worker in workers:
                self._online(worker)
            return list(dict.fromkeys(workers))
        online = [view.name for view in self._live.workers() if view.online]
        if not online:
            raise RefusedError("No worker is online: start one, and repeat the request.")
        return online

    def _online(self, worker: str) -> Any:
        view = self._live.worker(worker)
        if view is None:
            raise RefusedError(
                f"The monitor has never seen a worker {worker}: GET workers lists the names of all workers."
            )
        if not view.online:
            raise RefusedError(f"Worker {worker} is offline, and receives no orders: start it first.")
        return view

    async def _order(
        self, command: str, arguments: Mapping[str, Any], workers: Sequence[str]
    ) -> list[WorkerAnswer]:
        try:
            answers = await self._remote.order(command, arguments, workers)
        except RemoteControlError as error:
            raise RefusedError(str(error)) from None
        for worker in workers:
            self._ordered(worker)
        return [_answer(worker, answers) for worker in workers]


def _answer(worker: str, answers: Mapping[str, Any]) -> WorkerAnswer:
    if worker not in answers:
        text = "The worker did not answer in time. It may still do it: read the worker again."
        return WorkerAnswer(worker, "no answer", text)
    answer = answers[worker]
    for result in ("error", "ok"):
        if isinstance(answer, dict) and result in answer:
            return WorkerAnswer(worker, result, _TEXTS.shown(str(answer[result]), _MAX_TEXT))
    return WorkerAnswer(worker, "ok", _TEXTS.shown(str(answer), _MAX_TEXT))
