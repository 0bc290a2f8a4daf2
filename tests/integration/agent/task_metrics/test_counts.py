"""Tasks are counted as they themselves say, in every supported Celery and pool."""

from collections import Counter
from http.client import HTTPConnection
from pathlib import Path

import pytest
from celery import Celery
from prometheus_client.openmetrics import parser
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_6, CELERY_5_7, World
from tools.testbed.servers import free_port, redis_server
from tools.testbed.waiting import wait_for

from tests.integration.agent.harness import POOLS, AgentWorker, agent_worker, producer
from tests.integration.agent.task_metrics.counted import ARGUMENTS, counters, ledger, metrics_folder, sdk_path

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"

# Of `again`, autoretry notes the exception of both runs; the first of them is a retry to Celery.
EXPECTED = Counter(
    {
        "charge started": 10,
        "charge completed": 10,
        "refund started": 10,
        "refund completed": 10,
        "ship started": 6,
        "ship retried": 4,
        "ship completed": 1,
        "ship ConnectionError": 1,
        "again started": 2,
        "again retried": 1,
        "again ValueError": 1,
        "refuse started": 3,
        "refuse completed": 1,
        "refuse Reject": 1,
        "refuse KeyError": 1,
    }
)


def send_all(app: Celery) -> None:
    """The tasks of document 003 in both of its ways, and every other ending."""
    for number in range(10):
        app.send_task("agent_metrics.charge", (number % 3, "x"))
        app.send_task("agent_metrics.refund", kwargs={"customer_id": f"c{number % 3}"})
    app.send_task("agent_metrics.ship", ("s",))
    app.send_task("agent_metrics.ship", ("s", True))
    app.send_task("agent_metrics.again", ("a",))
    for how in ("ignore", "reject", "error"):
        app.send_task("agent_metrics.refuse", ("a", how))
    app.send_task("agent_metrics.unmonitored", ("a",))


def wait_for_counters(worker: AgentWorker, expected: Counter[str]) -> None:
    """Wait until the file has exactly these numbers."""
    folder = metrics_folder(worker)
    wait_for(lambda: counters(folder) == expected, 60, lambda: f"{counters(folder)}\n{worker.log()}")


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("world", [CELERY_5_3, CELERY_5_6, CELERY_5_7], ids=lambda world: world.celery)
def test_every_run_is_counted_as_the_tasks_write_it_down(world: World, pool: str, tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, world, pool, redis.url, arguments=ARGUMENTS, env=sdk_path(tmp_path)) as worker,
    ):
        worker.wait_until_consuming()
        send_all(app)
        wait_for_counters(worker, EXPECTED)
        noted = ledger(worker)
        assert noted.pop("again ValueError") == 2
        agreed = EXPECTED.copy()
        del agreed["again ValueError"], agreed["again retried"]
        assert noted == agreed
        wait_for(lambda: Path(f"{worker.notes}.unmonitored").exists(), 30, worker.log)
        assert worker.terminate() == 0
        assert counters(metrics_folder(worker)) == EXPECTED


@pytest.mark.parametrize("pool", ["prefork", "gevent"])
def test_a_worker_without_a_sidecar_serves_its_own_metrics(pool: str, tmp_path: Path) -> None:
    port = free_port()
    env = {**sdk_path(tmp_path), "TEST_METRICS_PORT": str(port), "TEST_PREFIX": "shop"}

    def scrape() -> dict[str, float]:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/metrics", headers={"Accept": "application/openmetrics-text"})
            text = connection.getresponse().read().decode()
        finally:
            connection.close()
        families = list(parser.text_string_to_metric_families(text))  # type: ignore[no-untyped-call]
        samples = [sample for family in families for sample in family.samples]
        traces.update(sample.exemplar.labels["trace_id"] for sample in samples if sample.exemplar)
        return {sample.name: sample.value for sample in samples if sample.labels.get("customer_id") == "7"}

    traces: set[str] = set()
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, CELERY_5_6, pool, redis.url, arguments=ARGUMENTS, env=env) as worker,
    ):
        worker.wait_until_consuming()
        traceparent = f"00-{TRACE}-00f067aa0ba902b7-01"
        app.send_task("agent_metrics.charge", ("7",), headers={"traceparent": traceparent})
        wait_for(
            lambda: scrape().get("shop_background_job_completed_total") == 1,
            30,
            lambda: f"{scrape()}\n{worker.log()}",
        )
        assert traces == {TRACE}
