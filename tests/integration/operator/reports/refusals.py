"""An API server that refuses what the operator writes."""

from collections.abc import Iterator
from contextlib import contextmanager

from tools.testbed.waiting import wait_for

from celery_operator.kinds import CELERY_DEPLOYMENT, Kind
from tests.integration.api.apiserver import MERGE, Object
from tests.integration.operator.world import World

ADMISSION = "admissionregistration.k8s.io/v1"
POLICY = Kind(ADMISSION, "ValidatingAdmissionPolicy", "validatingadmissionpolicies")
BINDING = Kind(ADMISSION, "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings")
REFUSAL = "no broker may be named here"


@contextmanager
def refused_status(world: World) -> Iterator[None]:
    """Every status of ``shop`` that says anything about the broker is refused until the block ends."""
    path = CELERY_DEPLOYMENT.path(world.namespace, "shop", "status") + "?dryRun=All"
    named = {"status": {"broker": {"kind": "redis", "address": "x", "state": "Unknown"}}}
    try:
        for kind, body in ((POLICY, _policy(world.namespace)), (BINDING, _binding(world.namespace))):
            assert world.api.request("POST", kind.path(None), body).status == 201
        wait_for(
            lambda: world.api.request("PATCH", path, named, content_type=MERGE).status == 422,
            timeout=30,
            describe="the policy is in force",
        )
        yield
    finally:
        for kind in (BINDING, POLICY):
            assert world.api.request("DELETE", kind.path(None, world.namespace)).status in {200, 404}


def _policy(name: str) -> Object:
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
        "validations": [{"expression": expression, "message": REFUSAL}],
    }
    return {"apiVersion": ADMISSION, "kind": POLICY.kind, "metadata": {"name": name}, "spec": spec}


def _binding(namespace: str) -> Object:
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    spec = {
        "policyName": namespace,
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": selector},
    }
    return {"apiVersion": ADMISSION, "kind": BINDING.kind, "metadata": {"name": namespace}, "spec": spec}
