"""The operator's metrics of a resource, and that docs/reference/metrics.md names every series."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from celery_health import known_secrets
from celery_health.broker import MemoryReading, QueueReading
from celery_health.exposition import TextFormat, render
from celery_health.task_metrics.files import Found
from celery_health.verdicts.deaths import FleetDeaths, TaskDeaths, WorkerDeaths
from celery_health.wire.task_metrics import TaskDurations, TaskMetrics, TaskRuns
from celery_operator.api.status import CeleryDeploymentStatus
from celery_operator.cache import Key
from celery_operator.decide import decide
from celery_operator.metrics import Metrics
from celery_operator.snapshot import PodState
from celery_probe.sidecar.metrics import beat as beat_metrics
from celery_probe.sidecar.metrics import worker as worker_metrics
from celery_probe.sidecar.metrics.process import ProcessNumbers
from tests.unit.decide.build import NOT_READ, broker, load, snapshot
from tests.unit.decide.pods import pod, reading, silent_pod
from tests.unit.wire.documents import beat_document, beat_report, worker_document, worker_report

KEY, OTHER = Key("market", "shop"), Key("market", "other")
OF_EVERY_RESOURCE = {"namespace", "resource"}
WAITING: dict[str, Any] = {
    "broker": replace(broker(celery=4321), memory=MemoryReading(used=3_000_000, limit=268_435_456)),
    "nonempty_for": {"celery": 90.0},
    "not_shrinking_for": {"celery": 30.0},
    "loads": {"default": load(4321, arrival_rate=31.4159, throughput_per_slot=2.125)},
}
DEAD: dict[str, Any] = {
    "broker": replace(broker(), queues=(QueueReading("celery", 0), QueueReading("shop.dead-letter", 2)))
}
# The series of the monitor have a section and a test of their own.
_BEFORE, _, _REST = (
    (Path(__file__).parents[3] / "docs" / "reference" / "metrics.md").read_text().partition("\n## Monitor\n")
)
PAGE = _BEFORE + _REST[_REST.index("\n## ") :]

Series = dict[str, dict[frozenset[str], float]]
"""Values by name, and by the labels that are not the resource's."""


def series(text: str) -> Series:
    found: Series = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = frozenset(f"{name}={value}" for name, value in sample.labels.items() if name != "le")
            name = family.name if family.type == "histogram" else sample.name
            if not name.endswith("_created"):
                found.setdefault(name, {})[labels] = sample.value
    return found


def show(metrics: Metrics, key: Key = KEY, **changes: Any) -> None:
    seen = replace(snapshot(**changes), namespace=key.namespace, name=key.name)
    metrics.show(key, seen, decide(seen).status)


def values_of(metrics: Metrics, name: str, key: Key = KEY) -> dict[str, float]:
    """Values of one resource by the label that is left."""
    own = {f"namespace={key.namespace}", f"resource={key.name}"}
    found = series(metrics.text().decode()).get(name, {})
    return {next(iter(labels - own)): value for labels, value in found.items() if own <= labels}


def test_a_known_secret_in_the_name_of_a_queue_is_masked() -> None:
    metrics = Metrics()
    known_secrets.begin()
    waiting = {"celery": 3.0, "hunter-2-3.mail": 7.0}
    show(metrics, nonempty_for=waiting)
    assert "hunter-2-3" in metrics.text().decode()

    known_secrets.remember("hunter-2-3")
    show(metrics, nonempty_for=waiting)

    assert "hunter-2-3" not in metrics.text().decode()
    assert values_of(metrics, "celery_queue_nonempty_seconds") == {"queue=celery": 3, "queue=***.mail": 7}
    metrics.drop(KEY)
    assert "***" not in metrics.text().decode()


def test_numbers_are_exact_and_carry_group_or_queue() -> None:
    metrics = Metrics()
    show(metrics, **WAITING)
    assert values_of(metrics, "celery_queue_messages_ready") == {"queue=celery": 4321}
    assert values_of(metrics, "celery_queue_nonempty_seconds") == {"queue=celery": 90}
    assert values_of(metrics, "celery_queue_not_shrinking_seconds") == {"queue=celery": 30}
    assert values_of(metrics, "celery_tasks_arrival_rate") == {"group=default": 31.4159}
    assert values_of(metrics, "celery_slot_throughput") == {"group=default": 2.125}
    assert values_of(metrics, "celery_workers_desired") == {"group=default": 2}


def test_dead_letters_are_counted_by_the_name_of_their_queue() -> None:
    metrics = Metrics()
    show(metrics)
    assert values_of(metrics, "celery_dead_letter_messages") == {}
    show(metrics, **DEAD)
    assert values_of(metrics, "celery_dead_letter_messages") == {"queue=shop.dead-letter": 2}


def test_the_memory_of_a_redis_has_its_limit_beside_it() -> None:
    metrics = Metrics()
    show(metrics, **WAITING)
    assert values_of(metrics, "celery_broker_memory_bytes") == {"kind=used": 3e6, "kind=limit": 268_435_456}
    show(metrics, broker=broker())
    assert values_of(metrics, "celery_broker_memory_bytes") == {}


def test_one_health_is_1_and_the_others_are_0() -> None:
    metrics = Metrics()
    show(metrics)
    assert values_of(metrics, "celery_deployment_health") == {
        "state=Healthy": 1,
        "state=Degraded": 0,
        "state=Unhealthy": 0,
        "state=Unknown": 0,
    }


