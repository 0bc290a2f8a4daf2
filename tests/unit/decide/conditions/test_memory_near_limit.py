"""MemoryNearLimit: a worker that uses nearly all of its memory is named before the kernel kills it."""

import json
import shlex
from dataclasses import replace
from typing import Any

import pytest

from celery_health.catalogue.health import HealthState
from celery_health.catalogue.workers import WorkerReason
from celery_operator.api.status import ConditionType
from celery_operator.decide import decide
from celery_operator.snapshot import PodState
from tests.unit.decide.build import condition_of, snapshot, spec, status_of
from tests.unit.decide.pods import pod, reporting_pod

MEBIBYTE = 2**20
LIMIT = 512 * MEBIBYTE
B = pod("shop-default-b")


def full(share: float = 0.92, **changes: Any) -> PodState:
    report = {"memory_high_bytes": int(LIMIT * share), "memory_limit_bytes": LIMIT, **changes}
    return reporting_pod("shop-default-a", **report)


def limited(**resources: Any) -> dict[str, Any]:
    return {"spec": spec(workers=[{"name": "default", "replicas": 2, "resources": resources}])}


def test_the_worker_is_named_with_its_memory_and_its_limit() -> None:
    condition = condition_of(ConditionType.WORKERS_HEALTHY, pods=(full(), B))
    assert (condition.status, condition.reason) == ("False", "MemoryNearLimit")
    for fact in ("shop-default-a", "471Mi", "92%", "512Mi"):
        assert fact in condition.message


def test_the_resource_is_degraded_and_stays_ready() -> None:
    status = status_of(pods=(full(), B))
    assert status.health is HealthState.DEGRADED
    assert condition_of(ConditionType.READY, pods=(full(), B)).status == "True"


def test_an_event_announces_it() -> None:
    decision = decide(snapshot(pods=(full(), B)))
    assert ("Warning", "MemoryNearLimit") in [(note.type, note.reason) for note in decision.events]
    assert not decision.evictions


@pytest.mark.parametrize(
    ("resources", "patched"),
    [
        (
            {"limits": {"memory": "512Mi"}, "requests": {"memory": "256Mi"}},
            {"limits": {"memory": "768Mi"}, "requests": {"memory": "256Mi"}},
        ),
        (
            {"limits": {"memory": "512Mi"}, "requests": {"memory": "512Mi"}},
            {"limits": {"memory": "768Mi"}, "requests": {"memory": "768Mi"}},
        ),
    ],
    ids=["the limit", "a request that equals the limit"],
)
def test_the_command_raises_the_limit(resources: dict[str, Any], patched: dict[str, Any]) -> None:
    (advice,) = status_of(pods=(full(), B), **limited(**resources)).recommendations
    assert "768Mi" in advice.message
    steps = json.loads(shlex.split(advice.command)[-1])
    assert steps[1] == {"op": "add", "path": "/spec/workers/0/resources", "value": patched}


def test_a_limit_in_the_template_is_edited() -> None:
    container = {"name": "worker", "resources": {"limits": {"memory": "512Mi"}}}
    group = {"name": "default", "replicas": 2, "template": {"spec": {"containers": [container]}}}
    (advice,) = status_of(pods=(full(), B), spec=spec(workers=[group])).recommendations
    assert advice.command == "kubectl -n market edit celerydeployments shop"


@pytest.mark.parametrize(
    "one",
    [
        full(0.89),
        full(memory_limit_bytes=None),
        full(memory_high_bytes=None),
        full(memory_limit_bytes=0),
        replace(pod("shop-default-a"), reading=None),
    ],
    ids=["below the share", "no limit", "unknown use", "nothing", "silent"],
)
def test_without_evidence_there_is_no_warning(one: PodState) -> None:
    assert condition_of(ConditionType.WORKERS_HEALTHY, pods=(one, B)).reason != "MemoryNearLimit"


@pytest.mark.parametrize(("percent", "reason"), [(60, "MemoryNearLimit"), (95, "AllConsuming")])
def test_the_share_is_a_setting(percent: int, reason: str) -> None:
    changes = {"pods": (full(0.8), B), "spec": spec(health={"memoryWarningPercent": percent})}
    assert condition_of(ConditionType.WORKERS_HEALTHY, **changes).reason == reason


@pytest.mark.parametrize(("limit", "reason"), [("537M", "MemoryNearLimit"), ("768Mi", "AllConsuming")])
def test_a_pod_from_before_the_limit_was_raised_is_not_warned_of(limit: str, reason: str) -> None:
    changes = {"pods": (full(), B), **limited(limits={"memory": limit})}
    assert condition_of(ConditionType.WORKERS_HEALTHY, **changes).reason == reason


def test_a_worker_that_is_about_to_go_is_not_warned_of() -> None:
    leaving = replace(full(), deleting=True)
    status = status_of(pods=(leaving, pod("c"), B))
    assert status.health is HealthState.HEALTHY


def test_a_worse_verdict_comes_first() -> None:
    pods = (full(), pod("shop-default-b", WorkerReason.DEAF))
    condition = condition_of(ConditionType.WORKERS_HEALTHY, pods=pods)
    assert condition.reason == "Deaf"
    assert "471Mi" in condition.message
