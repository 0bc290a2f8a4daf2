"""Workers that live and consume nothing."""

from contextlib import ExitStack
from pathlib import Path

import amqp
import pytest
from tools.testbed.celery_versions import CELERY_5_7
from tools.testbed.servers import RabbitServer, redis_server
from tools.testbed.waiting import wait_for

from celery_health.wire.worker_report import WorkerReport
from tests.integration.agent.deaf_worker import deaf_worker
from tests.integration.agent.harness import agent_worker, producer


def test_a_worker_made_deaf_by_restarts_of_redis_says_so_in_fresh_reports(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        ExitStack() as stack,
    ):
        worker = deaf_worker(stack, tmp_path / "workers", redis)

        app.send_task("agent_app.nap", (0,), queue="celery")
        worker.wait_for_beats(5)
        report = worker.wait_until(_has_a_loop_that_fetches_nothing)
        assert (report.phase, report.consuming, report.processed) == ("consuming", False, 0)
        assert report.transport.poller is False


def _has_a_loop_that_fetches_nothing(report: WorkerReport) -> bool:
    if report.loop_mono is None or report.fetched_mono is None:
        return False
    return report.loop_mono - report.fetched_mono > 5 and report.written_mono - report.loop_mono < 3


@pytest.mark.parametrize("pool", ["prefork", "eventlet"])
def test_a_worker_whose_broker_is_away_at_its_start_is_connecting(pool: str, tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        redis.stop()
        with agent_worker(tmp_path, CELERY_5_7, pool, redis.url) as worker:
            away = worker.wait_until(lambda report: report.phase == "connecting")
            assert (away.consumer_starts, away.consuming) == (0, False)
            assert away.hostname.startswith("celery@")
            redis.start()
            assert worker.wait_until_consuming().consumer_starts == 1


def test_a_worker_whose_queue_is_deleted_reports_it_and_consumes_again(
    tmp_path: Path, rabbit: RabbitServer
) -> None:
    with agent_worker(tmp_path, CELERY_5_7, "prefork", rabbit.url, arguments=("-Q", "doomed")) as worker:
        before = worker.wait_until_consuming()
        assert before.transport.kind == "amqp"
        assert before.transport.consumer_tags == 1
        assert before.answered_mono is not None
        with amqp.Connection(f"127.0.0.1:{rabbit.port}") as connection:
            connection.channel().queue_delete("doomed")
        again = worker.wait_until(
            lambda report: report.consumer_starts > before.consumer_starts and report.consuming,
            describe="the consumer comes back",
        )
        assert again.transport.consumer_tags == 1


@pytest.mark.parametrize("pool", ["prefork", "gevent"])
def test_a_worker_that_left_its_only_queue_on_request_does_not_claim_to_consume(
    pool: str, tmp_path: Path, rabbit: RabbitServer
) -> None:
    queue = f"left-{pool}"
    with (
        producer(rabbit.url) as app,
        agent_worker(tmp_path, CELERY_5_7, pool, rabbit.url, arguments=("-Q", queue)) as worker,
    ):
        worker.wait_until_consuming()
        # With gevent, the worker opens its mailbox after it has begun to consume.
        wait_for(
            lambda: app.control.cancel_consumer(queue, reply=True, timeout=2.0),
            timeout=60,
            describe="an answer to the order",
        )
        left = worker.wait_until(lambda report: report.consuming is False, describe="the queue is left")
        assert (left.phase, left.queues, left.transport.consumer_tags) == ("consuming", (), 0)
        app.control.add_consumer(queue)
        worker.wait_until_consuming()
