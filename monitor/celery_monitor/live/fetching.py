"""How many messages each worker has fetched, and from which queue."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from celery_monitor.live.queue import Fetched
from celery_monitor.live.worker import Worker
from celery_monitor.live.workers import Workers

MOST_WORKERS = 20_000
_MOST_PLACES = 100_000
_MOST_LATE = 1_000
_LATE_SECONDS = 5.0


class Count:
    """What one worker has fetched. ``unplaced``: of these, the messages whose queue is unknown."""

    __slots__ = ("by_queue", "fetched", "unplaced")

    def __init__(self) -> None:
        self.fetched = 0
        self.unplaced = 0
        self.by_queue: dict[str, int] = {}


class Fetching:
    """Counts what workers fetch. Of a worker that consumes several queues, task-sent says which."""

    def __init__(self) -> None:
        self.counts: dict[str, Count] = {}
        self._places = 0
        # task-sent comes after task-received where a worker is quicker than the events of the sender.
        self._late: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def by_queue(
        self, workers: Workers, queues: Iterable[str], now: float, *, queues_are_sent: bool
    ) -> dict[str, Fetched]:
        """By queue, where every worker that consumes it sends task events.

        ``queues``: all that are known. ``queues_are_sent``: senders send task-sent. Of a worker with several
        queues, only that says which queue a task comes from.
        """
        if not workers.queues_are_known():
            return {}
        silent = set(workers.without_task_events())
        self.expire(now)
        consumers = workers.consumers()
        fetched = {
            queue: self.fetched_from(queue, consuming)
            for queue, consuming in consumers.items()
            if all(
                worker.name not in silent and (queues_are_sent or worker.consumes_only_one)
                for worker in consuming
            )
        }
        found = {queue: one for queue, one in fetched.items() if one is not None}
        for queue in queues:
            if queue not in consumers:
                found[queue] = Fetched(frozenset(), 0)
        return found

    def fetched_from(self, queue: str, workers: Sequence[Worker]) -> Fetched | None:
        """What these workers, which consume the queue, have fetched from it. None if not all are counted."""
        count = unplaced = 0
        for worker in workers:
            of_worker = self.counts.get(worker.name)
            if of_worker is None:
                if len(self.counts) >= MOST_WORKERS:
                    return None
            elif worker.consumes_only_one:
                count += of_worker.fetched
            else:
                count += of_worker.by_queue.get(queue, 0)
                unplaced += of_worker.unplaced
        return Fetched(frozenset(worker.name for worker in workers), count, unplaced)

    def received(self, task_id: str, worker: str, queue: str | None, at: float) -> None:
        """A worker has fetched the task. ``queue``: None if no task-sent has come yet."""
        count = self.counts.get(worker)
        if count is None:
            if len(self.counts) >= MOST_WORKERS:
                return
            count = self.counts[worker] = Count()
        count.fetched += 1
        if queue is not None:
            self._place(count, queue)
            return
        self._late[task_id] = (worker, at)
        self.expire(at)

    def sent(self, task_id: str, queue: str) -> None:
        """The task was sent to the queue."""
        found = self._late.pop(task_id, None)
        if found is not None and (count := self.counts.get(found[0])) is not None:
            self._place(count, queue)

    def expire(self, now: float) -> None:
        """Wait no longer for a task-sent that is late."""
        while self._late:
            first, (worker, since) = next(iter(self._late.items()))
            if len(self._late) <= _MOST_LATE and now - since <= _LATE_SECONDS:
                break
            del self._late[first]
            if (count := self.counts.get(worker)) is not None:
                count.unplaced += 1

    def forget(self, worker: str) -> None:
        """Make room: the worker is gone."""
        count = self.counts.pop(worker, None)
        if count is not None:
            self._places -= len(count.by_queue)

    def _place(self, count: Count, queue: str) -> None:
        if queue in count.by_queue:
            count.by_queue[queue] += 1
        elif self._places < _MOST_PLACES:
            self._places += 1
            count.by_queue[queue] = 1
        else:
            count.unplaced += 1
