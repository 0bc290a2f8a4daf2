"""Stalled: only where everything that it takes to know is known."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from celery_health.catalogue.fleet import FleetReason
from celery_health.verdicts.fleet import hoarding, stalled_workers
from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS, FleetThresholds
from celery_health.verdicts.worker_snapshot import WorkerSnapshot
from tests.unit.verdicts.fleets import seconds, snapshot, snapshots, waits, watched

WAITS = {"celery": 61.0}
STALLED = snapshot(idle_for=61.0, active_count=0, running=())


def stalls(
    worker: WorkerSnapshot,
    waiting: dict[str, float],
    thresholds: FleetThresholds = DEFAULT_FLEET_THRESHOLDS,
) -> bool:
    return stalled_workers.is_stalled(worker, watched(worker, waiting_for=waiting, thresholds=thresholds))


def test_a_worker_that_leaves_messages_waiting_is_stalled() -> None:
    verdict = stalled_workers.check(watched(STALLED, waiting_for=WAITS))
    assert verdict is not None
    assert (verdict.reason, verdict.subjects) == (FleetReason.WORKER_STALLED, ("worker@a",))
    assert verdict.facts == {"free_slots": "4 free slots", "idle": "61 s", "queues": "celery"}


def test_several_stalled_workers_are_reported_together() -> None:
    several = (STALLED, replace(STALLED, name="worker@b"), snapshot("worker@c"))
    verdict = stalled_workers.check(watched(*several, waiting_for=WAITS))
    assert verdict is not None
    assert verdict.subjects == ("worker@a", "worker@b")
    assert verdict.message.endswith("(also worker@b).")


@pytest.mark.parametrize(
    ("why", "changes", "waiting"),
    [
        ("it has begun a task lately", {"idle_for": 60.0}, WAITS),
        ("all its slots are busy", {"active_count": 4}, WAITS),
        ("its prefetch is full", {"has_room": False, "reserved": 1}, WAITS),
        ("its prefetch is full by the counts", {"has_room": None, "reserved": 16}, WAITS),
        (
            "its prefetch may be full, if tasks are acknowledged late",
            {"has_room": None, "active_count": 3, "prefetch": 4, "reserved": 2},
            WAITS,
        ),
        ("it is not meant to consume", {"consuming": False}, WAITS),
        ("the queue has been empty in between", {}, {"celery": 60.0}),
        ("it reads other queues", {"queues": ("email",)}, WAITS),
        ("nothing waits", {}, {}),
        ("it is unknown whether it consumes", {"consuming": None}, WAITS),
        ("its slots are unknown", {"slots": None}, WAITS),
        ("its last activity is unknown", {"idle_for": None}, WAITS),
        ("its room is unknown", {"has_room": None, "prefetch": None}, WAITS),
    ],
)
def test_a_worker_is_not_stalled_if(why: str, changes: dict[str, Any], waiting: dict[str, float]) -> None:
    assert stalled_workers.check(watched(replace(STALLED, **changes), waiting_for=waiting)) is None


@pytest.mark.parametrize("prefetch", [0, 16])
def test_room_may_follow_from_the_counts(prefetch: int) -> None:
    assert stalls(replace(STALLED, has_room=None, prefetch=prefetch, reserved=3), WAITS)


def test_a_prefetch_that_is_full_of_nothing_leaves_room() -> None:
    full_of_nothing = replace(STALLED, has_room=False, reserved=0, eta=0)
    assert stalls(full_of_nothing, WAITS)
    assert hoarding.check(watched(full_of_nothing, waiting_for=WAITS)) is None


def test_the_threshold_is_that_of_the_spec() -> None:
    patience = FleetThresholds(stalled_after=10.0)
    assert stalls(replace(STALLED, idle_for=11.0), {"celery": 11.0}, patience)
    assert not stalls(replace(STALLED, idle_for=9.0), {"celery": 11.0}, patience)


@given(snapshots, waits)
def test_nothing_unknown_ever_stalls_a_worker(one: WorkerSnapshot, waiting: dict[str, float]) -> None:
    assert not stalls(replace(one, consuming=None), waiting)
    assert not stalls(replace(one, slots=None), waiting)
    assert not stalls(replace(one, idle_for=None), waiting)
    assert not stalls(replace(one, has_room=None, prefetch=None), waiting)
    assert not stalls(one, {})


@given(snapshots, waits, seconds)
def test_a_longer_wait_never_takes_the_finding_back(
    one: WorkerSnapshot, waiting: dict[str, float], more: float
) -> None:
    if stalls(one, waiting):
        assert stalls(replace(one, idle_for=(one.idle_for or 0.0) + more), waiting)
        assert stalls(one, {queue: wait + more for queue, wait in waiting.items()})


@given(snapshots, waits)
def test_a_stalled_worker_has_everything_that_it_takes(
    one: WorkerSnapshot, waiting: dict[str, float]
) -> None:
    if stalls(one, waiting):
        assert one.consuming is True
        assert one.takes_more is True
        assert one.slots is not None
        assert one.active_count < one.slots
        assert max(waiting[queue] for queue in one.queues if queue in waiting) > 60.0
