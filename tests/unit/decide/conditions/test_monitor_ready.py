"""MonitorReady, and what a broken monitor does to the rest of the status."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from celery_health.catalogue.monitor import MonitorReason
from celery_operator.api.names import COMPONENT_MONITOR
from celery_operator.api.status import CeleryDeploymentStatus, ConditionType
from celery_operator.decide import decide
from celery_operator.snapshot import ContainerFailure, MonitorPod
from tests.unit.decide.build import condition_of, deployment, snapshot, spec
from tests.unit.decide.conditions.tables import OLD_GENERATION
from tests.unit.decide.pods import NOW

ON = spec(monitor={"enabled": True})
YOUNG = MonitorPod("shop-monitor-1", ready=False, container_started_at=NOW - timedelta(seconds=59))
OLD = replace(YOUNG, container_started_at=NOW - timedelta(seconds=60))
READY = replace(OLD, ready=True)
PULLING = ContainerFailure("monitor", "ErrImagePull", "no such image")
BROKEN = replace(YOUNG, container_started_at=None, failure=PULLING)
REFUSED = replace(
    deployment(), name="shop-monitor", component=COMPONENT_MONITOR, group=None, failure="the quota is used up"
)
CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("it is ready", {"monitors": (READY,)}, "True", MonitorReason.SERVING),
    ("a new pod beside it starts", {"monitors": (YOUNG, READY)}, "True", MonitorReason.SERVING),
    ("its container has just started", {"monitors": (YOUNG,)}, "False", MonitorReason.STARTING),
    ("its pod is not there yet", {}, "False", MonitorReason.STARTING),
    ("it has long run and is not ready", {"monitors": (OLD,)}, "False", MonitorReason.NOT_READY),
    ("its image cannot be pulled", {"monitors": (BROKEN,)}, "False", MonitorReason.NOT_RUNNING),
    (
        "its pod cannot be created",
        {"deployments": (deployment(), REFUSED)},
        "False",
        MonitorReason.NOT_RUNNING,
    ),
    ("it has just been enabled", {"previous": OLD_GENERATION}, "Unknown", "NewGeneration"),
]


@pytest.mark.parametrize(
    ("changes", "status", "reason"), [pytest.param(*case[1:], id=case[0]) for case in CASES]
)
def test_the_condition_follows_the_pods(changes: dict[str, Any], status: str, reason: str) -> None:
    condition = condition_of(ConditionType.MONITOR_READY, spec=ON, **changes)
    assert (condition.status, condition.reason) == (status, reason)


def test_the_message_says_what_keeps_it_from_running() -> None:
    assert condition_of(ConditionType.MONITOR_READY, spec=ON, monitors=(BROKEN,)).message == (
        "The monitor is not running: container monitor: ErrImagePull: no such image."
    )


def test_only_an_enabled_monitor_has_the_condition() -> None:
    conditions = decide(snapshot(monitors=(READY,))).status.conditions
    assert ConditionType.MONITOR_READY not in {one.type for one in conditions}


def test_a_broken_monitor_degrades_the_resource_and_leaves_it_ready() -> None:
    status = decide(snapshot(spec=ON, monitors=(BROKEN,))).status
    assert (status.health, status.message) == (
        "Degraded",
        "The monitor is not running: container monitor: ErrImagePull: no such image.",
    )
    assert condition_of(ConditionType.READY, spec=ON, monitors=(BROKEN,)).status == "True"
    (advice,) = status.recommendations
    assert "Read in the monitor's log" in advice.message
    assert advice.command.startswith("kubectl -n market describe pods -l ")


def test_a_monitor_that_starts_changes_neither_health_nor_events() -> None:
    decision = decide(snapshot(spec=ON, monitors=(YOUNG,)))
    assert decision.status.health == "Healthy"
    assert decision.status.recommendations == ()
    assert "MonitorStarting" not in [note.reason for note in decision.events]


def test_a_fault_and_its_end_are_announced() -> None:
    broken = decide(snapshot(spec=ON, monitors=(BROKEN,)))
    assert [note.reason for note in broken.events if note.type == "Warning"] == ["MonitorNotRunning"]
    memory = replace(snapshot().memory, open_faults=broken.open_faults)
    previous: CeleryDeploymentStatus = broken.status
    after = decide(snapshot(spec=ON, monitors=(READY,), previous=previous, memory=memory))
    assert "MonitorReady" in [note.reason for note in after.events]
