"""The settings reach the alerts."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from celery_monitor.alerts.keeper import AlertKeeper
from celery_monitor.events.merge import Merger
from celery_monitor.live.live import Live
from celery_monitor.live.why.history_tasks import HistoryTasks
from celery_monitor.records.alerts import AlertKey, Silence, SilenceMatcher
from celery_monitor.run import alerts
from celery_monitor.settings import AccessSettings, HistorySettings, Settings
from tests.support.monitor_web import NO_BROKER, FakeHistory
from tests.unit.monitor.alerts.worlds import NOW, push

IN_CLUSTER = Settings(
    connection=NO_BROKER,
    history=HistorySettings(url="sqlite://"),
    access=AccessSettings(push_token="a-token-of-the-operator"),
)
QUEUE = AlertKey("CeleryHighQueueDepth", (("queue", "mail"),))


def silence(resource: str) -> Silence:
    matcher = SilenceMatcher(label="resource", value=resource)
    return Silence(id=resource, matchers=(matcher,), at=NOW, until=NOW + 60, comment="moved", identity="ada")


def made(settings: Settings, live: Live) -> AlertKeeper:
    merger, history = Merger(), FakeHistory()
    live.follow(merger.workers, merger.mark_lost)
    tasks = HistoryTasks(history, merger.get)  # type: ignore[arg-type]
    return alerts.make_alerts(settings, live, merger, history, tasks)  # type: ignore[arg-type]


def test_ignored_queues_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    watched: list[Mapping[str, Any]] = []
    monkeypatch.setattr(alerts, "Watch", lambda *_parts, **named: watched.append(named))
    made(replace(IN_CLUSTER, ignored_queues=("*.dead",)), Live())
    assert watched == [{"in_cluster": True, "ignored": ("*.dead",)}]


def test_a_silence_with_the_name_of_the_application_counts_before_the_operator_has_said_it() -> None:
    live, shop, other = Live(), silence("shop"), silence("other")
    keeper = made(IN_CLUSTER, live)
    assert keeper.wording.silence(QUEUE, [shop], NOW) is shop
    live.on_push(push())
    assert keeper.wording.silence(QUEUE, [shop, other], NOW) is shop
    assert keeper.wording.silence(QUEUE, [other], NOW) is None
    outside = made(replace(IN_CLUSTER, access=AccessSettings()), Live())
    assert outside.wording.silence(QUEUE, [shop], NOW) is None
