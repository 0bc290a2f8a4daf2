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
        self._hosts: dict[str, str] = {}

    def host(self, worker: str) -> str:
        """The label ``hostname``: the host of the worker as celery-exporter has it, or its group."""
        if self.by_group:
            return self.group_of(worker) or UNKNOWN
        label = self._hosts.get(worker)
        if label is None:
            if len(self._hosts) >= _MAX_WORKERS:
                self._hosts.clear()
            label = self._hosts[worker] = worker.rpartition("@")[2][:MAX_VALUE] or UNKNOWN
        return label

    def queue(self, queue: str | None, worker: str) -> str:
        """The label ``queue_name``: never a guess."""
        return (queue or self.queue_of(worker) or UNKNOWN)[:MAX_VALUE]
