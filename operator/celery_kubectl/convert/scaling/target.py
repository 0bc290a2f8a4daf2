"""Which of the objects of a namespace are about a Deployment."""

from collections.abc import Iterable

from celery_kubectl.convert.fields import in_namespace, part, parts, words
from celery_kubectl.convert.workload import Workload
from celery_kubectl.kubectl import Object


def scalers_of(workload: Workload, objects: Iterable[Object]) -> list[Object]:
    """The ScaledObjects and HorizontalPodAutoscalers that scale it, without those that KEDA makes itself."""
    kind = str(workload.deployment["kind"])
    return [
        one
        for one in objects
        if in_namespace(one, workload.namespace)
        and _scales(one, kind, workload.name)
        and not _is_of_keda(one)
    ]


def budgets_of(workload: Workload, budgets: Iterable[Object]) -> list[Object]:
    """The PodDisruptionBudgets that select its pods."""
    return [
        one
        for one in budgets
        if in_namespace(one, workload.namespace)
        and _selects(part(part(one, "spec"), "selector"), workload.pod_labels)
    ]


def _scales(scaler: Object, kind: str, name: str) -> bool:
    target = part(part(scaler, "spec"), "scaleTargetRef")
    return target.get("name") == name and (target.get("kind") or "Deployment") == kind


def _is_of_keda(scaler: Object) -> bool:
    owners = parts(part(scaler, "metadata"), "ownerReferences")
    return any(owner.get("kind") == "ScaledObject" for owner in owners)


def _selects(selector: Object, labels: Object) -> bool:
    expressions = parts(selector, "matchExpressions")
    return (
        bool(selector)
        and part(selector, "matchLabels").items() <= labels.items()
        and all(_agrees(one, labels) for one in expressions)
    )


def _agrees(expression: Object, labels: Object) -> bool:
    value, values = labels.get(str(expression.get("key"))), words(expression, "values")
    match expression.get("operator"):
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:
            return value is None
