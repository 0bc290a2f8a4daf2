"""From which queues workers fetch, counted from events, and the rates that follow from it."""

import pytest

from celery_health.broker import QueueReading
from celery_monitor.events import event as types
from celery_monitor.events.event import Event
from celery_monitor.live import fetching
from celery_monitor.live.fetching import MOST_WORKERS, Fetching
from celery_monitor.live.inspection import Inspected
from celery_monitor.live.live import Live
from celery_monitor.live.workers import FORGET_AFTER_SECONDS
from tests.unit.monitor.live.test_queues import reading
from tests.unit.monitor.live.worlds import NOW, Clock, offline, online


class TwoQueues:
    """A worker that consumes two queues, and readings of both every 2 s."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.live = Live(clock=self.clock)
        self.live.follow({}, lambda name, at: None)
        self.live.on_worker(online("w1@a"))
        self.live.known_workers.on_answer("w1@a", Inspected(slots=2, queues=("mail", "pdf")), NOW)
        list(self.live.check_workers())

    def read(self) -> None:
        self.live.on_broker(reading(QueueReading("mail", 10), QueueReading("pdf", 1)))
        self.clock.now += 2

    def sent(self, task_id: str, queue: str) -> None:
        self._happened(types.SENT, task_id, queue)

    def received(self, task_id: str) -> None:
        self._happened(types.RECEIVED, task_id)

    def _happened(self, kind: str, task_id: str, queue: str | None = None) -> None:
        event = Event(type=kind, uuid=task_id, hostname="w1@a", timestamp=self.clock.now, queue=queue)
        self.live.on_task(event, "shop.pay")

    def rates(self) -> list[float | None]:
        return [view.out_rate for view in self.live.queues()]


def test_a_worker_with_two_queues_hides_their_rates_without_task_sent() -> None:
    two = TwoQueues()
    two.read()
    two.received("1")
    two.read()

    assert two.rates() == [None, None]


def test_task_sent_shows_from_which_of_its_queues_a_worker_fetches() -> None:
    two = TwoQueues()
    for task_id, queue in (("1", "mail"), ("2", "pdf"), ("3", "mail"), ("4", "mail")):
        two.sent(task_id, queue)
    two.read()
    for task_id in ("1", "2", "3"):
        two.received(task_id)
    two.read()

    assert two.rates() == [pytest.approx(1.0), pytest.approx(0.5)]


def test_a_task_sent_that_comes_a_little_late_counts() -> None:
    two = TwoQueues()
    two.sent("1", "pdf")
    two.read()
    two.received("2")
    two.sent("2", "mail")
    two.read()

    assert two.rates() == [pytest.approx(0.5), pytest.approx(0.0)]


def test_a_task_from_an_unknown_queue_hides_the_rates_while_it_may_be_of_any() -> None:
    two = TwoQueues()
    two.sent("1", "pdf")
    two.read()
    two.received("unknown")
    two.clock.now += 6
    two.received("1")
    two.read()
    assert two.rates() == [None, None]

    # The readings of before are forgotten after a while.
    two.clock.now += 21
    two.read()
    two.read()
    assert two.rates() == [0.0, 0.0]


def test_what_is_known_of_fetched_tasks_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_MOST_PLACES", 100)
    found = Fetching()
    for number in range(30_000):
        found.received(str(number), f"w{number}", None, NOW)
        found.received(f"{number}'", "w1", f"queue{number}", NOW)

    assert len(found.counts) == MOST_WORKERS
    assert len(found._late) == 1_000
    assert sum(len(count.by_queue) for count in found.counts.values()) == 100
    assert sum(count.unplaced for count in found.counts.values()) == 20_000 - 1_000 + 30_000 - 100


def test_a_worker_that_is_forgotten_leaves_its_room_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MOST_WORKERS", 1)
    monkeypatch.setattr(fetching, "_MOST_PLACES", 1)
    live = Live(clock=(clock := Clock()))
    live.follow({}, lambda name, at: None)
    live.on_worker(offline("w1@a"))
    found = live._flow.fetching
    found.received("1", "w1@a", "mail", NOW)

    clock.now += FORGET_AFTER_SECONDS + 1
    list(live.check_workers())
    found.received("2", "w2@a", "pdf", clock.now)

    assert {name: count.by_queue for name, count in found.counts.items()} == {"w2@a": {"pdf": 1}}


def test_the_rate_of_a_queue_is_unknown_where_a_worker_is_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two = TwoQueues()
    two.read()
    two.received("1")
    monkeypatch.setattr(fetching, "MOST_WORKERS", 1)
    two.live.on_worker(online("w2@a"))
    two.live.known_workers.on_answer("w1@a", Inspected(slots=2, queues=("mail",)), NOW)
    two.live.known_workers.on_answer("w2@a", Inspected(slots=2, queues=("pdf",)), NOW)
    two.read()
    two.read()

    assert two.rates() == [0.0, None]
