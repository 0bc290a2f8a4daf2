"""Which workers are online, and which are gone."""

from celery_health.wire.resource_push import PushedPod, PushedWorker, ResourcePush
from celery_monitor.events.workers import WorkerTrack
from celery_monitor.live import workers as module
from celery_monitor.live.inspection import MAX_QUEUES_OF_WORKER, Inspected, inspected
from celery_monitor.live.views import OfflineReason
from celery_monitor.live.workers import Workers
from tests.unit.monitor.live.worlds import NOW, heartbeat, offline, online


def seen(*names: str) -> Workers:
    workers = Workers({})
    for name in names:
        workers.on_event(online(name))
    return workers


def test_a_worker_that_sends_heartbeats_is_online_with_what_they_say() -> None:
    workers = seen("w1@a")
    workers.on_event(heartbeat("w1@a", active=3, processed=9, load=1.5, version="5.6.3"))

    view = workers.views()[0]

    assert (view.online, view.active, view.processed, view.load, view.version) == (True, 3, 9, 1.5, "5.6.3")
    assert view.queues is None
    assert view.slots is None


def test_a_worker_is_offline_when_it_says_goodbye() -> None:
    workers = seen("w1@a")
    workers.on_event(offline("w1@a", NOW + 5))

    view = workers.views()[0]

    assert (view.online, view.offline_reason, view.since) == (False, OfflineReason.SHUT_DOWN, NOW + 5)
    assert view.active is None


def test_a_worker_is_offline_after_two_of_its_own_intervals_without_heartbeat() -> None:
    workers = Workers({})
    workers.on_event(heartbeat("slow@a", freq=30.0))
    workers.on_event(heartbeat("fast@a", freq=2.0))

    workers.expire(NOW + 20)

    assert [view.online for view in workers.views()] == [False, True]
    assert workers.views()[0].offline_reason is OfflineReason.NO_HEARTBEAT
    assert workers.views()[0].since == NOW


def test_tasks_of_a_silent_worker_are_lost_only_after_a_while_and_once() -> None:
    workers = seen("w1@a")

    workers.expire(NOW + 10)
    assert workers.lost(NOW + 10) == []
    workers.expire(NOW + 40)

    assert workers.lost(NOW + 40) == [("w1@a", NOW)]
    assert workers.lost(NOW + 50) == []


def test_tasks_of_a_worker_that_shut_down_are_lost_at_once_but_for_late_events() -> None:
    workers = seen("w1@a")
    workers.on_event(offline("w1@a", NOW + 5))

    assert workers.lost(NOW + 6) == []
    assert workers.lost(NOW + 9) == [("w1@a", NOW + 5)]


def test_a_worker_that_comes_back_can_be_lost_again() -> None:
    workers = seen("w1@a")
    workers.on_event(offline("w1@a", NOW + 5))
    workers.lost(NOW + 9)
    workers.on_event(online("w1@a", NOW + 10))

    assert workers.views()[0].online
    assert workers.lost(NOW + 60) == []


def test_a_solo_worker_is_not_blamed_for_the_silence_while_it_runs_a_task() -> None:
    workers = seen("solo@a")
    workers.on_answer("solo@a", Inspected(pool="solo", slots=1, queues=("mail",)), NOW)

    workers.expire(NOW + 600)

    assert workers.views()[0].online


def test_a_worker_without_heartbeats_is_known_by_its_task_events() -> None:
    track = WorkerTrack("quiet@a", 1)
    track.last_seen = NOW
    workers = Workers({"quiet@a": track})

    workers.expire(NOW + 1)
    assert workers.views()[0].online
    workers.expire(NOW + 300)

    assert not workers.views()[0].online
    assert workers.lost(NOW + 900) == []  # silence proves nothing here


def test_the_silence_while_the_monitor_was_cut_off_is_not_held_against_workers() -> None:
    workers = seen("w1@a")

    workers.note_alive(NOW + 100)
    workers.expire(NOW + 101)

    assert workers.views()[0].online


def test_a_new_process_of_the_same_name_is_asked_again() -> None:
    workers = seen("w1@a")
    workers.on_answer("w1@a", Inspected(slots=4, queues=("mail",)), NOW)
    assert workers.to_ask(NOW + 1, 10) == []

    begins = workers.on_event(heartbeat("w1@a", NOW + 2, pid=2))

    assert begins
    assert workers.to_ask(NOW + 2, 10) == ["w1@a"]
    assert workers.view("w1@a").slots is None  # type: ignore[union-attr]


def test_a_worker_that_was_ordered_is_asked_again_once_it_has_done_it() -> None:
    workers = seen("w1@a")
    workers.on_answer("w1@a", Inspected(slots=4, queues=("mail",)), NOW)

    workers.ask_again("w1@a", NOW + 10)
    workers.ask_again("unknown@a", NOW + 10)

    assert workers.to_ask(NOW + 11, 10) == []
    assert workers.to_ask(NOW + 12, 10) == ["w1@a"]
    # Its pool may not have grown yet.
    assert workers.to_ask(NOW + 21, 10) == []
    assert workers.to_ask(NOW + 22, 10) == ["w1@a"]
    assert workers.to_ask(NOW + 81, 10) == []
    assert workers.to_ask(NOW + 82, 10) == ["w1@a"]


