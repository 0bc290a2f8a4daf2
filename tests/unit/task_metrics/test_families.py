"""Prometheus reads what is shown, in both formats, and documents of several workers are one."""

from typing import Any

from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from celery_health.exposition import TextFormat, accepted_format, render
from celery_health.task_metrics.families import families
from celery_health.wire.task_metrics import Exemplar, TaskDurations, TaskMetrics, TaskRuns

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def worker(**changes: Any) -> TaskMetrics:
    values: dict[str, Any] = {
        "prefix": "upstream",
        "label": "customer_id",
        "bounds": (5.0, 10.0),
        "folded": 1,
        "runs": [
            TaskRuns(task="drift", value="123", started=42, completed=40, failed={"DbError": 2}),
            TaskRuns(task="drift", started=1, retried=1),
        ],
        "durations": [
            TaskDurations(
                task="drift",
                counts=[35, 5, 0],
                sum=234.5,
                exemplars={1: Exemplar(trace_id=TRACE, seconds=7.5, at=1764417600.5)},
            )
        ],
        **changes,
    }
    return TaskMetrics(**values)


def series(*documents: TaskMetrics) -> dict[str, float]:
    text = render(families(documents), TextFormat.CLASSIC)
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    shown = {f"{sample.name} {sorted(sample.labels.items())}": sample.value for sample in samples}
    assert len(shown) == len(samples), "a series is there twice: Prometheus refuses the whole scrape"
    return shown


def test_the_names_and_labels_are_those_of_document_003() -> None:
    text = render(families([worker()]), TextFormat.CLASSIC)
    for line in (
        'upstream_background_job_started_total{task_name="drift",customer_id="123"} 42',
        'upstream_background_job_completed_total{task_name="drift",customer_id="123"} 40',
        'upstream_background_job_failed_total{task_name="drift",error_type="DbError",customer_id="123"} 2',
        'upstream_background_job_duration_seconds_bucket{task_name="drift",le="5.0"} 35',
        'upstream_background_job_duration_seconds_bucket{task_name="drift",le="10.0"} 40',
        'upstream_background_job_duration_seconds_sum{task_name="drift"} 234.5',
        'upstream_background_job_duration_seconds_count{task_name="drift"} 40',
    ):
        assert f"{line}\n" in text


def test_the_documents_of_two_workers_are_added_up() -> None:
    one, two = series(worker()), series(worker(), worker())
    assert two == {name: 2 * value for name, value in one.items()}


def test_two_applications_with_prefixes_of_their_own_are_shown_side_by_side() -> None:
    shown = series(worker(), worker(prefix="shop", label="", runs=[TaskRuns(task="drift", started=1)]))
    assert shown["shop_background_job_started_total [('task_name', 'drift')]"] == 1
    assert shown["upstream_background_job_started_total [('task_name', 'drift')]"] == 1
    assert "shop_background_job_label_folded_total []" not in shown


def test_openmetrics_carries_the_trace_of_a_run() -> None:
    text = render(families([worker()]), TextFormat.OPEN_METRICS)
    parsed = {family.name: family for family in openmetrics.text_string_to_metric_families(text)}  # type: ignore[no-untyped-call]
    assert parsed["upstream_background_job_started"].type == "counter"
    exemplars = [
        (sample.labels["le"], sample.exemplar)
        for sample in parsed["upstream_background_job_duration_seconds"].samples
        if sample.exemplar
    ]
    ((bound, exemplar),) = exemplars
    assert (bound, exemplar.labels, exemplar.value) == ("10.0", {"trace_id": TRACE}, 7.5)
    assert TRACE not in render(families([worker()]), TextFormat.CLASSIC)


def test_buckets_that_do_not_fit_are_left_out() -> None:
    durations = [TaskDurations(task="drift", counts=[1, 2])]
    for document in (
        worker(bounds=(5.0, 5.0)),
        worker(bounds=(5.0, 1.0)),
        worker(durations=durations),
    ):
        assert not any("duration" in name for name in series(document))
    shown = series(worker(), worker(bounds=(1.0, 2.0)))
    assert shown["upstream_background_job_duration_seconds_count [('task_name', 'drift')]"] == 40


def test_any_text_is_a_value_of_a_label() -> None:
    text = 'a"b\\c\nd'
    shown = render(families([worker(runs=[TaskRuns(task=text, value=text, started=1)])]), TextFormat.CLASSIC)
    (family, *_) = text_string_to_metric_families(shown)
    assert family.samples[0].labels == {"task_name": text, "customer_id": text}


def test_openmetrics_is_for_scrapers_that_ask_for_it() -> None:
    prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"
    assert accepted_format(prometheus) is TextFormat.OPEN_METRICS
    assert accepted_format("text/plain") is accepted_format("") is TextFormat.CLASSIC
