"""Hung tasks: past their own limit, or past the limit for all."""

from dataclasses import replace

import pytest
from hypothesis import given

from celery_health.catalogue.fleet import FleetReason
from celery_health.verdicts.fleet import hung_tasks
from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS, FleetThresholds
from celery_health.verdicts.worker_snapshot import WorkerSnapshot
from tests.unit.verdicts.fleets import running, seconds, snapshot, snapshots, watched


@pytest.mark.parametrize(
    ("running_for", "limit", "hung_after", "hangs"),
    [
        (331.0, 300.0, None, True),
        (330.0, 300.0, None, False),
        (10_000.0, None, None, False),
        (901.0, None, 900.0, True),
        (901.0, 3600.0, 900.0, True),
        (899.0, 300.0, 900.0, True),
        (None, 300.0, 900.0, False),
        (31.0, 0.5, None, True),
    ],
)
def test_a_task_hangs_past_its_limit_and_the_grace(
    running_for: float | None, limit: float | None, hung_after: float | None, hangs: bool
) -> None:
    one = snapshot(running=(running(running_for, limit),))
    assert (
        hung_tasks.check(watched(one, thresholds=FleetThresholds(hung_after=hung_after))) is not None
    ) is hangs


def test_the_longest_task_is_reported_and_every_worker_named() -> None:
    verdict = hung_tasks.check(
        watched(
            snapshot("worker@a", running=(running(400.0, 300.0), running(1.0, 300.0))),
            snapshot("worker@b", running=(running(7300.0, 300.0), running(400.0, 300.0))),
            snapshot("worker@c"),
        )
    )
    assert verdict is not None
    assert (verdict.reason, verdict.subjects) == (FleetReason.HUNG_TASK, ("worker@b", "worker@a"))
    assert verdict.facts == {"task": "shop.pay", "task_id": "id-1", "running": "2 h", "limit": "5 min"}


@given(snapshots, seconds)
def test_a_task_without_a_known_start_is_never_hung(one: WorkerSnapshot, limit: float) -> None:
    unknown = tuple(replace(task, running_for=None) for task in one.running)
    fleet = watched(replace(one, running=unknown), thresholds=FleetThresholds(hung_after=limit))
    assert hung_tasks.check(fleet) is None


@given(snapshots)
def test_a_task_without_a_known_limit_is_never_hung(one: WorkerSnapshot) -> None:
    unlimited = tuple(replace(task, limit=None) for task in one.running)
    assert hung_tasks.check(watched(replace(one, running=unlimited))) is None


@given(snapshots, seconds)
def test_running_on_never_takes_the_finding_back(one: WorkerSnapshot, more: float) -> None:
    later = tuple(
        replace(task, running_for=None if task.running_for is None else task.running_for + more)
        for task in one.running
    )
    before = hung_tasks.hung_tasks(one, DEFAULT_FLEET_THRESHOLDS)
    after = hung_tasks.hung_tasks(replace(one, running=later), DEFAULT_FLEET_THRESHOLDS)
    assert len(after) >= len(before)
