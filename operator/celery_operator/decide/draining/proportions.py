"""How many pods of each ReplicaSet the Deployment controller deletes, where two ReplicaSets have pods.

The controller then does not lower one ReplicaSet. It scales both in proportion to their sizes, and after that
lowers the old one as long as enough pods are available. This module computes the outcome as ``scale`` in
``sync.go``, ``GetReplicaSetProportion`` in ``deployment_util.go`` and ``reconcileOldReplicaSets`` in
``rolling.go`` of kubernetes/pkg/controller/deployment do.
"""

import math
from dataclasses import dataclass
from itertools import pairwise, permutations

from celery_operator.api.names import SURGE_PERCENT


@dataclass(frozen=True, slots=True)
class ReplicaSetSize:
    """The pods of one ReplicaSet: how many exist, and how many of them are ready."""

    pods: int
    ready: int


@dataclass(frozen=True, slots=True)
class Deletions:
    """The pods that the controller deletes of the old ReplicaSet and of the new one, at most."""

    old: int
    new: int


def most_deletions(old: ReplicaSetSize, new: ReplicaSetSize, before: int, after: int) -> Deletions:
    """The deletions where ``replicas`` of the Deployment are lowered from ``before`` to ``after``.

    Both ReplicaSets have all of their pods, and were last scaled for ``before``. Of two that are equally
    large, their ages decide which is scaled first: then the larger number of deletions counts.
    """
    orders = [
        order
        for order in permutations((0, 1))
        if all((old, new)[one].pods >= (old, new)[other].pods for one, other in pairwise(order))
    ]
    found = [_deletions(old, new, before, after, order) for order in orders]
    return Deletions(max(one.old for one in found), max(one.new for one in found))


def _deletions(
    old: ReplicaSetSize, new: ReplicaSetSize, before: int, after: int, order: tuple[int, ...]
) -> Deletions:
    sizes = _scaled([old.pods, new.pods], before, after, order)
    left_old, left_new = _rolled(old, new, sizes, after)
    return Deletions(old.pods - left_old, new.pods - left_new)


def _scaled(sizes: list[int], before: int, after: int, order: tuple[int, ...]) -> list[int]:
    """The sizes after ``scale``. ``order``: the indices, the larger size first."""
    active = [number for number in order if sizes[number]]
    if len(active) == 1:
        # A size that grows creates pods, and deletes none.
        return [min(size, after) for size in sizes]
    allowed = after + _surge(after) if after else 0
    to_add = allowed - sum(sizes)
    if to_add >= 0:
        return sizes
    added, scaled = 0, list(sizes)
    for number in active:
        part = max(_fraction(sizes[number], before, after), to_add - added) if to_add != added else 0
        scaled[number] += part
        added += part
    if active:
        scaled[active[0]] = max(0, scaled[active[0]] + to_add - added)
    return [min(size, was) for size, was in zip(scaled, sizes, strict=True)]


def _fraction(size: int, before: int, after: int) -> int:
    """What ``getReplicaSetFraction`` adds to a ReplicaSet; negative where it takes."""
    if not after:
        return -size
    # Go rounds halves away from zero.
    return math.floor(size * (after + _surge(after)) / (before + _surge(before)) + 0.5) - size


def _rolled(old: ReplicaSetSize, new: ReplicaSetSize, sizes: list[int], after: int) -> tuple[int, int]:
    """The sizes once the rollout itself deletes no more. ``sizes``: those after ``scale``."""
    size_old, size_new = sizes
    # A ReplicaSet deletes pods that are not ready first.
    size_new = min(size_new, after)
    ready_new = min(new.ready, size_new)
    while True:
        ready_old = min(old.ready, size_old)
        most = size_old + size_new - after - (size_new - ready_new)
        if most <= 0:
            break
        unready = min(most, size_old - ready_old)
        spare = max(0, ready_old + ready_new - after)
        fewer = max(0, size_old - unready - spare)
        if fewer == size_old:
            break
        size_old = fewer
    return size_old, size_new


def _surge(replicas: int) -> int:
    return math.ceil(replicas * SURGE_PERCENT / 100)
