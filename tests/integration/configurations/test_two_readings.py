"""Queues of others: a verdict that needs two readings waits for the second, and queues can be left out."""

from pathlib import Path

from celery import Celery
from tools.testbed.servers import redis_server

from tests.integration.configurations.configured import APP, a_worker, health, messages

OTHER = {"control_exchange": "other", "event_exchange": "otherev", "worker_prefetch_multiplier": 1}


def test_a_queue_that_an_unknown_worker_empties_is_no_fault(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        own = {"broker_url": redis.url}
        other = {**own, **OTHER, "task_default_queue": "invoices"}
        with (
            a_worker(tmp_path / "own", own),
            a_worker(tmp_path / "one", other, ["-Q", "invoices", "-n", "one@here"]),
            a_worker(tmp_path / "two", other, ["-Q", "invoices", "-n", "two@here"]),
        ):
            with Celery("producer", broker=redis.url) as producer:
                for _ in range(4_000):
                    producer.send_task(f"{APP}.nap", args=[0.2], queue="invoices")
            shared = health(own)
        assert (shared.code, shared.document["status"]) == (0, "healthy"), messages(shared)
        assert [queue["name"] for queue in shared.document["other_queues"]] == ["invoices"]
        with a_worker(tmp_path / "alone", own):
            alone = health(own)
        assert alone.reasons == {"QueueNotConsumed"}


def test_a_queue_that_is_unread_by_design_can_be_left_out(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        settings = {"broker_url": redis.url}
        with Celery("producer", broker=redis.url) as producer:
            producer.send_task("shop.pay", queue="pay.dead")
        with a_worker(tmp_path / "worker", settings):
            found = health(settings)
            without = health(settings, "--ignore-queue", "*.dead")
    assert found.reasons == {"QueueNotConsumed"}
    assert (without.code, without.document["status"]) == (0, "healthy")
    assert without.document["other_queues"] == []
