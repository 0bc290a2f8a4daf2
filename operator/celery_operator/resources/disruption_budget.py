"""The PodDisruptionBudget of a worker group."""

from celery_operator.api import names
from celery_operator.api.workers.group import DisruptionBudget, WorkerGroup
from celery_operator.resources.ownership import (
    Manifest,
    ResourceIdentity,
    deployment_name,
    labels,
    owned_object,
)


def disruption_budget(cd: ResourceIdentity, group: WorkerGroup, budget: DisruptionBudget) -> Manifest:
    """The budget. A pod that is not ready may always go: it works on nothing that another could not."""
    object_labels = labels(cd, names.COMPONENT_WORKER, group.name)
    return {
        **owned_object(
            cd, "policy/v1", "PodDisruptionBudget", deployment_name(cd, group.name), object_labels
        ),
        "spec": {
            **budget.wire(),
            "selector": {"matchLabels": object_labels},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }
