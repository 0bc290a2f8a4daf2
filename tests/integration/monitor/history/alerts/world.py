"""A world for the alerts of monitors that share a database."""

import asyncio
from typing import Any

from celery_health.alerts import RULES
from celery_monitor.alerts.keeper import AlertKeeper
from celery_monitor.alerts.notification import ChannelError, Notification
from celery_monitor.alerts.snapshot import AlertSnapshot
from celery_monitor.alerts.wording import Wording
from celery_monitor.history import History
from tests.unit.monitor.alerts.worlds import NOW, snapshot

REPEAT = 3_600.0
LOSES, OWN = "CeleryMonitorLosesEvents", {"dropped": 1}
PAGE = "https://monitor.example"
ALL_ALERTS = f"{PAGE}/monitoring/alerts"
FIRING, RESOLVED = (LOSES, "firing"), (LOSES, "resolved")


class Chat:
    """A channel that keeps what it gets, or refuses it."""

    name = "chat"

    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []
        self.sizes: list[tuple[int, int]] = []
        self.delivered = asyncio.Event()
        self.refuses = False

    async def send(self, notification: Notification) -> None:
        if self.refuses:
            raise ChannelError("The receiver answered 500.")
        self.got += [(alert.rule, alert.status) for alert in notification.alerts]
        self.sizes.append((len(notification.alerts), notification.waiting))
        assert notification.page_url == ALL_ALERTS
        self.delivered.set()


class World:
    """A clock, what the monitor sees, and one channel of all monitors."""

    def __init__(self, schema: str) -> None:
        self.schema = schema
        self.now = NOW
        self.seen: dict[str, Any] = {}
        self.chat = Chat()
        self.turns = 0

    def turn(self) -> None:
        self.turns += 1

    async def snapshot(self) -> AlertSnapshot:
        return snapshot(**{**self.seen, "now": self.now})

    def keeper(self, history: History) -> AlertKeeper:
        return AlertKeeper(
            history,
            self,
            [self.chat],
            lambda: Wording(page_url=PAGE),
            rules=RULES,
            repeat_seconds=REPEAT,
            clock=lambda: self.now,
        )

    async def restarted(self, history: History) -> AlertKeeper:
        """A keeper after the lease of the one before has expired."""
        if not history.is_file:
            async with history.changing() as session:
                await session.execute(f'UPDATE "{self.schema}".leases SET expires = 0')
        return self.keeper(history)

    async def passes(self, keeper: AlertKeeper, seconds: float = 10.0) -> None:
        """Some time passes, and the keeper does what it does in that time."""
        self.now += seconds
        await keeper.evaluate_once()
        delivery = keeper.delivery("chat")
        assert delivery is not None
        await keeper.send_once(delivery)
