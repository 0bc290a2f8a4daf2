"""Which restarts by the kubelet have to wait, so that a fleet that failed at once is not restarted at once.

Each sidecar fails its own liveness probe without asking the operator. The operator only paces the restarts:
in every reconcile it orders restart holds for all but a part of the group. Without an operator the holds
expire, and the jitter of the pods remains.
"""

import math
from collections.abc import Iterator

from celery_operator.decide.evidence import Evidence
from celery_operator.decide.evidence.groups import GroupEvidence
from celery_operator.decide.evidence.worker_state import Worker, WorkerState
from celery_operator.decide.orders import RestartHoldOrder

RESTART_HOLD_SECONDS = 30
PAUSED_HOLD_SECONDS = 120
"""Longer than any time between two reconciles: a pause must not expire between them."""
PAUSED_HOLD_LEFT = 75
"""Seconds that are left of a hold which needs no new order yet. Reconciles that fail are half a minute apart,
and the order itself takes its time.
"""

_HEALED_BY_LIVENESS = (WorkerState.DEAF, WorkerState.POOL_DEAD, WorkerState.WEDGED)
_ON_THE_WAY = (WorkerState.STARTING, WorkerState.STOPPED)
"""Soon consuming. A broken or unscheduled pod may never be, so it is not waited for."""


def restart_holds(evidence: Evidence) -> tuple[RestartHoldOrder, ...]:
    """The restart holds to set now, and those to end."""
    if evidence.snapshot.spec.health.restart.policy == "Never":
        return ()
    workers = (order for group in evidence.groups for order in _of_group(group, evidence))
    return (*workers, *_of_beats(evidence))


def _of_group(group: GroupEvidence, evidence: Evidence) -> Iterator[RestartHoldOrder]:
    waiting = {worker.pod.uid for worker in _have_to_wait(group, evidence)}
    paused = evidence.snapshot.annotations.pauses(group.name)
    for worker in group.present:
        if worker.pod.reading is None:
            continue
        if paused:
            if not _is_held(worker.pod.reading.restart_hold_left):
                yield RestartHoldOrder(worker.pod.name, worker.pod.uid, PAUSED_HOLD_SECONDS)
        elif worker.pod.uid in waiting:
            yield RestartHoldOrder(worker.pod.name, worker.pod.uid, RESTART_HOLD_SECONDS)
        elif worker.pod.reading.restart_hold_left is not None:
            yield RestartHoldOrder(worker.pod.name, worker.pod.uid, 0)


def _of_beats(evidence: Evidence) -> Iterator[RestartHoldOrder]:
    """There is one beat, which never has to wait for another: it gets a restart hold during a pause only."""
    for beat in evidence.snapshot.beats:
        if beat.deleting or beat.reason is None:
            continue
        if evidence.paused:
            if not _is_held(beat.restart_hold_left):
                yield RestartHoldOrder(beat.pod, beat.uid, PAUSED_HOLD_SECONDS)
        elif beat.restart_hold_left is not None:
            yield RestartHoldOrder(beat.pod, beat.uid, 0)


def _is_held(left: float | None) -> bool:
    """Whether a pause needs no new order now: not one for each pod in each reconcile."""
    return left is not None and left > PAUSED_HOLD_LEFT


def _have_to_wait(group: GroupEvidence, evidence: Evidence) -> tuple[Worker, ...]:
    """At most half of the group's pods, or ``maxConcurrent``, are down at a time."""
    unhealthy = group.in_state(*_HEALED_BY_LIVENESS)
    if group.desired < 2:
        return ()
    most = max(evidence.snapshot.spec.health.restart.max_concurrent, math.ceil(group.desired / 2))
    free = max(0, most - len(group.in_state(*_ON_THE_WAY)))
    # Pods whose liveness probe fails already go first: a restart hold might come too late.
    first = sorted(unhealthy, key=lambda worker: (_still_lives(worker), worker.pod.name))
    return tuple(first[free:])


def _still_lives(worker: Worker) -> bool:
    return worker.pod.reading is None or worker.pod.reading.verdict.live
