"""The values of labels. Their number is bounded: a stranger can send any number of names."""

from collections.abc import Callable

UNKNOWN = "unknown"
OTHER = "other"
"""Takes the place of every label of a series for which there is no room."""
MAX_VALUE = 200
_MAX_WORKERS = 20_000


class Labels:
    """Labels of workers and queues.

    ``group_of``: the worker group of a worker, None outside of a cluster. In a cluster (``by_group``) the
    group is the label: pods come and go, and each would leave series behind. ``queue_of``: the only queue
    that a worker consumes.
    """

    def __init__(self) -> None:
        self.group_of: Callable[[str], str | None] = lambda _: None
        self.queue_of: Callable[[str], str | None] = lambda _: None
        self.by_group = False
        self._of_worker: dict[str, tuple[str, str]] = {}

    def forget(self) -> None:
        """The groups or queues of workers have changed."""
        self._of_worker.clear()

    def host(self, worker: str) -> str:
        """The label ``hostname``: the host of the worker, as in celery-exporter, or its group."""
        return self.of_worker(worker)[0]

    def of_worker(self, worker: str) -> tuple[str, str]:
        """The label ``hostname``, and ``queue_name`` of a task whose queue is not known otherwise."""
        labels = self._of_worker.get(worker)
        if labels is None:
            if len(self._of_worker) >= _MAX_WORKERS:
                self._of_worker.clear()
            host = self.group_of(worker) if self.by_group else worker.rpartition("@")[2][:MAX_VALUE]
            queue = (self.queue_of(worker) or UNKNOWN)[:MAX_VALUE]
            labels = self._of_worker[worker] = (host or UNKNOWN, queue)
        return labels
