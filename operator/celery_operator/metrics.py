"""Metrics: the work of the operator, and exact numbers of each CeleryDeployment."""

from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from celery_health.known_secrets import mask_known
from celery_operator.api.status import CeleryDeploymentStatus
from celery_operator.cache import Key
from celery_operator.decide.series import OF_STATUS, SERIES, Labels, Values
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
        self.loop_delay = Histogram(
            "celery_operator_loop_delay_seconds",
            "How late the event loop is, measured four times a second.",
            buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
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
        self._probe_rollouts = Gauge(
            "celery_operator_probe_rollouts",
            "CeleryDeployments whose pods get a new probe image.",
            ("state",),
            registry=self._registry,
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
        self._gauges = {
            one.name: Gauge(one.name, one.text, (*_RESOURCE, *one.labels), registry=self._registry)
            for one in SERIES
        }
        self._shown: dict[Key, dict[Counter | Gauge, set[Labels]]] = {}
        self._restarted: dict[Key, set[tuple[str, str]]] = {}

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

    def probe_rollouts(self, running: int, waiting: int) -> None:
        """How many resources replace their pods for a new probe image, and how many wait for their turn."""
        self._probe_rollouts.labels("running").set(running)
        self._probe_rollouts.labels("waiting").set(waiting)

    def restarted(self, key: Key, group: str, reason: str) -> None:
        """One worker was evicted."""
        self._restarted.setdefault(key, set()).add((group, reason))
        self._restarts.labels(*key, group, reason).inc()

    def pushed(self, key: Key, result: str) -> None:
        """One push ended; ``result`` is taken or failed."""
        self._of(self._pushes, key, result).inc()

    def show(self, key: Key, snapshot: Snapshot, status: CeleryDeploymentStatus) -> None:
        """The numbers of one resource as of now: what was seen, and the status that follows from it."""
        values = {one.name: one.values(snapshot, status) for one in SERIES}
        shown = _shown_as({label for one in values.values() for labels in one for label in labels})
        for name, one in values.items():
            masked = {
                tuple(shown.get(label, label) for label in labels): value for labels, value in one.items()
            }
            self._set(self._gauges[name], key, masked)

    def show_failing(self, key: Key, status: CeleryDeploymentStatus) -> None:
        """The health and the conditions of a resource of which nothing else is known now."""
        for name, values in OF_STATUS.items():
            self._set(self._gauges[name], key, values(status))

    def drop(self, key: Key) -> None:
        """Forget a resource that is gone."""
        for metric, shown in self._shown.pop(key, {}).items():
            for labels in shown:
                metric.remove(*key, *labels)
        for restarted in self._restarted.pop(key, set()):
            self._restarts.remove(*key, *restarted)

    def _of(self, metric: _Metric, key: Key, *labels: str) -> _Metric:
        self._shown.setdefault(key, {}).setdefault(metric, set()).add(labels)
        return metric.labels(*key, *labels)

    def _set(self, gauge: Gauge, key: Key, values: Values) -> None:
        """These values and no other of this resource: a queue that is no longer read has no series."""
        known = {labels: value for labels, value in values.items() if value is not None}
        shown = self._shown.setdefault(key, {}).setdefault(gauge, set())
        for labels in shown - known.keys():
            gauge.remove(*key, *labels)
            shown.discard(labels)
        for labels, value in known.items():
            self._of(gauge, key, *labels).set(value)


def _shown_as(labels: set[str]) -> dict[str, str]:
    """Labels with a known secret in them, and how they are shown: a queue can have any name."""
    together = "\n".join(sorted(labels))
    if mask_known(together) == together:
        return {}
    return {label: mask_known(label) for label in labels}
