"""What is done next for the replicas of one group: orders to sidecars, deletion costs, then replicas."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from celery_operator.decide.event_note import EventNote
from celery_operator.decide.orders import DrainOrder


@dataclass(frozen=True, slots=True)
class DeletionCost:
    """The pod deletion cost to set: a ReplicaSet deletes the pods with the lowest cost first."""

    pod: str
    uid: str
    cost: int


@dataclass(frozen=True, slots=True)
class GroupActions:
    """The next step from the replicas in force towards the desired replicas.

    ``replicas`` are those of the Deployment. They may be lowered only after all ``costs`` are set.
    ``draining`` counts the pods that are deleted once they have no in-flight tasks. ``chosen``: when each of
    them was chosen, by uid, on the clock of ``Snapshot.mono``; also of those that are being deleted.
    ``soon``: one of these pods will have drained in a moment.
    """

    replicas: int
    orders: tuple[DrainOrder, ...] = ()
    costs: tuple[DeletionCost, ...] = ()
    draining: int = 0
    chosen: Mapping[str, float] = field(default_factory=dict)
    soon: bool = False
    notes: tuple[EventNote, ...] = ()
