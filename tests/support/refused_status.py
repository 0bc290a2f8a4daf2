"""An admission policy that refuses every status of a namespace that says anything about the broker."""

from typing import Any

Object = dict[str, Any]

ADMISSION = "admissionregistration.k8s.io/v1"
REFUSAL = "no broker may be named here"


def policy(name: str) -> Object:
    """What is refused."""
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
    return _object("ValidatingAdmissionPolicy", name, spec)


def binding(namespace: str) -> Object:
    """Where it is refused."""
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    spec = {
        "policyName": namespace,
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": selector},
    }
    return _object("ValidatingAdmissionPolicyBinding", namespace, spec)


def _object(kind: str, name: str, spec: Object) -> Object:
    return {"apiVersion": ADMISSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
