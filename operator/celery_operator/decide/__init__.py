"""From a snapshot to a decision: the table of contents of this package.

``evidence`` adds to the snapshot what several decisions need. Each other subpackage makes one decision.
All of it is pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from celery_operator.api.annotations import misunderstood
from celery_operator.api.status import CeleryDeploymentStatus
from celery_operator.decide.advice.recommendations import recommend
from celery_operator.decide.conditions import JUDGES
from celery_operator.decide.draining.group_actions import GroupStep, steps
from celery_operator.decide.events import EventNote, events_between
from celery_operator.decide.evidence import Evidence, gather
from celery_operator.decide.healing.evictions import EvictionOrder, heal
from celery_operator.decide.health import judge_health
from celery_operator.decide.orders import HoldOrder
from celery_operator.decide.status import status_of
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
    healing = heal(evidence)
    next_steps = steps(evidence)
    status = status_of(
        evidence,
        verdicts,
        judge_health(evidence, verdicts),
        draining={name: step.draining for name, step in next_steps.items()},
        restarts=healing.restarts,
        recommendations=recommend(evidence, verdicts),
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


def _misunderstood(evidence: Evidence) -> Iterator[EventNote]:
    groups = [group.name for group in evidence.groups]
    for message in misunderstood(evidence.snapshot.annotations, groups):
        yield EventNote("Warning", "AnnotationNotUnderstood", message)
