"""The web server of the monitor in tests: services with parts that a test can set."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from celery_health.catalogue.entry import Severity
from celery_health.survey.app_connection import resolve
from celery_health.why.answer import Answer
from celery_monitor.alerts.keeper import AlertKeeper
from celery_monitor.alerts.notification import Channel
from celery_monitor.alerts.snapshot import AlertSnapshot
from celery_monitor.alerts.wording import Wording
from celery_monitor.control.actions import Actions
from celery_monitor.control.application import CeleryApplication
from celery_monitor.history import AuditEntry, HistoryStatus
from celery_monitor.live.live import Live
from celery_monitor.live.resource import ResourceView
from celery_monitor.live.views import QueueView, ScheduleView, Stats, WorkerView
from celery_monitor.records.alerts import AlertRecord, Silence
from celery_monitor.settings import (
    AccessSettings,
    HistorySettings,
    Role,
    ServerSettings,
    Settings,
    StaticToken,
)
from celery_monitor.settings.own import OwnSettings
from celery_monitor.web import Services, create_application, open_access
from celery_monitor.web.updates.feeds.feed import Sources
from celery_monitor.web.updates.hub import Hub

API = "/api/automation/monitoring"

TOKENS = {role: f"token-of-{role.value}-4f9a2c" for role in Role}

ACCESS = AccessSettings(
    tokens=tuple(StaticToken(f"the-{role.value}", role, secret) for role, secret in TOKENS.items())
)


NO_BROKER = resolve(None, None, "redis://127.0.0.1:1/0", None, {})
"""A broker that no test has started."""


@dataclass
class FakeLive:
    """Live views that a test fills."""

    worker_views: Sequence[WorkerView] = ()
    queue_views: Sequence[QueueView] = ()
    schedule_view: ScheduleView = field(default_factory=ScheduleView)
    resource_view: ResourceView | None = None

    def workers(self) -> Sequence[WorkerView]:
        return self.worker_views

    def worker(self, name: str) -> WorkerView | None:
        return next((view for view in self.worker_views if view.name == name), None)

    def queues(self) -> Sequence[QueueView]:
        return self.queue_views

    def queue(self, name: str) -> QueueView | None:
        return next((view for view in self.queue_views if view.name == name), None)

    def schedule(self) -> ScheduleView:
        return self.schedule_view

    def resource(self) -> ResourceView | None:
        return self.resource_view

    def stats(self) -> Stats:
        online = sum(view.online for view in self.worker_views)
        return Stats(workers_online=online, workers_offline=len(self.worker_views) - online)


class FakeAlerts:
    """Alerts and silences that a test sets."""

    def __init__(self) -> None:
        self.records: list[AlertRecord] = []
        self.kept: list[Silence] = []

    async def all(self) -> list[AlertRecord]:
        return self.records

    async def silences(self, now: float) -> list[Silence]:
        return [one for one in self.kept if one.until > now]

    async def add_silence(self, silence: Silence) -> bool:
        self.kept.append(silence)
        return True

    async def delete_silence(self, silence_id: str) -> bool:
        before = len(self.kept)
        self.kept = [one for one in self.kept if one.id != silence_id]
        return len(self.kept) < before


class FakeHistory:
    """A history that keeps the audit and silences, and has nothing else: no task is ever written."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []
        self.alerts = FakeAlerts()

    async def audit_write(self, entry: AuditEntry) -> None:
        self.entries.append(entry)

    def status(self) -> HistoryStatus:
        return HistoryStatus(
            available=True, buffered=0, dropped=0, faulty=0, lag_seconds=0.0, last_write=None
        )

    def follow(self, follower: object) -> None:
        """Show written tasks: there are none."""


class NoSnapshots:
    """Alerts are not evaluated."""

    def turn(self) -> None:
        """Nothing is counted."""

    async def snapshot(self) -> AlertSnapshot:
        raise NotImplementedError


def alert_keeper(history: Any, *channels: Channel, clock: Callable[[], float] = time.time) -> AlertKeeper:
    """A keeper that evaluates nothing."""
    return AlertKeeper(
        history, NoSnapshots(), channels, Wording, rules=(), repeat_seconds=3_600.0, clock=clock
    )


async def explain(identity: str) -> Answer:
    """An answer for any task."""
    unseen = "was never seen."
    return Answer("Unknown", Severity.INFORMATION, f"The task {identity} {unseen}", f"This task {unseen}")


def services(**parts: Any) -> Services:
    """Services with one token for each role, and parts of the test's own."""
    settings = parts.pop("access", ACCESS)
    clock = parts.get("clock", time.time)
    access = open_access(
        settings, redis=parts.pop("redis", None), review=parts.pop("review", None), clock=clock
    )
    given = {
        "history": FakeHistory(),
        "live": FakeLive(),
        "recent_task": lambda identity: None,
        "application": CeleryApplication.of(NO_BROKER, {}),
        **parts,
    }
    sources = {name: given[name] for name in ("history", "live", "recent_task")}
    actions = Actions.of(given["application"], given["history"], Live(), given["recent_task"])
    return Services(
        **{
            "server": ServerSettings(),
            "access": access,
            "actions": actions,
            "alerts": alert_keeper(given["history"], clock=clock),
            "why": explain,
            "updates": Hub(Sources(**sources, clock=clock)),
            "settings": OwnSettings(Settings(connection=NO_BROKER, history=HistorySettings(url="sqlite://"))),
            **given,
        }
    )


@asynccontextmanager
async def served(**parts: Any) -> AsyncIterator[TestClient[Any, Any]]:
    """A client of an application with these parts."""
    async with served_with(services(**parts)) as client:
        yield client


@asynccontextmanager
async def served_with(made: Services) -> AsyncIterator[TestClient[Any, Any]]:
    """A client of an application with these services."""
    updates = asyncio.create_task(made.updates.run())
    try:
        async with TestClient(TestServer(create_application(made))) as client:
            yield client
    finally:
        updates.cancel()


def bearer(role: Role) -> dict[str, str]:
    """The header of a caller with this role."""
    return {"Authorization": f"Bearer {TOKENS[role]}"}


VIEWER, OPERATOR, ADMIN = (bearer(role) for role in Role)


async def problem(response: Any) -> dict[str, Any]:
    """The problem document of a response."""
    assert response.content_type == "application/problem+json"
    document = await response.json(content_type="application/problem+json")
    assert document["status"] == response.status
    return dict(document)
