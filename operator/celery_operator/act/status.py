"""Writes the status of a CeleryDeployment."""

from celery_operator.api.status import CeleryDeploymentStatus
from celery_operator.cache import Key
from celery_operator.kube import CELERY_DEPLOYMENT, Json, Kube


def patch(uid: str, status: CeleryDeploymentStatus) -> Json:
    """A merge patch that makes the status exactly this one, on the resource of this uid only."""
    values = status.model_dump(mode="json", by_alias=True, exclude_none=True)
    absent = dict.fromkeys(name for name in status.model_dump(by_alias=True) if name not in values)
    return {"metadata": {"uid": uid}, "status": {**values, **absent}}


async def write_status(kube: Kube, key: Key, uid: str, status: CeleryDeploymentStatus) -> Json:
    """Write it; the resource as it is then."""
    return await kube.merge(CELERY_DEPLOYMENT, key.namespace, key.name, patch(uid, status), "status")
