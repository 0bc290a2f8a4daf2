"""Tasks with their keys and documents, encoded once for all feeds."""

import msgspec

from celery_monitor.history.filters.matching import StoredTask
from celery_monitor.records.tasks import TaskRecord
from celery_monitor.web.models.tasks import Task


def task_key(identity: str) -> bytes:
    """The key of a task in messages."""
    return msgspec.json.encode(identity)


def task_document(record: TaskRecord) -> bytes:
    """The document of a task as lists have it."""
    return Task.model_validate(record).model_dump_json().encode()


class Stored:
    """A task that was stored just now."""

    __slots__ = ("_document", "key", "task")

    def __init__(self, task: StoredTask) -> None:
        self.task = task
        self.key = task_key(task.record.id)
        self._document: bytes | None = None

    def document(self) -> bytes:
        """The document, encoded when it is needed first."""
        if self._document is None:
            self._document = task_document(self.task.record)
        return self._document
