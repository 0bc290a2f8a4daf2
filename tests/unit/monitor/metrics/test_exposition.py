"""The text of /metrics."""

import re
from dataclasses import replace
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from celery_monitor.metrics.exposition import Exposition
from celery_monitor.metrics.gauges import (
    AlertGauges,
    ChannelGauge,
    ProgramGauges,
    QueueGauge,
    WorkerGauge,
)
from celery_monitor.metrics.labels import Labels
from celery_monitor.metrics.task_counts import Kind, TaskCounts
from celery_probe.sidecar.metrics import worker as sidecar_metrics
from tests.unit.monitor.metrics.mixin import EXPORTED, QUERIED

PROGRAM = ProgramGauges(
    connected=True,
    blind=False,
    events=5,
    malformed=1,
    invalid_fields=0,
    ignored=0,
    dropped=0,
    evicted=0,
    tasks_in_memory=2,
    lag=0.1,
)

HISTOGRAMS = ("celery_task_runtime", "celery_task_queue_wait_time")


def exposed(
    counts: TaskCounts | None = None, program: ProgramGauges = PROGRAM
) -> dict[str, list[tuple[dict[str, str], float]]]:
    counts = counts or busy()
    text = b"".join(exposition(counts, program).blocks())
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return found


def exposition(counts: TaskCounts, program: ProgramGauges = PROGRAM) -> Exposition:
    return Exposition(
        counts,
        lambda: [WorkerGauge("a", 1, 2, 0)],
        lambda: [QueueGauge("mail", 3, 1, 1, 4, unacknowledged=2, oldest_wait=1.0)],
        lambda: program,
        lambda: AlertGauges({"shop.mail": 1}, {"critical": 1}, [ChannelGauge("chat", 2, 1, failing=False)]),
    )


def busy() -> TaskCounts:
    counts = TaskCounts(Labels())
    for kind in Kind:
        counts.count(kind, "shop.mail", "w1@a", "mail")
    counts.failed("shop.mail", "w1@a", "mail", "KeyError('price')")
    counts.ran("shop.mail", "w1@a", "mail", 0.3)
    counts.waited("shop.mail", "w1@a", "mail", 4.0)
    counts.note("1", "shop.mail", run_twice=True)
    counts.note("2", "shop.mail", run_twice=False)
    return counts


def test_every_metric_that_celery_mixin_queries_is_there_with_its_labels() -> None:
    series = exposed()

    for name, labels in {**QUERIED, **EXPORTED}.items():
        assert name in series, name
        for found, _ in series[name]:
            assert labels <= set(found), (name, found)


def test_the_page_names_every_series_with_its_labels_and_no_other() -> None:
    page = (Path(__file__).parents[4] / "docs" / "reference" / "metrics.md").read_text()
    section = page.partition("\n## Monitor\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(celery_\w+)` \|([^|]*)\|", section, re.MULTILINE)
    on_page = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}

    everything = replace(
        PROGRAM,
        last_event_age=1.0,
        database_available=True,
        database_lag=0.1,
        database_buffered=0,
        database_dropped=0,
    )
    exposed_labels = {
        re.sub(r"_(bucket|sum|count)$", "", name) if name.startswith(HISTOGRAMS) else name: set(labels)
        - {"le"}
        for name, found in exposed(program=everything).items()
        for labels, _ in found
    }
    assert on_page == exposed_labels


def test_no_series_of_the_sidecar_is_summed_with_the_monitors() -> None:
    # celery-mixin selects jobs by a pattern that also matches a job of the sidecars.
    source = Path(sidecar_metrics.__file__).read_text(encoding="utf-8")

    assert [name for name in QUERIED if f'"{name}"' in source] == []
    assert '"celery_worker_active_tasks"' in source


def test_a_failure_is_counted_under_the_class_of_its_exception() -> None:
    ((labels, value),) = exposed()["celery_task_failed_total"]

    assert (labels["exception"], value) == ("KeyError", 1)


def test_a_histogram_has_cumulative_buckets() -> None:
    series = exposed()
    buckets = {labels["le"]: value for labels, value in series["celery_task_runtime_bucket"]}

    assert (buckets["0.25"], buckets["0.5"], buckets["+Inf"]) == (0, 1, 1)
    assert series["celery_task_runtime_sum"][0][1] == 0.3
    assert series["celery_task_runtime_count"][0][1] == 1


def test_an_unknown_value_has_no_series() -> None:
    series = exposed()

    assert "celery_monitor_database_available" not in series
    assert "celery_monitor_database_dropped_total" not in series
    assert series["celery_monitor_connected"] == [({}, 1.0)]


def test_a_label_may_have_any_character() -> None:
    counts = TaskCounts(Labels())
    counts.count(Kind.STARTED, 'a"b\\c\nd', "w1@a", "mail\N{EURO SIGN}")

    ((labels, _),) = exposed(counts)["celery_task_started_total"]

    assert (labels["name"], labels["queue_name"]) == (
        'a"b\\c\nd',
        "mail\N{EURO SIGN}",
    )


def test_a_scrape_of_many_series_comes_in_small_blocks_and_the_counts_may_change_in_between() -> None:
    counts = TaskCounts(Labels())
    for number in range(1_000):
        counts.count(Kind.STARTED, f"task-{number}", f"w1@{number % 2}", "mail")
        counts.ran(f"task-{number}", f"w1@{number % 2}", "mail", 1.0)

    blocks = []
    for block in exposition(counts).blocks():
        blocks.append(block)
        counts.count(Kind.STARTED, f"new-{len(blocks)}", "w1@0", "mail")
        counts.ran(f"new-{len(blocks)}", "w1@0", "mail", 1.0)
        counts.forget_host("1")

    assert len(blocks) > 10
    assert max(map(len, blocks)) < 70_000
    families = {family.name for family in text_string_to_metric_families(b"".join(blocks).decode())}
    assert {"celery_task_started", "celery_task_runtime", "celery_monitor_events"} <= families
