"""Hoarding: far more held than worked on."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_health.catalogue.fleet import FleetReason
from celery_health.verdicts.fleet import hoarding
from celery_health.verdicts.worker_snapshot import WorkerSnapshot
from tests.unit.verdicts.fleets import seconds, snapshot, snapshots, watched


@pytest.mark.parametrize(
    ("what", "changes", "hoards"),
    [
        ("a busy prefetch", {"reserved": 16, "active_count": 4}, False),
        ("ten times the prefetch in ETA tasks", {"eta": 160}, True),
        ("just below it", {"eta": 159}, False),
        ("the same while most slots work", {"eta": 500, "active_count": 3}, False),
        ("below the floor", {"eta": 99, "initial_prefetch": 1, "slots": 1, "active_count": 0}, False),
        ("the floor of a small worker", {"eta": 100, "initial_prefetch": 1, "slots": 1}, False),
        (
            "the floor of a small idle worker",
            {"eta": 100, "initial_prefetch": 1, "slots": 1, "active_count": 0},
            True,
        ),
        ("the prefetch that ETA tasks raised", {"eta": 160, "prefetch": 176}, True),
        (
            "a raised prefetch, its configured value unknown",
            {"eta": 160, "prefetch": 176, "initial_prefetch": None},
            True,
        ),
        (
            "no prefetch known at all",
            {"eta": 9000, "prefetch": None, "initial_prefetch": None},
            False,
        ),
        ("no slots known", {"eta": 9000, "slots": None}, False),
        ("an unlimited prefetch", {"reserved": 100, "prefetch": 0, "initial_prefetch": 0}, True),
        ("full and at work", {"has_room": False, "idle_for": 100.0}, False),
        ("full and idle", {"has_room": False, "reserved": 1, "idle_for": 100.0, "active_count": 0}, True),
        (
            "full and idle for a moment",
            {"has_room": False, "reserved": 1, "idle_for": 9.0, "active_count": 0},
            False,
        ),
        ("full of nothing", {"has_room": False, "idle_for": 100.0, "active_count": 0}, False),
        (
            "full, idle for an unknown time",
            {"has_room": False, "idle_for": None, "active_count": 0},
            False,
        ),
        (
            "full by the counts and idle",
            {"has_room": None, "reserved": 16, "idle_for": 100.0, "active_count": 0},
            True,
        ),
    ],
)
def test_what_is_a_hoard(what: str, changes: dict[str, Any], hoards: bool) -> None:
    assert (hoarding.check(watched(snapshot(**changes))) is not None) is hoards


def test_the_worker_with_the_most_waiting_messages_is_reported() -> None:
    hoarders = (snapshot("worker@a", eta=200), snapshot("worker@b", eta=300, reserved=7))
    verdict = hoarding.check(watched(*hoarders))
    assert verdict is not None
    assert (verdict.reason, verdict.subjects) == (FleetReason.HOARDING, ("worker@b", "worker@a"))
    assert verdict.facts == {"waiting": "307 messages", "eta": "300", "reserved": "7", "active": "1 task"}


@given(snapshots, seconds, st.integers(0, 500))
def test_a_larger_or_older_hoard_stays_one(one: WorkerSnapshot, more: float, messages: int) -> None:
    if hoarding.is_hoarding(one):
        assert hoarding.is_hoarding(replace(one, has_room=False))
        assert hoarding.is_hoarding(replace(one, reserved=one.reserved + messages))
        if one.idle_for is not None:
            assert hoarding.is_hoarding(replace(one, idle_for=one.idle_for + more))
