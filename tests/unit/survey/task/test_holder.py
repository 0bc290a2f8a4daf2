"""What workers answer about one task."""

from typing import Any

from celery_health.survey.task.holder import task_replies
from celery_health.why.facts import BlockingTask, Held
from celery_health.wire.names import QUARANTINE_STAT

LISTED = {"id": "7", "name": "shop.mail", "left": 500.0}
NOW = 1_790_000_000.0


def replies(**more: Any) -> dict[str, dict[str, Any]]:
    usual: dict[str, dict[str, Any]] = {
        "query_task": {"w1@a": {}, "w2@a": {}},
        "active_queues": {"w1@a": [{"name": "mail"}], "w2@a": [{"name": "pdf"}]},
        "stats": {"w1@a": {"pool": {"max-concurrency": 2}}, "w2@a": {"pool": {"max-concurrency": 4}}},
    }
    return {**usual, **more}


def test_a_reserved_task_is_held_behind_the_active_ones_of_its_worker() -> None:
    found = task_replies(
        replies(
            query_task={"w1@a": {"7": ["reserved", {"id": "7", "name": "shop.mail"}]}, "w2@a": {}},
            active={
                "w1@a": [
                    {"id": "8", "name": "shop.add", "time_start": NOW - 5},
                    {"id": "9", "name": "shop.report", "time_start": NOW - 2400},
                ]
            },
        ),
        "7",
        NOW,
    )

    assert found.holder is not None
    assert (found.holder.worker, found.holder.held, found.holder.slots) == ("w1@a", Held.RESERVED, 2)
    assert found.holder.blocking[0] == BlockingTask("9", "shop.report", 2400.0)
    assert found.name == "shop.mail"


def test_a_holder_whose_pool_has_grown_has_a_slot_for_each_process() -> None:
    query = {"w1@a": {"7": ["reserved", {"id": "7"}]}}
    stats = {"w1@a": {"pool": {"max-concurrency": 1, "processes": [11, 12, 13]}}}

    found = task_replies(replies(query_task=query, stats=stats), "7", NOW)

    assert found.holder is not None
    assert found.holder.slots == 3


def test_an_eta_task_is_found_in_the_schedule_of_its_worker() -> None:
    eta = "2026-09-21T15:00:00+00:00"
    scheduled = {"w2@a": [{"eta": eta, "request": {"id": "7", "name": "shop.mail"}}]}

    found = task_replies(replies(scheduled=scheduled), "7", NOW)

    assert found.holder is not None
    assert (found.holder.worker, found.holder.held) == ("w2@a", Held.ETA)
    assert found.eta == 1_790_002_800.0


def test_an_active_task_has_its_start() -> None:
    query = {"w1@a": {"7": ["active", {"id": "7", "name": "shop.mail", "time_start": NOW - 4}]}}

    found = task_replies(replies(query_task=query), "7", NOW)

    assert found.holder is not None
    assert (found.holder.held, found.started) == (Held.ACTIVE, NOW - 4)


def test_a_revoked_task_is_known_by_any_worker() -> None:
    assert task_replies(replies(revoked={"w1@a": [], "w2@a": ["7"]}), "7", NOW).revoked
    assert not task_replies(replies(revoked={"w1@a": ["8"]}), "7", NOW).revoked


def test_the_shortest_visibility_timeout_counts() -> None:
    conf = {
        "w1@a": {"broker_transport_options": {"visibility_timeout": 600}, "task_send_sent_event": False},
        "w2@a": {"broker_transport_options": {}, "task_send_sent_event": True},
    }

    found = task_replies(replies(conf=conf), "7", NOW)

    assert (found.visibility_timeout, found.sent_events) == (600.0, True)


def test_answers_of_the_wrong_shape_are_no_answers() -> None:
    hostile = {
        command: {"w1@a": answer}
        for command, answer in {
            "query_task": {"7": "active"},
            "active_queues": {"name": 1},
            "stats": {"pool": 5},
            "scheduled": [{"request": 1}, 2],
            "active": "x",
            "revoked": 5,
            "registered": [None, "x ["],
            "conf": [1],
        }.items()
    }

    found = task_replies(hostile, "7", NOW)

    assert found.holder is None
    assert [worker.name for worker in found.workers] == ["w1@a"]


def test_a_worker_that_cannot_move_the_message_is_the_one_to_name() -> None:
    listed = {"queue": "mail.dead-letter", "tasks": [LISTED], "waiting": 0, "problem": ""}
    refused = {**listed, "waiting": 1, "problem": "Redis is full."}
    stats = {
        name: {QUARANTINE_STAT: quarantine}
        for name, quarantine in {"w1@a": listed, "w2@a": refused, "w3@a": "no"}.items()
    }

    found = task_replies(replies(stats=stats), "7", NOW)

    assert found.quarantine is not None
    assert (found.quarantine.problem, found.dead_letter_queues) == ("Redis is full.", ("mail.dead-letter",))
    assert task_replies(replies(stats=stats), "8", NOW).quarantine is None


def test_a_queue_that_is_no_dead_letter_queue_is_left_out_and_that_of_the_task_is_first() -> None:
    """Any program can answer in the name of a worker."""
    names = ["mail", *(f"q{number}.dead-letter" for number in range(4))]
    stats = {
        f"w{number}@a": {QUARANTINE_STAT: {"queue": name, "tasks": [LISTED] if number == 3 else []}}
        for number, name in enumerate(names)
    }

    found = task_replies(replies(stats=stats), "7", NOW)

    assert found.dead_letter_queues == tuple(f"q{number}.dead-letter" for number in (2, 0, 1, 3))


def test_every_queue_of_a_worker_counts() -> None:
    names = [f"tenant{number}" for number in range(2_000)]
    queues = [{"name": name} for name in names]

    found = task_replies({"active_queues": {"w1@a": queues}}, "7", NOW)

    assert found.workers[0].queues == tuple(names)
