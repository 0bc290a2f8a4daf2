"""How many pods each group should have now, and what its status says of that."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from celery_operator.api.annotations import scaling_pauses
from celery_operator.api.names import COMPONENT_WORKER
from celery_operator.api.spec import WorkerGroup
from celery_operator.api.status import ScalingStatus
from celery_operator.decide import schedule
from celery_operator.decide.events import EventNote
from celery_operator.decide.scaling import Pauses, ScalingCall, scale
from celery_operator.decide.times import rfc3339
from celery_operator.snapshot import ConfigurationFault, GroupLoad, ScalingHistory, Snapshot

SCHEDULE_INVALID = "ScheduleInvalid"


@dataclass(frozen=True, slots=True)
class Target:
    """What a group should have now, and had to have before: None where nobody has said.

    ``call`` is how autoscaling came to it; None where the spec alone says it. ``status`` tells of the last
    change. ``wakes``: autoscaling brings workers when messages come.
    """

    replicas: int
    before: int | None
    call: ScalingCall | None = None
    status: ScalingStatus | None = None
    wakes: bool = False

    @property
    def moved(self) -> bool:
        """Autoscaling has just changed it."""
        return self.call is not None and self.before is not None and self.replicas != self.before


def targets(snapshot: Snapshot) -> Mapping[str, Target]:
    """By group."""
    return {group.name: _target(group, snapshot) for group in snapshot.spec.workers}


def schedule_faults(snapshot: Snapshot) -> Iterator[ConfigurationFault]:
    """Schedules that cannot be kept, each with what to write instead."""
    for group in snapshot.spec.workers:
        if group.autoscaling is not None:
            for message in schedule.faults(group.autoscaling.schedule):
                yield ConfigurationFault(SCHEDULE_INVALID, f"Group {group.name}: {message}")


def moves(of: Mapping[str, Target]) -> Iterator[EventNote]:
    """An Event for each group whose size autoscaling has just changed."""
    for group, target in of.items():
        if target.call is not None and target.before is not None and target.moved:
            reason = "ScaledOut" if target.replicas > target.before else "ScaledIn"
            yield EventNote("Normal", reason, f"Group {group}: {target.call.message}")


def _target(group: WorkerGroup, snapshot: Snapshot) -> Target:
    before, told = _before(group.name, snapshot)
    rules, load = group.autoscaling, snapshot.loads.get(group.name)
    if rules is None or snapshot.spec.suspend:
        return Target(snapshot.spec.wanted_replicas(group), before)
    current = rules.min_replicas if before is None else before
    if load is None:
        return Target(current, before, status=told, wakes=True)
    pauses = Pauses(*scaling_pauses(snapshot.annotations))
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
    moved = before is not None and call.replicas != before
    return Target(
        call.replicas,
        before,
        call,
        _status(call, load, snapshot) if moved else told,
        wakes=not pauses.scale_out,
    )


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
