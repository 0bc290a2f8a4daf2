"""Heartbeats and readings alone are no news: a document of which nothing else changes waits a while."""

from typing import Any

import msgspec
import pytest

from celery_monitor.live.views import QueueView, WorkerView
from celery_monitor.web.updates.feeds.feed import Feed, Sources
from celery_monitor.web.updates.feeds.live import QUIET_SECONDS, queues_feed, workers_feed
from tests.support.monitor_web import FakeHistory, FakeLive

NOW = 1_790_000_000.0
WORKER = WorkerView(name="w1@a", online=True, last_heartbeat=NOW, load=0.5, active=1, tasks=("shop.pay",))
QUEUE = QueueView(name="mail", at=NOW, ready=3)


def sources(live: FakeLive) -> Sources:
    history: Any = FakeHistory()
    return Sources(history=history, live=live, recent_task=lambda identity: None, clock=lambda: NOW)


def sent(feed: Feed) -> list[Any]:
    """The documents that a client gets which knew the version before this refresh."""
    before = feed.documents.version
    feed.refresh()
    found = []
    for part in feed.documents.since(before):
        found += msgspec.json.decode(b"{" + part.body).get("changed", [])
    return found


@pytest.mark.parametrize("worker", [WORKER, msgspec.structs.replace(WORKER, clock_skew=0.3)])
def test_a_heartbeat_waits_until_there_is_news_or_some_time_has_passed(worker: WorkerView) -> None:
    live = FakeLive(worker_views=[worker])
    feed = workers_feed(sources(live))
    feed.refresh()
    later = msgspec.structs.replace(worker, last_heartbeat=NOW + 2, load=0.7, clock_skew=0.31)
    live.worker_views = [later]
    assert sent(feed) == []
    live.worker_views = [msgspec.structs.replace(later, last_heartbeat=NOW + QUIET_SECONDS)]
    assert [(one["last_heartbeat"], one["load"]) for one in sent(feed)] == [(NOW + QUIET_SECONDS, 0.7)]


@pytest.mark.parametrize(
    "change",
    [{"active": 2}, {"processed": 7}, {"online": False}, {"queues": ("mail",)}, {"verdict": "It is deaf."}],
    ids=lambda change: next(iter(change)),
)
def test_news_of_a_worker_is_sent_at_once_and_of_no_other_worker(change: dict[str, Any]) -> None:
    other = msgspec.structs.replace(WORKER, name="w2@a")
    live = FakeLive(worker_views=[WORKER, other])
    feed = workers_feed(sources(live))
    feed.refresh()
    later = {"last_heartbeat": NOW + 2}
    live.worker_views = [
        msgspec.structs.replace(WORKER, **later, **change),
        msgspec.structs.replace(other, **later),
    ]
    assert [(one["name"], one["last_heartbeat"]) for one in sent(feed)] == [("w1@a", NOW + 2)]


def test_a_queue_that_was_read_again_waits_until_there_is_news_or_some_time_has_passed() -> None:
    live = FakeLive(queue_views=[QUEUE])
    feed = queues_feed(sources(live))
    feed.refresh()
    live.queue_views = [msgspec.structs.replace(QUEUE, at=NOW + 2)]
    assert sent(feed) == []
    live.queue_views = [msgspec.structs.replace(QUEUE, at=NOW + 3, ready=4)]
    assert [(one["at"], one["ready"]) for one in sent(feed)] == [(NOW + 3, 4)]
    live.queue_views = [msgspec.structs.replace(QUEUE, at=NOW + 3 + QUIET_SECONDS, ready=4)]
    assert [one["at"] for one in sent(feed)] == [NOW + 3 + QUIET_SECONDS]
