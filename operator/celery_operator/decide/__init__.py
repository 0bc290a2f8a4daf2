"""From a snapshot to a decision: the table of contents of this package.

``evidence`` adds to the snapshot what several decisions need. Each other subpackage makes one decision.
All of it is pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from celery_health.wire.resource_push import ResourcePush
from celery_operator.api.alert_rules import ALL_RULES, AlertRules
from celery_operator.api.status import CeleryDeploymentStatus, ConditionType
from celery_operator.decide.advice.group_verdicts import group_verdicts
from celery_operator.decide.advice.recommendations import recommend
from celery_operator.decide.alerts import judge
from celery_operator.decide.conditions import conditions
from celery_operator.decide.draining.actions import GroupActions, in_portions
from celery_operator.decide.event_note import EventNote, EventReason
from celery_operator.decide.events import announce
from celery_operator.decide.evidence import gather
from celery_operator.decide.evidence.workers import workers_of
from celery_operator.decide.healing.evictions import EvictionOrder, heal
from celery_operator.decide.healing.restart_pacing import restart_holds
from celery_operator.decide.health import health_of
from celery_operator.decide.monitor_push import monitor_push
from celery_operator.decide.orders import Order
from celery_operator.decide.quarantine import quarantine
from celery_operator.decide.replicas import decide_replicas, waits_for_messages
from celery_operator.decide.right_size.group_sizes import group_sizes
from celery_operator.decide.status import status_of
from celery_operator.decide.task_events import task_events
from celery_operator.snapshot import ScalingHistory, Snapshot


@dataclass(frozen=True, slots=True)
class NextReconcile:
    """When to take the next snapshot.

    ``follows_load``: a group follows its load, or pods drain: no event announces changes.
    ``waits_for_messages``: all groups that follow their load are at zero, and only a message changes that.
    ``soon``: more will be known in a moment, as whether the broker is away, or whether a pod has drained.
    """

    follows_load: bool
    waits_for_messages: bool
    soon: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What to write and announce, and what to do then: heal workers and scale groups."""

    status: CeleryDeploymentStatus
    events: tuple[EventNote, ...]
    alert_events: tuple[EventNote, ...]
    """To post before the status is written: it then says that they were posted."""
    evictions: tuple[EvictionOrder, ...]
    orders: tuple[Order, ...]
    """To sidecars: restart holds, quarantine and task events. Those that drain are with the actions."""
    actions: Mapping[str, GroupActions]
    """What is done next for the replicas of each group."""
    histories: Mapping[str, ScalingHistory]
    """What the next decision has to know about this one, by group with autoscaling."""
    open_faults: frozenset[ConditionType]
    """The conditions of which an Event has announced a fault and none its end."""
    chosen: Mapping[str, float]
    """When each pod that drains was chosen, by uid."""
    next_reconcile: NextReconcile
    push: ResourcePush | None
    """What the monitor is sent, without Events; None without a monitor."""


def decide(snapshot: Snapshot, rules: AlertRules = ALL_RULES) -> Decision:
    """The same snapshot always gives the same decision."""
    # 1. The state of each worker, then the replicas of each group.
    workers = workers_of(snapshot)
    replicas = decide_replicas(snapshot, workers)
    desired = {group: one.desired for group, one in replicas.items()}
    actions = in_portions({group: one.actions for group, one in replicas.items()})

    # 2. What is wrong.
    evidence = gather(snapshot, workers, desired)
    verdicts = group_verdicts(evidence)
    states = conditions(evidence, verdicts)

    # 3. What is healed.
    healing = heal(evidence)

    # 4. What is taken out of circulation.
    isolated = quarantine(evidence)

    # 5. What size the workers should have.
    sizes = group_sizes(snapshot)

    # 6. What is written and announced.
    status = status_of(
        evidence,
        states,
        health_of(evidence, states),
        draining={group: one.draining for group, one in actions.items()},
        restarts=healing.restarts,
        quarantine=isolated.tasks,
        sizes=sizes,
        recommendations=recommend(evidence, verdicts, states, sizes),
    )
    judged = judge(snapshot, status, rules)
    status = status.model_copy(update={"alerts": judged.alerts})
    # A new process has forgotten which faults are open. The alerts of the status remember those of some time.
    reported = {one.condition for one in snapshot.previous.alerts if one.condition}
    announced = announce(snapshot.previous, status, snapshot.memory.open_faults | reported)
    events = (
        *announced.notes,
        *(one.note for one in desired.values() if one.note),
        *(note for one in actions.values() for note in one.notes),
        *healing.notes,
        *isolated.notes,
        *_not_understood(snapshot),
    )
    return Decision(
        status,
        events,
        judged.notes,
        healing.evictions,
        (*restart_holds(evidence), *isolated.orders, *task_events(evidence)),
        actions=actions,
        histories={group: one.decision.history for group, one in desired.items() if one.decision},
        open_faults=announced.open_faults,
        chosen={uid: since for one in actions.values() for uid, since in one.chosen.items()},
        next_reconcile=NextReconcile(
            follows_load=_follows_load(snapshot) or any(one.draining for one in actions.values()),
            waits_for_messages=waits_for_messages(snapshot, replicas),
            soon=evidence.broker.reached_by_workers_only or any(one.soon for one in actions.values()),
        ),
        push=monitor_push(evidence, status),
    )


def _follows_load(snapshot: Snapshot) -> bool:
    return not snapshot.spec.suspend and any(group.autoscaling for group in snapshot.spec.workers)


def _not_understood(snapshot: Snapshot) -> Iterator[EventNote]:
    for message in snapshot.annotations.not_understood:
        yield EventNote("Warning", EventReason.ANNOTATION_NOT_UNDERSTOOD, message)
