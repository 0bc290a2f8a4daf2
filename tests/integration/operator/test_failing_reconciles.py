"""A reconcile that fails again and again is reported: an old Healthy does not stand."""

from collections.abc import Iterator
from typing import Any

import pytest
from tools.testbed.waiting import wait_for

from celery_operator.kinds import CELERY_DEPLOYMENT, Kind
from tests.integration.api.apiserver import MERGE
from tests.integration.operator.conftest import StartOperator
from tests.integration.operator.operator_process import metric
from tests.integration.operator.world import World

ADMISSION = "admissionregistration.k8s.io/v1"
POLICY = Kind(ADMISSION, "ValidatingAdmissionPolicy", "validatingadmissionpolicies")
BINDING = Kind(ADMISSION, "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings")


def refusing_policy(name: str) -> dict[str, Any]:
    """It refuses every status that says anything about the broker."""
    rule = {
        "apiGroups": ["celery-operator.dev"],
        "apiVersions": ["*"],
        "operations": ["UPDATE"],
        "resources": ["celerydeployments/status"],
    }
    expression = "!has(object.status) || !has(object.status.broker)"
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": expression, "message": "no broker may be named here"}],
    }
    return {"apiVersion": ADMISSION, "kind": POLICY.kind, "metadata": {"name": name}, "spec": spec}


def binding(namespace: str) -> dict[str, Any]:
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    spec = {
        "policyName": namespace,
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": selector},
    }
    return {"apiVersion": ADMISSION, "kind": BINDING.kind, "metadata": {"name": namespace}, "spec": spec}


@pytest.fixture
def shop(world: World) -> Iterator[World]:
    """A shop that says it is ready, and whose next status is refused."""
    world.create_shop()
    ready = {"type": "Ready", "status": "True", "reason": "Ready", "message": "2 workers are consuming."}
    stamp = {"lastTransitionTime": "2026-01-02T00:00:00Z", "observedGeneration": 1}
    status = {"health": "Healthy", "conditions": [ready | stamp]}
    world.change(CELERY_DEPLOYMENT, "shop", {"status": status}, "status")
    assert world.api.request("POST", POLICY.path(None), refusing_policy(world.namespace)).status == 201
    assert world.api.request("POST", BINDING.path(None), binding(world.namespace)).status == 201
    path = CELERY_DEPLOYMENT.path(world.namespace, "shop", "status") + "?dryRun=All"
    named = {"status": {"broker": {"kind": "redis", "address": "x", "state": "Unknown"}}}
    wait_for(
        lambda: world.api.request("PATCH", path, named, content_type=MERGE).status == 422,
        timeout=30,
        describe="the policy is in force",
    )
    yield world
    world.api.request("DELETE", POLICY.path(None, world.namespace))
    world.api.request("DELETE", BINDING.path(None, world.namespace))


def test_a_failing_reconcile_makes_ready_unknown_with_the_cause_until_it_succeeds(
    shop: World, start_operator: StartOperator
) -> None:
    operator = start_operator().until_it_leads()

    unknown = wait_for(
        lambda: (found := shop.condition("Ready")).get("status") == "Unknown" and found,
        timeout=30,
        describe=operator.words,
    )

    assert unknown["reason"] == "ReconcileFailed"
    assert "no broker may be named here" in unknown["message"]
    assert (shop.get(CELERY_DEPLOYMENT, "shop") or {})["status"]["health"] == "Unknown"
    labels = {"namespace": shop.namespace, "resource": "shop"}

    def is_counted() -> bool:
        """The status is written before the error that it reports is counted."""
        metrics = operator.get("/metrics")[1]
        errors = metric(metrics, "celery_operator_reconcile_errors_total", labels | {"reconcile": "health"})
        shown = metric(metrics, "celery_deployment_health", labels | {"state": "Unknown"})
        return shown == 1 and (errors or 0) >= 3

    wait_for(is_counted, describe=lambda: operator.get("/metrics")[1])

    assert shop.api.request("DELETE", BINDING.path(None, shop.namespace)).status == 200

    wait_for(
        lambda: shop.condition("Ready").get("status") == "False",
        timeout=45,
        describe="a status from evidence: the broker does not run",
    )
