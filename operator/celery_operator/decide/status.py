"""From a snapshot to the whole status and its Events: the table of contents of decide/."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from celery_operator.api.annotations import misunderstood
from celery_operator.api.names import LABEL_GROUP, LABEL_INSTANCE
from celery_operator.api.status import (
    BeatStatus,
    CeleryDeploymentStatus,
    Condition,
    ConditionType,
    WorkerGroupStatus,
)
from celery_operator.decide.advice.recommendations import recommend
from celery_operator.decide.conditions import JUDGES
from celery_operator.decide.conditions.condition_state import Verdict
from celery_operator.decide.draining.group_actions import GroupStep, steps
from celery_operator.decide.events import EventNote, events_between
from celery_operator.decide.evidence import Evidence, gather
from celery_operator.decide.evidence.groups import GroupView
from celery_operator.decide.healing.evictions import EvictionOrder, heal
from celery_operator.decide.health import judge_health
from celery_operator.decide.orders import HoldOrder
from celery_operator.decide.text import sentence
from celery_operator.snapshot import ScalingHistory, Snapshot


@dataclass(frozen=True, slots=True)
class Decision:
    """What to write, what to tell, and then what to do about ill workers and about the number of workers."""

    status: CeleryDeploymentStatus
    events: tuple[EventNote, ...]
    evictions: tuple[EvictionOrder, ...]
    holds: tuple[HoldOrder, ...]
    steps: Mapping[str, GroupStep]
    """What each group does next on the way to the size that it should have."""
    histories: Mapping[str, ScalingHistory]
    """What the next decision has to know of this one, by group with autoscaling."""
    broker_in_doubt: bool
    """Our own look at the broker fails, and the worker pods' do not, or not yet."""

    @property
    def changes_soon(self) -> bool:
        """Whether more will be known in a moment."""
        return self.broker_in_doubt or any(step.soon for step in self.steps.values())


def decide(snapshot: Snapshot) -> Decision:
    """The same snapshot always gives the same decision."""
    evidence = gather(snapshot)
    verdicts = {condition: judge(evidence) for condition, judge in JUDGES.items()}
    health, message = judge_health(evidence, verdicts)
    healing = heal(evidence)
    target = next(group for group in evidence.groups if group.name == snapshot.spec.scale_target_group)
    next_steps = steps(evidence)
    workers = tuple(_group_status(group, evidence, next_steps) for group in evidence.groups)
    status = CeleryDeploymentStatus(
        observed_generation=snapshot.generation,
        health=health,
        message=message,
        ready=f"{evidence.consuming}/{evidence.wanted}",
        replicas=_replicas(target),
        ready_replicas=target.deployment.ready if target.deployment else 0,
        selector=f"{LABEL_INSTANCE}={snapshot.name},{LABEL_GROUP}={target.name}",
        backlog=_sum_known([queue.ready for queue in evidence.queues]),
        active=_sum_known([group.active for group in workers]),
        workers=workers,
        queues=evidence.queues,
        broker=evidence.broker.status(),
        beat=_beat(evidence, verdicts[ConditionType.BEAT_HEALTHY]),
        restarts=healing.restarts,
        recommendations=recommend(evidence, verdicts),
        conditions=tuple(_stamped(kind, verdict, snapshot) for kind, verdict in verdicts.items()),
    )
    events = (
        *events_between(snapshot.previous, status),
        *(target.note for target in evidence.targets.values() if target.note),
        *(note for step in next_steps.values() for note in step.notes),
        *healing.notes,
        *_misunderstood(evidence),
    )
    return Decision(
        status,
        events,
        healing.evictions,
        healing.holds,
        steps=next_steps,
        histories={name: target.call.history for name, target in evidence.targets.items() if target.call},
        broker_in_doubt=evidence.broker.reached_by_workers_only,
    )


def _group_status(group: GroupView, evidence: Evidence, steps: Mapping[str, GroupStep]) -> WorkerGroupStatus:
    return group.status().model_copy(
        update={
            "draining": steps[group.name].draining,
            "scaling": evidence.targets[group.name].status,
        }
    )


def _misunderstood(evidence: Evidence) -> Iterator[EventNote]:
    groups = [group.name for group in evidence.groups]
    for message in misunderstood(evidence.snapshot.annotations, groups):
        yield EventNote("Warning", "AnnotationNotUnderstood", message)


def _stamped(kind: ConditionType, verdict: Verdict, snapshot: Snapshot) -> Condition:
    """The transition time moves only when the status does."""
    return Condition(
        type=kind,
        status=verdict.status,
        reason=str(verdict.reason),
        message=sentence(verdict.message),
        observed_generation=snapshot.generation,
        last_transition_time=snapshot.previous.since(kind, verdict.status, snapshot.now),
    )


def _beat(evidence: Evidence, verdict: Verdict) -> BeatStatus:
    if not evidence.snapshot.spec.beat.enabled:
        return BeatStatus(state="Disabled")
    running = evidence.beat is not None and evidence.beat.ready > 0 and verdict.holds
    return BeatStatus(state="Running" if running else "NotRunning")


def _replicas(target: GroupView) -> int:
    return target.deployment.replicas if target.deployment else len(target.present)


def _sum_known(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
