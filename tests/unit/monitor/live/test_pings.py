"""What answers to pings show of workers."""

from celery_monitor.live.workers import Workers
from tests.unit.monitor.live.worlds import NOW, offline, online


def test_a_worker_that_sends_no_events_is_known_by_its_answers_to_pings() -> None:
    workers = Workers({})
    workers.on_ping(["silent@a"], NOW)
    assert [(view.name, view.online) for view in workers.views()] == [("silent@a", True)]
    assert workers.to_ask(NOW, 10) == ["silent@a"]

    workers.on_ping(["silent@a"], NOW + 150)
    workers.expire(NOW + 300)
    assert workers.views()[0].online
    workers.expire(NOW + 400)
    assert not workers.views()[0].online
    assert workers.lost(NOW + 1_000) == []


def test_a_worker_whose_heartbeats_stop_stays_online_while_it_answers_pings() -> None:
    workers = Workers({})
    workers.on_event(online("w1@a"))
    workers.expire(NOW + 20)
    assert not workers.views()[0].online

    workers.on_ping(["w1@a"], NOW + 21)
    workers.expire(NOW + 120)
    assert workers.views()[0].online
    assert workers.lost(NOW + 120) == []


def test_a_worker_that_said_goodbye_is_not_brought_back_by_a_late_answer() -> None:
    workers = Workers({})
    workers.on_event(online("w1@a"))
    workers.on_event(offline("w1@a", NOW + 1))
    workers.on_ping(["w1@a"], NOW + 2)
    assert not workers.views()[0].online
