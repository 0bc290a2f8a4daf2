"""The fields of Flower 2.2: flower_2_2.json has those that Flower itself answered with, in its order."""

import json
from pathlib import Path
from typing import Any

import pytest

from celery_monitor.records.states import FAILURE, LOST, RETRY, REVOKED, STARTED, SUCCESS
from celery_monitor.records.tasks import Run, TaskRecord
from celery_monitor.web.flower.task_document import FlowerTask, flower_task

FLOWER: dict[str, Any] = json.loads(Path(__file__).with_name("flower_2_2.json").read_text())


def test_a_task_has_flowers_fields_in_flowers_order() -> None:
    assert list(FlowerTask.model_fields) == FLOWER["/api/task/info/ID"]["task"]


def test_a_finished_task_has_its_moment_in_the_field_of_its_state() -> None:
    record = TaskRecord(
        id="1", name="shop.pay", state=SUCCESS, received=1.0, started=2.0, finished=3.5, updated=4.0
    )
    task = flower_task(record)
    assert (task.succeeded, task.failed, task.revoked, task.rejected, task.retried) == (
        3.5,
        None,
        None,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("state", "field"), [(FAILURE, "failed"), (REVOKED, "revoked"), ("REJECTED", "rejected")]
)
def test_other_ends_have_fields_of_their_own(state: str, field: str) -> None:
    task = flower_task(TaskRecord(id="1", state=state, finished=3.5))
    assert getattr(task, field) == 3.5
    assert task.succeeded is None


def test_a_retry_keeps_its_moment_after_the_end() -> None:
    runs = [
        Run(number=1, worker="w", started=1.0, finished=2.0, outcome=RETRY),
        Run(number=2, worker="w", started=3.0, finished=4.0, outcome=SUCCESS),
    ]
    task = flower_task(TaskRecord(id="1", state=SUCCESS, finished=4.0, runs=runs))
    assert (task.retried, task.succeeded) == (2.0, 4.0)


def test_a_lost_task_is_started_as_in_flower() -> None:
    assert flower_task(TaskRecord(id="1", state=LOST)).state == STARTED


def test_moments_of_eta_and_expiry_are_texts() -> None:
    task = flower_task(TaskRecord(id="1", eta=1706437800.5, expires=0.0))
    assert (task.eta, task.expires) == ("2024-01-28T10:30:00.500000+00:00", "1970-01-01T00:00:00+00:00")
