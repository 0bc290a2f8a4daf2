"""The quarantine of a worker that counts the deaths of its pool children itself."""

from __future__ import annotations

from itertools import count
from typing import Any
from uuid import uuid4

from celery.utils.log import get_logger

from celery_probe.agent import cgroup, contract, natives
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.own_quarantine.announcements import Announcements
from celery_probe.agent.own_quarantine.deaths import Listed, SharedDeaths
from celery_probe.agent.worker import pool, tasks
from celery_probe.agent.worker.death_log import Casualty, Cause, DeathLog
from celery_probe.agent.worker.lost_children import LostChildren
from celery_probe.agent.worker.quarantine.enforcement import PREFORK, Quarantine
from celery_probe.agent.worker.quarantine.order_file import Order
from celery_probe.agent.worker.state import Worker

TICK_SECONDS = 1.0
ANNOUNCE_SECONDS = 10.0
# Between two announcements of tasks that have killed one child.
REST_SECONDS = 1.0

log = get_logger(__name__)


def dead_letter_queue(app: Any) -> str:
    """The name of the application's dead-letter queue."""
    return str(app.conf.task_default_queue) + contract.DEAD_LETTER_SUFFIX


class _Deaths(DeathLog):
    """Hands each death to the quarantine."""

    def __init__(self, quarantine: OwnQuarantine) -> None:
        super().__init__()
        self._quarantine = quarantine

    def add(self, task: Casualty | None, cause: Cause, now: float) -> None:
        """A child died."""
        if task is not None and task.returns:
            self._quarantine.add(task, cause, now)


class OwnQuarantine:
    """Counts deaths, announces them, and moves the messages of listed tasks. It never breaks the worker.

    It is the source of its own ``Quarantine``. All methods run in the consumer's loop, but ``changed``.
    """

    def __init__(self, consumer: Any) -> None:
        self._errors = ErrorLog()
        self._worker = Worker()
        self._worker.controller = consumer.controller
        self._worker.deaths = _Deaths(self)
        self._children = LostChildren(self._worker, cgroup.find(), self._errors, lambda: None)
        self._deaths = SharedDeaths()
        self._quarantine = Quarantine(self._worker, self, self._errors)
        self._queue = dead_letter_queue(consumer.app)
        self._announcements = Announcements(consumer.app, self._queue, self.receive, self._errors)
        self._ids: frozenset[str] = frozenset()
        self._mark = uuid4().hex[:12]
        self._numbers = count(1)
        self._consumer: Any = None
        self._timer: Any = None
        self._pending = False
        self._news = False
        self._announced = 0.0
        self._seen = (0, 0)
        self._warned = False

    def start(self, consumer: Any) -> None:
        """Begin with a consumer that has just connected and has fetched no message."""
        self._consumer = self._worker.consumer = consumer
        self._pending = False
        self._news = bool(self._deaths)
        self._warn(consumer)
        with self._errors.caught("lost children"):
            self._children.install(consumer.pool)
        with self._errors.caught("start"):
            self._quarantine.start(consumer, self._soon)
        if consumer.app.conf.worker_enable_remote_control:
            with self._errors.caught("announcements"):
                self._announcements.listen(consumer)
        self._timer = consumer.timer.call_repeatedly(TICK_SECONDS, self._on_timer)

    def stop(self, consumer: Any) -> None:
        """The connection is lost or the worker stops."""
        timer, self._timer, self._consumer = self._timer, None, None
        self._quarantine.stop()
        self._announcements.stop()
        if timer is not None:
            tasks.cancel(consumer.timer, timer)

    def changed(self) -> Order | None:
        """The order if it has changed."""
        ids = self._deaths.listed(natives.monotonic())
        if ids == self._ids:
            return None
        self._ids = ids
        return Order(self._queue, ids)

    def add(self, task: Casualty, cause: Cause, now: float) -> None:
        """A child of this worker died, whose message goes back next: announce it before that."""
        listed = self._deaths.add(task.id, task.name, f"{self._mark}-{next(self._numbers)}", now)
        if listed:
            self._take_in([listed], "out of memory" if cause.oom else cause.text)
        self._news = True
        if self._consumer is not None and (
            self._deaths.count(task.id) > 1 or now - self._announced > REST_SECONDS
        ):
            self._announce(self._consumer, now)

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
            log.error(
                "Task %s[%s] has killed its worker's child process %d times%s. It does not run again: its "
                "message goes to the queue %s.",
                *(task.name, task.id, task.deaths, f" ({cause})" if cause else "", self._queue),
            )

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
        if self._deaths and (self._news or now - self._announced > ANNOUNCE_SECONDS):
            self._announce(consumer, now)
        self._log_changes()

    def _announce(self, consumer: Any, now: float) -> None:
        self._announced, self._news = now, False
        if consumer.app.conf.worker_enable_remote_control:
            with self._errors.caught("announce"):
                self._announcements.send(consumer, self._deaths.announcement(now))

    def _log_changes(self) -> None:
        (moved, failed), self._seen = self._seen, (self._worker.quarantined_total, self._errors.count)
        if self._seen[0] > moved:
            log.warning(
                "Messages moved to the queue %s: %d. `celery -A APP health dead-letter list` shows them.",
                *(self._queue, self._seen[0] - moved),
            )
        if self._seen[1] > failed:
            log.warning(
                "The quarantine could not do its work: %s It tries again. Other tasks run on.",
                self._worker.quarantine_problem or f"{self._errors.last}.",
            )

    def _warn(self, consumer: Any) -> None:
        if not self._warned and pool.kind(consumer.pool) != PREFORK:
            log.warning(
                "presets.quarantine() counts the deaths of prefork children, and this worker has none: a "
                "task that kills this worker is not counted."
            )
        self._warned = True
