"""Which restarts of the kubelet's have to wait, so that a fleet that fell ill at once heals in waves: pure.

Each sidecar restarts its own worker without asking anybody. The operator only spreads that: it holds back all
but a part of the group, again at each look. Without an operator a hold lapses, and the pods' jitter remains.
"""

import math
from collections.abc import Iterator

from celery_operator.decide.evidence import Evidence
from celery_operator.decide.evidence.groups import GroupView
from celery_operator.decide.evidence.worker_state import Standing, Worker
from celery_operator.decide.orders import HoldOrder

HOLD_SECONDS = 30
PAUSE_SECONDS = 120
"""Longer than any time between two looks: a pause must not lapse between them."""

_HEALED_BY_LIVENESS = (Standing.DEAF, Standing.POOL_DEAD, Standing.WEDGED)
_ON_THE_WAY = (Standing.STARTING, Standing.STOPPED)
"""Soon back. A broken or unscheduled pod may never be: nobody waits for that."""


def holds(evidence: Evidence) -> tuple[HoldOrder, ...]:
    """The holds to set now, and those to end."""
    if evidence.snapshot.spec.health.restart.policy == "Never":
        return ()
    workers = (order for group in evidence.groups for order in _of_group(group, evidence))
    return (*workers, *_of_beats(evidence))


def _of_group(group: GroupView, evidence: Evidence) -> Iterator[HoldOrder]:
    waiting = {worker.pod.uid for worker in _have_to_wait(group, evidence)}
    for worker in group.present:
        if worker.pod.reading is None:
            continue
        if evidence.paused or worker.pod.uid in waiting:
            seconds = PAUSE_SECONDS if evidence.paused else HOLD_SECONDS
            yield HoldOrder(worker.pod.name, worker.pod.uid, seconds)
        elif worker.pod.reading.held_for is not None:
            yield HoldOrder(worker.pod.name, worker.pod.uid, 0)


def _of_beats(evidence: Evidence) -> Iterator[HoldOrder]:
    """There is one beat, so that it never has to wait for another: it is held for a pause only."""
    for beat in evidence.snapshot.beats:
        if beat.deleting or beat.reason is None:
            continue
        if evidence.paused:
            yield HoldOrder(beat.pod, beat.uid, PAUSE_SECONDS)
        elif beat.held_for is not None:
            yield HoldOrder(beat.pod, beat.uid, 0)


def _have_to_wait(group: GroupView, evidence: Evidence) -> tuple[Worker, ...]:
    """At most half of the group's pods, or ``maxConcurrent``, are down at a time."""
    ill = group.standing(*_HEALED_BY_LIVENESS)
    if group.wanted < 2:
        return ()
    most = max(evidence.snapshot.spec.health.restart.max_concurrent, math.ceil(group.wanted / 2))
    free = max(0, most - len(group.standing(*_ON_THE_WAY)))
    # Those whose liveness fails already go first: holding them now might come too late.
    first = sorted(ill, key=lambda worker: (_still_lives(worker), worker.pod.name))
    return tuple(first[free:])


def _still_lives(worker: Worker) -> bool:
    return worker.pod.reading is None or worker.pod.reading.verdict.live
