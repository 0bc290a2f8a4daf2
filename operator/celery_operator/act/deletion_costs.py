"""Sets the deletion costs of pods before their ReplicaSet has to delete some."""

import logging

from celery_operator.api.names import ANNOTATION_DELETION_COST
from celery_operator.cache import Cache, Key
from celery_operator.decide.draining.actions import GroupActions
from celery_operator.kinds import POD
from celery_operator.kube import Kube, KubeError

_log = logging.getLogger(__name__)


async def set_costs(kube: Kube, cache: Cache, key: Key, actions: GroupActions) -> bool:
    """Set the costs of a group; whether all are set now, so that its replicas may be lowered.

    A pod that no longer exists, or another pod of the same name, needs no cost.
    """
    for one in actions.costs:
        # The uid is a precondition; a cost of 0 is no annotation.
        value = str(one.cost) if one.cost else None
        body = {"metadata": {"uid": one.uid, "annotations": {ANNOTATION_DELETION_COST: value}}}
        try:
            pod = await kube.merge(POD, key.namespace, one.pod, body)
        except KubeError as error:
            if error.status in (404, 409):
                continue
            _log.warning("%s: the deletion cost of pod %s is not set: %s", key, one.pod, error.message)
            return False
        cache.put(POD, pod, watched=False)
    return not actions.more_costs
