"""All queues, in bounded memory. Pure: the time is passed in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from celery_health.broker import BrokerReading
from celery_monitor.live.beyond import Beyond
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
        self._beyond = Beyond(_MAX_BEYOND, _FORGET_SECONDS)
        self._needed_at: dict[str, float] = {}
        self._of_the_broker: dict[str, None] = {}
        """Those that the broker alone knows, which make room for those of workers and tasks."""
        self.reading: BrokerReading | None = None
        self.read_at: float | None = None
        for name in self._named:
            self._add(name, 0.0)

    def __iter__(self) -> Iterator[Queue]:
        return iter(self._queues.values())

    @property
    def beyond(self) -> int:
        """How many queues there is no room for."""
        return len(self._beyond)

    def need(self, names: Iterable[str], now: float) -> None:
        """Queues that a worker consumes, or to which a task was sent. Others are forgotten after an hour."""
        for name in names:
            self._of_the_broker.pop(name, None)
            if name not in self._queues and len(name) <= _MAX_NAME:
                self._make_room(now)
            self._need(name, now)
        self._expire(now)

    def names(self) -> list[str]:
        """The queues to read."""
        return list(self._queues)

    def on_reading(self, reading: BrokerReading, fetched: Mapping[str, Fetched], now: float) -> None:
        """Note one reading of the broker. ``fetched``: by queue, as ``Queue.on_reading`` takes it."""
        self.reading = reading
        if reading.reachable:
            self.read_at = now
        self._need_waiting(reading, now)
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

    def _need_waiting(self, reading: BrokerReading, now: float) -> None:
        """Queues with messages that no worker consumes are known to the broker alone."""
        for one in (*reading.queues, *reading.other_queues):
            if not one.ready:
                continue
            if one.name not in self._queues:
                self._of_the_broker[one.name] = None
            if not self._need(one.name, now):
                del self._of_the_broker[one.name]
        self._expire(now)

    def _need(self, name: str, now: float) -> bool:
        if name not in self._queues and not self._add(name, now):
            return False
        self._needed_at[name] = now
        return True

    def _expire(self, now: float) -> None:
        self._beyond.expire(now)
        for name in [name for name, at in self._needed_at.items() if now - at > _FORGET_SECONDS]:
            if name in self._named:
                del self._needed_at[name]
            else:
                self._forget(name)

    def _make_room(self, now: float) -> None:
        if self._of_the_broker and len(self._queues) >= MAX_QUEUES:
            name = next(iter(self._of_the_broker))
            self._forget(name)
            self._beyond.add(name, now)

    def _forget(self, name: str) -> None:
        del self._queues[name], self._needed_at[name]
        self._of_the_broker.pop(name, None)

    def _add(self, name: str, now: float) -> bool:
        if len(self._queues) >= MAX_QUEUES or len(name) > _MAX_NAME:
            self._beyond.add(name[:_MAX_NAME], now)
            return False
        self._beyond.discard(name)
        self._queues[name] = Queue(name)
        return True
