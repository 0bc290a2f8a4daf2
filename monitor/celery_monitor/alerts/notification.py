"""Messages about alerts, and the channels that deliver them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from celery_health.alerts.rule import AlertSeverity

Status = Literal["firing", "resolved"]


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert in one message.

    ``rule``: the name of its rule. ``labels``: which application, queue or task it is about, without name and
    severity. Times are Unix time: ``since`` is when it began to fire, ``ended`` when it was resolved.
    ``command`` shows more or repairs it. ``page_url`` is the place on the page, ``runbook_url`` says what to
    do.
    """

    rule: str
    labels: Mapping[str, str]
    severity: AlertSeverity
    status: Status
    since: float
    summary: str
    description: str
    ended: float | None = None
    command: str | None = None
    page_url: str | None = None
    runbook_url: str | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """One message: at least one alert, those that fire first. ``at``: when it was put together, Unix time.

    ``waiting``: how many alerts are left for later messages. ``page_url``: where the page lists all alerts.
    """

    alerts: tuple[Alert, ...]
    at: float
    waiting: int = 0
    page_url: str | None = None

    @property
    def status(self) -> Status:
        """``firing`` while one of the alerts fires."""
        return "firing" if any(alert.status == "firing" for alert in self.alerts) else "resolved"


class ChannelError(Exception):
    """A channel did not take a message. The text is a sentence without secrets.

    ``retry_after``: seconds for which the receiver asks to wait, None if it does not say.
    """

    def __init__(self, sentence: str, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Channel(Protocol):
    """A way to people, such as a webhook or e-mail."""

    @property
    def name(self) -> str:
        """What the settings call it. It is unique."""

    async def send(self, notification: Notification) -> None:
        """Deliver a message once, within a time of the channel's own.

        Raises:
            ChannelError: the receiver did not take it. The caller tries again.
        """
