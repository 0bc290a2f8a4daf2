"""The parts of the live state together."""

import time

from celery_health.broker import QueueReading
from celery_monitor.events.event import Event
from celery_monitor.live.inspection import Inspected, inspected
from celery_monitor.live.live import Live
from celery_monitor.live.resource import STALE_SECONDS
from celery_monitor.live.workers import DROP_SERIES_SECONDS
from celery_monitor.metrics.task_counts import Kind
from celery_monitor.records.tasks import TaskRecord
from tests.unit.monitor.live.test_queues import reading
from tests.unit.monitor.live.test_workers import push, pushed_worker
from tests.unit.monitor.live.worlds import NOW, Clock, heartbeat, offline, online


class Source:
    connected = True
    last_received: float | None = NOW
    error: str | None = None


def following(clock: Clock) -> tuple[Live, list[tuple[str, float]]]:
    live, lost = Live(clock=clock), list[tuple[str, float]]()
    live.follow({}, lambda name, at: lost.append((name, at)), Source())
    return live, lost


def test_a_sum_is_unknown_if_one_of_its_parts_is() -> None:
    live, _ = following(Clock())
    live.on_worker(heartbeat("w1@a", active=2))
    live.on_worker(heartbeat("w2@a", active=1))
    live.known_workers.on_answer("w1@a", Inspected(slots=4, queues=("mail",)), NOW)

    before = live.stats()
    live.known_workers.on_answer("w2@a", Inspected(slots=8, queues=("mail",)), NOW)
    after = live.stats()

    assert (before.active, before.slots) == (3, None)
    assert after.slots == 12
    assert before.ready is None


def test_the_sums_of_queues_come_from_the_broker() -> None:
    live, _ = following(Clock())
    live.on_broker(reading(others=(QueueReading("mail", 7), QueueReading("pdf", 3))))

    stats = live.stats()

    assert (stats.ready, stats.unacknowledged, stats.broker_reachable) == (10, 3, True)


def test_tasks_of_a_worker_that_is_gone_are_marked_as_lost_once() -> None:
    clock = Clock()
    live, lost = following(clock)
    live.on_worker(online("w1@a"))
    for _ in range(60):
        clock.now += 1
        list(live.check_workers())

    assert lost == [("w1@a", NOW)]


def test_of_many_workers_that_are_gone_one_is_marked_in_a_turn() -> None:
    clock = Clock()
    live, lost = following(clock)
    names = ["w1@a", "w2@a", "w3@a"]
    for name in names:
        live.on_worker(online(name))
    list(live.check_workers())
    for _ in range(40):
        clock.now += 1
        turns = live.check_workers()
        if next(turns, "none are lost") is None:
            break
    assert len(lost) == 1
    [came_back, *_] = set(names) - {lost[0][0]}
    live.on_worker(online(came_back, clock.now))
    list(turns)

    assert {name for name, _ in lost} == set(names) - {came_back}


def test_no_worker_is_blamed_while_the_monitor_is_cut_off_from_the_broker() -> None:
    clock = Clock()
    live, lost = following(clock)
    source = Source()
    live.follow({}, lambda name, at: lost.append((name, at)), source)
    live.on_worker(online("w1@a"))
    source.connected = False
    for _ in range(120):
        clock.now += 1
        list(live.check_workers())

    assert lost == []
    assert live.stats().workers_online == 1


def test_a_pause_of_the_monitor_itself_is_no_silence_of_workers() -> None:
    clock = Clock()
    live, lost = following(clock)
    live.on_worker(online("w1@a"))
    list(live.check_workers())
    clock.now += 300
    list(live.check_workers())

    assert live.stats().workers_online == 1
    assert lost == []


def test_a_task_event_is_counted_under_the_only_queue_of_its_worker() -> None:
    live, _ = following(Clock())
    live.on_worker(online("w1@a"))
    live.known_workers.on_answer("w1@a", Inspected(slots=4, queues=("mail",)), NOW)
    list(live.check_workers())

    live.on_task(task_event("task-received"), "shop.mail")

    assert live.counts.counts[Kind.RECEIVED] == {("shop.mail", "a", "mail"): 1}


def test_a_task_event_is_counted_under_the_queue_that_its_sender_named() -> None:
    live, _ = following(Clock())
    live.on_task(task_event("task-sent", queue="pdf", hostname="gen1@web"), "shop.pdf")
    live.on_task(task_event("task-received"), "shop.pdf")
    live.on_task(task_event("task-started", timestamp=NOW + 3), "shop.pdf")
    live.on_task(task_event("task-succeeded", timestamp=NOW + 5, runtime=2.0), "shop.pdf")

    key = ("shop.pdf", "a", "pdf")
    assert live.counts.counts[Kind.SENT] == {("shop.pdf", "web", "pdf"): 1}
    assert live.counts.counts[Kind.SUCCEEDED] == {key: 1}
    assert live.counts.wait.sums == {key: 3.0}
    assert live.counts.runtime.sums == {key: 2.0}
    assert len(live.sent) == 0


def test_a_queue_that_no_source_names_is_unknown_and_never_the_default() -> None:
    live, _ = following(Clock())
    live.on_task(task_event("task-received"), "shop.mail")

    assert live.counts.counts[Kind.RECEIVED] == {("shop.mail", "a", "unknown"): 1}


