"""One reader for each broker, whichever CeleryDeployments use it: what is read for one serves all of them.

Only those that log in with the same URL share a reader. Each of them can stop the broker for the others
anyway, so that a shared reader takes no isolation away.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from celery_health.broker import RedisNaming
from celery_operator.observe.brokers.kept_reader import KeptReader, MakeReader, workers_broker_reader
from celery_operator.observe.brokers.shared_reading import Lengths, SharedRead, Source, TimedReading, part_of
from celery_operator.shares.slots import Slots

SAME_SECONDS = 0.4
"""A reading that began this long ago serves those who share it. A single user always gets a new one."""
WATCH_SECONDS = 1.0
"""Between two reads while CeleryDeployments at rest wait for messages."""
MOST_QUEUES = 200
"""Queues that one reader reads at a time. Further CeleryDeployments get another reader."""
APART_SECONDS = 600.0
"""How long each reads for itself after the server has refused a queue of one of them."""
AT_ONCE = 512
AT_ONCE_OF_ONE = 4
"""Reads that run at a time: of all CeleryDeployments, and of one."""


@dataclass(frozen=True, slots=True)
class _Watcher:
    """Who waits for a change of these lengths."""

    wake: Callable[[], None]
    lengths: Lengths


class BrokerUser:
    """The readings of one CeleryDeployment."""

    def __init__(self, readers: "SharedReaders") -> None:
        self._readers = readers
        self._shared: _SharedReader | None = None
        self._lengths: Lengths = ()

    async def read(
        self,
        url: str,
        naming: RedisNaming,
        queues: Sequence[str],
        management_url: str | None = None,
        master_name: str | None = None,
    ) -> TimedReading:
        """A reading of these queues that is as good as new."""
        source = Source(url, naming, management_url, master_name)
        names = tuple(dict.fromkeys(queues))
        unchanged_at = self._shared.unwatch(self) if self._shared else None
        shared = await self._join(source, names)
        read = await shared.read(names)
        if read.refuses_some and len(shared.users) > 1:
            self._readers.set_apart(source)
            shared = await self._join(source, names)
            read = await shared.read(names)
        self._lengths = read.lengths(names)
        return TimedReading(part_of(read, names, source), read.ended, unchanged_at)

    def watch(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` once, when a queue has another length than in the last reading. Reading ends it."""
        if self._shared is not None:
            self._shared.watch(self, wake, self._lengths)

    async def close(self) -> None:
        """Read no more."""
        shared, self._shared = self._shared, None
        if shared is not None:
            await self._readers.leave(self, shared)

    async def _join(self, source: Source, names: tuple[str, ...]) -> "_SharedReader":
        before = self._shared
        self._shared = self._readers.join(self, source, names, before)
        if before is not None and before is not self._shared:
            await self._readers.leave(self, before)
        return self._shared