def test_two_processes_with_one_name_are_named_and_not_asked_at_each_heartbeat() -> None:
    workers = seen("w1@a")
    workers.on_answer("w1@a", Inspected(slots=4, queues=("mail",)), NOW)
    workers.on_event(heartbeat("w1@a", NOW + 1, pid=2))
    assert workers.view("w1@a").verdict is None  # type: ignore[union-attr]
    workers.on_answer("w1@a", Inspected(slots=4, queues=("mail",)), NOW + 1)
    for second in range(2, 20):
        pid, processed = (1, 500) if second % 2 else (2, 3)
        assert not workers.on_event(heartbeat("w1@a", NOW + second, pid=pid, processed=processed))

    view = workers.view("w1@a")
    assert view is not None
    assert "Two worker processes use this name" in (view.verdict or "")
    assert (view.online, view.slots) == (True, 4)
    assert workers.to_ask(NOW + 20, 10) == []

    for second in range(20, 100, 2):
        workers.on_event(heartbeat("w1@a", NOW + second, pid=2, processed=second))
    assert workers.view("w1@a").verdict is None  # type: ignore[union-attr]


def test_few_workers_are_asked_at_one_time_and_each_again_after_a_minute() -> None:
    workers = seen(*(f"w{number}@a" for number in range(5)))

    first, second = workers.to_ask(NOW, 3), workers.to_ask(NOW, 3)

    assert sorted(first + second) == [f"w{number}@a" for number in range(5)]
    for name in first + second:
        workers.on_answer(name, Inspected(queues=("mail",)), NOW)
    assert workers.to_ask(NOW + 30, 10) == []
    assert len(workers.to_ask(NOW + 61, 10)) == 5


def test_a_worker_that_runs_tasks_without_task_events_is_named() -> None:
    track = WorkerTrack("w1@a", 1)
    workers = Workers({"w1@a": track})
    workers.on_event(online("w1@a"))
    track._first_processed, track.processed = 0, 5

    assert workers.without_task_events() == ["w1@a"]
    track.sends_task_events = True
    assert workers.without_task_events() == []


def test_the_operators_report_keeps_a_worker_online_that_sends_no_heartbeats() -> None:
    workers = Workers({})
    worker = pushed_worker("mail@pod", age=1.0)

    workers.on_push(push(worker), NOW)
    workers.expire(NOW + 1)

    view = workers.views()[0]
    assert (view.online, view.group, view.slots, view.queues, view.reserved) == (
        True,
        "mail",
        4,
        ("mail",),
        2,
    )


def test_the_number_of_workers_is_bounded_and_the_rest_counted(monkeypatch: object) -> None:
    workers = Workers({})
    most, module.MAX_WORKERS = module.MAX_WORKERS, 3
    try:
        for number in range(5):
            workers.on_event(online(f"w{number}@a"))
        assert (len(workers), workers.beyond) == (3, 2)
        workers.on_event(offline("w0@a", NOW + 1))
        workers.on_event(online("w3@a", NOW + 2))
    finally:
        module.MAX_WORKERS = most
    assert (len(workers), workers.beyond) == (3, 1)
    assert workers.get("w0@a") is None
    workers.expire(NOW + 3_600)
    assert workers.beyond == 0


def pushed_worker(name: str, age: float) -> PushedWorker:
    return PushedWorker(
        hostname=name,
        age=age,
        phase="running",
        reason="Consuming",
        message="",
        consuming=True,
        draining=False,
        queues=("mail",),
        slots=4,
        active=(),
        active_count=0,
        reserved=2,
        eta=0,
        processed=7,
    )


def pod_of(worker: PushedWorker) -> PushedPod:
    return PushedPod(
        name="mail-1",
        group="mail",
        phase="Running",
        state="consuming",
        created_at=NOW,
        scheduled=True,
        ready=True,
        deleting=False,
        restarts=0,
        worker=worker,
    )


def push(*workers: PushedWorker) -> ResourcePush:
    return ResourcePush(
        namespace="production",
        name="shop",
        taken_at=NOW,
        health="Healthy",
        message="",
        suspended=False,
        conditions=(),
        groups=(),
        pods=tuple(pod_of(worker) for worker in workers),
        pod_count=1,
        queues=(),
    )


def test_samples_of_a_worker_that_is_gone_end_with_its_metrics() -> None:
    workers = seen("w1@a", "w2@a")
    workers.on_event(offline("w1@a", NOW + 5))
    assert [(one.name, one.online) for one in workers.samples(NOW + 9)] == [("w1@a", False), ("w2@a", True)]

    assert workers.end_series(NOW + 5 + module.DROP_SERIES_SECONDS + 1) == ["w1@a"]

    assert [one.name for one in workers.samples(NOW + 9)] == ["w2@a"]
    workers.on_event(online("w1@a", NOW + 900))
    assert [one.name for one in workers.samples(NOW + 900)] == ["w1@a", "w2@a"]


def test_of_a_worker_with_many_queues_all_are_known_or_it_is_known_that_some_are_not() -> None:
    workers = seen("w1@a")
    names = [{"name": f"tenant{number}"} for number in range(MAX_QUEUES_OF_WORKER)]

    workers.on_answer("w1@a", inspected(None, names[1:], None), NOW)
    known = (len(workers.consumers()), workers.queues_are_known())
    workers.on_answer("w1@a", inspected(None, [*names, {"name": "last"}], None), NOW)

    assert known == (MAX_QUEUES_OF_WORKER - 1, True)
    assert not workers.queues_are_known()
