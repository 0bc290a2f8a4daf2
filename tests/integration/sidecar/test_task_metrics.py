"""The sidecar shows what a real worker counts, and whatever the worker's container writes instead."""

import json
import os
from pathlib import Path

from prometheus_client.openmetrics import parser
from tools.testbed.celery_versions import CELERY_5_6
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from tests.integration.agent.harness import agent_worker, producer
from tests.integration.agent.task_metrics.counted import ARGUMENTS, sdk_path
from tests.integration.sidecar.served import Sidecar, served

STARTED = "upstream_background_job_started_total"
# Of the sidecar's container, as the operator sets it.
MEMORY_LIMIT = 96 * 1024 * 1024
OPEN_METRICS = {"Accept": "application/openmetrics-text"}


def scrape(sidecar: Sidecar) -> dict[str, float]:
    """The sums of the series by their name; what Prometheus would refuse raises."""
    status, text = sidecar.ask("/metrics", headers=OPEN_METRICS)
    assert status == 200
    found: dict[str, float] = {}
    for family in parser.text_string_to_metric_families(text):  # type: ignore[no-untyped-call]
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0) + sample.value
    return found


def test_the_sidecar_shows_the_tasks_of_its_worker_beside_its_own_numbers(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(
            tmp_path, CELERY_5_6, "prefork", redis.url, arguments=ARGUMENTS, env=sdk_path(tmp_path)
        ) as worker,
        served(worker.directory) as sidecar,
    ):
        worker.wait_until_consuming()
        for number in range(10):
            app.send_task("agent_metrics.charge", (number % 3,))
        wait_for(lambda: scrape(sidecar).get(STARTED) == 10, 60, worker.log)
        shown = scrape(sidecar)
        assert shown["celery_worker_consuming"] == 1
        assert shown["celery_worker_task_metrics_unreadable"] == 0
        worker.end()
        # The worker's container is gone, and its numbers are not.
        assert scrape(sidecar)[STARTED] == 10


def peak_bytes(sidecar: Sidecar) -> int:
    """The most memory that the sidecar has had."""
    status = Path(f"/proc/{sidecar.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def test_files_of_hostile_code_never_stop_the_sidecar_or_its_metrics(tmp_path: Path) -> None:
    rows = [{"task": f"t{number}", "value": "x" * 64, "started": 1} for number in range(2900)]
    good = {"version": 1, "prefix": "upstream", "label": "customer_id", "bounds": [1.0], "runs": rows}
    hostile = [
        b"[" * 4_000_000,
        b'{"version":1,"prefix":"' + b"x" * 4_000_000,
        json.dumps({**good, "label": "le"}).encode(),
        json.dumps({**good, "prefix": 'a{b="c"} 1\nd'}).encode(),
        json.dumps({**good, "bounds": [2, 1]}).encode(),
        json.dumps({**good, "runs": rows * 2}).encode(),
        json.dumps({**good, "runs": [{"task": "\ud800", "started": 1}]}).encode(),
        json.dumps({**good, "folded": 10**400}).encode(),
        b"",
    ]
    with served(tmp_path / "probe") as sidecar:
        folder = tmp_path / "probe" / "run" / "task-metrics"
        folder.mkdir()
        (folder / "0.json").write_text(json.dumps(good))
        assert scrape(sidecar)[STARTED] == 2900
        for data in hostile:
            (folder / "1.json").write_bytes(data)
            assert scrape(sidecar)[STARTED] in (2900, 5800)
            assert sidecar.status("/healthz") == 200
        (folder / "1.json").unlink()
        os.mkfifo(folder / "1.json")
        (folder / "2.json").symlink_to("/dev/zero")
        shown = scrape(sidecar)
        assert shown[STARTED] == 2900
        assert shown["celery_worker_task_metrics_unreadable"] == 2
        for number in range(16):
            (folder / f"{number}.json").unlink(missing_ok=True)
            (folder / f"{number}.json").write_bytes(b" " * 4_000_000)
        assert scrape(sidecar)["celery_worker_task_metrics_unreadable"] == 16
        assert sidecar.status("/healthz") == 200
        assert peak_bytes(sidecar) < MEMORY_LIMIT
