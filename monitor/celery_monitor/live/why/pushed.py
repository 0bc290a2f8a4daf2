"""What the operator's push says of a worker, and of the group that consumes a queue. Pure."""

from collections.abc import Mapping, Sequence

from celery_health.catalogue import CATALOGUE
from celery_health.catalogue.workers import WorkerReason
from celery_health.why.facts import Group
from celery_health.wire.resource_push import PushedGroup, PushedPod, ResourcePush
from celery_monitor.live.views import WorkerView

_FAULTS: Mapping[str, str] = {
    WorkerReason.DEAF.value: "deaf",
    WorkerReason.WEDGED.value: "wedged",
    WorkerReason.POOL_DEAD.value: "without a working pool",
}


def fault_of(push: ResourcePush | None, worker: str) -> tuple[str | None, bool]:
    """What the operator says is wrong with the worker, and whether it is being restarted because of that."""
    for pod in () if push is None else push.pods:
        if pod.worker is None or pod.worker.hostname != worker:
            continue
        reason = pod.worker.reason
        fault = _FAULTS.get(reason)
        return fault, fault is not None and (pod.deleting or CATALOGUE[reason].healed)
    return None, False


def deaf_consumers(push: ResourcePush | None, consumers: Sequence[WorkerView]) -> tuple[str, ...]:
    """The workers of a queue that are connected and fetch nothing."""
    names = {worker.name for worker in consumers}
    pods = () if push is None else push.pods
    return tuple(
        pod.worker.hostname
        for pod in pods
        if pod.worker is not None
        and pod.worker.hostname in names
        and pod.worker.reason == WorkerReason.DEAF.value
    )


def group_of(push: ResourcePush, queue: str) -> Group | None:
    """The group that consumes the queue; of several, one that has pods."""
    groups = [group for group in push.groups if queue in group.queues]
    if not groups:
        return None
    group = max(groups, key=lambda one: (one.ready, one.desired))
    pending = _pending(push.pods, group)
    return Group(
        name=group.name,
        desired=group.desired,
        ready=group.ready,
        reason_for_zero=_reason_for_zero(push, group),
        pending=None if pending is None else pending.failure,
        pending_pod=None if pending is None else pending.name,
    )


def _pending(pods: Sequence[PushedPod], group: PushedGroup) -> PushedPod | None:
    return next((pod for pod in pods if pod.group == group.name and not pod.ready and pod.failure), None)


def _reason_for_zero(push: ResourcePush, group: PushedGroup) -> str | None:
    if push.suspended:
        return "the resource is suspended"
    return group.scaling or None
