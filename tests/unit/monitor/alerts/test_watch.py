"""From the parts of the monitor to a snapshot, and from a record to words."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

from celery_health.alerts import RULES
from celery_health.alerts.choice import chosen
from celery_monitor.alerts.stuck import (
    FACTOR,
    GRACE_SECONDS,
    LEAST_SECONDS,
    LOST_SECONDS,
    StuckTasks,
    time_limits,
)
from celery_monitor.alerts.watch import WINDOW_SECONDS, Watch
from celery_monitor.alerts.wording import Wording
from celery_monitor.events.merge import Merger
from celery_monitor.history import HistoryUnavailableError
from celery_monitor.history.filters import TaskFilter
from celery_monitor.history.views import HistoryStatus
from celery_monitor.live.live import Live
from celery_monitor.live.why.tasks import Percentile
from celery_monitor.records.alerts import AlertKey, AlertRecord, AlertState
from celery_monitor.records.tasks import TaskRecord
from tests.unit.monitor.alerts.worlds import NOW, push


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


class Tasks:
    """A history that has some started and some lost tasks."""

    def __init__(self, *records: TaskRecord) -> None:
        self.records = records
        self.away = False
        self.dropped = 0

    async def stream(self, wanted: TaskFilter, _: object) -> AsyncIterator[TaskRecord]:
        if self.away:
            raise HistoryUnavailableError("The database does not answer.")
        state = wanted.of("state")[0].value
        for one in self.records:
            if one.state == state:
                yield one

    def status(self) -> HistoryStatus:
        return HistoryStatus(
            available=not self.away,
            buffered=0,
            dropped=self.dropped,
            faulty=0,
            lag_seconds=0.0,
            last_write=None,
        )


P99 = 200.0


async def runtime(name: str) -> Percentile | None:
    return Percentile(P99, 50) if name == "shop.pay" else None


def stuck(history: Any, clock: Clock, limit: float | None = None) -> StuckTasks:
    return StuckTasks(history, runtime, lambda _name: limit, clock)


def started(name: str, seconds: float) -> TaskRecord:
    return TaskRecord(id=name, name=name, state="STARTED", started=NOW - seconds)


def lost(seconds: float) -> TaskRecord:
    return TaskRecord(id="l", name="shop.mail", state="LOST", state_time=NOW - seconds)


async def test_a_task_is_stuck_far_beyond_its_own_runtime_or_limit() -> None:
    usual, new = started("shop.pay", FACTOR * P99), started("shop.new", 50_000)
    long = started("shop.pay", FACTOR * P99 + 1)
    assert await stuck(Tasks(usual, new), Clock()).find() == {}
    assert await stuck(Tasks(long, new), Clock()).find() == {"shop.pay": 1}
    limited = stuck(
        Tasks(started("shop.new", LEAST_SECONDS + 1)), Clock(), limit=LEAST_SECONDS - GRACE_SECONDS
    )
    assert await limited.find() == {"shop.new": 1}
    young = stuck(Tasks(started("shop.new", LEAST_SECONDS - 1)), Clock(), limit=1)
    assert await young.find() == {}


async def test_a_stuck_task_is_found_behind_a_thousand_that_take_as_long_as_usual() -> None:
    usual = [started("shop.import", 3_600.0)] * 1_000

    assert await stuck(Tasks(*usual, started("shop.pay", FACTOR * P99 + 1)), Clock()).find() == {
        "shop.pay": 1
    }


def test_a_time_limit_of_zero_is_none() -> None:
    tasks = {
        "shop.free": SimpleNamespace(time_limit=0),
        "shop.own": SimpleNamespace(time_limit=9),
        "shop.pay": SimpleNamespace(time_limit=None),
    }
    limit = time_limits(SimpleNamespace(tasks=tasks, conf=SimpleNamespace(task_time_limit=60)))
    assert [limit(name) for name in tasks] == [None, 9.0, 60.0]


async def test_a_lost_task_is_stuck_for_an_hour() -> None:
    history = Tasks(lost(LOST_SECONDS - 1), lost(LOST_SECONDS))
    assert await stuck(history, Clock()).find() == {"shop.mail": 1}
    history.away = True
    assert await stuck(history, Clock()).find() is None


async def test_a_snapshot_counts_what_was_lost_in_the_last_minutes() -> None:
    clock, merger, history = Clock(), Merger(), Tasks()
    live = Live(clock=clock)
    live.follow(merger.workers, merger.mark_lost)
    watch = Watch(live, merger, history, stuck(history, clock), in_cluster=True)  # type: ignore[arg-type]
    merger.counters.dropped, history.dropped = 3, 2
    assert (await watch.snapshot()).dropped == 5
    for _ in range(int(WINDOW_SECONDS / 60) + 1):
        clock.now += 60
        watch.turn()
    assert (await watch.snapshot()).dropped == 0
    assert (await watch.snapshot()).push_age == clock.now - NOW


async def test_what_was_lost_is_forgotten_also_after_the_clock_was_set_back() -> None:
    clock, merger, history = Clock(), Merger(), Tasks()
    live = Live(clock=clock)
    live.follow(merger.workers, merger.mark_lost)
    watch = Watch(live, merger, history, stuck(history, clock), in_cluster=True)  # type: ignore[arg-type]
    history.dropped = 2
    clock.now -= 86_400
    for _ in range(int(WINDOW_SECONDS / 60) + 1):
        watch.turn()
        clock.now += 60
    watch.turn()
    assert (await watch.snapshot()).dropped == 0


async def test_queues_that_are_unread_by_design_are_left_out() -> None:
    clock, merger, history = Clock(), Merger(), Tasks()
    live = Live(clock=clock)
    live.follow(merger.workers, merger.mark_lost)
    live.known_queues.need(["mail", "shop.dead-letter", "old.dead"], NOW)
    watch = Watch(
        live,
        merger,
        history,  # type: ignore[arg-type]
        stuck(history, clock),
        in_cluster=True,
        ignored=("*.dead",),
    )
    assert [one.name for one in (await watch.snapshot()).queues] == ["mail"]


async def test_an_old_push_says_nothing_of_now() -> None:
    clock, merger, history = Clock(), Merger(), Tasks()
    live = Live(clock=clock)
    live.follow(merger.workers, merger.mark_lost)
    watch = Watch(live, merger, history, stuck(history, clock), in_cluster=True)  # type: ignore[arg-type]
    live.on_push(push())
    assert (await watch.snapshot()).push is not None
    clock.now += 61
    seen = await watch.snapshot()
    assert (seen.push, seen.push_age, seen.in_cluster) == (None, 61, True)


def test_words_have_the_thresholds_and_the_links_of_the_settings() -> None:
    rules = {rule.name: rule for rule in chosen(RULES, {"CeleryHighQueueDepth": {"messages": 5}})}
    wording = Wording(
        rules=rules,
        application={"resource": "shop"},
        command="celery -A shop health",
        page_url="https://monitor.example.com",
        runbook_url="https://docs.example.com/runbooks",
    )
    record = AlertRecord(
        key=AlertKey("CeleryHighQueueDepth", (("queue", "a/b"),)),
        state=AlertState.RESOLVED,
        began=NOW - 9,
        seen=NOW,
        value=7.0,
        fired=NOW - 5,
        ended=NOW,
    )
    alert = wording.alert(record)
    assert alert.description == "7 messages are ready in queue a/b of shop. The limit is 5."
    assert (alert.status, alert.since, alert.ended) == ("resolved", NOW - 5, NOW)
    assert alert.page_url == "https://monitor.example.com/monitoring/queues/a%2Fb"
    assert alert.runbook_url == "https://docs.example.com/runbooks/queues/CeleryHighQueueDepth.md"
    assert wording.labels(record.key) == {
        "alertname": "CeleryHighQueueDepth",
        "severity": "warning",
        "resource": "shop",
        "queue": "a/b",
    }
