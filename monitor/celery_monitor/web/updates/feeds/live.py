"""Feeds of what runs now: workers, queues, the schedule and the resource."""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from celery_monitor.live.resource import ResourceView
from celery_monitor.live.views import QueueView, WorkerView
from celery_monitor.web.models.base import Document
from celery_monitor.web.models.live import Queue, Schedule, Worker
from celery_monitor.web.models.resource import Resource
from celery_monitor.web.updates.feeds.feed import Feed, Sources

ONLY = b'""'
"""The key of the one document of a topic. It is in no message."""


QUIET_SECONDS = 10.0
"""How long a worker waits whose heartbeats alone have changed, and a queue of which only the time has."""


class _Named(Protocol):
    @property
    def name(self) -> str: ...


View = TypeVar("View", bound=_Named)


class NamedFeed(Feed, Generic[View]):
    """A document for each view. Only views that have changed are encoded.

    ``can_wait``: whether the change from one view to another is of no interest yet.
    """

    weight = 1_000
    reads = False

    def __init__(
        self,
        sources: Sources,
        views: Callable[[], Sequence[View]],
        model: type[Document],
        can_wait: Callable[[View, View], bool],
    ) -> None:
        super().__init__(sources)
        self._views = views
        self._model = model
        self._can_wait = can_wait
        self._known: dict[str, View] = {}

    def refresh(self) -> None:
        """Take over the views."""
        views = {view.name: self._current(view) for view in self._views()}
        changed = {
            msgspec.json.encode(name): self._model.model_validate(view).model_dump_json().encode()
            for name, view in views.items()
            if self._known.get(name) is not view
        }
        removed = [msgspec.json.encode(name) for name in self._known.keys() - views.keys()]
        self._known = views
        self.documents.update(changed, removed)
        self.ready = True

    def _current(self, view: View) -> View:
        """The view, or the known one while there is nothing new in it."""
        known = self._known.get(view.name)
        return known if known is not None and (known == view or self._can_wait(known, view)) else view


def workers_feed(sources: Sources) -> Feed:
    """All workers."""
    return NamedFeed(sources, sources.live.workers, Worker, _only_heartbeats)


def queues_feed(sources: Sources) -> Feed:
    """All queues."""
    return NamedFeed(sources, sources.live.queues, Queue, _only_read_again)


def _only_heartbeats(known: WorkerView, view: WorkerView) -> bool:
    before, now = known.last_heartbeat, view.last_heartbeat
    if before is None or now is None or now - before >= QUIET_SECONDS:
        return False
    same = msgspec.structs.replace(view, last_heartbeat=before, load=known.load, clock_skew=known.clock_skew)
    return same == known


def _only_read_again(known: QueueView, view: QueueView) -> bool:
    if known.at is None or view.at is None or view.at - known.at >= QUIET_SECONDS:
        return False
    return msgspec.structs.replace(view, at=known.at) == known


class ScheduleFeed(Feed):
    """The schedule, in one document."""

    reads = False

    def refresh(self) -> None:
        """Take over the schedule."""
        document = Schedule.model_validate(self.sources.live.schedule()).model_dump_json().encode()
        self.documents.update({ONLY: document}, ())
        self.ready = True


class ResourceFeed(Feed):
    """The resource, in one document; none while the operator has pushed nothing."""

    reads = False

    def __init__(self, sources: Sources) -> None:
        super().__init__(sources)
        self._known: ResourceView | None = None

    def refresh(self) -> None:
        """Take over the last push."""
        view = self.sources.live.resource()
        if view is not None and view is not self._known:
            self.documents.update({ONLY: Resource.of(view).model_dump_json().encode()}, ())
        self._known, self.ready = view, True
