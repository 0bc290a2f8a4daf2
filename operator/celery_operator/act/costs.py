"""Ranks pods for their ReplicaSet before it has to delete some."""

import logging
from collections.abc import Sequence

from celery_operator.api.names import ANNOTATION_DELETION_COST
from celery_operator.cache import Cache, Key
from celery_operator.decide.draining.group_actions import DeletionCost
from celery_operator.kube import POD, Kube, KubeError

_log = logging.getLogger(__name__)


async def rank(kube: Kube, cache: Cache, key: Key, costs: Sequence[DeletionCost]) -> bool:
    """Set all costs; whether that worked. Where it did not, no replicas may be taken away on their strength.

    A pod that is gone, or another of its name, needs no rank.
    """
    for wanted in costs:
        # The uid is a precondition; a cost of nothing is no annotation.
        value = str(wanted.cost) if wanted.cost else None
        body = {"metadata": {"uid": wanted.uid, "annotations": {ANNOTATION_DELETION_COST: value}}}
        try:
            pod = await kube.merge(POD, key.namespace, wanted.pod, body)
        except KubeError as error:
            if error.status in (404, 409):
                continue
            _log.warning("%s: pod %s is not ranked for deletion: %s", key, wanted.pod, error.message)
            return False
        cache.put(POD, pod, watched=False)
    return True
