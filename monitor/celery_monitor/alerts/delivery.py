"""Delivers messages through one channel: at most one a minute, and again after a failure."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from celery_monitor.alerts.notification import Alert, Channel, ChannelError, Notification
from celery_monitor.clocks import passed

PAUSE_SECONDS = 60.0
"""Between two messages of a channel, at least."""
FIRST_RETRY_SECONDS = 10.0
LONGEST_RETRY_SECONDS = 600.0
SEND_SECONDS = 60.0
"""A channel has a time limit of its own; this one keeps a faulty one from waiting for ever."""
_LONGEST_ASKED_SECONDS = 3_600.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChannelStatus:
    """How a channel works. ``problem``: why the last message did not arrive, as a sentence."""

    name: str
    sent: int
    failed: int
    last_sent: float | None
    problem: str | None
    retry_at: float | None


class Delivery:
    """``pause_seconds``: between two messages."""

    def __init__(
        self, channel: Channel, clock: Callable[[], float], *, pause_seconds: float = PAUSE_SECONDS
    ) -> None:
        self._channel = channel
        self._clock = clock
        self._pause = pause_seconds
        self._waits_since = self._waits = 0.0
        self._failures = 0
        self._sent = self._failed = 0
        self._last_sent: float | None = None
        self._problem: str | None = None
        self._undelivered: Notification | None = None

    @property
    def name(self) -> str:
        """The name of the channel."""
        return self._channel.name

    @property
    def is_free(self) -> bool:
        """Whether a message may be sent now."""
        return passed(self._waits_since, self._waits, self._clock())

    def status(self) -> ChannelStatus:
        """How the channel works."""
        retry_at = self._waits_since + self._waits if self._problem is not None else None
        return ChannelStatus(self.name, self._sent, self._failed, self._last_sent, self._problem, retry_at)

    async def send(self, alerts: Sequence[Alert], *, waiting: int = 0, page_url: str | None = None) -> bool:
        """Send one message. False if it did not arrive: the next one may be tried when ``is_free``."""
        message = Notification(tuple(alerts), self._clock(), waiting, page_url)
        if self._undelivered is not None and _content(message) == _content(self._undelivered):
            # The receiver may have taken it all the same: it recognises the message by its time.
            message = replace(message, at=self._undelivered.at)
        try:
            await self.try_once(message)
        except ChannelError as error:
            self._undelivered = message
            self._note_failure(error)
            return False
        if self._problem is not None:
            _log.info("the alert channel %s works again", self.name)
        self._failures, self._problem, self._undelivered = 0, None, None
        self._waits_since, self._waits = self._clock(), self._pause
        return True

    async def try_once(self, message: Notification) -> None:
        """Send one message at once, such as a test. Raises ChannelError."""
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._channel.send(message)
        except ChannelError:
            self._failed += 1
            raise
        except TimeoutError:
            self._failed += 1
            raise ChannelError(f"The channel did not end within {SEND_SECONDS:.0f} s.") from None
        except Exception as error:
            self._failed += 1
            _log.exception("the alert channel %s has a fault", self.name)
            raise ChannelError(f"The channel has a fault: {type(error).__name__}.") from error
        self._sent += 1
        self._last_sent = self._clock()

    def _note_failure(self, error: ChannelError) -> None:
        pause = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** min(self._failures, 10))
        if error.retry_after is not None:
            pause = max(pause, min(error.retry_after, _LONGEST_ASKED_SECONDS))
        self._failures += 1
        self._waits_since, self._waits = self._clock(), pause
        sentence = str(error)
        if sentence != self._problem:
            _log.warning("the alert channel %s fails: %s It is tried again.", self.name, sentence)
        self._problem = sentence


def _content(message: Notification) -> list[object]:
    """Which alerts a message is about, without numbers that change."""
    return [(one.rule, one.labels, one.since, one.status) for one in message.alerts]
