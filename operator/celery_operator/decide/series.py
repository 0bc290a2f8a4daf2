"""The exact numbers of one CeleryDeployment: /metrics exposes them, and alerts are decided by them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from celery_health.catalogue.health import HealthState
from celery_health.verdicts.fleet.poison_tasks import poison_ids, poison_names
from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS
from celery_operator.api.names import dead_letter_queue
from celery_operator.api.status import CeleryDeploymentStatus, WorkerGroupStatus
from celery_operator.decide.evidence.overdue_drains import longest_overdue_drains
from celery_operator.decide.evidence.unknown_workers import unknown_workers
from celery_operator.snapshot import GroupLoad, Snapshot

Labels = tuple[str, ...]
"""The values of the labels beyond those of the resource."""
Values = Mapping[Labels, float | None]
"""None is unknown: it has no sample."""
ValuesOf = Callable[[Snapshot, CeleryDeploymentStatus], Values]


@dataclass(frozen=True, slots=True)
class Series:
    """One gauge. ``text`` describes it, ``labels`` are those beyond namespace and resource."""

    name: str
    text: str
    labels: tuple[str, ...]
    values: ValuesOf

    def samples(
        self, snapshot: Snapshot, status: CeleryDeploymentStatus
    ) -> Iterator[tuple[Mapping[str, str], float]]:
        """Each known value with its labels."""
        for labels, value in self.values(snapshot, status).items():
            if value is not None:
                yield dict(zip(self.labels, labels, strict=True)), value


def _of_groups(value: Callable[[WorkerGroupStatus], float | None]) -> ValuesOf:
    return lambda _snapshot, status: {(group.name,): value(group) for group in status.workers}


def _of_loads(value: Callable[[GroupLoad], float | None]) -> ValuesOf:
    return lambda snapshot, _status: {(name,): value(load) for name, load in snapshot.loads.items()}


def _single(values: Mapping[str, float]) -> Values:
    return {(label,): value for label, value in values.items()}


def _health(status: CeleryDeploymentStatus) -> Values:
    return {(state.value,): float(state is status.health) for state in HealthState}


def _conditions(status: CeleryDeploymentStatus) -> Values:
    return {
        (one.type.value, one.reason): float(one.status == "True")
        for one in status.conditions
        if one.status != "Unknown"
    }


def _recent_deaths(snapshot: Snapshot, _: CeleryDeploymentStatus) -> Values:
    deaths = snapshot.deaths
    poison = len(poison_ids(deaths, DEFAULT_FLEET_THRESHOLDS)) or len(
        poison_names(deaths, DEFAULT_FLEET_THRESHOLDS)
    )
    return {
        ("children",): deaths.children_lost,
        ("lost_tasks",): deaths.tasks_lost,
        ("poison_tasks",): poison,
    }


def _unknown(snapshot: Snapshot, _: CeleryDeploymentStatus) -> Values:
    return dict(Counter(unknown_workers(snapshot)))


def _memory(snapshot: Snapshot, _: CeleryDeploymentStatus) -> Values:
    memory = snapshot.broker.memory
    return {("used",): memory.used, ("limit",): memory.limit} if memory else {}


HEALTH, CONDITION = "celery_deployment_health", "celery_deployment_condition"

OF_STATUS: Mapping[str, Callable[[CeleryDeploymentStatus], Values]] = {
    HEALTH: _health,
    CONDITION: _conditions,
}
"""The series that a status without a snapshot shows too."""

SERIES: tuple[Series, ...] = (
    Series(HEALTH, "1 for the present health.", ("state",), lambda _, status: _health(status)),
    Series(
        CONDITION,
        "1 if the condition is True, 0 if it is False.",
        ("condition", "reason"),
        lambda _, status: _conditions(status),
    ),
    Series(
        "celery_queue_messages_ready",
        "Messages ready in a queue over all its priority lists.",
        ("queue",),
        lambda _, status: {(queue.name,): queue.ready for queue in status.queues},
    ),
    Series(
        "celery_dead_letter_messages",
        "Messages in the dead-letter queue of the resource.",
        ("queue",),
        lambda snapshot, status: {(dead_letter_queue(snapshot.name),): status.dead_letters},
    ),
    Series(
        "celery_broker_memory_bytes",
        "Memory of the broker, if that is a Redis: used, and its limit; a limit of 0 means none.",
        ("kind",),
        _memory,
    ),
    Series(
        "celery_workers_desired",
        "Desired replicas.",
        ("group",),
        _of_groups(lambda group: group.desired_replicas),
    ),
    Series(
        "celery_workers_ready",
        "Worker pods that are ready.",
        ("group",),
        _of_groups(lambda group: group.ready_replicas),
    ),
    Series(
        "celery_workers_consuming",
        "Workers that are consuming.",
        ("group",),
        _of_groups(lambda group: group.consuming_replicas),
    ),
    Series(
        "celery_workers_unknown",
        "Workers of which it is unknown whether they consume.",
        ("group", "reason"),
        _unknown,
    ),
    Series("celery_tasks_active", "Tasks that run.", ("group",), _of_groups(lambda group: group.active)),
    Series(
        "celery_tasks_reserved",
        "Tasks that workers have fetched and that wait for a slot.",
        ("group",),
        _of_groups(lambda group: group.reserved),
    ),
    Series(
        "celery_tasks_eta",
        "Tasks that workers have fetched and that wait for their time.",
        ("group",),
        _of_groups(lambda group: group.eta),
    ),
    Series(
        "celery_workers_draining",
        "Worker pods that drain before they are deleted.",
        ("group",),
        _of_groups(lambda group: group.draining),
    ),
    Series(
        "celery_workers_drain_overdue_seconds",
        "Seconds by which the longest drain has exceeded its time.",
        ("group",),
        lambda snapshot, _: _single(longest_overdue_drains(snapshot)),
    ),
    Series(
        "celery_tasks_arrival_rate",
        "Tasks that arrive per second, smoothed.",
        ("group",),
        _of_loads(lambda load: load.arrival_rate),
    ),
    Series(
        "celery_slot_throughput",
        "Tasks that one busy slot finishes per second, smoothed.",
        ("group",),
        _of_loads(lambda load: load.throughput_per_slot),
    ),
    Series(
        "celery_queue_nonempty_seconds",
        "Seconds since a queue was last found empty.",
        ("queue",),
        lambda snapshot, _: _single(snapshot.nonempty_for),
    ),
    Series(
        "celery_queue_not_shrinking_seconds",
        "Seconds since a non-empty queue was last found shorter than before.",
        ("queue",),
        lambda snapshot, _: _single(snapshot.not_shrinking_for),
    ),
    Series(
        "celery_recent_deaths",
        "Within 10 minutes: pool children that died, tasks that were lost with one, and poison tasks.",
        ("kind",),
        _recent_deaths,
    ),
)
