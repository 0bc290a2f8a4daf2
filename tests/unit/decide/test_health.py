"""One word for the whole: the table of what is Healthy, Degraded, Unhealthy and Unknown."""

from dataclasses import replace
from typing import Any

import pytest

from celery_health.catalogue.beat import BeatReason
from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.health import HealthState
from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.beat import BeatSnapshot
from celery_operator.api.status import CeleryDeploymentStatus
from celery_operator.snapshot import ReconcileMemory
from tests.unit.decide.build import NOT_READ, REFUSED, UNREADABLE, broker, deployment, fault, spec, status_of
from tests.unit.decide.pods import NOT_ASKED, NOT_REACHED, broken_pod, pending_pod, pod, silent_pod

A, B = pod("shop-default-a"), pod("shop-default-b")
AT_ZERO = {"spec": spec(replicas=0), "deployments": (deployment(0),), "pods": ()}
SUSPENDED = {**AT_ZERO, "spec": spec(suspend=True)}
WITH_RESULTS = spec(resultBackend={"url": "redis://redis:6379/1"})
WITH_BEAT = spec(beat={"enabled": True})
ONE_BEAT: dict[str, Any] = {
    "spec": WITH_BEAT,
    "deployments": (deployment(), deployment(1, group=None)),
}

HEALTHY: dict[str, dict[str, Any]] = {
    "all desired workers consume": {},
    "a worker busy with a task in a solo pool counts as consuming": {
        "pods": (A, pod("b", WorkerReason.BUSY))
    },
    "a surplus worker drains before it goes": {"pods": (A, B, pod("c", WorkerReason.DRAINING))},
    "a deleted pod still finishes its task": {"pods": (A, B, replace(pod("c"), deleting=True))},
    "one of two workers drains and the other consumes": {"pods": (A, pod("b", WorkerReason.DRAINING))},
    "deliberately at zero with empty queues": AT_ZERO,
    "suspended with empty queues": SUSPENDED,
    "a broker without a reader and workers that consume": {"broker": UNREADABLE},
    "a result backend without a reader": {"spec": WITH_RESULTS, "result_backend": UNREADABLE},
    "beat runs once": ONE_BEAT,
    "beat is desired from now on": {"spec": WITH_BEAT, "previous": CeleryDeploymentStatus()},
    "a backlog at the threshold": {"broker": broker(celery=1000)},
}
DEGRADED: dict[str, dict[str, Any]] = {
    "one of two workers is deaf": {"pods": (A, pod("b", WorkerReason.DEAF))},
    "a surplus worker is wedged": {"pods": (A, B, pod("c", WorkerReason.WEDGED))},
    "one of two workers is missing": {"pods": (A,)},
    "one of two workers does not reach the broker": {
        "pods": (A, pod("b", WorkerReason.CONNECTING, sidecar_broker=NOT_REACHED))
    },
    "the old pods consume and the new image cannot be pulled": {
        "pods": (A, B, broken_pod("ImagePullBackOff", name="c"))
    },
    "no worker has an agent": {
        "pods": (pod("a", WorkerReason.AGENT_ABSENT), pod("b", WorkerReason.AGENT_ABSENT))
    },
    "a backlog above the threshold": {"broker": broker(celery=1001)},
    "at zero with messages waiting": {**AT_ZERO, "broker": broker(celery=1)},
    "suspended with messages waiting": {**SUSPENDED, "broker": broker(celery=1)},
    "the result backend is unreachable": {"spec": WITH_RESULTS, "result_backend": REFUSED},
    "beat does not run": {
        "spec": WITH_BEAT,
        "deployments": (deployment(), deployment(1, group=None, ready=0)),
    },
    "two beats run": {
        "spec": WITH_BEAT,
        "deployments": (deployment(), deployment(1, group=None, replicas=2)),
    },
    "a new spec cannot be carried out and the old workers consume": {"faults": (fault(),)},
    "a Secret is missing and the old workers consume": {"faults": (fault(waiting=True),)},
    "workers consume from a broker that the operator does not reach": {"broker": REFUSED},
    "the broker does not let the operator count its queues": {
        "broker": broker(True, BrokerReason.NOT_PERMITTED, "No LLEN for you.", celery=None)
    },
}
UNHEALTHY: dict[str, dict[str, Any]] = {
    "the only worker group has no worker": {"pods": ()},
    "no worker consumes because all are deaf": {
        "pods": (pod("a", WorkerReason.DEAF), pod("b", WorkerReason.DEAF))
    },
    "no worker consumes because all are starting": {"pods": (pending_pod("a"), pending_pod("b"))},
    "no worker consumes because all drain": {
        "pods": (pod("a", WorkerReason.DRAINING), pod("b", WorkerReason.DRAINING))
    },
    "no worker consumes because the image is wrong": {"pods": (broken_pod("ErrImagePull"),)},
    "one of two groups has no worker": {
        "spec": spec(workers=[{"name": "default", "replicas": 2}, {"name": "mail", "queues": ["mail"]}]),
        "deployments": (deployment(), deployment(1, group="mail")),
        "broker": broker(mail=0),
    },
    "the broker is unreachable for operator and workers": {
        "broker": REFUSED,
        "pods": (pod("a", WorkerReason.CONNECTING, sidecar_broker=NOT_REACHED),),
    },
    "the broker is unreachable for the operator and the workers have not been asked": {
        "broker": REFUSED,
        "pods": (pod("a", sidecar_broker=NOT_ASKED), pod("b", sidecar_broker=NOT_ASKED)),
    },
    "the broker is unreachable for the operator and one of the workers": {
        "broker": REFUSED,
        "pods": (A, pod("b", sidecar_broker=NOT_REACHED)),
    },
    "all workers say that a broker unreadable for the operator is away": {
        "broker": UNREADABLE,
        "pods": (pod("a", sidecar_broker=NOT_REACHED), pod("b", sidecar_broker=NOT_REACHED)),
    },
    "the broker is unreachable while suspended": {**SUSPENDED, "broker": REFUSED},
    "nothing could ever be created": {"faults": (fault(),), "deployments": (), "pods": ()},
}
UNKNOWN: dict[str, dict[str, Any]] = {
    "the reconcile fails again and again": {"memory": ReconcileMemory(problem="it took too long")},
    "the first reconcile of a new resource": {
        "previous": CeleryDeploymentStatus(),
        "deployments": (),
        "pods": (),
        "broker": NOT_READ,
    },
    "no sidecar can be asked": {"pods": (silent_pod("a"), silent_pod("b"))},
    "one sidecar of two cannot be asked": {"pods": (A, silent_pod("b"))},
    "the broker has not been read": {"broker": NOT_READ},
    "the result backend has not been read": {"spec": WITH_RESULTS},
    "the length of a queue is not known": {"broker": broker(celery=None)},
    "at zero with a broker without a reader": {**AT_ZERO, "broker": UNREADABLE},
    "the sidecar of beat cannot be asked": {**ONE_BEAT, "beats": (BeatSnapshot("beat", "uid", ready=True),)},
    "beat has no agent": {
        **ONE_BEAT,
        "beats": (BeatSnapshot("beat", "uid", ready=True, reason=BeatReason.AGENT_ABSENT, message="None."),),
    },
}


