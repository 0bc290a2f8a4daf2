"""Readings of queues, and the rates that follow from them."""

import pytest

from celery_health.broker import BrokerReading, QueueReading, UnackedReading
from celery_health.catalogue.brokers import BrokerReason
from celery_monitor.live.inspection import Inspected
from celery_monitor.live.live import Live
from celery_monitor.live.queue import Fetched, Queue
from celery_monitor.live.queues import Queues
from celery_monitor.live.sent_tasks import SentTasks
from tests.unit.monitor.live.worlds import NOW, Clock, online


def reading(*queues: QueueReading, others: tuple[QueueReading, ...] = ()) -> BrokerReading:
    return BrokerReading(
        "redis",
        "redis://b:6379/0",
        True,
        BrokerReason.REACHABLE,
        "redis://b:6379/0 answers.",
        queues,
        others,
        UnackedReading(3, 2.0),
    )


def workers(*names: str) -> frozenset[str]:
    return frozenset(names)


def test_what_workers_fetched_and_what_the_backlog_grew_by_give_the_rates() -> None:
    queue = Queue("mail")
    queue.on_reading(QueueReading("mail", 100), Fetched(workers("w1"), 1000), NOW)
    queue.on_reading(QueueReading("mail", 120), Fetched(workers("w1"), 1040), NOW + 10)

    assert queue.out_rate() == pytest.approx(4.0)
    assert queue.in_rate() == pytest.approx(6.0)


def test_a_rate_is_unknown_until_there_are_two_readings() -> None:
    queue = Queue("mail")
    queue.on_reading(QueueReading("mail", 100), Fetched(workers("w1"), 1000), NOW)

    assert queue.out_rate() is None
    assert queue.in_rate() is None


def test_a_rate_is_unknown_where_the_events_do_not_show_the_queue() -> None:
    queue = Queue("mail")
    for second in range(3):
        queue.on_reading(QueueReading("mail", 100 + second), None, NOW + second)

    assert queue.out_rate() is None
    assert queue.in_rate() is None


def test_a_rate_begins_again_with_other_workers() -> None:
    queue = Queue("mail")
    queue.on_reading(QueueReading("mail", 100), Fetched(workers("w1"), 10), NOW)
    queue.on_reading(QueueReading("mail", 100), Fetched(workers("w1", "w2"), 5000), NOW + 2)

    assert queue.out_rate() is None


def test_the_rates_of_the_management_api_come_first() -> None:
    queue = Queue("mail")
    queue.on_reading(QueueReading("mail", 1, in_rate=7.0, out_rate=6.5), None, NOW)

    assert (queue.in_rate(), queue.out_rate()) == (7.0, 6.5)


def test_a_queue_that_cannot_be_read_keeps_its_last_reading_and_its_time() -> None:
    queues = Queues(["mail"], SentTasks())
    queues.on_reading(reading(QueueReading("mail", 4)), {}, NOW)
    queues.on_reading(reading(QueueReading("mail", None)), {}, NOW + 2)

    view = queues.view("mail", {}, NOW + 2)

    assert view is not None
    assert (view.ready, view.at) == (4, NOW)


def test_a_queue_that_was_never_read_is_unknown_and_not_empty() -> None:
    view = Queues(["mail"], SentTasks()).view("mail", {}, NOW)

    assert view is not None
    assert (view.ready, view.unacknowledged, view.consumers, view.at) == (None, None, None, None)


def test_a_queue_that_no_worker_consumes_is_found_by_its_messages() -> None:
    queues = Queues([], SentTasks())
    queues.on_reading(reading(others=(QueueReading("forgotten", 10, by_priority=((0, 8), (9, 2))),)), {}, NOW)

    view = queues.views({}, NOW)[0]

    assert (view.name, view.ready, view.by_priority) == ("forgotten", 10, {0: 8, 9: 2})


def test_a_queue_that_was_read_without_being_known_is_shown_only_with_messages() -> None:
    queues = Queues([], SentTasks())
    queues.on_reading(reading(QueueReading("celery", 0)), {}, NOW)
    assert queues.views({}, NOW) == []

    queues.on_reading(reading(QueueReading("celery", 2)), {}, NOW)
    assert [view.ready for view in queues.views({}, NOW)] == [2]


def test_queues_beyond_their_number_and_names_that_are_too_long_are_counted() -> None:
    queues = Queues((), SentTasks())
    queues.need((f"queue{number}" for number in range(1_200)), NOW)
    assert (len(queues.names()), queues.beyond) == (1_000, 200)

    queues = Queues((), SentTasks())
    hostile = ["x" * 1_000_000, "<script>alert(1)</script>", "\u202email", "mail\x00\n"]
    queues.need(hostile, NOW)
    assert queues.names() == hostile[1:]
    assert queues.beyond == 1
    assert sum(len(name) for name in queues._beyond) < 1_000


