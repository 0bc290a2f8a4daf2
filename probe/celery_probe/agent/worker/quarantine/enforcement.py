"""Quarantine: a message whose task id is listed does not run. It goes to the dead-letter queue."""

from __future__ import annotations

import sys
from typing import Any, Callable, Protocol

from celery_probe.agent import contract
from celery_probe.agent.errors import ErrorLog
from celery_probe.agent.worker import pool as pool_module
from celery_probe.agent.worker import tasks
from celery_probe.agent.worker.quarantine import dead_letter
from celery_probe.agent.worker.quarantine.kept_messages import KeptMessages
from celery_probe.agent.worker.quarantine.order_file import Order
from celery_probe.agent.worker.state import Worker

PREFORK = "prefork"

Handler = Callable[[Any], Any]

# gevent and eventlet end a greenlet in silence that raises theirs.
_Exit: Any = getattr(sys.modules.get("greenlet"), "GreenletExit", BaseException)


class RefusedError(_Exit):  # type: ignore[misc]
    """Ends a slot that was about to begin with a listed task."""


class Source(Protocol):
    """Says which task ids are in quarantine."""

    def changed(self) -> Order | None:
        """The order if it has changed, else None. Any thread may call it."""


class Quarantine:
    """The quarantine of one worker, as its source has it. Call its methods in the consumer's loop.

    ``stops``: whether the worker starts no more tasks.
    """

    def __init__(
        self, worker: Worker, source: Source, errors: ErrorLog, stops: Callable[[], bool] = lambda: False
    ) -> None:
        self._source = source
        self._errors = errors
        self._stops = stops
        self._changed = False
        self._queue = ""
        self._ids: frozenset[str] = frozenset()
        self._kept = KeptMessages(worker, errors)
        self._guarded = False
        self._wrapped: Any = None
        self._soon: Callable[[], None] = lambda: None

    def start(self, consumer: Any, soon: Callable[[], None]) -> None:
        """Intercept the messages of a consumer that has fetched none yet. ``soon`` has ``enforce`` called."""
        self._soon = soon
        self._wrap(consumer)
        if not self._guarded:
            self._guarded = True
            self._guard_slots(consumer.pool)
        self.read()

    def stop(self) -> None:
        """The connection is lost or the worker stops: what is unacknowledged is delivered again."""
        self._kept.forget()

    def enforce(self, consumer: Any) -> None:
        """Apply what was read, and move what is kept."""
        with self._errors.caught("quarantine list"):
            if self._changed:
                self._changed = False
                self._refuse_reserved(consumer)
                self._release(consumer)
                self._kept.hurry()
        self._kept.move(consumer, self._queue)

    @property
    def queue(self) -> str:
        """Where the messages of tasks in quarantine go; empty while no task is."""
        return self._queue if self._ids else ""

    def read(self) -> None:
        """Take in the order if it has changed; any thread may. A source that raises changes nothing."""
        order = self._source.changed()
        if order is not None:
            self._queue, self._ids = order
            self._changed = True

    def _wrap(self, consumer: Any) -> None:
        """Have the handler that the consumer makes for its loop pass no listed message on.

        A consumer may have two quarantines: that of the sidecar's orders, and its own.
        """
        if consumer is self._wrapped:
            return
        self._wrapped = consumer
        create = consumer.create_task_handler

        def create_task_handler(*args: Any, **options: Any) -> Handler:
            handler: Handler = create(*args, **options)
            is_rabbitmq = dead_letter.is_rabbitmq(consumer)

            def on_task_received(message: Any) -> Any:
                if is_rabbitmq:
                    with self._errors.caught("queue of a message"):
                        dead_letter.note_queue(consumer, message)
                if self._ids and self._is_listed(message):
                    self._keep(message)
                    return None
                return handler(message)

            return on_task_received

        consumer.create_task_handler = create_task_handler

    def _is_listed(self, message: Any) -> bool:
        return self._is_listed_id(_task_id(message))

    def _is_listed_id(self, task_id: str) -> bool:
        return contract.task_id(task_id) in self._ids

    def _keep(self, message: Any) -> None:
        self._kept.keep(message)
        with self._errors.caught("quarantine"):
            self._soon()

    def _release(self, consumer: Any) -> None:
        """Run what is no longer listed. If the worker stops, the broker has it again with its end."""
        released = self._kept.take(lambda message: not self._is_listed(message))
        if released and not self._stops():
            # A new handler: it also knows what another quarantine of this consumer has listed.
            handler = consumer.create_task_handler()
            for message in released:
                handler(message)

    def _refuse_reserved(self, consumer: Any) -> None:
        """Keep the messages of listed tasks that have not begun. Their requests never run."""
        for request in tasks.waiting_requests(consumer):
            listed = self._is_listed_id(str(request.id))
            if not listed or tasks.is_active(request) or _has_child(consumer.pool, request):
                continue
            # Celery's own mark: it then skips the request when its time or its slot comes.
            request._already_revoked = True
            tasks.take_back(consumer, request)
            self._keep(request.message)

    def _guard_slots(self, pool: Any) -> None:
        """Have slots in this process not begin with a listed task, which may wait in the pool's own queue."""
        if pool_module.kind(pool) == PREFORK:
            return
        # Celery imports it with its consumer, which exists by now.
        from celery.worker import request as request_module  # noqa: PLC0415

        accepted = request_module.task_accepted

        def task_accepted(request: Any, *args: Any, **options: Any) -> None:
            # Active first: then either this sees the list, or ``_refuse_reserved`` sees an active request.
            tasks.begin(request)
            listed = bool(self._ids) and self._is_listed_id(str(request.id))
            if listed:
                self._kept.keep(request.message)
            if listed or request._already_revoked:
                tasks.end(request)
                raise RefusedError
            accepted(request, *args, **options)

        request_module.task_accepted = task_accepted


def _task_id(message: Any) -> str:
    """The id of the message's task, in both protocols; empty if it has none, or cannot be decoded."""
    found = (message.headers or {}).get("id")
    if found is None:
        try:
            payload = message.payload
        except Exception:
            # Celery refuses such a message.
            return ""
        found = payload.get("id") if isinstance(payload, dict) else None
    return "" if found is None else str(found)


def _has_child(pool: Any, request: Any) -> bool:
    """Whether a pool child has been given the task: nothing can take it back."""
    return pool_module.kind(pool) == PREFORK and request._apply_result is not None
