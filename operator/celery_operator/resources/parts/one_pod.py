"""A StatefulSet of one pod: Kubernetes' own promise of at most one, also when a node is lost."""

from typing import Any

from celery_operator.resources.overlay import laid_over
from celery_operator.resources.ownership import Manifest, ResourceIdentity, owned_object


def stateful_set_of_one(
    cd: ResourceIdentity,
    name: str,
    object_labels: dict[str, str],
    template: dict[str, Any],
    *,
    replicas: int = 1,
) -> Manifest:
    """The StatefulSet, with a pod called NAME-0.

    Only when the kubelet has confirmed the end of that pod, or a person has, does a new one get its name. A
    Deployment replaces a pod that is still running on a node which the control plane does not reach.

    Parallel, because otherwise a pod that never becomes ready is not replaced by a corrected one.
    """
    # The selector needs its labels whatever the user's template says.
    template = laid_over(template, {"metadata": {"labels": object_labels}})
    return {
        **owned_object(cd, "apps/v1", "StatefulSet", name, object_labels),
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 3,
            "serviceName": name,
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": object_labels},
            "updateStrategy": {"type": "RollingUpdate"},
            "template": template,
        },
    }
