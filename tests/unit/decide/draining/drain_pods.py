"""Short words for pods as the drain plan sees them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from celery_operator.decide.draining.drain_state import DrainPod, DrainState
from celery_operator.decide.draining.plan import REMOVABLE_COST, DrainPlan, plan
from tests.unit.decide.pods import NOW

TIMEOUT = 600.0


def works(name: str, active: int = 1, reserved: int = 0, **changes: Any) -> DrainPod:
    """A ready pod that consumes; a later letter is a newer pod."""
    base = DrainPod(
        name=name,
        uid=name,
        created_at=NOW + timedelta(seconds=ord(name[0])),
        drain_state=DrainState.NOT_DRAINED,
        active=active,
        reserved=reserved,
        drain_requested=False,
    )
    return replace(base, **changes)


def drains(name: str, active: int = 1, seconds: float = 30.0, **changes: Any) -> DrainPod:
    """It was asked to stop fetching; with nothing to do it has drained."""
    hold = DrainState.NOT_DRAINED if active else DrainState.DRAINED
    return works(name, active, drain_state=hold, drain_requested=True, drain_requested_for=seconds, **changes)


def drained(name: str, cost: int = REMOVABLE_COST, **changes: Any) -> DrainPod:
    """It holds nothing, and its cost says that it may go."""
    return drains(name, 0, deletion_cost=cost, **changes)


def unknown(name: str, **changes: Any) -> DrainPod:
    """Nothing shows its in-flight tasks."""
    return works(name, 0, drain_state=DrainState.UNKNOWN, drain_requested=None, **changes)


def starting(name: str, **changes: Any) -> DrainPod:
    """Not ready; its worker has not begun to fetch."""
    return works(name, 0, drain_state=DrainState.DRAINED, ready=False, **changes)


def pending(name: str, **changes: Any) -> DrainPod:
    """On a node, without containers."""
    return starting(name, pending=True, drain_requested=None, **changes)


def planned(desired: int, *pods: DrainPod, replicas: int | None = None, settled: bool = True) -> DrainPlan:
    """The next step; by default the Deployment has as many replicas as there are pods."""
    live = len(pods) if replicas is None else replicas
    return plan(desired, live, pods, drain_timeout=TIMEOUT, settled=settled)
