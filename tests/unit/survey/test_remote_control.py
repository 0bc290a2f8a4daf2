"""Worker snapshots from replies to remote control."""

from celery_health.survey.remote_control import worker_snapshots

NOW = 1000.0


def test_replies_to_all_commands_make_one_worker() -> None:
    (worker,) = worker_snapshots(
        {
            "stats": {"celery@a": {"pool": {"max-concurrency": 4}, "prefetch_count": 16}},
            "active": {"celery@a": [{"id": "1", "name": "shop.nap", "time_start": NOW - 7}]},
            "reserved": {"celery@a": [{"id": "2"}]},
            "scheduled": {"celery@a": [{"eta": "soon"}, {"eta": "late"}]},
            "active_queues": {"celery@a": [{"name": "mail"}]},
        },
        NOW,
    )
    assert (worker.name, worker.consuming, worker.queues) == ("celery@a", True, ("mail",))
    assert (worker.slots, worker.prefetch) == (4, 16)
    assert (worker.active_count, worker.reserved, worker.eta) == (1, 1, 2)
    assert [(task.name, task.running_for) for task in worker.running] == [("shop.nap", 7.0)]


def test_without_the_reply_about_queues_consuming_is_unknown() -> None:
    (worker,) = worker_snapshots({"stats": {"celery@a": {}}}, NOW)
    assert worker.consuming is None


def test_a_worker_without_queues_is_not_consuming() -> None:
    (worker,) = worker_snapshots({"active_queues": {"celery@a": []}}, NOW)
    assert worker.consuming is False


def test_a_task_that_has_not_started_has_no_age() -> None:
    (worker,) = worker_snapshots(
        {"active": {"celery@a": [{"id": "1", "name": "n", "time_start": None}]}}, NOW
    )
    assert worker.running[0].running_for is None
