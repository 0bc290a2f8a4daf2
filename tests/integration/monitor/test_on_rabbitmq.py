"""The program on RabbitMQ with its management API: sent tasks, the routes of Flower, and queues."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from tools.testbed.servers import rabbit_server, redis_server
from tools.testbed.waiting import wait_for

from tests.integration.monitor.monitor_process import TOKEN, Monitor, monitor, worker

QUEUES = "default,reports"
WAIT_SECONDS = 120.0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitor]:
    home = tmp_path_factory.mktemp("rabbitmq")
    with (
        rabbit_server(home / "rabbit", plugins=["rabbitmq_management"]) as rabbit,
        redis_server(home / "redis") as redis,
    ):
        variables = {"CELERY_BROKER_URL": rabbit.url, "CELERY_RESULT_BACKEND": redis.url}
        options = [
            *("--management-url", rabbit.management_url),
            *("--submit-task", "order=shop.tasks.place_order"),
            "--flower-api",
        ]
        with (
            worker(home / "worker", variables, "-E", "-Q", QUEUES, "-P", "solo", "-n", "a@here"),
            monitor(home / "monitor", *options, variables=variables) as found,
        ):
            wait_for(lambda: _is_consuming(found), WAIT_SECONDS, found.text)
            yield found


def _is_consuming(running: Monitor) -> bool:
    return any(one["online"] and one["queues"] for one in running.get("/workers")["workers"])


def _submit(running: Monitor, name: str, *args: Any, **more: Any) -> dict[str, Any] | None:
    """The answer; None where the monitor or its worker, which a busy machine held up, had no time for it."""
    body = json.dumps({"task_name": name, "args": args, **more}).encode()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{running.url}/tasks/submit", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            sent = dict(json.loads(response.read()))
    except urllib.error.HTTPError as error:
        if error.code == 503:
            return None
        raise
    return sent if sent["warning"] is None else None


def test_a_task_is_sent_to_the_queue_that_a_worker_reads_and_followed_to_its_result(
    running: Monitor,
) -> None:
    sent = wait_for(lambda: _submit(running, "order", 7, queue="default"), WAIT_SECONDS, running.text)
    assert (sent["status"], sent["task_name"]) == ("submitted", "shop.tasks.place_order")

    def followed() -> Any:
        status, document = running.request(f"/tasks/status/{sent['task_id']}")
        return document if status == 200 and document["status"] == "SUCCESS" else None

    assert wait_for(followed, WAIT_SECONDS, running.text)["result"] == "order 7 placed"
    wait_for(lambda: running.task(sent["task_id"]) is not None, WAIT_SECONDS, running.text)


def test_the_routes_of_flower_ask_the_workers(running: Monitor) -> None:
    def asked() -> Any:
        status, document = running.request("/api/workers?refresh=1")
        worker = document.get("a@here", {}) if status == 200 else {}
        # A worker that is held up answers only some of the questions in time.
        return worker if {"registered", "active_queues"} <= set(worker) else None

    found = wait_for(asked, WAIT_SECONDS, running.text)
    assert "shop.tasks.place_order" in found["registered"]
    assert {one["name"] for one in found["active_queues"]} == set(QUEUES.split(","))
    sent = wait_for(lambda: _submit(running, "order", 8, queue="default"), WAIT_SECONDS, running.text)
    task_id = sent["task_id"]
    wait_for(lambda: running.request(f"/api/task/info/{task_id}")[0] == 200, WAIT_SECONDS, running.text)

    def has_result() -> bool:
        status, document = running.request(f"/api/task/result/{task_id}")
        return status == 200 and document.get("result") == "order 8 placed"

    wait_for(has_result, WAIT_SECONDS, running.text)

    def has_lengths() -> bool:
        status, document = running.request("/api/queues/length")
        return status == 200 and set(QUEUES.split(",")) <= {one["name"] for one in document["active_queues"]}

    wait_for(has_lengths, WAIT_SECONDS, lambda: running.request("/api/queues/length"))


def test_the_management_api_counts_unacknowledged_messages(running: Monitor) -> None:
    def default() -> Any:
        found = next((one for one in running.get("/queues")["queues"] if one["name"] == "default"), None)
        # AMQP alone does not know it.
        return found if found is not None and found["unacknowledged"] is not None else None

    wait_for(default, WAIT_SECONDS, lambda: running.get("/queues"))
