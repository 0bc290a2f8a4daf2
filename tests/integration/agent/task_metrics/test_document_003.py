"""Document 003: MonitoredTask, @monitor_task and the series at /metrics, which its queries and rules use."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from tools.testbed.celery_versions import CELERY_5_6
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from tests.integration.agent.harness import agent_worker, producer
from tests.integration.agent.task_metrics.counted import sdk_path
from tests.integration.sidecar.served import Sidecar, served

DRIFT = {"task_name": "upstream.tasks.run_drift_detection"}
JOB = "upstream_background_job"


def value(sidecar: Sidecar, name: str, **labels: str) -> float | None:
    """The one series with exactly these labels; None if there is none."""
    return next((one.value for one in samples(sidecar) if (one.name, one.labels) == (name, labels)), None)


def samples(sidecar: Sidecar) -> list[Sample]:
    families = text_string_to_metric_families(sidecar.ask("/metrics")[1])
    return [sample for family in families for sample in family.samples]


def test_its_example_code_gives_its_series(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(
            tmp_path,
            CELERY_5_6,
            "prefork",
            redis.url,
            arguments=("-I", "upstream.tasks"),
            env=sdk_path(tmp_path),
        ) as worker,
        served(worker.directory) as sidecar,
    ):
        worker.wait_until_consuming()
        for number in range(42):
            app.send_task("upstream.tasks.run_drift_detection", ("123", "fail" if number < 2 else "", "x"))
        app.send_task("upstream.tasks.send_alert", kwargs={"customer_id": 123, "arg1": 1, "arg2": 2})
        app.send_task("upstream.tasks.send_webhook", (2,))
        webhook = {"task_name": "upstream.tasks.send_webhook"}
        alert = {"task_name": "upstream.tasks.send_alert", "customer_id": "123"}
        failed = {**DRIFT, "error_type": "DatabaseError", "customer_id": "123"}
        wait_for(
            lambda: (
                value(sidecar, f"{JOB}_completed_total", **DRIFT, customer_id="123") == 40
                and value(sidecar, f"{JOB}_failed_total", **failed) == 2
                and value(sidecar, f"{JOB}_completed_total", **webhook) == 1
                and value(sidecar, f"{JOB}_completed_total", **alert) == 1
            ),
            60,
            lambda: f"{samples(sidecar)}\n{worker.log()}",
        )

        # Its section "Prometheus Metrics", line by line.
        assert value(sidecar, f"{JOB}_started_total", **DRIFT, customer_id="123") == 42
        assert value(sidecar, f"{JOB}_failed_total", **failed) == 2
        assert value(sidecar, f"{JOB}_duration_seconds_bucket", **DRIFT, le="5.0") == 40
        assert value(sidecar, f"{JOB}_duration_seconds_bucket", **DRIFT, le="10.0") == 40
        assert value(sidecar, f"{JOB}_duration_seconds_count", **DRIFT) == 40
        assert (value(sidecar, f"{JOB}_duration_seconds_sum", **DRIFT) or 0) > 0

        # Its decorator, and its task that retries.
        assert value(sidecar, f"{JOB}_completed_total", **alert) == 1
        assert value(sidecar, f"{JOB}_started_total", **webhook) == 3
        assert value(sidecar, f"{JOB}_retried_total", **webhook) == 2
