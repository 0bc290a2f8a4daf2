"""How many messages each worker has fetched, and from which queue."""

from collections import OrderedDict

MOST_WORKERS = 20_000
_MOST_PLACES = 100_000
_MOST_LATE = 1_000
_LATE_SECONDS = 5.0


class Fetching:
    """Counts what workers fetch. Of a worker that consumes several queues, task-sent says which.

    ``unplaced`` has the messages whose queue is unknown, by worker.
    """

    def __init__(self) -> None:
        self.fetched: dict[str, int] = {}
        self.unplaced: dict[str, int] = {}
        self._from: dict[tuple[str, str], int] = {}
        # task-sent comes after task-received where a worker is quicker than the events of the sender.
        self._late: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def count_from(self, worker: str, queue: str) -> int:
        """The messages that the worker has fetched from the queue, as far as they are placed."""
        return self._from.get((worker, queue), 0)

    def received(self, task_id: str, worker: str, queue: str | None, at: float) -> None:
        """A worker has fetched the task. ``queue``: None if no task-sent has come yet."""
        if worker not in self.fetched and len(self.fetched) >= MOST_WORKERS:
            return
        self.fetched[worker] = self.fetched.get(worker, 0) + 1
        if queue is not None:
            self._place(worker, queue)
            return
        self._late[task_id] = (worker, at)
        self.expire(at)

    def sent(self, task_id: str, queue: str) -> None:
        """The task was sent to the queue."""
        if found := self._late.pop(task_id, None):
            self._place(found[0], queue)

    def expire(self, now: float) -> None:
        """Wait no longer for a task-sent that is late."""
        while self._late:
            first, (worker, since) = next(iter(self._late.items()))
            if len(self._late) <= _MOST_LATE and now - since <= _LATE_SECONDS:
                break
            del self._late[first]
            self.unplaced[worker] = self.unplaced.get(worker, 0) + 1

    def _place(self, worker: str, queue: str) -> None:
        place = worker, queue
        if place in self._from or len(self._from) < _MOST_PLACES:
            self._from[place] = self._from.get(place, 0) + 1
        else:
            self.unplaced[worker] = self.unplaced.get(worker, 0) + 1
