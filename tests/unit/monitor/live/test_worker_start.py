"""Since when the process of a worker runs."""

from celery_monitor.live.inspection import Inspected
from celery_monitor.live.workers import Workers
from tests.unit.monitor.live.worlds import NOW, heartbeat, offline, online


def seen(name: str) -> Workers:
    workers = Workers({})
    workers.on_event(online(name))
    return workers


def test_a_worker_that_is_older_than_the_monitor_is_online_since_its_process_started() -> None:
    workers = seen("w1@a")
    answers = [(1, 3600), (4, 3602), (5, None), (6, 3606), (30, 3609)]
    for after, uptime in answers:
        workers.on_answer("w1@a", Inspected(pid=1, uptime=uptime), NOW + after)

    assert workers.view("w1@a").since == NOW + 1 - 3600  # type: ignore[union-attr]
    # Orders that it may have missed are due by when the monitor heard of it.
    assert workers.get("w1@a").since == NOW  # type: ignore[union-attr]

    workers.on_answer("w1@a", Inspected(pid=2, uptime=9000), NOW + 7)  # another process of this name
    workers.on_event(heartbeat("w1@a", NOW + 8, pid=3))
    assert workers.view("w1@a").since == NOW + 8  # type: ignore[union-attr]

    workers.on_event(offline("w1@a", NOW + 9))
    workers.on_answer("w1@a", Inspected(pid=3, uptime=9000), NOW + 10)
    assert workers.view("w1@a").since == NOW + 9  # type: ignore[union-attr]


def test_a_new_process_that_answers_before_its_first_event_is_online_since_it_started() -> None:
    workers = seen("w1@a")
    workers.on_answer("w1@a", Inspected(pid=1, uptime=3600), NOW)
    workers.on_answer("w1@a", Inspected(pid=2, uptime=3), NOW + 60)
    workers.on_event(online("w1@a", NOW + 61, pid=2))
    workers.on_answer("w1@a", Inspected(pid=1, uptime=3662), NOW + 62)  # a late one of the process before

    assert workers.view("w1@a").since == NOW + 57  # type: ignore[union-attr]
    # Orders are due to the new process.
    assert workers.get("w1@a").since == NOW + 60  # type: ignore[union-attr]
