"""The health of the fleet as ``celery-health`` sees it, and the details of the Redis server.

Checking costs the broker and the workers something. A check therefore runs at most once at a time, and its
result is shared for a second.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from celery_health.broker import BrokerReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.readers import reader_for
from celery_health.readers.reachability import Reachability, timed_out_after
from celery_health.readers.redis.server import RedisServer
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.app_loading import ConfigurationError
from celery_health.survey.check_result import CheckResult, check_result
from celery_health.survey.collect import collect_snapshot
from celery_health.survey.history import CheckHistory
from celery_health.survey.snapshot import CheckOptions, Snapshot
from celery_health.threads import SingleThread
from celery_health.tls import THIS_PYTHON
from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS, FleetThresholds
from celery_monitor.single_flight import SingleFlight

# The check must answer before the probes that use it give up, of which the shortest wait 3 s.
CHECK_SECONDS = 2.5
_THREAD_SECONDS = CHECK_SECONDS + 0.3
_KEPT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class FleetState:
    """One check: what was collected, and the verdicts on it. ``queues``: ready messages, None if unknown.

    While the broker is away, ``queues`` has the queues of the last check that reached it.
    """

    snapshot: Snapshot
    result: CheckResult
    queues: dict[str, int | None]

    @property
    def broker_away(self) -> bool:
        """Whether the broker does not answer or refuses to work."""
        return self.snapshot.broker.reachable is False


class FleetCheck:
    """Checks one application on demand. ``close`` it at the end."""

    def __init__(
        self,
        connection: AppConnection,
        thresholds: FleetThresholds = DEFAULT_FLEET_THRESHOLDS,
        management_url: str | None = None,
        ignored_queues: tuple[str, ...] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.connection = connection
        urls = (connection.broker, connection.result_backend)
        self.redis_url = next((url for url in urls if url is not None and url.kind.is_redis), None)
        """What ``redis`` reads: the broker if that is Redis, else the result backend, or None."""
        self._thresholds = thresholds
        self._options = CheckOptions(
            timeout=CHECK_SECONDS,
            management_url=management_url,
            ignored_queues=ignored_queues,
            # A filter says which workers are the application's.
            shared_broker=False,
            imports_tasks=False,
        )
        self._clock = clock
        self._history = CheckHistory()
        self._queue_names: tuple[str, ...] = connection.queues or (connection.default_queue,)
        self._thread: SingleThread[Snapshot] = SingleThread(_THREAD_SECONDS)
        self._state = SingleFlight(self._check, _KEPT_SECONDS)
        self._redis = SingleFlight(self._read_redis, _KEPT_SECONDS)
        self._broker = SingleFlight(self._read_broker, _KEPT_SECONDS)
        self._reader = reader_for(
            connection.broker, connection.naming, management_url=management_url, python=THIS_PYTHON
        )

    async def state(self) -> FleetState:
        """The state of a second ago at most. A broker that hangs is a state too, within 3 s."""
        return await self._state.get()

    async def broker(self) -> BrokerReading:
        """Whether the broker answers, without a question to the workers."""
        return await self._broker.get()

    async def redis(self) -> RedisServer | None:
        """The details of the Redis server, None where the application uses none."""
        return await self._redis.get()

    async def close(self) -> None:
        """Stop what runs."""
        await self._state.close()
        await self._redis.close()
        await self._broker.close()
        await self._reader.close()

    async def _check(self) -> FleetState:
        snapshot = await self._collect()
        now = self._clock()
        snapshot = self._history.with_idle_times(snapshot, now)
        nonempty = self._history.nonempty_seconds(snapshot.broker, now)
        result = check_result(snapshot, self.connection, self._thresholds, nonempty)
        return FleetState(snapshot, result, self._queues(snapshot.broker))

    async def _collect(self) -> Snapshot:
        # In a thread of its own: a busy event loop would make the broker appear slow.
        try:
            return await self._thread.run(
                lambda: asyncio.run(collect_snapshot(self.connection, self._options))
            )
        except TimeoutError:
            url = self.connection.broker
            return Snapshot(time.time(), timed_out_after(url, CHECK_SECONDS).reading(url))
        except ConfigurationError as error:
            unusable = Reachability(BrokerReason.ERROR, error.format_message())
            return Snapshot(time.time(), unusable.reading(self.connection.broker))

    def _queues(self, broker: BrokerReading) -> dict[str, int | None]:
        found = {queue.name: queue.ready for queue in (*broker.queues, *broker.other_queues)}
        if not found:
            return dict.fromkeys(self._queue_names)
        self._queue_names = tuple(found)
        return found

    async def _read_broker(self) -> BrokerReading:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                return await self._reader.read(())
        except TimeoutError:
            url = self.connection.broker
            return timed_out_after(url, CHECK_SECONDS).reading(url)

    async def _read_redis(self) -> RedisServer | None:
        if self.redis_url is None:
            return None
        # Imported only here: the redis package takes 20 MB, and RabbitMQ needs none of it.
        from celery_health.readers.redis.server_reader import read_redis_server  # noqa: PLC0415

        try:
            async with asyncio.timeout(CHECK_SECONDS):
                return await read_redis_server(self.redis_url, count_results=False)
        except TimeoutError:
            return RedisServer(timed_out_after(self.redis_url, CHECK_SECONDS).reading(self.redis_url))
