"""``behavior`` of a HorizontalPodAutoscaler, which KEDA has too, as ``scaleUp`` and ``scaleDown``."""

from celery_kubectl.convert.draft import Draft
from celery_kubectl.convert.fields import part, parts
from celery_kubectl.kubectl import Object

_RULES = ("stabilizationWindowSeconds", "selectPolicy")
_POLICY = ("type", "value", "periodSeconds")


def carry_behavior(behavior: Object, draft: Draft) -> None:
    """The fields have the same names and meaning."""
    for direction in ("scaleUp", "scaleDown"):
        rules = part(behavior, direction)
        carried = {key: rules[key] for key in _RULES if rules.get(key) is not None}
        policies = [{key: one.get(key) for key in _POLICY} for one in parts(rules, "policies")]
        if policies:
            carried["policies"] = policies
        draft.put(carried, "autoscaling", direction)
