"""How many slots a group's load needs: by concurrency and by time, and the larger wins."""

import math

from celery_operator.api.autoscaling import Autoscaling
from celery_operator.snapshot import GroupLoad

_MOST_SLOTS = 1e9
"""More than any group has: keeps the numbers finite where a slot finishes next to nothing."""


def waiting(load: GroupLoad) -> int:
    """Tasks that wait for a slot now, in the broker or in a worker; ETA tasks when their time is near."""
    return (load.ready or 0) + load.reserved + load.eta_due


def tasks(load: GroupLoad) -> int:
    """Tasks that wait or run now."""
    return waiting(load) + load.active


def needed_slots(rules: Autoscaling, load: GroupLoad) -> float:
    """The larger of the two sizes."""
    return min(max(by_concurrency(rules, load), by_time(rules, load)), _MOST_SLOTS)


def by_concurrency(rules: Autoscaling, load: GroupLoad) -> float:
    """Slots of which each has ``targetPerSlot`` tasks, waiting and running."""
    return tasks(load) / rules.target_per_slot


def by_time(rules: Autoscaling, load: GroupLoad) -> float:
    """Slots that keep up with what comes, and have done what waits after ``targetDrainSeconds``.

    Without a throughput only what runs counts. Where no task waits for a free slot, one that has just become
    free is needed for nothing but what comes.
    """
    needed_soon = load.ready or load.eta_due
    busy = max(load.busy_slots, load.active) if needed_soon else min(load.busy_slots, load.active)
    throughput = load.throughput_per_slot
    if not throughput:
        return busy
    # A task runs in one slot: more slots than tasks finish nothing sooner, however long a task takes.
    drain = min(waiting(load), waiting(load) / (rules.target_drain_seconds * throughput))
    return max(load.arrival_rate / throughput, busy) + drain


def with_room(load: GroupLoad, slots: float) -> float:
    """The given slots, and half of the variation of those for new tasks: no group goes lower.

    Tasks that arrive at random and keep N slots busy on average keep N busy, give or take the
    square root. A group without any room for it lets tasks wait, and soon has to grow again; room for all of
    it would cost more than it saves. What waits and runs already varies no more.
    """
    throughput = load.throughput_per_slot
    for_new = min(slots, load.arrival_rate / throughput) if throughput else slots
    return slots + math.sqrt(for_new) / 2


def seconds_to_empty(load: GroupLoad, slots: int) -> float | None:
    """Seconds in which ``slots`` empty the backlog; None if never, or if the throughput is unknown."""
    surplus = slots * (load.throughput_per_slot or 0.0) - load.arrival_rate
    return waiting(load) / surplus if surplus > 0 else None
