"""Task events, switched on and off in a running worker as ``celery worker -E`` has them from its start."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from celery_probe.agent.channel import ReportDirectory
from celery_probe.agent.worker.state import Worker

GROUP = "task"


class TaskEvents:
    """Has one worker send task events while the file of the request exists.

    Call its methods in the consumer's loop. Events that the user has switched on stay on.
    """

    def __init__(self, worker: Worker, directory: ReportDirectory) -> None:
        self._worker = worker
        self._directory = directory
        self._own: Any = None
        self._added = False

    def start(self, consumer: Any) -> None:
        """Begin with a consumer that has just connected, before it has received a task."""
        if self._own is not None and consumer.event_dispatcher is self._own:
            # Its connection is lost. Celery replaces only a dispatcher that Celery made.
            self._replace(consumer, self._directory.is_task_events_requested())
        self.apply(consumer)

    def apply(self, consumer: Any) -> None:
        """Switch events on or off, as the file requests now."""
        requested = self._directory.is_task_events_requested()
        dispatcher = consumer.event_dispatcher
        if dispatcher is None or dispatcher is self._own:
            if requested != (dispatcher is not None):
                self._replace(consumer, requested)
        elif requested and dispatcher.groups:
            # Without groups, the worker's own options have events on. Celery takes the groups of a dispatcher
            # over to the one after a reconnect.
            dispatcher.groups.add(GROUP)
            self._added = True
        elif self._added and not requested:
            dispatcher.groups.discard(GROUP)
            self._added = False
        self._worker.task_events = _sends(consumer.event_dispatcher)

    def _replace(self, consumer: Any, requested: bool) -> None:
        """Close our dispatcher, and make a new one if requested.

        Celery makes none for a worker with neither -E nor heartbeat nor gossip.
        """
        earlier, self._own = self._own, None
        if earlier is not None:
            earlier.disable()
            with suppress(Exception):
                earlier.connection.close()
        if requested:
            self._own = consumer.app.events.Dispatcher(
                consumer.connection_for_write(),
                hostname=consumer.hostname,
                groups=[GROUP],
                buffer_group=[GROUP] if consumer.hub else None,
                on_send_buffered=consumer.on_send_event_buffered if consumer.hub else None,
            )
            if earlier is not None:
                self._own.extend_buffer(earlier)
                self._own.flush()
        consumer.event_dispatcher = self._own
        # The strategies of tasks hold the dispatcher.
        consumer.update_strategies()


def _sends(dispatcher: Any) -> bool:
    """Whether the dispatcher sends events about tasks; without groups it sends those of all."""
    if dispatcher is None or not dispatcher.enabled:
        return False
    return not dispatcher.groups or GROUP in dispatcher.groups
