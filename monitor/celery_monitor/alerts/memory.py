"""The alerts of the monitor that has the duty, in memory and in the database."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from celery_monitor.alerts.states import Records
from celery_monitor.clocks import passed
from celery_monitor.history.history import History
from celery_monitor.records.alerts import AlertKey, AlertRecord, Delivered, Silence

_SEEN_SECONDS = 60.0
"""How often the database learns that an alert is still the same."""


class AlertMemory:
    """What cannot be stored while the database is away is stored later."""

    def __init__(self, history: History, known: Iterable[str]) -> None:
        self._history = history
        self._known = frozenset(known)
        self._stored: Records = {}
        self._unstored: list[Delivered] = []
        self._storing = asyncio.Lock()
        self._delivered: dict[str, dict[AlertKey, Delivered]] = {}
        self.records: Records = {}
        self.silences: Sequence[Silence] = ()
        self.loaded = False

    async def load(self, now: float) -> None:
        """Read everything. Raises HistoryUnavailableError."""
        # Not while what was known before another monitor had the duty is being stored.
        async with self._storing:
            await self._load(now)

    async def _load(self, now: float) -> None:
        alerts = self._history.alerts
        # A newer version of the monitor may have had rules that this one does not know.
        records = {one.key: one for one in await alerts.all() if one.key.rule in self._known}
        delivered: dict[str, dict[AlertKey, Delivered]] = {}
        for one in await alerts.delivered():
            delivered.setdefault(one.channel, {})[one.key] = one
        await self._read_silences(now)
        self.records = self._stored = records
        self._delivered, self._unstored, self.loaded = delivered, [], True

    def forget(self) -> None:
        """Another monitor has the duty."""
        self.records = self._stored = {}
        self._delivered, self._unstored, self.loaded = {}, [], False

    @property
    def unstored(self) -> Sequence[Delivered]:
        """What was delivered and is not yet in the database."""
        return self._unstored

    def delivered(self, channel: str) -> Mapping[AlertKey, Delivered]:
        """What a channel has delivered."""
        return self._delivered.get(channel, {})

    def note_delivered(self, delivered: Sequence[Delivered]) -> None:
        """A channel has delivered a message."""
        for one in delivered:
            self._delivered.setdefault(one.channel, {})[one.key] = one
        self._unstored.extend(delivered)

    async def store(self, now: float) -> None:
        """Bring the database up to date, except with alerts of a monitor that has taken over the duty.

        Raises HistoryUnavailableError: the rest is stored later.
        """
        async with self._storing:
            await self._store(now)

    async def _store(self, now: float) -> None:
        alerts = self._history.alerts
        if delivered := self._unstored:
            await alerts.note_delivered(delivered)
            self._unstored = self._unstored[len(delivered) :]
        if not self.loaded:
            return
        records, stored = self.records, self._stored
        changed = [one for one in records.values() if _differs(one, stored.get(one.key))]
        gone = [key for key in stored if key not in records]
        if changed or gone:
            await alerts.change(changed, gone)
            if self._stored is not stored:
                return  # another monitor has got the duty meanwhile
            before = {key: one for key, one in stored.items() if key in records}
            self._stored = before | {one.key: one for one in changed}
        for key in gone:
            for channel in self._delivered.values():
                channel.pop(key, None)
        await self._read_silences(now)

    async def _read_silences(self, now: float) -> None:
        known = self.silences
        found = await self._history.alerts.silences(now)
        # One that was added or ended meanwhile may not be among what was read.
        if self.silences is known:
            self.silences = found


def _differs(record: AlertRecord, stored: AlertRecord | None) -> bool:
    if stored is None or (record.state, record.began, record.fired) != (
        stored.state,
        stored.began,
        stored.fired,
    ):
        return True
    return passed(stored.seen, _SEEN_SECONDS, record.seen)
