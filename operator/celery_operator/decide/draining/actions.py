"""What is done next for the replicas of one group: orders to sidecars, deletion costs, then replicas."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from celery_operator.decide.event_note import EventNote
from celery_operator.decide.orders import DrainOrder

MOST_COSTS = 40
"""In one reconcile, of all groups together. At the rate of one CeleryDeployment, they take 2 s."""


@dataclass(frozen=True, slots=True)
class DeletionCost:
    """The pod deletion cost to set: a ReplicaSet deletes the pods with the lowest cost first."""

    pod: str
    uid: str
    cost: int


@dataclass(frozen=True, slots=True)
class GroupActions:
    """The next step from the replicas in force towards the desired replicas.

    ``replicas`` are those of the Deployment. They may be lowered only after all ``costs`` are set, and not
    in this reconcile with ``more_costs``: the next reconcile sets further costs.
    ``draining`` counts the pods that are deleted once they have no in-flight tasks. ``chosen``: when each of
    them was chosen, by uid, on the clock of ``Snapshot.mono``; also of those that are being deleted.
    ``soon``: one of these pods will have drained in a moment, or there are ``more_costs``.
    """

    replicas: int
    orders: tuple[DrainOrder, ...] = ()
    costs: tuple[DeletionCost, ...] = ()
    more_costs: bool = False
    draining: int = 0
    chosen: Mapping[str, float] = field(default_factory=dict)
    soon: bool = False
    notes: tuple[EventNote, ...] = ()


def in_portions(actions: Mapping[str, GroupActions]) -> Mapping[str, GroupActions]:
    """The actions by group, with as many costs as one reconcile may set. Each group gets an equal part."""
    ranked = sum(bool(one.costs) for one in actions.values())
    most = max(1, MOST_COSTS // max(1, ranked))
    return {group: _portion(one, most) for group, one in actions.items()}


def _portion(one: GroupActions, most: int) -> GroupActions:
    if len(one.costs) <= most:
        return one
    return replace(one, costs=one.costs[:most], more_costs=True, soon=True)
