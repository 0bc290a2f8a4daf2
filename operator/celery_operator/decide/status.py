"""The status that a decision writes, from its parts."""

from collections.abc import Mapping

from celery_health.catalogue.health import HealthState
from celery_operator.api.names import LABEL_GROUP, LABEL_INSTANCE, dead_letter_queue
from celery_operator.api.status import (
    BeatStatus,
    CeleryDeploymentStatus,
    Condition,
    ConditionType,
    QuarantinedTask,
    Recommendation,
    RestartsStatus,
    WorkerGroupStatus,
)
from celery_operator.decide.condition_state import ConditionState, ConditionStates
from celery_operator.decide.evidence import Evidence
from celery_operator.decide.evidence.groups import GroupEvidence
from celery_operator.decide.right_size.group_sizes import GroupSize
from celery_operator.decide.text import sentence
from celery_operator.snapshot import Snapshot


def status_of(
    evidence: Evidence,
    conditions: ConditionStates,
    health: tuple[HealthState, str],
    *,
    draining: Mapping[str, int],
    restarts: RestartsStatus,
    quarantine: tuple[QuarantinedTask, ...],
    sizes: Mapping[str, GroupSize],
    recommendations: tuple[Recommendation, ...],
) -> CeleryDeploymentStatus:
    """``draining``: the number of draining pods by group. ``sizes`` are by group."""
    snapshot = evidence.snapshot
    target = next(group for group in evidence.groups if group.name == snapshot.spec.scale_target_group)
    workers = tuple(
        _group_status(group, evidence, draining[group.name], sizes[group.name]) for group in evidence.groups
    )
    state, message = health
    return CeleryDeploymentStatus(
        observed_generation=snapshot.generation,
        health=state,
        message=message,
        ready=f"{evidence.consuming}/{evidence.desired_total}",
        replicas=_replicas(target),
        ready_replicas=target.deployment.ready if target.deployment else 0,
        selector=f"{LABEL_INSTANCE}={snapshot.name},{LABEL_GROUP}={target.name}",
        backlog=_sum_known([queue.ready for queue in evidence.queues]),
        active=_sum_known([group.active for group in workers]),
        workers=workers,
        queues=evidence.queues,
        broker=evidence.broker.status(),
        beat=_beat(evidence, conditions[ConditionType.BEAT_HEALTHY]),
        restarts=restarts,
        quarantine=quarantine,
        dead_letters=_dead_letters(snapshot),
        recommendations=recommendations,
        conditions=tuple(_stamped(kind, state, snapshot) for kind, state in conditions.items()),
    )


def _group_status(
    group: GroupEvidence, evidence: Evidence, draining: int, size: GroupSize
) -> WorkerGroupStatus:
    return group.status().model_copy(
        update={
            "draining": draining,
            "scaling": evidence.desired[group.name].status,
            "usage": size.usage,
            "right_size": size.right,
        }
    )


def _stamped(kind: ConditionType, state: ConditionState, snapshot: Snapshot) -> Condition:
    """The transition time moves only when the status does."""
    return Condition(
        type=kind,
        status=state.status,
        reason=str(state.reason),
        message=sentence(state.message),
        observed_generation=snapshot.generation,
        last_transition_time=snapshot.previous.since(kind, state.status, snapshot.now),
    )


def _beat(evidence: Evidence, state: ConditionState) -> BeatStatus:
    if not evidence.snapshot.spec.beat.enabled:
        return BeatStatus(state="Disabled")
    running = evidence.beat is not None and evidence.beat.ready > 0 and state.is_true
    return BeatStatus(state="Running" if running else "NotRunning")


def _replicas(target: GroupEvidence) -> int:
    return target.deployment.replicas if target.deployment else len(target.present)


def _dead_letters(snapshot: Snapshot) -> int | None:
    """Their number as it was last read; it is read as long as there is a reason to."""
    name = dead_letter_queue(snapshot.name)
    ready = next((queue.ready for queue in snapshot.broker.queues if queue.name == name), None)
    return ready if ready is not None else snapshot.previous.dead_letters or None


def _sum_known(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
