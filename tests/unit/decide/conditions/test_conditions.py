"""Each condition's reasons and messages, one table a condition."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from celery_health.broker import BrokerReason
from celery_health.verdicts.worker import WorkerReason
from celery_operator.api.status import CeleryDeploymentStatus, ConditionType
from celery_operator.decide.reasons import Reason
from tests.unit.decide.build import (
    GENERATION,
    NOT_REACHED,
    NOT_READ,
    NOW,
    REFUSED,
    UNREADABLE,
    broken_pod,
    broker,
    condition_of,
    deployment,
    fault,
    pending_pod,
    pod,
    scaled,
    silent_pod,
    spec,
    untold_pod,
)

A, B = pod("shop-default-a"), pod("shop-default-b")
SUSPENDED = {"spec": spec(suspend=True), "deployments": (deployment(0),), "pods": ()}
OLD_GENERATION = CeleryDeploymentStatus(observed_generation=GENERATION - 1)
WITH_BEAT = spec(beat={"enabled": True})
NOT_LOADED = """Usage: celery [OPTIONS] COMMAND [ARGS]...

Error: Invalid value for '-A' / '--app':
Unable to load celery application.
The module shop was not found.
"""


def starting(seconds: float, **rules: Any) -> dict[str, Any]:
    """Of four that autoscaling wants two consume, and two have been starting for so long."""
    new = [
        replace(pod(name, WorkerReason.STARTING), created_at=NOW - timedelta(seconds=seconds))
        for name in "cd"
    ]
    return {**scaled(4, 4, maxReplicas=4, **rules), "pods": (A, B, *new)}


UNSEEN_MORE = {**scaled(2, 300), "deployments": (deployment(6, replicas=2, updated=2, generation=2),)}
UNSEEN_FEWER = {"deployments": (deployment(2, replicas=3, updated=3, generation=2),)}

Row = tuple[str, dict[str, Any], str, str]

READY: list[Row] = [
    ("all wanted workers consume", {}, "True", Reason.READY),
    ("the deployment is suspended", SUSPENDED, "True", Reason.SUSPENDED),
    (
        "every group is at zero",
        {"spec": spec(replicas=0), "deployments": (deployment(0),), "pods": ()},
        "True",
        Reason.SCALED_TO_ZERO,
    ),
    ("the kind of broker cannot be read", {"broker": UNREADABLE}, "True", Reason.READY),
    (
        "the broker is unreachable",
        {"broker": REFUSED, "pods": (pod("a", sidecar_broker=NOT_REACHED),)},
        "False",
        Reason.BROKER_UNREACHABLE,
    ),
    ("the spec has just changed", {"previous": OLD_GENERATION}, "False", Reason.NEW_GENERATION),
    ("a worker is missing", {"pods": (A,)}, "False", Reason.STARTING),
    (
        "old pods consume and the rollout is under way",
        {"deployments": (deployment(updated=1, replicas=3),)},
        "False",
        Reason.ROLLOUT_UNDER_WAY,
    ),
    (
        "the Deployment controller has not seen the new template",
        {"deployments": (deployment(generation=2),)},
        "False",
        Reason.ROLLOUT_UNDER_WAY,
    ),
    ("the spec cannot be carried out", {"faults": (fault(),)}, "False", "BrokerUrlInvalid"),
    ("a Secret is not there yet", {"faults": (fault(waiting=True),)}, "False", "BrokerUrlInvalid"),
    ("the sidecars cannot be asked", {"pods": (A, silent_pod("b"))}, "Unknown", Reason.SIDECAR_SILENT),
    ("the broker has not been read", {"broker": NOT_READ}, "Unknown", Reason.NOT_READ),
    ("only the workers reach the broker", {"broker": REFUSED}, "Unknown", Reason.ONLY_WORKERS_REACH),
    (
        "all workers drain",
        {"pods": (pod("a", WorkerReason.DRAINING), pod("b", WorkerReason.DRAINING))},
        "False",
        Reason.ALL_DRAINING,
    ),
    (
        "a surplus worker drains",
        {"pods": (A, B, pod("c", WorkerReason.DRAINING)), "deployments": (deployment(3),)},
        "True",
        Reason.READY,
    ),
    ("the load has just called for more", scaled(2, 300), "True", Reason.READY),
    ("the Deployment controller has not seen that more are wanted", UNSEEN_MORE, "True", Reason.READY),
    ("the Deployment controller has not seen that fewer are wanted", UNSEEN_FEWER, "True", Reason.READY),
    ("those that the load called for start", starting(seconds=50), "True", Reason.READY),
    ("those that the load called for do not start", starting(seconds=70), "False", Reason.STARTING),
    ("those of minReplicas start", starting(seconds=1, minReplicas=4), "False", Reason.STARTING),
    (
        "the cluster makes none of those that the load called for",
        {**scaled(2, 300), "deployments": (deployment(6, replicas=2, updated=2, failure="quota"),)},
        "False",
        Reason.CREATION_REFUSED,
    ),
]
WORKERS: list[Row] = [
    ("one does not tell whether it consumes", {"pods": (A, untold_pod("b"))}, "Unknown", Reason.UNTOLD),
    ("all consume", {}, "True", Reason.ALL_CONSUMING),
    ("one is deaf", {"pods": (A, pod("b", WorkerReason.DEAF))}, "False", Reason.DEAF),
    (
        "one takes no messages because it does not reach the broker",
        {"pods": (A, pod("b", WorkerReason.DEAF, sidecar_broker=NOT_REACHED))},
        "False",
        Reason.CONNECTING,
    ),
    ("one is wedged", {"pods": (A, pod("b", WorkerReason.WEDGED))}, "False", Reason.WEDGED),
    ("one has ended", {"pods": (A, pod("b", WorkerReason.ENDED))}, "False", Reason.STOPPED),
    (
        "the worst of several gives the reason",
        {"pods": (pod("a", WorkerReason.DEAF), broken_pod("InvalidImageName", name="b"))},
        "False",
        Reason.IMAGE_UNAVAILABLE,
    ),
    (
        "a key of a Secret is missing",
        {"pods": (broken_pod("CreateContainerConfigError"),)},
        "False",
        Reason.CONFIGURATION_MISSING,
    ),
    (
        "the application does not import",
        {"pods": (broken_pod("CrashLoopBackOff", NOT_LOADED, exit_code=2),)},
        "False",
        Reason.APP_NOT_LOADED,
    ),
    (
        "the worker crashes",
        {"pods": (broken_pod("CrashLoopBackOff", "", exit_code=3),)},
        "False",
        Reason.CRASHING,
    ),
    (
        "the worker outgrows its memory",
        {"pods": (broken_pod("OOMKilled", exit_code=137),)},
        "False",
        Reason.OUT_OF_MEMORY,
    ),
    (
        "a quota keeps pods away",
        {"pods": (), "deployments": (deployment(failure="exceeded quota"),)},
        "False",
        Reason.CREATION_REFUSED,
    ),
    (
        "no node takes the pod",
        {"pods": (A, replace(pending_pod("b"), scheduled=False))},
        "False",
        Reason.UNSCHEDULABLE,
    ),
    (
        "a pod without a node is new",
        {"pods": (A, replace(pending_pod("b"), scheduled=False, created_at=NOW))},
        "False",
        Reason.STARTING,
    ),
    (
        "workers wait for the broker",
        {"broker": REFUSED, "pods": (pod("a", WorkerReason.CONNECTING, sidecar_broker=NOT_REACHED),)},
        "False",
        Reason.BROKER_UNREACHABLE,
    ),
    (
        "no agent tells",
        {"pods": (pod("a", WorkerReason.AGENT_ABSENT), pod("b", WorkerReason.AGENT_ABSENT))},
        "Unknown",
        Reason.AGENT_ABSENT,
    ),
    (
        "nothing has been created yet",
        {"pods": (), "deployments": (), "previous": OLD_GENERATION},
        "Unknown",
        Reason.NEW_GENERATION,
    ),
]
BACKLOG: list[Row] = [
    ("a queue at the threshold", {"broker": broker(celery=1000)}, "True", Reason.WITHIN_LIMITS),
    ("a queue above the threshold", {"broker": broker(celery=1001)}, "False", Reason.ABOVE_THRESHOLD),
    ("a queue of unknown length", {"broker": broker(celery=None)}, "Unknown", BrokerReason.REACHABLE),
    ("a broker that cannot be read", {"broker": UNREADABLE}, "Unknown", BrokerReason.UNREADABLE_KIND),
    ("messages while suspended", {**SUSPENDED, "broker": broker(celery=1)}, "False", Reason.NOBODY_CONSUMES),
]
BEAT: list[Row] = [
    ("beat is not wanted", {}, "True", Reason.DISABLED),
    (
        "beat runs",
        {"spec": WITH_BEAT, "deployments": (deployment(), deployment(1, group=None))},
        "True",
        Reason.RUNNING,
    ),
    (
        "beat is not ready",
        {"spec": WITH_BEAT, "deployments": (deployment(), deployment(1, group=None, ready=0))},
        "False",
        Reason.NOT_RUNNING,
    ),
    ("beat has no Deployment", {"spec": WITH_BEAT}, "False", Reason.NOT_RUNNING),
    (
        "beat is being created",
        {"spec": WITH_BEAT, "previous": OLD_GENERATION},
        "Unknown",
        Reason.NEW_GENERATION,
    ),
    (
        "beat is suspended",
        {**SUSPENDED, "spec": spec(suspend=True, beat={"enabled": True})},
        "True",
        Reason.SUSPENDED,
    ),
]
RECONCILING: list[Row] = [
    ("nothing is to do", {}, "False", Reason.UP_TO_DATE),
    ("the spec has just changed", {"previous": OLD_GENERATION}, "True", Reason.NEW_GENERATION),
    ("the Deployment is missing", {"deployments": ()}, "True", Reason.NEW_GENERATION),
    (
        "the Deployment is behind its spec",
        {"deployments": (deployment(generation=2),)},
        "True",
        Reason.ROLLOUT_UNDER_WAY,
    ),
    ("pods are replaced", {"deployments": (deployment(updated=1),)}, "True", Reason.ROLLOUT_UNDER_WAY),
    (
        "surplus pods are taken away",
        {"deployments": (deployment(replicas=3),)},
        "True",
        Reason.ROLLOUT_UNDER_WAY,
    ),
    ("a surplus worker drains first", {"deployments": (deployment(3),)}, "True", Reason.SCALING),
    (
        "a group has left the spec",
        {"deployments": (deployment(), deployment(1, group="old"))},
        "True",
        Reason.REMOVING,
    ),
    (
        "beat has left the spec",
        {"deployments": (deployment(), deployment(1, group=None))},
        "True",
        Reason.REMOVING,
    ),
    ("workers are starting", {"pods": (A, pending_pod("b"))}, "True", Reason.STARTING),
    ("a Secret is awaited", {"faults": (fault(waiting=True),)}, "True", "BrokerUrlInvalid"),
    (
        "the spec cannot be carried out",
        {"faults": (fault(),), "previous": OLD_GENERATION},
        "False",
        Reason.STALLED,
    ),
]
STALLED: list[Row] = [
    ("nothing is wrong", {}, "False", Reason.CARRIED_OUT),
    ("a Secret is awaited", {"faults": (fault(waiting=True),)}, "False", Reason.CARRIED_OUT),
    (
        "a new spec is needed",
        {"faults": (fault(waiting=True), fault("Write it so."))},
        "True",
        "BrokerUrlInvalid",
    ),
]
AGENTS: list[Row] = [
    ("all report", {}, "True", Reason.ALL_REPORTING),
    ("one has none", {"pods": (A, pod("b", WorkerReason.AGENT_ABSENT))}, "False", Reason.AGENT_ABSENT),
    ("one cannot be asked", {"pods": (A, silent_pod("b"))}, "Unknown", Reason.SIDECAR_SILENT),
    ("one reports in part", {"pods": (A, untold_pod("b"))}, "True", Reason.ALL_REPORTING),
    ("none is up yet", {"pods": (pending_pod(),)}, "True", Reason.NO_WORKERS),
]
TABLES = {
    ConditionType.READY: READY,
    ConditionType.WORKERS_HEALTHY: WORKERS,
    ConditionType.BACKLOG_WITHIN_LIMITS: BACKLOG,
    ConditionType.BEAT_HEALTHY: BEAT,
    ConditionType.RECONCILING: RECONCILING,
    ConditionType.STALLED: STALLED,
    ConditionType.AGENTS_REPORTING: AGENTS,
}


@pytest.mark.parametrize(
    ("kind", "changes", "status", "reason"),
    [
        pytest.param(kind, changes, status, reason, id=f"{kind.value} is {status} when {when}")
        for kind, table in TABLES.items()
        for when, changes, status, reason in table
    ],
)
def test_a_condition_follows_the_evidence(
    kind: ConditionType, changes: dict[str, Any], status: str, reason: str
) -> None:
    condition = condition_of(kind, **changes)
    assert (condition.status, condition.reason) == (status, reason), condition.message
