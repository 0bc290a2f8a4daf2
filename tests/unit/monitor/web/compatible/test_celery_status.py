"""The shapes of document 003."""

import json
from dataclasses import replace
from typing import Any

import pytest

from celery_health.survey.evidence.broker_clients import UnresponsiveWorkers
from celery_health.survey.remote_control import EtaTask
from celery_health.verdicts.worker_snapshot import RunningTask
from celery_monitor.live.fleet_check import FleetState
from celery_monitor.web.compatible.celery_status import health_of, stats_of, tasks_of
from tests.unit.monitor.web.compatible.states import A_WORKER, AWAY, state


def health(fleet: FleetState) -> Any:
    return json.loads(health_of(fleet, "upstream").model_dump_json())


def test_healthy_has_the_count_and_no_error() -> None:
    assert health(state(ready={"celery": 5}, workers=(A_WORKER,))) == {
        "status": "healthy",
        "workers": {"healthy": True, "active_workers": ["worker1@hostname"], "worker_count": 1},
        "queues": {"celery": 5},
        "recommendations": [],
    }


def test_unhealthy_has_an_error_and_no_count() -> None:
    assert health(state(ready={"celery": 5})) == {
        "status": "unhealthy",
        "workers": {"healthy": False, "active_workers": [], "error": "No active Celery workers found"},
        "queues": {"celery": 5},
        "recommendations": ["Start Celery workers: celery -A upstream worker --loglevel=info"],
    }


@pytest.mark.parametrize(("ready", "word"), [(1000, "healthy"), (1001, "degraded")])
def test_more_than_1000_messages_are_degraded(ready: int, word: str) -> None:
    assert health(state(ready={"celery": ready}, workers=(A_WORKER,)))["status"] == word


def test_an_unknown_length_is_minus_1() -> None:
    assert health(state(ready={"celery": None}, workers=(A_WORKER,)))["queues"] == {"celery": -1}


def test_a_broker_that_is_away_is_the_error() -> None:
    document = health(state(AWAY, {"celery": None, "mail": None}, workers_known=False))
    assert document["status"] == "unhealthy"
    assert document["queues"] == {"celery": -1, "mail": -1}
    assert document["workers"]["error"] == "redis://h:6379/0 refuses the connection."


def test_a_worker_that_does_not_answer_is_unhealthy_where_no_other_consumes() -> None:
    silent = UnresponsiveWorkers(1, ("worker2@hostname",))
    alone = health(state(workers_known=False, unresponsive=silent))
    assert alone["status"] == "unhealthy"
    assert "worker2@hostname" in alone["workers"]["error"]
    beside = health(state(workers=(A_WORKER,), workers_known=False, unresponsive=silent))
    assert beside["status"] == "degraded"
    assert beside["workers"]["worker_count"] == 1


def test_a_worker_that_does_not_consume_is_not_active() -> None:
    deaf = replace(A_WORKER, consuming=False)
    document = health(state(workers=(deaf,)))
    assert document["status"] == "unhealthy"
    assert document["workers"]["active_workers"] == []


BUSY = replace(
    A_WORKER,
    active_count=3,
    running=(
        RunningTask("abc-123", "upstream.tasks.run_drift_detection", 10.25),
        RunningTask("abc-124", "upstream.tasks.run_drift_detection", None),
        RunningTask("abc-125", "upstream.tasks.send_alert", 1.0),
    ),
)
FETCHED = state(
    workers=(BUSY,),
    workers_at=1234567900.25,
    eta_tasks={
        "worker1@hostname": (EtaTask("def-456", "upstream.tasks.send_alert", "2024-01-28T12:30:00.5+02:00"),)
    },
)


def test_running_and_scheduled_tasks() -> None:
    document = json.loads(tasks_of(FETCHED).model_dump_json())
    assert document["running"][0] == {
        "worker": "worker1@hostname",
        "task_name": "upstream.tasks.run_drift_detection",
        "task_id": "abc-123",
        "time_start": 1234567890,
    }
    assert document["scheduled"] == [
        {
            "worker": "worker1@hostname",
            "task_name": "upstream.tasks.send_alert",
            "task_id": "def-456",
            "eta": "2024-01-28T10:30:00+00:00",
        }
    ]
    assert document["running_count"] == 3


def test_numbers_by_name() -> None:
    assert json.loads(stats_of(tasks_of(FETCHED)).model_dump_json()) == {
        "total_running": 3,
        "total_scheduled": 1,
        "by_task_name": {
            "upstream.tasks.run_drift_detection": {"running": 2, "scheduled": 0},
            "upstream.tasks.send_alert": {"running": 1, "scheduled": 1},
        },
    }
