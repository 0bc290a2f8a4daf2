"""Worker snapshots from replies to remote control."""

from typing import Any

import pytest

from celery_health.survey.answers.deaths import deaths_of
from celery_health.survey.remote_control import (
    EtaTask,
    eta_tasks,
    merged,
    private_queues,
    worker_snapshots,
)
from celery_health.wire.names import DEATHS_STAT, QUARANTINE_STAT

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


@pytest.mark.parametrize("answer", [{"pool": ["x"], "prefetch_count": "4"}, ["x"], "x", 7])
def test_a_worker_that_answers_nonsense_has_no_numbers(answer: object) -> None:
    (worker,) = worker_snapshots({"stats": {"celery@a": answer}}, NOW)
    assert (worker.slots, worker.prefetch) == (None, None)


@pytest.mark.parametrize("answer", [7, "x", {"a": 1}, [7, None, {}, {"time_start": 10**400}]])
def test_an_odd_answer_leaves_the_other_workers_as_they_are(answer: object) -> None:
    queues, active = [{"name": "mail"}], [{"id": "1", "name": "shop.nap", "time_start": NOW - 7}]
    commands = {"active_queues": queues, "active": active, "reserved": [{}], "scheduled": [{}]}
    replies = {command: {"celery@a": right, "odd": answer} for command, right in commands.items()}
    worker, odd = worker_snapshots(replies, NOW)
    assert (worker.queues, worker.active_count, worker.reserved, worker.eta) == (("mail",), 1, 1, 1)
    assert odd.queues == ()
    assert all(task.running_for is None for task in odd.running)


DEATHS: dict[str, Any] = {
    "written_mono": 500.0,
    "processed": 40,
    "deaths": [
        {
            "id": "29a3b4be",
            "name": "warehouse.hog",
            "count": 3,
            "first_mono": 400.0,
            "last_mono": 490.0,
            "cause": "signal SIGSEGV",
            "returns": True,
        }
    ],
    "deaths_by_name": [{"name": "warehouse.hog", "count": 3, "runs": 4}],
    "children_lost": 3,
    "tasks_lost": 0,
}


def test_deaths_are_those_of_the_workers_that_record_them() -> None:
    answers: list[dict[str, Any]] = [{"celery@a": {"pid": 7, DEATHS_STAT: DEATHS}}, {"celery@b": {"pid": 8}}]
    (worker,) = deaths_of(answers, NOW).workers
    assert (worker.worker, worker.processed, worker.children_lost) == ("celery@a", 40, 3)
    (task,) = worker.tasks
    assert (task.id, task.first, task.last) == ("29a3b4be", NOW - 100.0, NOW - 10.0)


@pytest.mark.parametrize(
    "stats",
    [
        None,
        "no",
        {DEATHS_STAT: "no"},
        {DEATHS_STAT: {**DEATHS, "children_lost": -1}},
        {DEATHS_STAT: {**DEATHS, "deaths": DEATHS["deaths"] * 21}},
        {DEATHS_STAT: {**DEATHS, "deaths": [{**DEATHS["deaths"][0], "name": "x" * 257}]}},
    ],
)
def test_an_answer_outside_the_contract_shows_no_deaths(stats: Any) -> None:
    assert deaths_of([{"celery@a": stats}], NOW).workers == ()


@pytest.mark.parametrize(
    ("total", "share"),
    [({"warehouse.hog": 40}, 44 / 80), ({}, 4 / 80), ({"warehouse.hog": "40"}, 4 / 80), (None, 4 / 40)],
)
def test_the_share_of_runs_is_that_at_all_workers_that_record_deaths(total: Any, share: float) -> None:
    well = {**DEATHS, "deaths": [], "deaths_by_name": [], "children_lost": 0}
    answers: list[dict[str, Any]] = [
        {"celery@a": {"total": {"warehouse.hog": 4, "shop.nap": 36}, DEATHS_STAT: DEATHS}},
        {"celery@b": {"total": total, DEATHS_STAT: well}},
    ]
    assert deaths_of(answers, NOW).share_of_runs("warehouse.hog") == pytest.approx(share)


HELD: dict[str, Any] = {
    "queue": "mail.dead-letter",
    "tasks": [{"id": "29a3b4be", "name": "shop.hog", "left": 9.5}],
}


@pytest.mark.parametrize(
    ("held", "queue"),
    [
        (HELD, "mail.dead-letter"),
        ({**HELD, "tasks": []}, "mail.dead-letter"),
        ({**HELD, "tasks": HELD["tasks"] * 101}, ""),
        ({**HELD, "queue": "x" * 257}, ""),
        ({"tasks": []}, ""),
        ("no", ""),
        (None, ""),
    ],
)
def test_the_dead_letter_queue_is_that_of_a_worker_with_quarantine(held: Any, queue: str) -> None:
    answers: list[dict[str, Any]] = [{"celery@a": {"pid": 7}}, {"celery@b": {QUARANTINE_STAT: held}}]
    assert deaths_of(answers, NOW).dead_letter_queue == queue
