"""How many pods each group should have now, and what its status says of that."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from celery_operator.api.annotations import scaling_pauses
from celery_operator.api.names import COMPONENT_WORKER
from celery_operator.api.spec import WorkerGroup
from celery_operator.api.status import ScalingStatus
from celery_operator.decide.events import EventNote
from celery_operator.decide.scaling import schedule
from celery_operator.decide.scaling.autoscale import ScalingCall, scale
from celery_operator.decide.times import rfc3339
from celery_operator.snapshot import ConfigurationFault, GroupLoad, ScalingHistory, Snapshot

SCHEDULE_INVALID = "ScheduleInvalid"


@dataclass(frozen=True, slots=True)
class Target:
    """What a group should have now.

    ``call`` is how autoscaling came to it; None where the spec alone says it. ``status`` tells of the last
    change, ``note`` of one that has just been made. ``wakes``: autoscaling brings workers when messages come.
    """

    replicas: int
    call: ScalingCall | None = None
    status: ScalingStatus | None = None
    note: EventNote | None = None
    wakes: bool = False


def targets(snapshot: Snapshot) -> Mapping[str, Target]:
    """By group."""
    return {group.name: _target(group, snapshot) for group in snapshot.spec.workers}


def schedule_faults(snapshot: Snapshot) -> Iterator[ConfigurationFault]:
    """Schedules that cannot be kept, each with what to write instead."""
    for group in snapshot.spec.workers:
        if group.autoscaling is not None:
            for message in schedule.faults(group.autoscaling.schedule):
                yield ConfigurationFault(SCHEDULE_INVALID, f"Group {group.name}: {message}")


def _target(group: WorkerGroup, snapshot: Snapshot) -> Target:
    before, told = _before(group.name, snapshot)
    rules, load = group.autoscaling, snapshot.loads.get(group.name)
    if rules is None or snapshot.spec.suspend:
        return Target(snapshot.spec.wanted_replicas(group))
    current = rules.min_replicas if before is None else before
    if load is None:
        return Target(current, status=told, wakes=True)
    pauses = scaling_pauses(snapshot.annotations)
    call = scale(
        rules,
        current,
        group.slots,
        load,
        snapshot.histories.get(group.name, ScalingHistory()),
        snapshot.mono,
        floor=schedule.floor(rules.schedule, snapshot.now),
        pauses=pauses,
    )
    wakes = not pauses.scale_out
    if before is None or call.replicas == before:
        return Target(call.replicas, call, told, wakes=wakes)
    reason = "ScaledOut" if call.replicas > before else "ScaledIn"
    note = EventNote("Normal", reason, f"Group {group.name}: {call.message}")
    return Target(call.replicas, call, _status(call, load, snapshot), note, wakes)


def _before(group: str, snapshot: Snapshot) -> tuple[int | None, ScalingStatus | None]:
    """Told before, by whichever operator: it outlives a restart. Else what the Deployment has."""
    for status in snapshot.previous.workers:
        if status.name == group and status.desired_replicas is not None:
            return status.desired_replicas, status.scaling
    live = (one for one in snapshot.deployments if one.component == COMPONENT_WORKER and one.group == group)
    return next((deployment.wanted for deployment in live), None), None


def _status(call: ScalingCall, load: GroupLoad, snapshot: Snapshot) -> ScalingStatus:
    return ScalingStatus(
        message=call.message,
        at=rfc3339(snapshot.now),
        ready=load.ready,
        arrival_per_second=round(load.arrival_rate, 1),
        throughput_per_slot=None if load.throughput_per_slot is None else round(load.throughput_per_slot, 2),
    )
