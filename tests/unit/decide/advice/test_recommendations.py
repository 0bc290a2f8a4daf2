"""Each fault comes with a sentence that says what to do and a command that shows or corrects it."""

from typing import Any

import pytest

from celery_health.catalogue.beat import BeatReason
from celery_health.catalogue.workers import WorkerReason
from celery_health.verdicts.beat import BeatSnapshot
from celery_operator.api.names import ANNOTATION_PAUSE_SCALE_OUT
from tests.unit.decide.build import REFUSED, broker, deployment, fault, scaled, spec, status_of
from tests.unit.decide.pods import NOT_REACHED, broken_pod, pending_pod, pod, silent_pod

A = pod("a")
FROM_SECRET = {"urlFrom": {"secretKeyRef": {"name": "shop-broker", "key": "url"}}}
MANAGED_REDIS = (
    "kubectl -n market describe pods -l app.kubernetes.io/instance=shop,app.kubernetes.io/component=redis"
)
NO_EVICTION = (
    "kubectl -n market patch celerydeployments shop --type merge -p "
    '\'{"spec":{"broker":{"managed":{"maxmemoryPolicy":"noeviction"}}}}\''
)
AT_ZERO = {"deployments": (deployment(0),), "pods": (), "broker": broker(celery=3)}

ADVICE: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "the image cannot be pulled",
        {"pods": (broken_pod("ErrImagePull"),)},
        "registry.example/shop:1.4",
        "kubectl -n market describe pod shop-default-a",
    ),
    (
        "the probe image cannot be pulled",
        {"pods": (broken_pod("ErrImagePull", container="agent"),)},
        "probe image",
        "kubectl -n market describe pod shop-default-a",
    ),
    (
        "a Secret is missing",
        {"pods": (broken_pod("CreateContainerConfigError", 'secret "shop" not found'),)},
        'secret "shop" not found',
        "kubectl -n market describe pod shop-default-a",
    ),
    (
        "the broker's Secret is missing",
        {
            "spec": spec(broker=FROM_SECRET),
            "faults": (fault("Secret shop-broker is missing", waiting=True, command="kubectl create it"),),
        },
        "Secret shop-broker is missing",
        "kubectl create it",
    ),
    (
        "the spec cannot be carried out",
        {"faults": (fault(),)},
        "spec.broker.url: write redis://HOST.",
        "kubectl -n market edit celerydeployments shop",
    ),
    (
        "the application does not import",
        {"pods": (broken_pod("CrashLoopBackOff", "ImportError: no"),)},
        "spec.app",
        "kubectl -n market logs shop-default-a -c worker --previous",
    ),
    (
        "a worker is deaf",
        {"pods": (A, pod("b", WorkerReason.DEAF))},
        "The kubelet restarts the worker",
        "kubectl -n market delete pod b",
    ),
    (
        "a sidecar is silent",
        {"pods": (A, silent_pod("b"))},
        "port 9809",
        "kubectl -n market logs b -c probe",
    ),
    (
        "only a pod does not reach the broker",
        {"pods": (A, pod("b", WorkerReason.CONNECTING, sidecar_broker=NOT_REACHED))},
        "NetworkPolicy",
        "kubectl -n market get networkpolicies",
    ),
    (
        "the managed Redis is away",
        {
            "spec": spec(broker={"managed": {}}),
            "broker": REFUSED,
            "pods": (),
            "deployments": (deployment(component="redis", group=None),),
        },
        "managed Redis",
        MANAGED_REDIS,
    ),
    (
        "the managed Redis may delete queues",
        {"spec": spec(broker={"managed": {"maxmemoryPolicy": "allkeys-lru"}})},
        "so tasks can be lost",
        NO_EVICTION,
    ),
    (
        "the managed Redis may delete results",
        {"spec": spec(broker={"managed": {"maxmemoryPolicy": "volatile-ttl"}})},
        "so results and locks can be lost",
        NO_EVICTION,
    ),
    (
        "a broker from a Secret is away",
        {"spec": spec(broker=FROM_SECRET), "broker": REFUSED, "pods": ()},
        "redis://redis:6379/0 refuses connections",
        "kubectl -n market describe secret shop-broker",
    ),
    (
        "no agent is in the worker",
        {"pods": (pod("a", WorkerReason.AGENT_ABSENT), A)},
        "group default: python /celery-probe -A shop.celery worker ...",
        "kubectl -n market get pod a -o jsonpath='{.spec.containers[?(@.name==\"worker\")].command}'",
    ),
    (
        "the report of a worker is unreadable",
        {"pods": (pod("a", WorkerReason.REPORT_UNREADABLE), A)},
        "what else writes into /celery-probe",
        "kubectl -n market get pod a -o jsonpath='{.status.initContainerStatuses[*].imageID}'",
    ),
    (
        "the report of beat is unreadable",
        {"beats": (BeatSnapshot("shop-beat", "uid", ready=True, reason=BeatReason.REPORT_UNREADABLE),)},
        "what else writes into /celery-probe",
        "kubectl -n market get pod shop-beat -o jsonpath='{.status.initContainerStatuses[*].imageID}'",
    ),
    (
        "the backlog is long",
        {"broker": broker(celery=5000)},
        "Messages wait for group default",
        "kubectl -n market scale celerydeployments shop --replicas=3",
    ),
    (
        "messages wait at zero",
        {**AT_ZERO, "spec": spec(replicas=0)},
        "Messages wait for group default",
        "kubectl -n market scale celerydeployments shop --replicas=1",
    ),
    (
        "autoscaling may add no more",
        scaled(6, 5000),
        "Messages wait for group default, and it has all of its maxReplicas",
        "kubectl -n market edit celerydeployments shop",
    ),
    (
        "autoscaling is not to add any",
        {**scaled(0, 5000), "annotations": {ANNOTATION_PAUSE_SCALE_OUT: "true"}},
        "Messages wait for group default: let it grow again",
        "kubectl -n market annotate celerydeployments shop celery-operator.dev/pause-scale-out-",
    ),
    (
        "messages wait while suspended",
        {**AT_ZERO, "spec": spec(suspend=True)},
        "Messages wait: end the suspension",
        'kubectl -n market patch celerydeployments shop --type merge -p \'{"spec":{"suspend":false}}\'',
    ),
    (
        "beat does not run",
        {"spec": spec(beat={"enabled": True})},
        "StatefulSet of beat",
        "kubectl -n market logs statefulset/shop-beat",
    ),
    (
        "the result backend is away",
        {"spec": spec(resultBackend=FROM_SECRET), "result_backend": REFUSED},
        "result backend",
        "kubectl -n market describe secret shop-broker",
    ),
]


