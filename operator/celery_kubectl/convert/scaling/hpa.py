"""A HorizontalPodAutoscaler as ``workers[].autoscaling``."""

from collections.abc import Iterator

from celery_health.verdicts.text import listed
from celery_kubectl.convert.draft import Draft
from celery_kubectl.convert.fields import part, parts
from celery_kubectl.convert.scaling.behavior import carry_behavior
from celery_kubectl.kubectl import Object


def carry_autoscaler(hpa: Object, draft: Draft) -> None:
    """Its bounds and its behavior. The metrics have no equal: the operator scales by queues and slots."""
    spec, name = part(hpa, "spec"), hpa["metadata"]["name"]
    minimum = spec.get("minReplicas")
    draft.put(1 if minimum is None else minimum, "autoscaling", "minReplicas")
    draft.put(spec.get("maxReplicas") or 1, "autoscaling", "maxReplicas")
    carry_behavior(part(spec, "behavior"), draft)
    metrics = listed([*_metrics(spec)]) or "cpu"
    draft.ask(
        f"HorizontalPodAutoscaler {name} scales by {metrics}. The operator scales by the messages in the "
        "queues: choose targetPerSlot or targetDrainSeconds.",
        "autoscaling",
    )


def _metrics(spec: Object) -> Iterator[str]:
    if "targetCPUUtilizationPercentage" in spec:
        yield "cpu"
    for metric in parts(spec, "metrics"):
        kind = str(metric.get("type"))
        source = part(metric, kind[:1].lower() + kind[1:])
        yield str(source.get("name") or part(source, "metric").get("name") or kind)
