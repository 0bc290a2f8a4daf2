"""A task in quarantine never runs: its whole message goes to the dead-letter queue, and all others run."""

import time
from pathlib import Path

import pytest
from celery import chord
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_7, World
from tools.testbed.servers import RabbitServer, free_port, redis_server
from tools.testbed.waiting import wait_for

from celery_health.wire.bounds import task_id as shortened
from tests.integration.agent.harness import GREEN_POOLS, producer
from tests.integration.agent.quarantine import (
    DEAD,
    PREFIX,
    RabbitMessages,
    RedisMessages,
    moved,
    note,
    order,
    patient_worker,
    wait_until_ran,
)

OLDEST_AND_NEWEST = pytest.mark.parametrize("world", [CELERY_5_3, CELERY_5_7], ids=lambda world: world.celery)
POOLS = pytest.mark.parametrize("pool", ["prefork", "threads", "gevent"])


@OLDEST_AND_NEWEST
@POOLS
@pytest.mark.parametrize("protocol", [1, 2])
def test_a_listed_message_of_redis_is_moved_unchanged_and_never_runs(
    world: World, pool: str, protocol: int, tmp_path: Path
) -> None:
    env = {"TEST_KEY_PREFIX": PREFIX}
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        patient_worker(tmp_path / "worker", world, pool, redis.url, env=env, start=False) as worker,
    ):
        app.conf.update(task_protocol=protocol, broker_transport_options={"global_keyprefix": PREFIX})
        messages = RedisMessages(redis.url, PREFIX)
        listed = note(app, "listed", priority=0)
        (sent,) = messages.queued("celery")
        note(app, "well")
        order(worker, listed, "another")
        worker.start()
        report = worker.wait_until(moved(1))
        wait_until_ran(worker, "well")
        assert messages.queued(DEAD) == [sent]
        wait_for(lambda: not messages.unacknowledged(), 10, "all others are acknowledged")
        assert (report.error_count, report.last_error) == (0, "")


@OLDEST_AND_NEWEST
@POOLS
def test_a_listed_message_of_rabbitmq_is_moved_unchanged_and_never_runs(
    world: World, pool: str, rabbit: RabbitServer, tmp_path: Path
) -> None:
    queue, dead = f"shop-{world.celery}-{pool}", f"shop-{world.celery}-{pool}.dead-letter"
    messages = RabbitMessages(rabbit.url)
    with (
        producer(rabbit.url) as app,
        patient_worker(
            tmp_path / "worker", world, pool, rabbit.url, env={"TEST_QUEUE": queue}, start=False
        ) as worker,
    ):
        listed = note(
            app, "listed", queue, priority=3, expiration=3600, reply_to="replies", headers={"mine": "é"}
        )
        (sent,) = messages.queued(queue)
        note(app, "well", queue)
        order(worker, listed, queue=dead)
        worker.start()
        report = worker.wait_until(moved(1))
        wait_until_ran(worker, "well")
        (found,) = messages.queued(dead)
        assert found.body == sent.body
        came_from = {
            "x-celery-probe-exchange": "",
            "x-celery-probe-routing-key": queue,
            "x-celery-probe-queue": queue,
        }
        assert found.headers == {**sent.headers, **came_from}
        for message in (sent, found):
            del message.properties["application_headers"]
        assert sent.properties.pop("expiration") == "3600000"
        assert found.properties == {**sent.properties, "delivery_mode": 2}
        assert messages.queued(queue) == []
        assert (report.error_count, report.last_error) == (0, "")


@OLDEST_AND_NEWEST
def test_a_compressed_message_of_rabbitmq_is_moved_as_it_was_sent(
    world: World, rabbit: RabbitServer, tmp_path: Path
) -> None:
    queue, dead = f"small-{world.celery}", f"small-{world.celery}.dead-letter"
    messages = RabbitMessages(rabbit.url)
    with (
        producer(rabbit.url) as app,
        patient_worker(
            tmp_path / "worker", world, "prefork", rabbit.url, env={"TEST_QUEUE": queue}, start=False
        ) as worker,
    ):
        listed = note(app, "listed", queue, compression="gzip")
        (sent,) = messages.queued(queue)
        order(worker, listed, queue=dead)
        worker.start()
        worker.wait_until(moved(1))
        order(worker, queue=dead)
        (found,) = messages.queued(dead)
        assert sent.headers["compression"] == "application/x-gzip"
        assert found.body == sent.body
        assert found.headers.items() >= sent.headers.items()
        messages.send_again(found, queue)
        wait_until_ran(worker, "listed")


