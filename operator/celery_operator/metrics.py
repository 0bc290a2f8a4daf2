"""Metrics: the work of the operator, and exact numbers of each CeleryDeployment."""

from collections.abc import Mapping
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from celery_health.catalogue.health import HealthState
from celery_health.verdicts.deaths import FleetDeaths
from celery_health.verdicts.fleet.poison_tasks import poison_ids, poison_names
from celery_health.verdicts.thresholds import DEFAULT_FLEET_THRESHOLDS
from celery_operator.api.names import dead_letter_queue
from celery_operator.api.status import CeleryDeploymentStatus
from celery_operator.cache import Key
from celery_operator.snapshot import Snapshot

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_RESOURCE = ("namespace", "resource")
_Metric = TypeVar("_Metric", Counter, Gauge)


class Metrics:
    """Every series of one process, in a registry of its own. Series of a deleted resource are dropped."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.leader = Gauge("celery_operator_leader", "1 while this process leads.", registry=self._registry)
        self._duration = Histogram(
            "celery_operator_reconcile_seconds",
            "Duration of one reconcile of one CeleryDeployment.",
            ("reconcile",),
            buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
            registry=self._registry,
        )
        self._reconciles = Counter(
            "celery_operator_reconciles",
            "Reconciles that ended.",
            (*_RESOURCE, "reconcile"),
            registry=self._registry,
        )
        self._errors = Counter(
            "celery_operator_reconcile_errors",
            "Reconciles that ended with an error.",
            (*_RESOURCE, "reconcile"),
            registry=self._registry,
        )
        self.events_lost = Counter(
            "celery_operator_events_lost", "Events that could not be posted.", registry=self._registry
        )
        self.status_writes = Counter(
            "celery_operator_status_writes", "Statuses written.", registry=self._registry
        )
        self._restarts = Counter(
            "celery_operator_restarts",
            "Worker pods evicted because of a verdict.",
            (*_RESOURCE, "group", "reason"),
            registry=self._registry,
        )
        self._pushes = Counter(
            "celery_operator_monitor_pushes",
            "Pushes to the monitor of a resource.",
            (*_RESOURCE, "result"),
            registry=self._registry,
        )
        self._health = self._gauge("celery_deployment_health", "1 for the present health.", "state")
        self._ready = self._gauge(
            "celery_queue_messages_ready", "Messages ready in a queue over all its priority lists.", "queue"
        )
        self._dead_letters = self._gauge(
            "celery_dead_letter_messages", "Messages in the dead-letter queue of the resource.", "queue"
        )
        self._desired = self._gauge("celery_workers_desired", "Desired replicas.", "group")
        self._workers_ready = self._gauge("celery_workers_ready", "Worker pods that are ready.", "group")
        self._consuming = self._gauge("celery_workers_consuming", "Workers that are consuming.", "group")
        self._active = self._gauge("celery_tasks_active", "Tasks that run.", "group")
        self._reserved = self._gauge(
            "celery_tasks_reserved", "Tasks that workers have fetched and that wait for a slot.", "group"
        )
        self._eta = self._gauge(
            "celery_tasks_eta", "Tasks that workers have fetched and that wait for their time.", "group"
        )
        self._arrivals = self._gauge(
            "celery_tasks_arrival_rate", "Tasks that arrive per second, smoothed.", "group"
        )
        self._throughput = self._gauge(
            "celery_slot_throughput", "Tasks that one busy slot finishes per second, smoothed.", "group"
        )
        self._draining = self._gauge(
            "celery_workers_draining", "Worker pods that drain before they are deleted.", "group"
        )
        self._nonempty = self._gauge(
            "celery_queue_nonempty_seconds", "Seconds since a queue was last found empty.", "queue"
        )
        self._not_shrinking = self._gauge(
            "celery_queue_not_shrinking_seconds",
            "Seconds since a non-empty queue was last found shorter than before.",
            "queue",
        )
        self._deaths = self._gauge(
            "celery_recent_deaths",
            "Within 10 minutes: pool children that died, tasks that were lost with one, and poison tasks.",
            "kind",
        )
        self._shown: dict[Key, set[tuple[Counter | Gauge, str]]] = {}
        self._restarted: dict[Key, set[tuple[str, str]]] = {}

    def _gauge(self, name: str, text: str, label: str) -> Gauge:
        """A gauge for each resource and one more label; a number that is not known has no series."""
        return Gauge(name, text, (*_RESOURCE, label), registry=self._registry)

    def text(self) -> bytes:
        """The exposition."""
        return generate_latest(self._registry)

    def reconcile(self, key: Key, reconcile: str, seconds: float, *, failed: bool) -> None:
        """One reconcile of one resource ended; ``reconcile`` is objects or health."""
        self._duration.labels(reconcile).observe(seconds)
        self._of(self._reconciles, key, reconcile).inc()
        errors = self._of(self._errors, key, reconcile)
        if failed:
            errors.inc()

    def restarted(self, key: Key, group: str, reason: str) -> None:
        """One worker was evicted."""
        self._restarted.setdefault(key, set()).add((group, reason))
        self._restarts.labels(*key, group, reason).inc()

    def pushed(self, key: Key, result: str) -> None:
        """One push ended; ``result`` is taken or failed."""
        self._of(self._pushes, key, result).inc()

    def show(self, key: Key, snapshot: Snapshot, status: CeleryDeploymentStatus) -> None:
        """The numbers of one resource as of now: what was seen, and the status that follows from it."""
        groups, loads = status.workers, snapshot.loads
        self._set(self._health, key, {state.value: state is status.health for state in HealthState})
        self._set(self._ready, key, {queue.name: queue.ready for queue in status.queues})
        self._set(self._dead_letters, key, {dead_letter_queue(key.name): status.dead_letters})
        self._set(self._desired, key, {group.name: group.desired_replicas for group in groups})
        self._set(self._workers_ready, key, {group.name: group.ready_replicas for group in groups})
        self._set(self._consuming, key, {group.name: group.consuming_replicas for group in groups})
        self._set(self._active, key, {group.name: group.active for group in groups})
        self._set(self._reserved, key, {group.name: group.reserved for group in groups})
        self._set(self._eta, key, {group.name: group.eta for group in groups})
        self._set(self._draining, key, {group.name: group.draining for group in groups})
        self._set(self._arrivals, key, {name: load.arrival_rate for name, load in loads.items()})
        self._set(self._throughput, key, {name: load.throughput_per_slot for name, load in loads.items()})
        self._set(self._nonempty, key, snapshot.nonempty_for)
        self._set(self._not_shrinking, key, snapshot.not_shrinking_for)
        self._set(self._deaths, key, _recent_deaths(snapshot.deaths))

    def drop(self, key: Key) -> None:
        """Forget a resource that is gone."""
        for metric, label in self._shown.pop(key, set()):
            metric.remove(*key, label)
        for labels in self._restarted.pop(key, set()):
            self._restarts.remove(*key, *labels)

    def _of(self, metric: _Metric, key: Key, label: str) -> _Metric:
        self._shown.setdefault(key, set()).add((metric, label))
        return metric.labels(*key, label)

    def _set(self, gauge: Gauge, key: Key, values: Mapping[str, float | None]) -> None:
        """These values and no other of this resource: a queue that is no longer read has no series."""
        known = {label: value for label, value in values.items() if value is not None}
        shown = self._shown.setdefault(key, set())
        for metric, label in [one for one in shown if one[0] is gauge and one[1] not in known]:
            metric.remove(*key, label)
            shown.discard((metric, label))
        for label, value in known.items():
            self._of(gauge, key, label).set(value)


def _recent_deaths(deaths: FleetDeaths) -> Mapping[str, float]:
    poison = len(poison_ids(deaths, DEFAULT_FLEET_THRESHOLDS)) or len(
        poison_names(deaths, DEFAULT_FLEET_THRESHOLDS)
    )
    return {"children": deaths.children_lost, "lost_tasks": deaths.tasks_lost, "poison_tasks": poison}
