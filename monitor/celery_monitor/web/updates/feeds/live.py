"""Feeds of what runs now: workers, queues and the schedule."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from celery_monitor.live.views import QueueView, WorkerView
from celery_monitor.web.models.base import Document
from celery_monitor.web.models.live import Queue, Schedule, Worker
from celery_monitor.web.updates.feeds.feed import Feed, Sources

ONLY = b'""'
"""The key of the one document of a topic. It is in no message."""


class _Named(Protocol):
    @property
    def name(self) -> str: ...


class NamedFeed(Feed):
    """A document for each view. Only views that have changed are encoded."""

    weight = 1_000
    reads = False

    def __init__(
        self, sources: Sources, views: Callable[[], Sequence[_Named]], model: type[Document]
    ) -> None:
        super().__init__(sources)
        self._views = views
        self._model = model
        self._known: dict[str, _Named] = {}

    def refresh(self) -> None:
        """Take over the views."""
        views = {view.name: view for view in self._views()}
        changed = {
            msgspec.json.encode(name): self._model.model_validate(view).model_dump_json().encode()
            for name, view in views.items()
            if self._known.get(name) != view
        }
        removed = [msgspec.json.encode(name) for name in self._known.keys() - views.keys()]
        self._known = views
        self.documents.update(changed, removed)
        self.ready = True


def workers_feed(sources: Sources) -> Feed:
    """All workers."""
    views: Callable[[], Sequence[WorkerView]] = sources.live.workers
    return NamedFeed(sources, views, Worker)


def queues_feed(sources: Sources) -> Feed:
    """All queues."""
    views: Callable[[], Sequence[QueueView]] = sources.live.queues
    return NamedFeed(sources, views, Queue)


class ScheduleFeed(Feed):
    """The schedule, in one document."""

    reads = False

    def refresh(self) -> None:
        """Take over the schedule."""
        document = Schedule.model_validate(self.sources.live.schedule()).model_dump_json().encode()
        self.documents.update({ONLY: document}, ())
        self.ready = True
