"""Worker snapshots from replies to remote control."""

from celery_health.survey.remote_control import (
    EtaTask,
    eta_tasks,
    merged,
    private_queues,
    worker_snapshots,
)

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


def test_queues_of_one_process_are_no_queues_of_tasks() -> None:
    consumed = {
        "celery@a": [
            {"name": "mail", "exchange": {"type": "direct"}, "exclusive": False, "auto_delete": False},
            {"name": "bcast.1", "exchange": {"type": "fanout"}, "auto_delete": True},
            {"name": "own", "exchange": {"type": "direct"}, "auto_delete": True},
            {"name": "alone", "exclusive": True},
        ],
        "celery@b": "no list",
    }
    assert private_queues(consumed) == {"bcast.1", "own", "alone"}
    (worker,) = worker_snapshots({"active_queues": {"celery@a": consumed["celery@a"]}}, NOW)
    # Of a broadcast there is no queue that a broker could show.
    assert worker.queues == ("mail", "own", "alone")


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


def test_eta_tasks_are_those_that_celery_describes() -> None:
    request = {"id": "2", "name": "shop.nap"}
    scheduled = {
        "celery@a": [{"eta": "2024-01-28T10:30:00+00:00", "request": request}, {"request": 7}, "soon"],
        "celery@b": [],
        "celery@c": {"error": "no"},
    }
    assert eta_tasks(scheduled) == {"celery@a": (EtaTask("2", "shop.nap", "2024-01-28T10:30:00+00:00"),)}


def test_of_very_many_eta_tasks_the_first_thousand_are_kept() -> None:
    entry = {"eta": None, "request": {"id": "2", "name": "shop.nap"}}
    assert len(eta_tasks({"celery@a": [entry] * 5000})["celery@a"]) == 1000


def test_the_answers_of_workers_of_one_name_are_joined() -> None:
    one = {"pool": {"max-concurrency": 2}, "prefetch_count": 8, "total": {"nap": 3}, "pid": 7}
    other = {"pool": {"max-concurrency": 4}, "prefetch_count": 16, "total": {"nap": 1, "greet": 2}, "pid": 9}
    joined = merged([{"a": one}, {"a": other}, {"b": one}])
    assert joined["a"]["pool"] == {"max-concurrency": 6}
    assert joined["a"]["total"] == {"nap": 4, "greet": 2}
    assert (joined["a"]["prefetch_count"], joined["a"]["pid"]) == (24, 7)
    assert joined["b"] == one
    assert merged([{"a": [1]}, {"a": [2]}]) == {"a": [1, 2]}


def test_slots_of_a_worker_that_grows_are_those_that_it_may_have() -> None:
    pool, autoscaler = {"max-concurrency": 2}, {"max": 10, "min": 2, "current": 2, "qty": 0}
    (worker,) = worker_snapshots({"stats": {"celery@a": {"pool": pool, "autoscaler": autoscaler}}}, NOW)
    assert worker.slots == 10