@OLDEST_AND_NEWEST
@POOLS
@pytest.mark.parametrize("late", [False, True], ids=["early", "late"])
def test_tasks_that_the_worker_has_reserved_do_not_run_once_they_are_listed(
    world: World, pool: str, late: bool, tmp_path: Path
) -> None:
    env = {"TEST_PREFETCH": "8", **({"TEST_ACKS_LATE": "1"} if late else {})}
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        patient_worker(tmp_path / "worker", world, pool, redis.url, env=env, arguments=("-c", "1")) as worker,
    ):
        messages = RedisMessages(redis.url)
        worker.wait_until_consuming()
        timed = note(app, "timed", countdown=600)
        limited = str(app.send_task("agent_app.limited", queue="celery").id)
        worker.wait_until(lambda report: report.eta == 1 and report.processed == 1)
        limited = str(app.send_task("agent_app.limited", queue="celery").id)
        worker.wait_until(lambda report: report.reserved == 1)
        worker.hold(app, "runs")
        waits = note(app, "waits")
        worker.wait_until(lambda report: report.active_count == 1 and report.reserved >= 2)
        order(worker, timed, limited, waits)
        ordered = time.monotonic()
        note(app, "well")
        # The loop of a full gevent pool stands: what the worker has read takes effect with the next slot.
        worker.wait_until(lambda report: moved(3)(report) or report.written_mono > ordered + 10)
        worker.release("runs")
        report = worker.wait_until(moved(3))
        wait_until_ran(worker, "runs", "well")
        worker.wait_until(lambda report: not (report.active_count or report.reserved or report.eta))
        assert sorted(one["headers"]["id"] for one in messages.queued(DEAD)) == sorted(
            [timed, limited, waits]
        )
        wait_for(lambda: not messages.unacknowledged(), 10, "all others are acknowledged")
        worker.wait_until(lambda report: (report.prefetch, report.processed) == (report.initial_prefetch, 3))
        assert (report.error_count, report.last_error) == (0, "")


@pytest.mark.parametrize("pool", GREEN_POOLS)
def test_the_time_of_a_listed_task_changes_nothing_when_it_comes(pool: str, tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        patient_worker(tmp_path / "worker", CELERY_5_7, pool, redis.url) as worker,
    ):
        worker.wait_until_consuming()
        timed = [note(app, f"timed-{number}", countdown=20) for number in range(3)]
        worker.wait_until(lambda report: report.eta == 3)
        order(worker, *timed)
        worker.wait_until(moved(3))
        report = worker.wait_for_beats(22)
        assert (report.eta, report.reserved, report.prefetch) == (0, 0, report.initial_prefetch)
        assert worker.ran() == []


def test_a_message_that_cannot_be_moved_is_kept_and_runs_when_it_is_no_longer_listed(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        patient_worker(tmp_path / "worker", CELERY_5_7, "prefork", redis.url, start=False) as worker,
    ):
        messages = RedisMessages(redis.url)
        messages.client.set(DEAD, "no list")
        listed = note(app, "listed")
        order(worker, listed)
        worker.start()
        report = worker.wait_until(lambda report: report.quarantine_waiting and report.error_count >= 2)
        assert (report.quarantined_total, report.last_error) == (0, "dead letter: ResponseError")
        assert [one["headers"]["id"] for one in messages.unacknowledged()] == [listed]
        assert worker.ran() == []
        order(worker)
        wait_until_ran(worker, "listed")
        wait_for(lambda: not messages.unacknowledged(), 10, "it is acknowledged")
        assert worker.wait_until(lambda report: not report.quarantine_waiting).quarantined_total == 0


ODD_NAMES = pytest.mark.parametrize("queue", ["mail*?[a-z]", "my mail é"])


