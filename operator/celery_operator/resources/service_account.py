"""The ServiceAccount of the pods, without permissions."""

from celery_operator.resources.ownership import (
    Manifest,
    ResourceIdentity,
    labels,
    owned_object,
    service_account_name,
)


def service_account(cd: ResourceIdentity) -> Manifest:
    """A ServiceAccount of the resource's own, so that its pods do not share the namespace's default one."""
    return {
        **owned_object(cd, "v1", "ServiceAccount", service_account_name(cd), labels(cd)),
        "automountServiceAccountToken": False,
    }
