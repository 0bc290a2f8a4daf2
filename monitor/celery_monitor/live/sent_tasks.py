"""Tasks that were sent, as far as their senders send task-sent: which of them wait, and in which queue."""

from collections import OrderedDict

MAX_TASKS = 50_000


class SentTasks:
    """A task is kept until it ends. Above ``MAX_TASKS`` the task that was sent first is forgotten.

    ``seen``: whether any task-sent has come. Without it nothing is known of waiting tasks.
    """

    def __init__(self, most: int = MAX_TASKS) -> None:
        self._most = most
        # A plain dict finds its oldest entry only past all that were deleted before it.
        self._tasks: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._waiting: dict[str, dict[str, float]] = {}
        self.seen = False

    def __len__(self) -> int:
        return len(self._tasks)

    def sent(self, task_id: str, queue: str, at: float) -> None:
        """Note a task-sent. A retry of a task is sent under the same id."""
        self.seen = True
        self.ended(task_id)
        self._tasks[task_id] = (queue, at)
        self._waiting.setdefault(queue, {})[task_id] = at
        if len(self._tasks) > self._most:
            self.ended(next(iter(self._tasks)))

    def find(self, task_id: str) -> tuple[str, float] | None:
        """The queue of a task, and when it was sent."""
        return self._tasks.get(task_id)

    def received(self, task_id: str) -> tuple[str, float] | None:
        """The task waits no more. Its queue, and when it was sent."""
        found = self._tasks.get(task_id)
        if found is not None and (waiting := self._waiting.get(found[0])) is not None:
            waiting.pop(task_id, None)
            if not waiting:
                del self._waiting[found[0]]
        return found

    def ended(self, task_id: str) -> tuple[str, float] | None:
        """Forget the task. Its queue, and when it was sent."""
        found = self.received(task_id)
        self._tasks.pop(task_id, None)
        return found

    def oldest(self, queue: str) -> float | None:
        """When the task was sent that has waited longest in the queue."""
        waiting = self._waiting.get(queue)
        return next(iter(waiting.values())) if waiting else None

    def queues(self) -> list[str]:
        """Queues in which a task waits."""
        return list(self._waiting)

    def empty(self, queue: str, before: float) -> None:
        """The broker shows no message in the queue: what was sent before ``before`` is no longer there."""
        for task_id, at in list(self._waiting.get(queue, {}).items()):
            if at < before:
                self.received(task_id)
