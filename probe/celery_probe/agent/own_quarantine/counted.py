"""The quarantine of a worker that counts the deaths of its pool children itself."""

from __future__ import annotations

from itertools import count
from random import uniform
from typing import Any
from uuid import uuid4

from celery_probe.agent import cgroup, contract, natives
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.own_quarantine import log_lines
from celery_probe.agent.own_quarantine.announcements import Announcements, ListenRefusedError
from celery_probe.agent.own_quarantine.deaths import OLDEST_SECONDS, Listed, SharedDeaths
from celery_probe.agent.own_quarantine.kept_ends import KeptEnds
from celery_probe.agent.worker import pool, tasks
from celery_probe.agent.worker.death_log import Casualty, Cause, DeathLog
from celery_probe.agent.worker.deaths.lost_children import LostChildren
from celery_probe.agent.worker.deaths.memory_errors import MemoryErrors
from celery_probe.agent.worker.quarantine.enforcement import PREFORK, Quarantine
from celery_probe.agent.worker.quarantine.order_file import Order
from celery_probe.agent.worker.state import Worker

TICK_SECONDS = 1.0
READ_AGAIN_SECONDS = (2.0, 4.0)
ANNOUNCE_SECONDS = 10.0
# Known deaths that are announced again at one time, so that those of many ids cost a bounded time.
REPEATED_IDS = 1000
# Between two announcements of tasks that have killed one child.
REST_SECONDS = 1.0


def dead_letter_queue(app: Any) -> str:
    """The name of the application's dead-letter queue."""
    return str(app.conf.task_default_queue) + contract.DEAD_LETTER_SUFFIX


class _Deaths(DeathLog):
    """Records each death, and hands those to the quarantine whose task comes back."""

    def __init__(self, quarantine: OwnQuarantine) -> None:
        super().__init__()
        self._quarantine = quarantine

    def add(self, task: Casualty | None, cause: Cause, now: float) -> None:
        """A child died."""
        super().add(task, cause, now)
        if task is not None and task.returns:
            self._quarantine.add(task, cause, now)

    def restore(self, task: Casualty, cause: Cause, mono: float) -> None:
        """A death that an earlier process of this worker kept, and of which the quarantine knows."""
        super().add(task, cause, mono)


