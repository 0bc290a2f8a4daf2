"""Counts the events that never came, from the counter that a worker sends with each heartbeat."""


class MissedEvents:
    """Compares the tasks that one worker process has started with the task-started events that came.

    A heartbeat may overtake the events that it covers, because workers send task events in batches. So a
    heartbeat is compared when the next one comes. All times are those of the worker's clock.
    """

    __slots__ = ("_base", "_newer", "_pending", "_seen", "count")

    def __init__(self) -> None:
        self._base: tuple[int, float] | None = None
        self._pending = (0, 0.0)
        self._seen = 0
        self._newer = 0
        self.count = 0

    def started(self, timestamp: float) -> None:
        """Note a task-started event."""
        if self._base is None or timestamp <= self._base[1]:
            return
        self._seen += 1
        if timestamp > self._pending[1]:
            self._newer += 1

    def heartbeat(self, processed: int, timestamp: float) -> None:
        """Note the number of tasks that the process has started. The first call sets where to count from."""
        if self._base is None:
            self._base = self._pending = (processed, timestamp)
        elif timestamp > self._pending[1]:
            self.compare()
            self._pending = (processed, timestamp)
            self._newer = 0

    def compare(self) -> None:
        """Bring ``count`` up to the last heartbeat."""
        if self._base is not None:
            self.count = max(0, self._pending[0] - self._base[0] - (self._seen - self._newer))
