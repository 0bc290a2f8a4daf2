"""``celery-health why`` on real brokers and workers."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis as redis_client
from celery import Celery
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_6
from tools.testbed.servers import rabbit_server, redis_server
from tools.testbed.waiting import wait_for

from celery_health.catalogue.entry import Severity
from celery_health.survey.app_connection import resolve
from celery_health.survey.task.facts import WhyOptions, collect_task_facts
from celery_health.why.answer import Answer
from celery_health.why.decide import why
from tests.integration.cli.harness import run, worker

TIMEOUT = ("--timeout", "30")


def answer(broker: str, task_id: str, backend: str | None = None) -> Answer:
    """The answer of the command, without the second that a program takes to start."""
    backend = backend or (None if broker.startswith("amqp") else broker)
    connection = resolve(None, "cli_shop", broker, backend, {})
    return why(asyncio.run(collect_task_facts(connection, task_id, WhyOptions(timeout=20))))


def wait_for_reason(broker: str, task_id: str, reason: str) -> Answer:
    def answered() -> Answer | None:
        found = answer(broker, task_id)
        return found if found.reason == reason else None

    return wait_for(answered, 90.0, lambda: f"{reason}; last: {answer(broker, task_id)}")


@contextmanager
def producer(broker: str) -> Iterator[Callable[..., str]]:
    with Celery("producer", broker=broker, set_as_current=False) as app:

        def send(seconds: float = 0.0, **options: Any) -> str:
            options.setdefault("queue", "celery")
            return str(app.send_task("cli_shop.nap", args=[seconds], **options).id)

        send.app = app  # type: ignore[attr-defined]
        yield send


def test_on_redis_a_task_waits_for_a_worker_and_then_runs(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis, producer(redis.url) as send:
        ids = [send(120) for _ in range(6)]

        found = answer(redis.url, ids[2])
        assert (found.severity, found.reason) == (Severity.UNHEALTHY, "NoWorkers")
        assert "about 2 messages" in found.sentence
        assert found.command == "celery -A APP worker -Q celery"

        with worker(tmp_path / "worker", CELERY_5_3, redis.url, ["--prefetch-multiplier", "1"]):
            assert wait_for_reason(redis.url, ids[0], "Running").severity is Severity.INFORMATION
            assert "its 2 slots run other tasks" in wait_for_reason(redis.url, ids[2], "Reserved").sentence
            assert "2 slots serve the queue" in wait_for_reason(redis.url, ids[5], "Waiting").sentence


def test_on_redis_each_place_of_a_task_is_found(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as send,
        worker(tmp_path / "worker", CELERY_5_6, redis.url),
    ):
        done = send(0)
        assert wait_for_reason(redis.url, done, "Succeeded").severity is Severity.INFORMATION

        held = wait_for_reason(redis.url, send(countdown=1200), "HeldForEta")
        assert " (in 1" in held.sentence
        assert "queue nowhere" in wait_for_reason(redis.url, send(queue="nowhere"), "NoConsumer").sentence

        late = send(countdown=1200)
        wait_for_reason(redis.url, late, "HeldForEta")
        send.app.control.revoke(late)  # type: ignore[attr-defined]
        # Since 5.6.2 a worker stores the state at once, and keeps the task until its ETA.
        wait_for_reason(redis.url, late, "Revoked")

        client = redis_client.Redis(port=redis.port)
        put_aside = send(queue="other")
        client.rename("other", "celery.dead-letter")
        wait_for_reason(redis.url, put_aside, "DeadLettered")
        wait_for_reason(redis.url, "no-such-task", "NeverSeen")


def test_on_redis_a_task_waits_for_its_rate_limit(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as send,
        worker(tmp_path / "worker", CELERY_5_6, redis.url, app="cli_limited"),
    ):
        ids = [send(0) for _ in range(3)]

        limited = wait_for_reason(redis.url, ids[2], "RateLimited")

        assert "1/h" in limited.sentence


def test_on_redis_a_message_whose_worker_was_killed_is_unacknowledged(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis, producer(redis.url) as send:
        # A message that a worker took, and that no worker has.
        task_id = send(0)
        client = redis_client.Redis(port=redis.port)
        raw: Any = client.rpop("celery")
        client.hset("unacked", "tag", b"[" + raw + b', "", "celery"]')
        with worker(tmp_path / "worker", CELERY_5_6, redis.url):
            wait_for_reason(redis.url, task_id, "Unacknowledged")


def test_on_rabbitmq_workers_are_asked_and_no_queue_is_searched(tmp_path: Path) -> None:
    with (
        rabbit_server(tmp_path / "rabbit") as rabbit,
        producer(rabbit.url) as send,
        worker(tmp_path / "worker", CELERY_5_6, rabbit.url),
        worker(
            tmp_path / "solo", CELERY_5_6, rabbit.url, ["--pool", "solo", "-n", "solo@here", "-Q", "solo"]
        ),
    ):
        wait_for_reason(rabbit.url, send(120), "Running")

        # A worker with the pool solo answers nothing while it runs a task.
        busy = send(120, queue="solo")
        wait_for(lambda: busy in (tmp_path / "solo" / "worker.log").read_text(), 60.0, "the task is received")
        results = f"file://{tmp_path}"
        with Celery(backend=results, set_as_current=False) as app:
            app.backend.store_result(busy, {"hostname": "solo@here"}, "STARTED")
            app.backend.store_result("lost", {"hostname": "gone@here"}, "STARTED")
        assert answer(rabbit.url, busy, results).reason == "Running"
        assert answer(rabbit.url, "lost", results).reason == "LostWithWorker"

        unknown = wait_for_reason(rabbit.url, "no-such-task", "NeverSeen")
        assert any("no queue was searched" in line for line in unknown.evidence)


def test_the_text_has_the_sentence_the_evidence_and_the_command(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis, producer(redis.url) as send:
        task_id = send(0)

        shown = run("why", task_id, *TIMEOUT, "--broker", redis.url)

    first, *_, last = shown.out.strip().splitlines()
    assert first.startswith(f"Task cli_shop.nap {task_id} waits in queue celery as the next message")
    assert last == "  $ celery -A APP worker -Q celery"


def test_a_broker_that_is_away_is_the_answer() -> None:
    outcome = run("why", "7", "--broker", "redis://127.0.0.1:1/0", "--format", "json")

    assert (outcome.code, outcome.document["reason"]) == (2, "BrokerUnreachable")


def test_celery_has_the_same_command(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        outcome = run(
            "-A", "cli_shop", "health", "why", "7", "--format", "json", program="celery", broker=redis.url
        )

    assert (outcome.code, outcome.document["reason"]) == (2, "NeverSeen")


def test_wrong_options_are_usage_errors() -> None:
    assert run("why").code == 3
    assert run("why", "7").code == 3  # no broker
