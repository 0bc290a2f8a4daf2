"""A PodDisruptionBudget as ``workers[].podDisruptionBudget``."""

from collections.abc import Sequence

from celery_kubectl.convert.draft import Draft
from celery_kubectl.convert.fields import part
from celery_kubectl.kubectl import Object

_FIELDS = ("maxUnavailable", "minAvailable")


def carry_budget(budgets: Sequence[Object], draft: Draft) -> None:
    """The first budget; more than one is never right."""
    for budget in budgets[:1]:
        spec, name = part(budget, "spec"), budget["metadata"]["name"]
        draft.put({key: spec[key] for key in _FIELDS if key in spec}, "podDisruptionBudget")
        draft.remark(f"From PodDisruptionBudget {name}.", "podDisruptionBudget")
        if policy := spec.get("unhealthyPodEvictionPolicy"):
            draft.remark(f"Not carried over: unhealthyPodEvictionPolicy: {policy}.", "podDisruptionBudget")
    for budget in budgets[1:]:
        name = budget["metadata"]["name"]
        draft.ask(
            f"PodDisruptionBudget {name} selects the pods too: it is not carried over.",
            "podDisruptionBudget",
        )