@pytest.mark.parametrize(
    ("changes", "facts", "command"), [pytest.param(*row[1:], id=f"when {row[0]}") for row in ADVICE]
)
def test_advice_is_a_sentence_and_a_command(changes: dict[str, Any], facts: str, command: str) -> None:
    first = status_of(**changes).recommendations[0]
    assert facts in first.message
    assert first.command == command


def test_a_healthy_deployment_needs_no_advice() -> None:
    assert status_of().recommendations == ()


def test_starting_workers_need_no_advice() -> None:
    assert status_of(pods=(A, pending_pod("b"))).recommendations == ()


def test_workers_that_wait_for_their_broker_need_no_advice_of_their_own() -> None:
    waiting = pod("a", WorkerReason.CONNECTING, sidecar_broker=NOT_REACHED)
    advice = status_of(broker=REFUSED, pods=(waiting,)).recommendations
    assert ["refuses connections" in one.message for one in advice] == [True]


def test_no_recommendation_replaces_workers_while_the_broker_is_away() -> None:
    deaf = pod("a", WorkerReason.DEAF, sidecar_broker=NOT_REACHED)
    advice = status_of(broker=REFUSED, pods=(deaf,)).recommendations
    assert not any("delete" in one.command for one in advice)


@pytest.mark.parametrize("changes", [scaled(2, 1500, maxReplicas=2000), scaled(0, 1500, maxReplicas=2000)])
def test_a_group_that_grows_by_itself_needs_no_advice(changes: dict[str, Any]) -> None:
    assert status_of(**changes).recommendations == ()


def test_no_recommendation_scales_a_group_with_autoscaling_whose_load_is_unknown() -> None:
    assert status_of(**{**scaled(2, 5000), "loads": {}}).recommendations == ()
