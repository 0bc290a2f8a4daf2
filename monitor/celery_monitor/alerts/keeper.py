"""Evaluates the rules, keeps the alerts, and sends messages about them."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

from celery_health.alerts.rule import AlertSeverity, Rule
from celery_monitor.alerts.delivery import ChannelStatus, Delivery
from celery_monitor.alerts.evaluation import evaluate
from celery_monitor.alerts.memory import AlertMemory
from celery_monitor.alerts.messages import MOST_IN_A_MESSAGE, due
from celery_monitor.alerts.notification import Channel
from celery_monitor.alerts.snapshot import AlertSnapshot
from celery_monitor.alerts.states import Records, advance
from celery_monitor.alerts.unattended import Unattended
from celery_monitor.alerts.wording import ALL_RULES, Wording
from celery_monitor.cancellation import finish, raise_if_cancelled
from celery_monitor.control.duty import Duty
from celery_monitor.history.errors import HistoryError
from celery_monitor.history.history import History
from celery_monitor.metrics.gauges import AlertGauges, ChannelGauge
from celery_monitor.records.alerts import AlertKey, AlertRecord, AlertState, Delivered, Silence

EVALUATE_SECONDS = 10.0
_LEASE_SECONDS = 60.0
_SEND_SECONDS = 1.0
_FINISH_SECONDS = 5.0
"""A message under way has this long when the monitor ends, and so has what is not stored yet."""

_log = logging.getLogger(__name__)


class Snapshots(Protocol):
    """Where snapshots come from."""

    def turn(self) -> None:
        """Called before each evaluation, with the duty or without."""

    async def snapshot(self) -> AlertSnapshot:
        """What is known now."""


class AlertKeeper:
    """Of several monitors with one database, the one that has the duty evaluates and sends.

    One that had the duty when the database went away goes on: it cannot know whether the database is away for
    all of them, and an alert that comes twice is better than one that never comes.

    ``wording``: how alerts are written at this moment. ``rules``: those that are on. ``repeat_seconds``:
    after which a message about an alert is repeated while it fires.
    """

    def __init__(
        self,
        history: History,
        snapshots: Snapshots,
        channels: Sequence[Channel],
        wording: Callable[[], Wording],
        *,
        rules: Sequence[Rule],
        repeat_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._history = history
        self._snapshots = snapshots
        self._wording = wording
        self._rules = rules
        self._repeat_seconds = repeat_seconds
        self._clock = clock
        self._duty = Duty(history, "alerts", _LEASE_SECONDS, clock)
        self._memory = AlertMemory(history, ALL_RULES)
        self._unattended = Unattended()
        self._stuck: Mapping[str, int] = {}
        self._deliveries = {channel.name: Delivery(channel, clock) for channel in channels}

    @property
    def wording(self) -> Wording:
        """How alerts are written at this moment."""
        return self._wording()

    @property
    def channels(self) -> list[ChannelStatus]:
        """How each channel works, as far as this monitor has used it."""
        return [delivery.status() for delivery in self._deliveries.values()]

    def delivery(self, name: str) -> Delivery | None:
        """A channel by its name."""
        return self._deliveries.get(name)

    @property
    def known(self) -> Sequence[AlertRecord]:
        """The alerts that this monitor evaluates itself; none while another one has the duty."""
        return tuple(self._memory.records.values())

    async def alerts(self) -> list[AlertRecord]:
        """All alerts, also where another monitor evaluates them. Raises HistoryUnavailableError."""
        if self._memory.loaded:
            return list(self._memory.records.values())
        return [one for one in await self._history.alerts.all() if one.key.rule in ALL_RULES]

    def gauges(self) -> AlertGauges:
        """For the metrics."""
        firing = Counter(
            self._wording().rules[one.key.rule].severity.value
            for one in self._memory.records.values()
            if one.state is AlertState.FIRING
        )
        return AlertGauges(
            stuck=self._stuck,
            firing={severity.value: firing[severity.value] for severity in AlertSeverity},
            channels=[
                ChannelGauge(one.name, one.sent, one.failed, one.problem is not None) for one in self.channels
            ],
        )

    async def silences(self) -> Sequence[Silence]:
        """Those that have not ended. Raises HistoryUnavailableError where another monitor evaluates."""
        if self._memory.loaded:
            now = self._clock()
            return [one for one in self._memory.silences if one.until > now]
        return await self._history.alerts.silences(self._clock())

    async def run(self) -> None:
        """Evaluate and send for ever."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_repeat(EVALUATE_SECONDS, self.evaluate_once))
                for delivery in self._deliveries.values():
                    group.create_task(_repeat(_SEND_SECONDS, partial(self.send_once, delivery)))
        finally:
            await self._store_the_rest()

    async def _store_the_rest(self) -> None:
        if self._memory.loaded:
            with suppress(HistoryError, TimeoutError):
                async with asyncio.timeout(_FINISH_SECONDS):
                    await self._duty.hold()
                    await self._store(self._clock())

    async def evaluate_once(self) -> None:
        """Evaluate all rules, if this monitor has the duty."""
        self._snapshots.turn()
        if self._duty.may_have_ended:
            self._forget()
        with suppress(HistoryError):
            await self._duty.hold()
        if not self._duty.held:
            await self._evaluate_unattended()
            return
        now = self._clock()
        try:
            if not self._memory.loaded:
                await self._load(now)
        except HistoryError:
            return
        before = self._memory.records
        snapshot = await self._snapshots.snapshot()
        self._stuck = snapshot.stuck or {}
        self._memory.records = advance(before, evaluate(snapshot, self._rules), snapshot.now)
        self._log_changes(before, self._memory.records)
        with suppress(HistoryError):
            await self._store(now)

    async def _load(self, now: float) -> None:
        memory = self._memory
        await memory.load(now)
        records, delivered = self._unattended.give(memory.records, memory.delivered)
        memory.records = {**memory.records, **records}
        memory.note_delivered(delivered)

    def _forget(self) -> None:
        """Another monitor has the duty, or may have it."""
        if self._memory.loaded:
            self._unattended.take(self._memory.records, self._memory.unstored)
        self._memory.forget()

    async def _store(self, now: float) -> None:
        # What another monitor may have stored meanwhile is not overwritten.
        if self._duty.is_certain:
            await self._memory.store(now)

    async def _evaluate_unattended(self) -> None:
        """Without the duty."""
        self._forget()
        self._stuck = {}
        if not self._unattended.records:
            return
        with suppress(HistoryError):
            known = await self._history.alerts.delivered()
            snapshot = await self._snapshots.snapshot()
            before = self._unattended.records  # a message may have arrived meanwhile
            after = advance(before, evaluate(snapshot, self._rules), snapshot.now)
            self._unattended.advance(after, known)
            self._log_changes(before, self._unattended.records)

    async def send_once(self, delivery: Delivery) -> None:
        """Send one message through a channel, if one is due and the channel is free."""
        memory, now = self._memory, self._clock()
        if not delivery.is_free or self._duty.may_have_ended:
            return
        if memory.loaded:
            delivered = memory.delivered(delivery.name)
            records = due(memory.records.values(), delivered, self.is_silenced, self._repeat_seconds, now)
        else:
            records = self._unattended.ended(delivery.name, self.is_silenced)
        if records:
            # A message that arrived and is not noted would be sent again, or its end would not be.
            await finish(self._deliver(delivery, records, now), _FINISH_SECONDS)

    async def _deliver(self, delivery: Delivery, found: Sequence[AlertRecord], now: float) -> None:
        wording, memory = self.wording, self._memory
        records = found[:MOST_IN_A_MESSAGE]
        alerts, waiting = [wording.alert(record) for record in records], len(found) - len(records)
        if not await delivery.send(alerts, waiting=waiting, page_url=wording.alerts_url):
            return
        delivered = [_delivered(delivery.name, record, now) for record in records]
        if not memory.loaded:
            self._unattended.take({record.key: record for record in records}, delivered)
            return
        memory.note_delivered(delivered)
        with suppress(HistoryError):
            await self._store(now)

    def is_silenced(self, key: AlertKey) -> bool:
        """Whether a silence counts for an alert."""
        return self.wording.silence(key, self._memory.silences, self._clock()) is not None

    async def add_silence(self, silence: Silence) -> bool:
        """Store a silence. False if there are too many. Raises HistoryUnavailableError."""
        added = await self._history.alerts.add_silence(silence)
        if added:
            self._memory.silences = [*self._memory.silences, silence]
        return added

    async def end_silence(self, silence_id: str) -> Silence | None:
        """End a silence, which another monitor may have stored. None if there is none.

        Raises HistoryUnavailableError.
        """
        alerts = self._history.alerts
        silences = await alerts.silences(self._clock())
        found = next((one for one in silences if one.id == silence_id), None)
        if found is None or not await alerts.delete_silence(silence_id):
            return None
        self._memory.silences = [one for one in silences if one is not found]
        return found

    def _log_changes(self, before: Records, after: Records) -> None:
        wording = self.wording
        for key, record in after.items():
            known = before.get(key)
            times = record.fired, record.ended
            if record.fired is None or (known is not None and (known.fired, known.ended) == times):
                continue
            word = "fires" if record.ended is None else "is resolved"
            _log.info("the alert %s %s: %s.", key.rule, word, wording.alert(record).summary)


def _delivered(channel: str, record: AlertRecord, now: float) -> Delivered:
    resolved = record.ended is not None
    return Delivered(channel=channel, key=record.key, fired=record.fired or now, resolved=resolved, at=now)


async def _repeat(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        await work()
        raise_if_cancelled()
        await asyncio.sleep(seconds)