def _rows() -> list[Any]:
    table = {
        HealthState.HEALTHY: HEALTHY,
        HealthState.DEGRADED: DEGRADED,
        HealthState.UNHEALTHY: UNHEALTHY,
        HealthState.UNKNOWN: UNKNOWN,
    }
    return [
        pytest.param(changes, health, id=f"{health.value}: {sentence}")
        for health, rows in table.items()
        for sentence, changes in rows.items()
    ]


@pytest.mark.parametrize(("changes", "health"), _rows())
def test_health_is_the_worst_that_the_evidence_calls_for(
    changes: dict[str, Any], health: HealthState
) -> None:
    status = status_of(**changes)
    assert (status.health, bool(status.message)) == (health, True), status.message


def test_an_unreachable_broker_is_reported_and_the_message_says_that_nothing_is_restarted() -> None:
    status = status_of(broker=REFUSED, pods=(pod("a", WorkerReason.CONNECTING, sidecar_broker=NOT_REACHED),))
    assert status.message == (
        "redis://redis:6379/0 refuses connections. No worker is restarted while the broker is away."
    )


def test_the_fault_of_a_spec_that_never_ran_leads_the_message() -> None:
    status = status_of(faults=(fault(),), deployments=(), pods=())
    assert status.message.startswith("spec.broker.url: write redis://HOST.")
