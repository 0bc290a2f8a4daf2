"""A broker that counts its readers and readings, and CeleryDeployments that share them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from celery_health.broker import BrokerReading, QueueReading, RedisNaming
from celery_health.catalogue.brokers import BrokerReason
from celery_operator.observe.brokers.shared_readers import BrokerUser, SharedReaders

NAMING = RedisNaming()
URL = "redis://redis.market:6379/0"
RABBIT = "amqp://rabbit.market"


class Broker:
    """One broker, and how often it was connected to and read."""

    def __init__(self) -> None:
        self.lengths: dict[str, int] = {}
        self.forbidden: set[str] = set()
        self.reads: list[tuple[str, ...]] = []
        self.readers: list[Reader] = []
        self.answers = asyncio.Event()
        self.answers.set()
        self.error: Exception | None = None

    def make(
        self, url: str, naming: RedisNaming, *, management_url: str | None, master_name: str | None
    ) -> "Reader":
        self.readers.append(Reader(self, url, master_name))
        return self.readers[-1]

    @property
    def open(self) -> int:
        """Readers that are not closed."""
        return sum(not reader.closed for reader in self.readers)


class Reader:
    """A connection to it."""

    def __init__(self, broker: Broker, url: str, master_name: str | None) -> None:
        self.broker, self.url, self.master_name, self.closed = broker, url, master_name, False

    async def read(self, queues: Sequence[str]) -> BrokerReading:
        broker = self.broker
        broker.reads.append(tuple(queues))
        await broker.answers.wait()
        if broker.error is not None:
            raise broker.error
        refused = broker.forbidden & set(queues)
        finds = self.url.startswith("redis")
        return BrokerReading(
            "redis",
            self.url,
            True,
            BrokerReason.NOT_PERMITTED if refused else BrokerReason.REACHABLE,
            f"refused: {sorted(refused)}" if refused else "It answers.",
            queues=tuple(
                QueueReading(name, None if name in refused else broker.lengths.get(name, 0))
                for name in queues
            ),
            other_queues=tuple(
                QueueReading(name, length)
                for name, length in sorted(broker.lengths.items())
                if finds and length and name not in queues
            ),
        )

    async def close(self) -> None:
        self.closed = True


class Scene:
    """A broker, its readers, and a clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.broker = Broker()
        self.readers = SharedReaders(self.broker.make, lambda: self.now)

    def user(self, *queues: str, url: str = URL) -> Callable[[], Awaitable[BrokerReading]]:
        """Reads these queues each time it is called."""
        user = self.readers.user()

        async def read() -> BrokerReading:
            return (await user.read(url, NAMING, queues)).reading

        return read


def lengths(reading: BrokerReading) -> dict[str, int | None]:
    return {queue.name: queue.ready for queue in reading.queues}


def others(reading: BrokerReading) -> dict[str, int | None]:
    return {queue.name: queue.ready for queue in reading.other_queues}


def of_its_own(scene: Scene) -> BrokerUser:
    """A user of the same broker with a reader of its own."""
    return SharedReaders(scene.broker.make, lambda: scene.now).user()
