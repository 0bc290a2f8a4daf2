"""Workers that read from one URL and send to another need both."""

from pathlib import Path

import redis as redis_client
from tools.testbed.servers import free_port, redis_server

from tests.integration.configurations.configured import health, messages


def test_the_url_that_workers_send_to_has_to_answer_as_well(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        closed = f"redis://127.0.0.1:{free_port()}/0"
        outcome = health({"broker_url": closed, "broker_read_url": redis.url})
    assert (outcome.code, outcome.reasons) == (2, {"BrokerUnreachable"})
    assert outcome.document["broker"]["reason"] == "ConnectionRefused"
    assert f"Nothing listens at {closed}" in messages(outcome)
    assert f"The workers send to this URL, and read from {redis.url}." in messages(outcome)


def test_a_test_task_that_no_worker_takes_is_removed_where_it_was_sent(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        settings = {"broker_url": redis.database(0), "broker_write_url": redis.database(1)}
        backend = {"result_backend": redis.database(2)}
        outcome = health({**settings, **backend}, "--timeout", "3", "--test-tasks")
        with redis_client.Redis(port=redis.port, db=1) as sent_to:
            assert sent_to.llen("celery") == 0
            assert sent_to.info("commandstats")["cmdstat_lpush"]["calls"] == 1
    assert "TestTaskFailed" in outcome.reasons
