"""Switches task events on: workers send none by default, and forget the order when they restart."""

import asyncio
from collections.abc import Mapping

from celery_monitor.clocks import passed
from celery_monitor.live.blindness import events_are_off
from celery_monitor.live.live import Live
from celery_monitor.remote_control.remote_control import RemoteControl, RemoteControlError
from celery_monitor.remote_control.startup import may_have_missed

_CHECK_SECONDS = 2.0
_ALL_SECONDS = 30.0
"""All workers are asked again after this time, because another program may switch events off."""
_PATIENCE_SECONDS = 15.0
"""A worker that runs tasks and still sends no events after this time does not obey."""


class EventSwitch:
    """Orders all workers to send task events, at once when one comes online. ``problem`` says if it fails."""

    def __init__(self, live: Live, remote_control: RemoteControl) -> None:
        self._live = live
        self._remote = remote_control
        self._all_at: float | None = None
        self._ordered: dict[str, float] = {}

    async def run(self) -> None:
        """Switch events on for ever."""
        while True:
            await self.switch_on()
            await asyncio.sleep(_CHECK_SECONDS)

    async def switch_on(self) -> None:
        """Send the order to the workers that need it now."""
        now = self._live.clock()
        online = {worker.name: worker.since for worker in self._live.known_workers if worker.online}
        new = [name for name, since in online.items() if may_have_missed(self._ordered.get(name), since)]
        if self._all_at is None or passed(self._all_at, _ALL_SECONDS, now):
            # Workers of other applications are left alone.
            if await self._order(None if self._live.is_ours is None else list(online)):
                self._all_at = now
                self._ordered = {}
                self._note(online, now)
        elif new and await self._order(new[:1000]):
            self._note({name: online[name] for name in new[:1000]}, now)

    def _note(self, ordered: Mapping[str, float], now: float) -> None:
        """``ordered``: by name, since when the worker is online."""
        self._ordered |= dict.fromkeys(ordered, now)
        self._live.known_workers.ordered_to_send_events(
            name for name, since in ordered.items() if not may_have_missed(now, since)
        )

    async def _order(self, names: list[str] | None) -> bool:
        """``names`` None: to all workers. True if the order was sent."""
        try:
            await self._remote.order("enable_events", names=names, answered=False)
        except RemoteControlError:
            return False
        return True

    def problem(self) -> str | None:
        """Which workers do not obey, as a sentence."""
        sight = self._live.sight()
        if self._remote.error is not None and sight.without_task_events:
            return f"{events_are_off(sight)} {self._remote.error}"
        if self._all_at is None or sight.now - self._all_at > _ALL_SECONDS + _PATIENCE_SECONDS:
            return None
        waited = [
            name
            for name in sight.without_task_events
            if sight.now - self._ordered.get(name, sight.now) >= _PATIENCE_SECONDS
        ]
        return events_are_off(sight) if waited else None