def test_queues_for_which_there_was_no_room_are_forgotten_as_others_are() -> None:
    queues = Queues((), SentTasks())
    queues.need((f"queue{number}" for number in range(1_001)), NOW)
    assert queues.beyond == 1

    queues.need(["queue0"], NOW + 3_601)

    assert (queues.names(), queues.beyond) == (["queue0"], 0)


def test_the_queues_of_workers_take_the_place_of_those_that_the_broker_alone_knows() -> None:
    queues = Queues(["named"], SentTasks())
    strangers = tuple(QueueReading(f"stranger{number}", 1) for number in range(1_000))
    queues.on_reading(reading(others=strangers), {}, NOW)
    assert (len(queues.names()), queues.beyond) == (1_000, 1)

    queues.need(["mail", "x" * 1_000], NOW)
    queues.on_reading(reading(others=strangers), {}, NOW)

    assert {"named", "mail"} < set(queues.names())
    assert (len(queues.names()), queues.beyond) == (1_000, 3)


def test_a_queue_that_a_worker_now_consumes_keeps_its_place() -> None:
    queues = Queues((), SentTasks())
    queues.on_reading(reading(others=(QueueReading("mail", 1), QueueReading("stranger", 1))), {}, NOW)
    queues.need(["mail", *(f"queue{number}" for number in range(1_000))], NOW)

    assert "mail" in queues.names()
    assert "stranger" not in queues.names()


def test_the_oldest_wait_is_that_of_the_task_that_was_sent_first() -> None:
    sent = SentTasks()
    queues = Queues(["mail"], sent)
    sent.sent("1", "mail", NOW - 30)
    sent.sent("2", "mail", NOW - 10)
    queues.on_reading(reading(QueueReading("mail", 2)), {}, NOW)

    def wait() -> float | None:
        view = queues.view("mail", {}, NOW)
        assert view is not None
        return view.oldest_wait

    assert wait() == 30
    sent.received("1")
    assert wait() == 10


def test_tasks_that_were_sent_and_are_gone_from_an_empty_queue_wait_no_more() -> None:
    sent = SentTasks()
    queues = Queues(["mail"], sent)
    sent.sent("1", "mail", NOW - 30)
    queues.on_reading(reading(QueueReading("mail", 0)), {}, NOW)

    assert sent.oldest("mail") is None


def test_sent_tasks_are_bounded_and_the_oldest_goes_first() -> None:
    sent = SentTasks(most=2)
    for number in range(3):
        sent.sent(str(number), "mail", NOW + number)

    assert len(sent) == 2
    assert sent.oldest("mail") == NOW + 1


def test_workers_with_one_queue_each_show_its_rate() -> None:
    clock = Clock()
    live = Live(clock=clock)
    live.follow({}, lambda name, at: None)
    live.on_worker(online("w1@a"))
    live.known_workers.on_answer("w1@a", Inspected(slots=2, queues=("mail",)), NOW)
    list(live.check_workers())
    live.on_broker(reading(QueueReading("mail", 10)))
    clock.now += 2
    for number in range(6):
        live._flow.fetching.received(str(number), "w1@a", "mail", clock.now)
    live.on_broker(reading(QueueReading("mail", 8)))

    view = live.queue("mail")

    assert view is not None
    assert view.out_rate == pytest.approx(3.0)
    assert view.in_rate == pytest.approx(2.0)
    assert view.workers == ("w1@a",)


def test_a_worker_with_two_queues_hides_their_rates() -> None:
    clock = Clock()
    live = Live(clock=clock)
    live.follow({}, lambda name, at: None)
    live.on_worker(online("w1@a"))
    live.known_workers.on_answer("w1@a", Inspected(slots=2, queues=("mail", "pdf")), NOW)
    list(live.check_workers())
    for _ in range(2):
        live.on_broker(reading(QueueReading("mail", 10), QueueReading("pdf", 1)))
        clock.now += 2

    assert [view.out_rate for view in live.queues()] == [None, None]


def test_the_workers_of_a_queue_are_counted_only_where_the_queues_of_every_worker_are_known() -> None:
    live = Live(clock=Clock())
    live.follow({}, lambda name, at: None)
    live.on_worker(online("w1@a"))
    live.on_broker(reading(QueueReading("mail", 10), QueueReading("pdf", 1)))

    assert [(gauge.name, gauge.workers, gauge.processes) for gauge in live.queue_gauges()] == [
        ("mail", None, None),
        ("pdf", None, None),
    ]

    live.known_workers.on_answer("w1@a", Inspected(slots=2, queues=("mail",)), NOW)

    assert [(gauge.name, gauge.workers, gauge.processes) for gauge in live.queue_gauges()] == [
        ("mail", 1, 2),
        ("pdf", 0, 0),
    ]
