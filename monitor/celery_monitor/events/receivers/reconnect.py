"""Keeps a receiver connected: tries the broker's addresses in turn, for ever, with growing pauses."""

import asyncio
import logging
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence

from celery_health.urls import BrokerUrl
from celery_monitor.cancellation import raise_if_cancelled
from celery_monitor.events.receivers.purpose import EVENTS, Purpose
from celery_monitor.events.receivers.receiver import Sink

SHORTEST_PAUSE = 0.2
_log = logging.getLogger(__name__)


class ReconnectingReceiver(ABC):
    """The part of a receiver that is the same for every broker."""

    envelopes: bool

    def __init__(self, urls: Sequence[BrokerUrl], purpose: Purpose = EVENTS) -> None:
        self.connected = False
        self.last_received: float | None = None
        self.error: str | None = None
        self._urls = tuple(urls)
        self._purpose = purpose
        self._sink: Sink | None = None

    async def run(self, sink: Sink) -> None:
        """Deliver to ``sink`` for ever; only a cancellation ends this."""
        self._sink = sink
        pause = SHORTEST_PAUSE
        attempt = 0
        while True:
            url = self._urls[attempt % len(self._urls)]
            try:
                await self._receive(url)
            except Exception as error:  # any error of any broker: say so and connect again
                self._note_lost(self._meaning(error, url))
            finally:
                was_connected, self.connected = self.connected, False
            raise_if_cancelled()
            if was_connected:
                pause = SHORTEST_PAUSE  # first to the same address
            else:
                attempt += 1
            await asyncio.sleep(pause * random.uniform(0.75, 1.25))  # noqa: S311  no secret
            pause = min(pause * 2, self._purpose.longest_pause)

    @abstractmethod
    async def _receive(self, url: BrokerUrl) -> None:
        """Connect, and deliver until the connection is lost. Raises the reason."""

    @abstractmethod
    def _meaning(self, error: Exception, url: BrokerUrl) -> str:
        """The error as one sentence without secrets."""

    def _note_connected(self, url: BrokerUrl) -> None:
        self.connected, self.error = True, None
        _log.info("Receives %s from %s.", self._purpose.what, url.address)

    def _deliver(self, messages: Sequence[bytes]) -> None:
        assert self._sink is not None
        self.last_received = time.time()
        self._sink(messages, self.last_received)

    def _note_lost(self, reason: str) -> None:
        if reason != self.error:
            _log.warning("Receives no %s: %s", self._purpose.what, reason)
        self.error = reason
