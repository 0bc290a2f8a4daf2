"""Each condition's reasons and messages, one table a condition."""

from dataclasses import replace
from typing import Any

import pytest

from celery_health.catalogue.beat import BeatStateReason
from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.pods import PodReason
from celery_health.catalogue.states import StateReason
from celery_health.catalogue.workers import WorkerReason
from celery_operator.api.status import ConditionType
from tests.unit.decide.build import REFUSED, UNREADABLE, broker, condition_of, deployment, fault, spec
from tests.unit.decide.conditions.tables import OLD_GENERATION, SUSPENDED, A, Row, cases
from tests.unit.decide.pods import (
    NOT_REACHED,
    NOW,
    broken_pod,
    consumption_unknown_pod,
    pending_pod,
    pod,
    silent_pod,
)

WITH_BEAT = spec(beat={"enabled": True})
NOT_LOADED = """Usage: celery [OPTIONS] COMMAND [ARGS]...

Error: Invalid value for '-A' / '--app':
Unable to load celery application.
The module shop was not found.
"""
WORKERS: list[Row] = [
    (
        "one does not show whether it consumes",
        {"pods": (A, consumption_unknown_pod("b"))},
        "Unknown",
        PodReason.CONSUMPTION_UNKNOWN,
    ),
    ("all consume", {}, "True", StateReason.ALL_CONSUMING),
    ("one is deaf", {"pods": (A, pod("b", WorkerReason.DEAF))}, "False", WorkerReason.DEAF),
    (
        "one takes no messages because it does not reach the broker",
        {"pods": (A, pod("b", WorkerReason.DEAF, sidecar_broker=NOT_REACHED))},
        "False",
        WorkerReason.CONNECTING,
    ),
    ("one is wedged", {"pods": (A, pod("b", WorkerReason.WEDGED))}, "False", WorkerReason.WEDGED),
    ("one has ended", {"pods": (A, pod("b", WorkerReason.ENDED))}, "False", PodReason.STOPPED),
    (
        "the worst of several gives the reason",
        {"pods": (pod("a", WorkerReason.DEAF), broken_pod("InvalidImageName", name="b"))},
        "False",
        PodReason.IMAGE_UNAVAILABLE,
    ),
    (
        "a key of a Secret is missing",
        {"pods": (broken_pod("CreateContainerConfigError"),)},
        "False",
        PodReason.CONFIGURATION_MISSING,
    ),
    (
        "the application does not import",
        {"pods": (broken_pod("CrashLoopBackOff", NOT_LOADED, exit_code=2),)},
        "False",
        PodReason.APP_NOT_LOADED,
    ),
    (
        "the worker crashes",
        {"pods": (broken_pod("CrashLoopBackOff", "", exit_code=3),)},
        "False",
        PodReason.CRASHING,
    ),
    (
        "the worker outgrows its memory",
        {"pods": (broken_pod("OOMKilled", exit_code=137),)},
        "False",
        PodReason.OOM_KILLED,
    ),
    (
        "a quota keeps pods away",
        {"pods": (), "deployments": (deployment(failure="exceeded quota"),)},
        "False",
        PodReason.CREATION_REFUSED,
    ),
    (
        "no node takes the pod",
        {"pods": (A, replace(pending_pod("b"), scheduled=False))},
        "False",
        PodReason.UNSCHEDULABLE,
    ),
    (
        "a pod without a node is new",
        {"pods": (A, replace(pending_pod("b"), scheduled=False, created_at=NOW))},
        "False",
        WorkerReason.STARTING,
    ),
    (
        "workers wait for the broker",
        {"broker": REFUSED, "pods": (pod("a", WorkerReason.CONNECTING, sidecar_broker=NOT_REACHED),)},
        "False",
        FleetReason.BROKER_UNREACHABLE,
    ),
    (
        "no agent reports",
        {"pods": (pod("a", WorkerReason.AGENT_ABSENT), pod("b", WorkerReason.AGENT_ABSENT))},
        "Unknown",
        WorkerReason.AGENT_ABSENT,
    ),
    (
        "a report is unreadable, and another worker has no agent",
        {"pods": (pod("a", WorkerReason.AGENT_ABSENT), pod("b", WorkerReason.REPORT_UNREADABLE))},
        "Unknown",
        WorkerReason.REPORT_UNREADABLE,
    ),
    (
        "nothing has been created yet",
        {"pods": (), "deployments": (), "previous": OLD_GENERATION},
        "Unknown",
        StateReason.NEW_GENERATION,
    ),
]
BACKLOG: list[Row] = [
    ("a queue at the threshold", {"broker": broker(celery=1000)}, "True", StateReason.WITHIN_LIMITS),
    ("a queue above the threshold", {"broker": broker(celery=1001)}, "False", FleetReason.ABOVE_THRESHOLD),
    ("a queue of unknown length", {"broker": broker(celery=None)}, "Unknown", BrokerReason.REACHABLE),
    ("a broker that cannot be read", {"broker": UNREADABLE}, "Unknown", BrokerReason.UNSUPPORTED_KIND),
    (
        "messages while suspended",
        {**SUSPENDED, "broker": broker(celery=1)},
        "False",
        StateReason.NO_WORKERS_DESIRED,
    ),
]
BEAT: list[Row] = [
    ("beat is not desired", {}, "True", BeatStateReason.DISABLED),
    (
        "beat runs",
        {"spec": WITH_BEAT, "deployments": (deployment(), deployment(1, group=None))},
        "True",
        BeatStateReason.RUNNING,
    ),
    (
        "beat is not ready",
        {"spec": WITH_BEAT, "deployments": (deployment(), deployment(1, group=None, ready=0))},
        "False",
        BeatStateReason.NOT_RUNNING,
    ),
    ("beat has no Deployment", {"spec": WITH_BEAT}, "False", BeatStateReason.NOT_RUNNING),
    (
        "beat is being created",
        {"spec": WITH_BEAT, "previous": OLD_GENERATION},
        "Unknown",
        StateReason.NEW_GENERATION,
    ),
    (
        "beat is suspended",
        {**SUSPENDED, "spec": spec(suspend=True, beat={"enabled": True})},
        "True",
        StateReason.SUSPENDED,
    ),
]
RECONCILING: list[Row] = [
    ("nothing is to do", {}, "False", StateReason.UP_TO_DATE),
    ("the spec has just changed", {"previous": OLD_GENERATION}, "True", StateReason.NEW_GENERATION),
    ("the Deployment is missing", {"deployments": ()}, "True", StateReason.NEW_GENERATION),
    (
        "the Deployment is behind its spec",
        {"deployments": (deployment(generation=2),)},
        "True",
        StateReason.ROLLOUT_IN_PROGRESS,
    ),
    ("pods are replaced", {"deployments": (deployment(updated=1),)}, "True", StateReason.ROLLOUT_IN_PROGRESS),
    (
        "surplus pods are taken away",
        {"deployments": (deployment(replicas=3),)},
        "True",
        StateReason.ROLLOUT_IN_PROGRESS,
    ),
    ("a surplus worker drains first", {"deployments": (deployment(3),)}, "True", StateReason.SCALING),
    (
        "a group has left the spec",
        {"deployments": (deployment(), deployment(1, group="old"))},
        "True",
        StateReason.REMOVING,
    ),
    (
        "beat has left the spec",
        {"deployments": (deployment(), deployment(1, group=None))},
        "True",
        StateReason.REMOVING,
    ),
    (
        "the Deployment of an earlier beat has not ended",
        {
            "spec": spec(beat={"enabled": True}),
            "deployments": (deployment(), deployment(1, group=None, kind="Deployment")),
        },
        "True",
        StateReason.REMOVING,
    ),
    (
        "Flower has left the spec",
        {"deployments": (deployment(), deployment(1, group=None, component="flower"))},
        "True",
        StateReason.REMOVING,
    ),
    (
        "the managed Redis has left the spec",
        {"deployments": (deployment(), deployment(1, group=None, component="redis"))},
        "True",
        StateReason.REMOVING,
    ),
    ("workers are starting", {"pods": (A, pending_pod("b"))}, "True", WorkerReason.STARTING),
    ("a Secret is awaited", {"faults": (fault(waiting=True),)}, "True", "BrokerUrlInvalid"),
    (
        "the spec cannot be carried out",
        {"faults": (fault(),), "previous": OLD_GENERATION},
        "False",
        StateReason.STALLED,
    ),
]
STALLED: list[Row] = [
    ("nothing is wrong", {}, "False", StateReason.NOT_STALLED),
    ("a Secret is awaited", {"faults": (fault(waiting=True),)}, "False", StateReason.NOT_STALLED),
    (
        "a new spec is needed",
        {"faults": (fault(waiting=True), fault("Write it so."))},
        "True",
        "BrokerUrlInvalid",
    ),
]
AGENTS: list[Row] = [
    ("all report", {}, "True", StateReason.ALL_REPORTING),
    ("one has none", {"pods": (A, pod("b", WorkerReason.AGENT_ABSENT))}, "False", WorkerReason.AGENT_ABSENT),
    (
        "one report is unreadable",
        {"pods": (A, pod("b", WorkerReason.REPORT_UNREADABLE), silent_pod("c"))},
        "False",
        WorkerReason.REPORT_UNREADABLE,
    ),
    ("one cannot be asked", {"pods": (A, silent_pod("b"))}, "Unknown", PodReason.SIDECAR_UNREACHABLE),
    ("one reports in part", {"pods": (A, consumption_unknown_pod("b"))}, "True", StateReason.ALL_REPORTING),
    ("none is up yet", {"pods": (pending_pod(),)}, "True", StateReason.NOTHING_TO_REPORT),
]
TABLES = {
    ConditionType.WORKERS_HEALTHY: WORKERS,
    ConditionType.BACKLOG_WITHIN_LIMITS: BACKLOG,
    ConditionType.BEAT_HEALTHY: BEAT,
    ConditionType.RECONCILING: RECONCILING,
    ConditionType.STALLED: STALLED,
    ConditionType.AGENTS_REPORTING: AGENTS,
}


@pytest.mark.parametrize(("kind", "changes", "status", "reason"), cases(TABLES))
def test_a_condition_follows_the_evidence(
    kind: ConditionType, changes: dict[str, Any], status: str, reason: str
) -> None:
    condition = condition_of(kind, **changes)
    assert (condition.status, condition.reason) == (status, reason), condition.message