def test_a_task_that_runs_twice_or_is_lost_is_counted_once() -> None:
    live, _ = following(Clock())
    twice = TaskRecord(id="1", name="shop.mail", run_twice=True)
    for _ in range(3):
        live.on_changed([twice, TaskRecord(id="2", name="shop.mail", state="LOST")])

    assert live.counts.run_twice == {("shop.mail",): 1}
    assert live.counts.lost == {("shop.mail",): 1}


def test_workers_on_one_host_are_one_series_with_their_sum() -> None:
    live, _ = following(Clock())
    live.on_worker(heartbeat("w1@a", active=2))
    live.on_worker(heartbeat("w2@a", active=1))
    live.on_worker(offline("w3@b"))

    gauges = {gauge.hostname: gauge for gauge in live.worker_gauges()}

    assert (gauges["a"].workers, gauges["a"].active) == (2, 3)
    assert (gauges["b"].workers, gauges["b"].active) == (0, 0)


def test_in_a_cluster_no_pod_is_a_label_before_the_operator_names_its_group_or_after() -> None:
    live = Live(by_group=True, clock=Clock())
    live.follow({}, lambda name, at: None)
    live.on_worker(heartbeat("w1@a", active=2))
    live.on_worker(heartbeat("w2@b", active=1))
    live.on_task(task_event("task-received"), "shop.mail")

    before = [(gauge.hostname, gauge.workers, gauge.active) for gauge in live.worker_gauges()]
    live.on_push(push(pushed_worker("w1@a", 1.0), pushed_worker("w2@b", 1.0)))
    live.on_task(task_event("task-received"), "shop.mail")
    after = [(gauge.hostname, gauge.workers, gauge.active) for gauge in live.worker_gauges()]

    assert before == [("unknown", 2, 3)]
    assert after == [("mail", 2, 3)]
    # Each event is counted once: what came before the push stays where it was counted.
    assert live.counts.counts[Kind.RECEIVED] == {
        ("shop.mail", "unknown", "unknown"): 1,
        ("shop.mail", "mail", "mail"): 1,
    }


def test_in_a_cluster_too_the_samples_of_a_worker_that_is_gone_end() -> None:
    clock = Clock()
    live = Live(by_group=True, clock=clock)
    live.follow({}, lambda name, at: None)
    live.on_worker(offline("w1@a"))
    live.on_task(task_event("task-received"), "shop.mail")
    list(live.check_workers())
    assert [one.name for one in live.samples()[1]] == ["w1@a"]

    clock.now += DROP_SERIES_SECONDS + 1
    list(live.check_workers())

    assert live.samples()[1] == []
    assert live.counts.counts[Kind.RECEIVED] == {("shop.mail", "unknown", "unknown"): 1}


def test_an_operator_that_is_silent_says_nothing_of_now() -> None:
    clock = Clock()
    live, _ = following(clock)
    live.on_push(push(pushed_worker("w1@a", 1.0)))
    clock.now += STALE_SECONDS
    list(live.check_workers())
    known, view = live.resource(), live.worker("w1@a")
    assert known is not None
    assert view is not None
    assert (known.stale, view.reserved, live.fresh_push()) == (False, 2, known.push)
    assert live.resource() is known

    clock.now += 1
    list(live.check_workers())

    known, view = live.resource(), live.worker("w1@a")
    assert known is not None
    assert view is not None
    assert (known.stale, view.reserved, live.fresh_push()) == (True, None, None)
    assert (view.group, live.push) == ("mail", known.push)


def test_a_thousand_workers_and_queues_are_read_in_a_moment() -> None:
    """The time grows with their number, not with its square: it would take minutes."""
    live, _ = following(Clock())
    for number in range(1_000):
        live.on_worker(online(f"w{number}@a"))
        live.known_workers.on_answer(f"w{number}@a", Inspected(slots=4, queues=(f"queue{number}",)), NOW)
    list(live.check_workers())
    readings = tuple(QueueReading(f"queue{number}", 7) for number in range(1_000))

    began = time.process_time()
    for _ in range(5):
        live.on_broker(reading(others=readings))
    seconds = time.process_time() - began

    assert live.stats().ready == 7_000
    assert len(live.queues()) == len(live.workers()) == 1_000
    assert seconds < 5


def test_answers_of_workers_are_read_with_care() -> None:
    answer = inspected(
        {"pool": {"max-concurrency": 4, "implementation": "celery.concurrency.prefork:TaskPool"}, "pid": 7},
        [{"name": "mail"}, {"name": 5}, "x", {"name": "y" * 1000}],
        ["shop.mail [rate_limit=10/m]", "shop.pdf", 3],
    )

    assert (answer.slots, answer.pool, answer.pid, answer.queues) == (4, "prefork", 7, ("mail",))
    assert answer.tasks == ("shop.mail", "shop.pdf")
    assert answer.rate_limits == {"shop.mail": "10/m"}
    assert inspected("x", None, {"a": 1}) == Inspected()
    assert inspected({"pool": [], "pid": -1, "prefetch_count": 2**60}, None, None) == Inspected()


def test_a_pool_that_has_grown_has_a_slot_for_each_process() -> None:
    pool = {"max-concurrency": 2, "processes": [11, 12, 13]}

    assert inspected({"pool": pool}, None, None).slots == 3


def task_event(kind: str, **known: object) -> Event:
    fields = {"type": kind, "hostname": "w1@a", "timestamp": NOW, "uuid": "1", **known}
    return Event(**fields)  # type: ignore[arg-type]