class OwnQuarantine:
    """Counts deaths, announces them, and moves the messages of listed tasks. It never breaks the worker.

    It is the source of its own ``Quarantine``. All methods run in the consumer's loop, but ``changed``.
    """

    def __init__(self, consumer: Any) -> None:
        self._errors = ErrorLog()
        self._worker = Worker()
        self._worker.controller = consumer.controller
        self._worker.deaths = self._log = _Deaths(self)
        self._children = LostChildren(self._worker, cgroup.find(), self._errors, lambda: None)
        self._deaths = SharedDeaths()
        self._quarantine = Quarantine(self._worker, self, self._errors)
        self._memory_errors = MemoryErrors(self._worker, self._errors, self.note_end)
        self._queue = dead_letter_queue(consumer.app)
        self._kept = KeptEnds(self._queue)
        self._hostname = str(consumer.hostname)
        self._reads_left, self._read_from = 2, 0.0
        self._restored: set[str] = set()
        self._announcements = Announcements(consumer.app, self._queue, self.receive, self._errors)
        self._ids: frozenset[str] = frozenset()
        self._mark = uuid4().hex[:12]
        self._numbers = count(1)
        self._consumer: Any = None
        self._timer: Any = None
        self._pending = False
        self._news: set[str] = set()
        self._announced = 0.0
        self._repeated = 0.0
        self._seen = (0, 0)
        self._warned = False
        self._shares = False
        self._refused = False

    def start(self, consumer: Any) -> None:
        """Begin with a consumer that has just connected and has fetched no message."""
        self._consumer = self._worker.consumer = consumer
        self._pending = False
        self._repeated = 0.0
        self._warn(consumer)
        with self._errors.caught("lost children"):
            self._children.install(consumer.pool)
        with self._errors.caught("memory errors"):
            self._memory_errors.install(consumer.pool)
        with self._errors.caught("start"):
            self._quarantine.start(consumer, self._soon)
        self._shares = consumer.app.conf.worker_enable_remote_control
        if self._shares:
            with self._errors.caught("announcements"):
                self._listen(consumer)
        with self._errors.caught("kept ends"):
            self._read_kept(consumer)
        self._timer = consumer.timer.call_repeatedly(TICK_SECONDS, self._on_timer)

    def stop(self, consumer: Any) -> None:
        """The connection is lost or the worker stops."""
        timer, self._timer, self._consumer = self._timer, None, None
        self._quarantine.stop()
        self._announcements.stop()
        if timer is not None:
            tasks.cancel(consumer.timer, timer)

    def stats(self) -> dict[str, Any]:
        """What the worker adds to its answer to ``inspect stats``: its children's deaths, its quarantine."""
        found = self._children.stats()
        with self._errors.caught("stats"):
            listed = self._deaths.quarantined(natives.monotonic())
            found.update(self._worker.quarantine_stats(self._queue, listed))
        return found

    def changed(self) -> Order | None:
        """The order if it has changed."""
        ids = self._deaths.listed(natives.monotonic())
        if ids == self._ids:
            return None
        self._ids = ids
        return Order(self._queue, ids)

    def add(self, task: Casualty, cause: Cause, now: float) -> None:
        """A child of this worker died, whose message goes back next: announce it before that."""
        self._count(task, cause, self._next_mark(), now)
        if self._consumer is not None and (
            self._deaths.count(task.id) > 1 or now - self._announced > REST_SECONDS
        ):
            self._announce(self._consumer, now)

    def note_end(self, task: Casualty, cause: Cause, now: float) -> None:
        """A task of this worker ends all of it: no death is known here afterwards, so others have to know."""
        mark, consumer = self._next_mark(), self._consumer
        if consumer is None:
            return
        with self._errors.caught("kept ends"):
            end = {**task._asdict(), "cause": cause.text, "mark": mark, "worker": self._hostname}
            self._kept.add(consumer, end)
        if task.returns:
            self._count(task, cause, mark, now)
            self._announce(consumer, now)

    def _next_mark(self) -> str:
        return f"{self._mark}-{next(self._numbers)}"

    def _count(self, task: Casualty, cause: Cause, mark: str, now: float) -> None:
        listed = self._deaths.add(task.id, task.name, mark, now)
        if listed:
            self._take_in([listed], "out of memory" if cause.oom else cause.text)
        self._news.add(contract.task_id(task.id))

    def _read_kept(self, consumer: Any) -> None:
        """Take in the ends of workers that are kept; the worker reports those of its own name as its own."""
        if self._refused or not self._reads_left or natives.monotonic() < self._read_from:
            return
        # Of two workers that read a queue of RabbitMQ at the same time, each sees only some of the ends.
        self._reads_left -= 1
        self._read_from = natives.monotonic() + uniform(*READ_AGAIN_SECONDS)  # noqa: S311
        for end in self._kept.read(consumer):
            with self._errors.caught("kept end"):
                if end["mark"] not in self._restored:
                    self._restored.add(end["mark"])
                    self._restore(end)

    def _restore(self, end: dict[str, Any]) -> None:
        if end["age"] > OLDEST_SECONDS:
            return
        mono = natives.monotonic() - end["age"]
        task, cause = Casualty(**{field: end[field] for field in Casualty._fields}), Cause(end["cause"])
        if task.returns:
            self._count(task, cause, end["mark"], mono)
        if end["worker"] == self._hostname:
            self._log.restore(task, cause, mono)

    def receive(self, deaths: Any) -> None:
        """Take in deaths that a worker has announced. Raises what is wrong with them."""
        self._take_in(self._deaths.merge(deaths, natives.monotonic()), "")

    def _take_in(self, listed: list[Listed], cause: str) -> None:
        """Quarantine these tasks at once: the next message may be one of theirs."""
        if not listed:
            return
        self._quarantine.read()
        self._soon()
        for task in listed:
            log_lines.quarantined(task, cause, self._queue)

    def _soon(self) -> None:
        if self._consumer is not None:
            self._consumer.timer.call_after(0, self._on_timer)

    def _on_timer(self) -> None:
        """Without an event loop (gevent, eventlet) only the consumer's loop may use the connection."""
        consumer = self._consumer
        if consumer is None:
            return
        with self._errors.caught("quarantine list"):
            self._quarantine.read()
        if consumer.hub is not None:
            self._tick(consumer)
        elif not self._pending:
            self._pending = True
            consumer.call_soon(self._tick, consumer)

    def _tick(self, consumer: Any) -> None:
        self._pending = False
        if consumer.task_consumer is None or consumer.connection is None:
            return
        now = natives.monotonic()
        with self._errors.caught("memory"):
            self._children.note_oom_kills()
        with self._errors.caught("quarantine"):
            self._quarantine.enforce(consumer)
        if self._deaths and now - self._repeated > ANNOUNCE_SECONDS:
            self._repeated = now
            self._news.update(self._deaths.next_ids(REPEATED_IDS))
        if self._news:
            self._announce(consumer, now)
        with self._errors.caught("kept ends"):
            self._read_kept(consumer)
        self._log_changes()

    def _announce(self, consumer: Any, now: float) -> None:
        self._announced, ids, self._news = now, self._news, set()
        if self._shares:
            with self._errors.caught("announce"):
                self._announcements.send(consumer, self._deaths.announcements(ids, now))

    def _log_changes(self) -> None:
        (moved, failed), self._seen = self._seen, (self._worker.quarantined_total, self._errors.count)
        if self._seen[0] > moved:
            log_lines.moved(self._queue, self._seen[0] - moved)
        if self._seen[1] > failed:
            log_lines.failed(self._worker.quarantine_problem or f"{self._errors.last}.")

    def _listen(self, consumer: Any) -> None:
        try:
            self._announcements.listen(consumer)
        except ListenRefusedError as error:
            self._shares = False
            if not self._refused:
                log_lines.not_shared(error.command)
            self._refused = True

    def _warn(self, consumer: Any) -> None:
        if not self._warned and pool.kind(consumer.pool) != PREFORK:
            log_lines.without_children()
        self._warned = True
