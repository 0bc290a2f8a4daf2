"""All queues, in bounded memory. Pure: the time is passed in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from celery_health.broker import BrokerReading
from celery_monitor.live.queue import Fetched, Queue
from celery_monitor.live.sent_tasks import SentTasks
from celery_monitor.live.views import QueueView
from celery_monitor.live.worker import Worker
from celery_monitor.records.samples import QueueSample

MAX_QUEUES = 1_000
_MAX_BEYOND = 10_000
_MAX_NAME = 255
"""Any program that reaches the broker may make a key of any length, which appears to be a queue."""
_FORGET_SECONDS = 3600.0
# An event may come a little after the broker was read.
_EVENT_DELAY_SECONDS = 5.0


class Queues:
    """Queues by name. A queue is known from workers, from events, from the options, or from the broker."""

    def __init__(self, names: Iterable[str], sent: SentTasks) -> None:
        self._sent = sent
        self._named = tuple(names)
        self._queues: dict[str, Queue] = {}
        self._beyond: set[str] = set()
        self._needed_at: dict[str, float] = {}
        self.reading: BrokerReading | None = None
        self.read_at: float | None = None
        for name in self._named:
            self._add(name)

    def __iter__(self) -> Iterator[Queue]:
        return iter(self._queues.values())

    @property
    def beyond(self) -> int:
        """How many queues there is no room for."""
        return len(self._beyond)

    def need(self, names: Iterable[str], now: float) -> None:
        """Queues that a worker consumes, or to which a task was sent. Others are forgotten after an hour."""
        for name in names:
            if name in self._queues or self._add(name):
                self._needed_at[name] = now
        for name in [name for name, at in self._needed_at.items() if now - at > _FORGET_SECONDS]:
            del self._needed_at[name]
            if name not in self._named:
                self._queues.pop(name, None)

    def names(self) -> list[str]:
        """The queues to read."""
        return list(self._queues)

    def on_reading(self, reading: BrokerReading, fetched: Mapping[str, Fetched], now: float) -> None:
        """Note one reading of the broker. ``fetched``: by queue, as ``Queue.on_reading`` takes it."""
        self.reading = reading
        if reading.reachable:
            self.read_at = now
        # Queues with messages that no worker consumes are known to the broker alone.
        self.need([one.name for one in (*reading.queues, *reading.other_queues) if one.ready], now)
        for one in (*reading.queues, *reading.other_queues):
            queue = self._queues.get(one.name)
            if queue is None:
                continue
            queue.on_reading(one, fetched.get(one.name), now)
            if one.ready == 0:
                self._sent.empty(one.name, now - _EVENT_DELAY_SECONDS)

    def views(self, consumers: Mapping[str, Sequence[Worker]], now: float) -> list[QueueView]:
        """All queues, by name. ``consumers``: their online workers."""
        return [self._view(queue, consumers, now) for _, queue in sorted(self._queues.items())]

    def view(self, name: str, consumers: Mapping[str, Sequence[Worker]], now: float) -> QueueView | None:
        """One queue."""
        queue = self._queues.get(name)
        return None if queue is None else self._view(queue, consumers, now)

    def samples(self, now: float) -> list[QueueSample]:
        """For the history: the queues that have been read."""
        views = (self._view(queue, {}, now) for queue in self if queue.at is not None)
        return [
            QueueSample(
                at=view.at or now,
                name=view.name,
                ready=view.ready,
                unacknowledged=view.unacknowledged,
                consumers=view.consumers,
                by_priority=dict(view.by_priority),
                oldest_wait=view.oldest_wait,
            )
            for view in views
        ]

    def _view(self, queue: Queue, consumers: Mapping[str, Sequence[Worker]], now: float) -> QueueView:
        reading, workers = queue.reading, consumers.get(queue.name, ())
        return QueueView(
            name=queue.name,
            at=queue.at,
            ready=reading.ready,
            by_priority=dict(reading.by_priority),
            unacknowledged=reading.unacked,
            consumers=reading.consumers,
            workers=tuple(sorted(worker.name for worker in workers)),
            in_rate=queue.in_rate(),
            out_rate=queue.out_rate(),
            oldest_wait=self._oldest_wait(queue, now),
        )

    def _oldest_wait(self, queue: Queue, now: float) -> float | None:
        sent = self._sent.oldest(queue.name) if queue.reading.ready else None
        return None if sent is None else max(0.0, now - sent)

    def _add(self, name: str) -> bool:
        if len(self._queues) >= MAX_QUEUES or len(name) > _MAX_NAME:
            if len(self._beyond) < _MAX_BEYOND:
                self._beyond.add(name[:_MAX_NAME])
            return False
        self._beyond.discard(name)
        self._queues[name] = Queue(name)
        return True
