"""What workers answer about one task."""

from typing import Any

from celery_health.survey.task.holder import task_replies
from celery_health.why.facts import BlockingTask, Held

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
            "revoked": None,
            "registered": [None, "x ["],
            "conf": {"broker_transport_options": 1},
        }.items()
    }

    found = task_replies(hostile, "7", NOW)

    assert found.holder is None
    assert [worker.name for worker in found.workers] == ["w1@a"]
