"""Evicts worker pods; a PodDisruptionBudget can refuse."""

import logging
from collections.abc import Callable

from celery_operator.cache import Key
from celery_operator.decide.event_note import EventNote, EventReason
from celery_operator.decide.healing.evictions import EvictionOrder
from celery_operator.kube import Kube, KubeError

_log = logging.getLogger(__name__)


async def evict(
    kube: Kube, key: Key, order: EvictionOrder, counted: Callable[[str, str], None]
) -> EventNote | None:
    """Evict one worker; the Event to post where that is refused. ``counted`` gets group and reason.

    The status already has the attempt, so that a refused eviction is not tried again at once.
    """
    try:
        evicted = await kube.evict(key.namespace, order.pod, order.uid)
    except KubeError as error:
        _log.warning("%s: pod %s is not evicted: %s", key, order.pod, error.message)
        return EventNote(
            "Warning",
            EventReason.EVICTION_REFUSED,
            f"Pod {order.pod} of group {order.group} is not evicted ({order.reason}): {error.message}",
        )
    if not evicted:
        _log.info("%s: pod %s is gone already: nothing is evicted", key, order.pod)
        return None
    counted(order.group, order.reason)
    _log.info("%s: pod %s is evicted: %s", key, order.pod, order.reason)
    return None
