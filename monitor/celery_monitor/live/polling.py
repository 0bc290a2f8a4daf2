"""Brings to ``Live`` what has to be fetched: queues from the broker, answers of workers, the schedule."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from celery_health.broker import BrokerReader
from celery_health.readers import reader_for
from celery_health.readers.reachability import timed_out_after
from celery_health.survey.app_connection import AppConnection
from celery_health.tls import THIS_PYTHON
from celery_monitor.cancellation import raise_if_cancelled
from celery_monitor.live.inspection import inspect
from celery_monitor.live.live import Live
from celery_monitor.live.schedule.reading import ScheduleReader
from celery_monitor.remote_control.remote_control import RemoteControl, RemoteControlError

_log = logging.getLogger(__name__)

_WORKERS_SECONDS = 1.0
_QUEUES_SECONDS = 2.0
_INSPECT_SECONDS = 2.0
_PING_SECONDS = 30.0
_SCHEDULE_SECONDS = 15.0
_READ_SECONDS = 6.0
_WORKERS_AT_ONCE = 50
_AMQP_QUEUES_AT_ONCE = 100
"""With AMQP each queue is a request of its own."""


class Polling:
    """Runs until it is cancelled. A part that fails is logged and tried again; the others go on."""

    def __init__(
        self,
        live: Live,
        connection: AppConnection,
        remote_control: RemoteControl,
        management_url: str | None = None,
    ) -> None:
        self._live = live
        self._remote = remote_control
        self._connection = connection
        self._is_amqp = connection.broker.kind.is_amqp
        self._reader: BrokerReader = reader_for(
            connection.broker, connection.naming, management_url=management_url, python=THIS_PYTHON
        )
        self._schedule = ScheduleReader(connection)
        self._next = 0

    async def run(self) -> None:
        """Poll for ever."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_repeat(_WORKERS_SECONDS, self._check_workers))
                group.create_task(_repeat(_QUEUES_SECONDS, self._read_queues))
                group.create_task(_repeat(_INSPECT_SECONDS, self._ask_workers))
                group.create_task(_repeat(_PING_SECONDS, self._ping))
                group.create_task(_repeat(_SCHEDULE_SECONDS, self._read_schedule))
        finally:
            await self._reader.close()

    async def _check_workers(self) -> None:
        for _ in self._live.check_workers():
            await asyncio.sleep(0)

    async def _read_queues(self) -> None:
        try:
            async with asyncio.timeout(_READ_SECONDS):
                reading = await self._reader.read(self._names())
        except TimeoutError:
            broker = self._connection.broker
            reading = timed_out_after(broker, _READ_SECONDS).reading(broker)
        self._live.on_broker(reading)

    def _names(self) -> list[str]:
        # A Redis reader finds other queues only if it reads a named one.
        names = self._live.known_queues.names() or [self._connection.default_queue]
        if not self._is_amqp or len(names) <= _AMQP_QUEUES_AT_ONCE:
            return names
        start = self._next % len(names)
        self._next = start + _AMQP_QUEUES_AT_ONCE
        return (names + names)[start : start + _AMQP_QUEUES_AT_ONCE]

    async def _ask_workers(self) -> None:
        workers = self._live.known_workers
        names = workers.to_ask(self._live.clock(), _WORKERS_AT_ONCE)
        if not names:
            return
        for name, answer in (await inspect(self._remote, names)).items():
            workers.on_answer(name, answer, self._live.clock())

    async def _ping(self) -> None:
        """Events do not show a worker that sends no heartbeats and runs no task."""
        try:
            names = (await self._remote.ask(("ping",)))["ping"]
        except RemoteControlError:
            self._live.on_ping(None)
            return
        is_ours = self._live.is_ours
        self._live.on_ping([name for name in names if is_ours is None or is_ours(name)])

    async def _read_schedule(self) -> None:
        async with asyncio.timeout(_READ_SECONDS):
            schedule = await self._schedule.read(self._live.clock())
        self._live.on_schedule(schedule)


async def _repeat(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except TimeoutError:
            pass
        except Exception:  # one part that fails must not end the others
            _log.exception("A part of the monitor failed and is tried again.")
        raise_if_cancelled()
        await asyncio.sleep(seconds)
