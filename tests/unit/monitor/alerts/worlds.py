"""Snapshots, pushes and records for tests of alerts."""

from typing import Any

from celery_health.wire.resource_push import PushedAlert, PushedCondition, ResourcePush
from celery_monitor.alerts.snapshot import AlertSnapshot
from celery_monitor.metrics.task_windows import TaskWindows

NOW = 1_790_000_000.0
LONG_AGO = NOW - 7_200.0


def snapshot(**parts: Any) -> AlertSnapshot:
    """A monitor that runs for long and sees nothing wrong."""
    given = {
        "now": NOW,
        "tasks": TaskWindows(LONG_AGO),
        "connected": True,
        "workers_online": 2,
        "stuck": {},
        **parts,
    }
    return AlertSnapshot(**given)


def push(*alerts: PushedAlert, conditions: tuple[PushedCondition, ...] = ()) -> ResourcePush:
    """What the operator knows of the shop."""
    return ResourcePush(
        namespace="market",
        name="shop",
        taken_at=NOW,
        health="Healthy",
        message="",
        suspended=False,
        conditions=conditions,
        groups=(),
        pods=(),
        pod_count=0,
        queues=(),
        alerts=alerts,
    )