@ODD_NAMES
def test_queues_of_redis_have_any_name(queue: str, tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        patient_worker(
            tmp_path / "worker", CELERY_5_7, "prefork", redis.url, env={"TEST_QUEUE": queue}, start=False
        ) as worker,
    ):
        messages = RedisMessages(redis.url)
        listed = note(app, "listed", queue)
        (sent,) = messages.queued(queue)
        order(worker, listed, queue=f"{queue}.dead-letter")
        worker.start()
        worker.wait_until(moved(1))
        assert messages.queued(f"{queue}.dead-letter") == [sent]


@ODD_NAMES
def test_queues_of_rabbitmq_have_any_name(queue: str, rabbit: RabbitServer, tmp_path: Path) -> None:
    messages = RabbitMessages(rabbit.url)
    with (
        producer(rabbit.url) as app,
        patient_worker(
            tmp_path / "worker", CELERY_5_7, "prefork", rabbit.url, env={"TEST_QUEUE": queue}, start=False
        ) as worker,
    ):
        listed = note(app, "listed", queue)
        order(worker, listed, queue=f"{queue}.dead-letter")
        worker.start()
        worker.wait_until(moved(1))
        assert messages.ids(f"{queue}.dead-letter") == [listed]


@OLDEST_AND_NEWEST
def test_of_several_brokers_the_message_stays_with_the_one_that_the_worker_uses(
    world: World, rabbit: RabbitServer, tmp_path: Path
) -> None:
    queue = f"several-{world.celery}"
    messages = RabbitMessages(rabbit.url)
    brokers = f"amqp://guest:guest@127.0.0.1:{free_port()}//;{rabbit.url}"
    with (
        producer(rabbit.url) as app,
        patient_worker(
            tmp_path / "worker", world, "prefork", brokers, env={"TEST_QUEUE": queue}, start=False
        ) as worker,
    ):
        listed = note(app, "listed", queue)
        order(worker, listed, queue=f"{queue}.dead-letter")
        worker.start()
        report = worker.wait_until(moved(1))
        assert messages.ids(f"{queue}.dead-letter") == [listed]
        assert report.quarantine_problem == ""


def test_a_task_id_of_a_kilobyte_is_not_taken_for_another_with_the_same_beginning(tmp_path: Path) -> None:
    one, other = ("x" * 1024 + end for end in "ab")
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        patient_worker(tmp_path / "worker", CELERY_5_7, "prefork", redis.url, start=False) as worker,
    ):
        for task_id, name in ((one, "one"), (other, "other")):
            app.send_task("agent_app.note", (name,), queue="celery", task_id=task_id)
        order(worker, shortened(one))
        worker.start()
        worker.wait_until(moved(1))
        wait_until_ran(worker, "other")
        assert [found["headers"]["id"] for found in RedisMessages(redis.url).queued(DEAD)] == [one]


@OLDEST_AND_NEWEST
def test_the_callback_of_a_chord_waits_for_the_task_that_is_in_quarantine(
    world: World, tmp_path: Path
) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        patient_worker(
            tmp_path / "worker", world, "prefork", redis.url, env={"TEST_RESULTS": redis.url}, start=False
        ) as worker,
    ):
        app.conf.update(result_backend=redis.url, task_ignore_result=False)
        messages = RedisMessages(redis.url)
        header = [
            app.signature("agent_app.note", (name,), task_id=f"id-{name}", queue="celery") for name in "abc"
        ]
        chord(header, app=app)(app.signature("agent_app.note", ("callback",), immutable=True, queue="celery"))
        order(worker, "id-b")
        worker.start()
        worker.wait_until(moved(1))
        wait_until_ran(worker, "a", "c")
        wait_for(lambda: not messages.unacknowledged(), 10, "both are done")
        assert [one["headers"]["id"] for one in messages.queued(DEAD)] == ["id-b"]
        assert messages.queued("celery") == []
        # The quarantine ends, and the message is replayed.
        order(worker)
        messages.client.rpoplpush(DEAD, "celery")
        wait_until_ran(worker, "a", "b", "c", "callback")