def test_a_condition_is_1_or_0_with_its_reason_and_missing_while_it_is_unknown() -> None:
    metrics = Metrics()
    show(metrics, broker=broker(celery=4321))
    own = {f"namespace={KEY.namespace}", f"resource={KEY.name}"}
    shown = {
        labels - own: value
        for labels, value in series(metrics.text().decode())["celery_deployment_condition"].items()
    }
    assert shown[frozenset({"condition=BacklogWithinLimits", "reason=AboveThreshold"})] == 0
    assert shown[frozenset({"condition=BrokerReachable", "reason=Reachable"})] == 1

    show(metrics, broker=NOT_READ, pods=())
    text = metrics.text().decode()
    assert 'condition="BrokerReachable"' not in text
    assert "AboveThreshold" not in text


def test_a_drain_is_overdue_once_its_time_and_the_grace_period_have_passed() -> None:
    metrics = Metrics()
    for seconds, overdue in ((600.0, 0), (760.0, 100)):
        show(metrics, pods=(draining(seconds), pod("shop-default-b")))
        assert values_of(metrics, "celery_workers_drain_overdue_seconds") == {"group=default": overdue}
    show(metrics, pods=(pod(),))
    assert values_of(metrics, "celery_workers_drain_overdue_seconds") == {}


def test_a_worker_of_which_nothing_is_known_is_counted_by_the_reason() -> None:
    metrics = Metrics()
    show(metrics, pods=(pod("shop-default-a"), silent_pod("shop-default-b")))
    own = frozenset({f"namespace={KEY.namespace}", f"resource={KEY.name}"})
    shown = series(metrics.text().decode())["celery_workers_unknown"]
    assert shown == {own | {"group=default", "reason=SidecarUnreachable"}: 1}
    show(metrics)
    assert "celery_workers_unknown" not in series(metrics.text().decode())


@pytest.mark.parametrize(
    "name", ["celery_queue_nonempty_seconds", "celery_queue_not_shrinking_seconds", "celery_slot_throughput"]
)
def test_what_is_no_longer_known_has_no_series_and_never_a_zero(name: str) -> None:
    metrics = Metrics()
    show(metrics, **WAITING)
    assert values_of(metrics, name)
    show(metrics)
    assert not values_of(metrics, name)


def test_a_resource_that_is_gone_takes_all_its_series_along_and_no_other() -> None:
    metrics = Metrics()
    for key in (KEY, OTHER):
        show(metrics, key, **WAITING)
        metrics.reconcile(key, "health", 0.1, failed=True)
        metrics.pushed(key, "failed")
    metrics.drop(KEY)
    left = metrics.text().decode()
    assert 'resource="shop"' not in left
    assert values_of(metrics, "celery_queue_messages_ready", OTHER) == {"queue=celery": 4321}


PROCESS = ProcessNumbers(
    started=True,
    live=True,
    liveness_failures=0,
    ready=True,
    report_age=0.5,
    broker_reachable=True,
    restart_hold=False,
    agent_errors=0,
)


def draining(seconds: float) -> PodState:
    return replace(pod(), reading=replace(reading(), drain_requested=True, drain_requested_for=seconds))


TASKS = TaskMetrics(
    prefix="celery",
    label="customer_id",
    bounds=(1.0,),
    runs=[TaskRuns(task="shop.charge", value="7", started=1, failed={"KeyError": 1})],
    durations=[TaskDurations(task="shop.charge", counts=[1, 0])],
)


CONTAINER = {"memory_used_bytes": 1, "memory_limit_bytes": 2, "cpu_seconds": 0.5}


def of_operator() -> Series:
    metrics = Metrics()
    show(metrics, **WAITING, pods=(draining(5.0), silent_pod()))
    show(metrics, OTHER, previous=CeleryDeploymentStatus(dead_letters=2))
    metrics.reconcile(KEY, "health", 0.1, failed=True)
    metrics.restarted(KEY, "default", "WorkerStalled")
    metrics.pushed(KEY, "taken")
    metrics.probe_rollouts(5, 2)
    return series(metrics.text().decode())


def of_worker() -> Series:
    numbers = worker_metrics.WorkerNumbers(
        process=PROCESS,
        report=worker_report(worker_document(children_lost_total=1, tasks_lost_total=0, **CONTAINER)),
        consuming=True,
        loop_age=0.25,
        drain_requested=False,
        idle=1.0,
        tasks=Found((TASKS,), 0),
    )
    return series(render(worker_metrics.worker_families(numbers), TextFormat.CLASSIC))


def of_beat() -> Series:
    numbers = beat_metrics.BeatNumbers(process=PROCESS, report=beat_report(beat_document()), tick_age=1.0)
    return series(render(beat_metrics.beat_families(numbers), TextFormat.CLASSIC))


def test_the_page_names_every_series_with_its_labels_and_no_other() -> None:
    exposed = {
        name: {label.partition("=")[0] for labels in values for label in labels} - OF_EVERY_RESOURCE
        for name, values in {**of_operator(), **of_worker(), **of_beat()}.items()
    }
    rows = re.findall(r"^\| `(celery_\w+)` \|(.*)\|$", PAGE, re.MULTILINE)
    on_page = {
        name: set(re.findall(r"`(\w+)`", cells.rpartition("|")[0])) - OF_EVERY_RESOURCE
        for name, cells in rows
    }
    assert on_page == exposed


def test_recent_deaths_are_counted_by_kind() -> None:
    task = TaskDeaths("1", "shop.hog", 3, 0.0, 1.0, "signal SIGSEGV", returns=False)
    deaths = FleetDeaths((WorkerDeaths("a", (task,), children_lost=4, tasks_lost=3),))
    metrics = Metrics()
    show(metrics, deaths=deaths)
    assert values_of(metrics, "celery_recent_deaths") == {
        "kind=children": 4,
        "kind=lost_tasks": 3,
        "kind=poison_tasks": 1,
    }
