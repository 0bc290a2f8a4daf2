"""BeatHealthy from what the pods of beat say."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_health.catalogue.beat import BeatReason
from celery_health.verdicts.beat import BeatSnapshot
from celery_operator.api.names import ANNOTATION_PAUSE_HEALING
from celery_operator.api.status import Condition, ConditionType
from tests.unit.decide.build import condition_of, deployment, spec, status_of

WITH_BEAT = spec(beat={"enabled": True})
TICKING = BeatSnapshot(
    "shop-beat-1",
    "uid-1",
    ready=True,
    reason=BeatReason.TICKING,
    message="Beat ticks.",
    live=True,
    tick_age=1.0,
    report_present=True,
)
SILENT = BeatSnapshot("shop-beat-1", "uid-1", ready=True)


def says(reason: BeatReason, message: str = "It is so.", **changes: Any) -> BeatSnapshot:
    return replace(TICKING, reason=reason, message=message, **changes)


def condition_for(*beats: BeatSnapshot, ready: int = 1, replicas: int = 1) -> Condition:
    deployments = (deployment(), deployment(1, group=None, ready=ready, replicas=replicas))
    return condition_of(ConditionType.BEAT_HEALTHY, spec=WITH_BEAT, deployments=deployments, beats=beats)


@pytest.mark.parametrize(
    ("snapshot", "status", "reason", "words"),
    [
        (TICKING, "True", "Running", "ticks"),
        (
            says(BeatReason.TICK_OVERDUE, "A tick has not ended for 70 s.", ready=False),
            "False",
            "TickOverdue",
            "A tick has not ended for 70 s. The kubelet restarts",
        ),
        (says(BeatReason.STUCK), "False", "TickOverdue", "The kubelet restarts"),
        (says(BeatReason.CONNECTING), "False", "TickOverdue", "not restarted"),
        (says(BeatReason.WAITING_FOR_RESULTS), "False", "TickOverdue", "not restarted"),
        (says(BeatReason.STARTING, ready=False), "False", "NotRunning", "It is so."),
        (says(BeatReason.WAITING_FOR_FIRST_TICK, ready=False), "False", "NotRunning", "It is so."),
        (says(BeatReason.STOPPING), "False", "NotRunning", "It is so."),
        (says(BeatReason.ENDED), "False", "NotRunning", "It is so."),
        (
            says(
                BeatReason.ENDED, ready=False, container_failure="container beat: Error: ImportError: no shop"
            ),
            "False",
            "NotRunning",
            "container beat: Error: ImportError: no shop",
        ),
        (says(BeatReason.AGENT_ABSENT, "Beat has no agent."), "Unknown", "AgentAbsent", "Beat has no agent."),
        (
            says(BeatReason.AGENT_ABSENT, container_failure="container beat: Error: x"),
            "False",
            "NotRunning",
            "x",
        ),
        (
            says(BeatReason.REPORT_UNREADABLE, "The beat report is not valid JSON."),
            "Unknown",
            "ReportUnreadable",
            "The beat report is not valid JSON.",
        ),
        (says(BeatReason.TICKS_UNKNOWN), "Unknown", "TicksUnknown", "It is so."),
        (SILENT, "Unknown", "SidecarUnreachable", "sidecar does not answer the operator"),
        (replace(SILENT, ready=False), "False", "NotRunning", "its pod is starting"),
    ],
)
def test_what_the_pod_of_beat_says_is_the_verdict(
    snapshot: BeatSnapshot, status: str, reason: str, words: str
) -> None:
    condition = condition_for(snapshot)
    assert (condition.status, condition.reason) == (status, reason)
    assert words in condition.message


def test_two_beats_are_one_too_many_and_one_that_leaves_does_not_count() -> None:
    second = replace(TICKING, pod="shop-beat-2", uid="uid-2")
    doubled = condition_for(TICKING, second, ready=2, replicas=2)
    assert (doubled.status, doubled.reason) == ("False", "MultipleInstances")
    assert "StatefulSet shop-beat" in doubled.message
    assert condition_for(TICKING, replace(second, deleting=True), replicas=2).reason == "Running"


def test_a_beat_that_does_not_end_may_be_on_a_lost_node_and_no_other_starts() -> None:
    leaving = replace(TICKING, deleting=True, overdue_for=31.0)
    condition = condition_for(leaving, ready=0, replicas=1)
    assert (condition.status, condition.reason) == ("False", "NodeLost")
    assert "shop-beat-1" in condition.message
    # The kubelet has a moment to say so, and a beat that runs counts more.
    assert condition_for(replace(leaving, overdue_for=29.0), ready=0).reason == "NotRunning"
    assert condition_for(leaving, replace(TICKING, pod="shop-beat-0", uid="uid-0")).reason == "Running"


def test_no_beat_that_stays_is_no_beat() -> None:
    condition = condition_for(replace(TICKING, deleting=True), ready=0, replicas=0)
    assert (condition.status, condition.reason) == ("False", "NotRunning")


def test_a_beat_that_does_not_tick_degrades_the_deployment() -> None:
    deployments = (deployment(), deployment(1, group=None))
    beats = (says(BeatReason.TICK_OVERDUE),)
    status = status_of(spec=WITH_BEAT, deployments=deployments, beats=beats)
    assert status.health == "Degraded"
    assert status.beat is not None
    assert status.beat.state == "NotRunning"


snapshots = st.builds(
    BeatSnapshot,
    pod=st.sampled_from(["shop-beat-1", "shop-beat-2"]),
    uid=st.just("uid"),
    deleting=st.booleans(),
    ready=st.booleans(),
    reason=st.none() | st.sampled_from(list(BeatReason)),
    message=st.just("It is so."),
    container_failure=st.sampled_from(["", "container beat: OOMKilled: exit code 137"]),
)


@given(st.lists(snapshots, min_size=1, max_size=3), st.integers(0, 2))
def test_only_one_beat_that_says_that_it_ticks_is_healthy(beats: list[BeatSnapshot], ready: int) -> None:
    condition = condition_for(*beats, ready=ready, replicas=max(1, ready))
    staying = [one for one in beats if not one.deleting]
    if staying:
        ticks = [one.reason for one in staying] == [BeatReason.TICKING]
        assert (condition.status == "True") == ticks
    assert condition.message


HANGS = says(BeatReason.STUCK, "A tick lasts for 70 s.", live=False, ready=False)


@pytest.mark.parametrize(
    ("changes", "why", "command"),
    [
        (
            {"annotations": {ANNOTATION_PAUSE_HEALING: "true"}},
            "healing is paused",
            "kubectl -n market annotate celerydeployments shop celery-operator.dev/pause-healing-",
        ),
        (
            {"spec": spec(beat={"enabled": True}, health={"restart": {"policy": "Never"}})},
            "spec.health.restart.policy is Never",
            "kubectl -n market delete pod shop-beat-1",
        ),
    ],
    ids=["paused", "Never"],
)
def test_where_nothing_restarts_a_beat_that_hangs_a_person_is_asked_to(
    changes: dict[str, Any], why: str, command: str
) -> None:
    deployments = (deployment(), deployment(1, group=None, ready=0))
    status = status_of(**{"spec": WITH_BEAT, "deployments": deployments, "beats": (HANGS,), **changes})
    (condition,) = [one for one in status.conditions if one.type is ConditionType.BEAT_HEALTHY]
    assert condition.message.startswith("A tick lasts for 70 s. ")
    assert f"not restarted, because {why}" in condition.message
    assert why in status.recommendations[0].message
    assert status.recommendations[0].command == command