class SharedReaders:
    """The readers of all brokers, or of all result backends."""

    def __init__(
        self,
        make_reader: MakeReader = workers_broker_reader,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make_reader = make_reader
        self._clock = clock
        self._slots = Slots(AT_ONCE, AT_ONCE_OF_ONE)
        self._shared: dict[tuple[Source, object], _SharedReader] = {}
        self._apart_until: dict[Source, float] = {}

    def user(self) -> BrokerUser:
        """The readings of one more CeleryDeployment."""
        return BrokerUser(self)

    def join(
        self, user: BrokerUser, source: Source, names: tuple[str, ...], present: "_SharedReader | None"
    ) -> "_SharedReader":
        """The reader that serves this user from now on: the present one, if it can."""
        if self._clock() < self._apart_until.get(source, 0.0):
            return self._place(source, user, user, names)
        self._apart_until.pop(source, None)
        is_shared = present is not None and present.place[0] == source and present.place[1] is not user
        if present is not None and is_shared and present.takes(user, names):
            return self._place(*present.place, user, names)
        number = next(
            number
            for number in count()
            if (one := self._shared.get((source, number))) is None or one.takes(user, names)
        )
        return self._place(source, number, user, names)

    def set_apart(self, source: Source) -> None:
        """Let each user read for itself for a while."""
        now = self._clock()
        self._apart_until = {one: until for one, until in self._apart_until.items() if now < until}
        self._apart_until[source] = now + APART_SECONDS

    async def leave(self, user: BrokerUser, shared: "_SharedReader") -> None:
        """This user needs the reader no more. The last one closes it."""
        shared.users.pop(user, None)
        shared.unwatch(user)
        if not shared.users:
            self._shared.pop(shared.place, None)
            await shared.close()

    def _place(
        self, source: Source, which: object, user: BrokerUser, names: tuple[str, ...]
    ) -> "_SharedReader":
        place = source, which
        if place not in self._shared:
            self._shared[place] = _SharedReader(
                place, KeptReader(self._make_reader), self._slots, self._clock
            )
        self._shared[place].users[user] = names
        return self._shared[place]


class _SharedReader:
    """One reader, and who uses it for which queues."""

    def __init__(
        self,
        place: tuple[Source, object],
        reader: KeptReader,
        slots: Slots,
        clock: Callable[[], float],
    ) -> None:
        self.place = place
        self.users: dict[BrokerUser, tuple[str, ...]] = {}
        self._reader = reader
        self._slots = slots
        self._clock = clock
        self._reading: asyncio.Task[SharedRead] | None = None
        self._last: SharedRead | None = None
        self._watchers: dict[BrokerUser, _Watcher] = {}
        self._unchanged: dict[BrokerUser, float] = {}
        self._watching: asyncio.Task[None] | None = None

    def takes(self, user: BrokerUser, names: tuple[str, ...]) -> bool:
        """Whether it can read these queues of the user with those of the others."""
        if self.users.get(user) == names:
            return True
        others = [queues for other, queues in self.users.items() if other is not user]
        return not others or len(set(names).union(*others)) <= MOST_QUEUES

    async def read(self, names: Iterable[str] = ()) -> SharedRead:
        """A reading with these queues: the last one where it is new enough, or the next one."""
        asked = frozenset(names)
        last = self._last
        is_new = last is not None and self._clock() - last.began < SAME_SECONDS
        if last is not None and is_new and len(self.users) > 1 and asked <= last.names:
            return last
        while True:
            if self._reading is None:
                self._reading = asyncio.create_task(self._read())
            read = await asyncio.shield(self._reading)
            if asked <= read.names:
                return read

    def watch(self, user: BrokerUser, wake: Callable[[], None], lengths: Lengths) -> None:
        """As ``BrokerUser.watch``."""
        self._watchers[user] = _Watcher(wake, lengths)
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())

    def unwatch(self, user: BrokerUser) -> float | None:
        """Wake this user no more; until when nothing had changed."""
        self._watchers.pop(user, None)
        return self._unchanged.pop(user, None)

    async def close(self) -> None:
        """Close the connection."""
        tasks = [task for task in (self._reading, self._watching) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._reader.close()

    async def _read(self) -> SharedRead:
        source = self.place[0]
        names = frozenset(name for queues in self.users.values() for name in queues)
        try:
            async with self._slots.slot():
                began = self._clock()
                reading = await self._reader.read(
                    source.url, source.naming, sorted(names), source.management_url, source.master_name
                )
            by_name = {queue.name: queue for queue in reading.queues}
            self._last = SharedRead(reading, by_name, names, began, self._clock())
            return self._last
        finally:
            self._reading = None

    async def _watch(self) -> None:
        try:
            while self._watchers:
                await asyncio.sleep(WATCH_SECONDS)
                read = await self.read()
                for user, watcher in list(self._watchers.items()):
                    if read.lengths(self.users[user]) == watcher.lengths:
                        self._unchanged[user] = read.ended
                    else:
                        self._wake(user)
        except Exception:
            # The users find out why when they read.
            for user in list(self._watchers):
                self._wake(user)
        finally:
            self._watching = None

    def _wake(self, user: BrokerUser) -> None:
        self._watchers.pop(user).wake()
