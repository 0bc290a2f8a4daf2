"""Where messages cannot be moved, the worker goes on with all others, says why, and moves them later."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_7, World
from tools.testbed.servers import RabbitServer, rabbit_server, redis_server

from celery_health.wire.worker_report import WorkerReport
from tests.integration.agent.harness import AgentWorker, producer
from tests.integration.agent.quarantine import (
    DEAD,
    RabbitMessages,
    RedisMessages,
    moved,
    note,
    order,
    patient_worker,
    wait_until_ran,
)

# A worker that fetches one message at a time, which one kept message would stop.
ONE_AT_A_TIME = {"TEST_PREFETCH": "1", "TEST_ACKS_LATE": "1"}
LISTED = ("a", "b", "c")
WELL = ("one", "two", "three")
OLDEST_AND_NEWEST = pytest.mark.parametrize("world", [CELERY_5_3, CELERY_5_7], ids=lambda world: world.celery)
POOLS = pytest.mark.parametrize("pool", ["prefork", "threads", "gevent"])


def waits(problem: str, count: int = len(LISTED)) -> Callable[[WorkerReport], bool]:
    """Whether a report says that this number of messages waits, and that the reason begins with ``problem``.

    Before it there may be another one: a broker that was busy has not answered in time.
    """
    return lambda report: report.quarantine_waiting == count and report.quarantine_problem.startswith(problem)


def goes_on(
    worker: AgentWorker,
    send: Callable[[str], str],
    repair: Callable[[], object],
    problem: str,
    *,
    queue: str = DEAD,
) -> WorkerReport:
    """Send listed tasks, which cannot be moved before ``repair``, and others. Returns the report of then.

    ``problem`` is how the reason begins.
    """
    order(worker, *(send(name) for name in LISTED), queue=queue)
    for name in WELL:
        send(name)
    worker.start()
    report = worker.wait_until(waits(problem))
    wait_until_ran(worker, *WELL)
    assert report.quarantined_total == 0
    repair()
    worker.wait_until(moved(len(LISTED)))
    after = worker.wait_until(lambda report: report.prefetch == report.initial_prefetch)
    assert after.quarantine_problem == ""
    wait_until_ran(worker, *WELL)
    return report


@OLDEST_AND_NEWEST
@POOLS
def test_redis_with_a_key_that_is_no_list(world: World, pool: str, tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        patient_worker(
            tmp_path / "worker",
            world,
            pool,
            redis.url,
            env=ONE_AT_A_TIME,
            arguments=("-c", "1"),
            start=False,
        ) as worker,
    ):
        messages = RedisMessages(redis.url)
        messages.client.set(DEAD, "no list")
        problem = f"The Redis key {DEAD} is not a list: rename or delete it."
        report = goes_on(worker, lambda name: note(app, name), lambda: messages.client.delete(DEAD), problem)
        assert report.quarantine_problem == problem
        assert sorted(one["headers"]["id"] for one in messages.queued(DEAD)) == ["id-a", "id-b", "id-c"]
        assert messages.unacknowledged() == []


@OLDEST_AND_NEWEST
def test_redis_with_a_user_who_may_not_use_the_key(world: World, tmp_path: Path) -> None:
    problem = f"Redis refuses user shop. Run: ACL SETUSER shop '~{DEAD}'"
    with redis_server(tmp_path / "redis") as redis:
        messages = RedisMessages(redis.url)
        messages.client.execute_command(
            *("ACL", "SETUSER", "shop", "on", ">secret", "+@all", "&*"),
            *("~celery*", "~*pidbox*", "~unacked*", "~_kombu*"),
        )
        url = redis.url.replace("redis://", "redis://shop:secret@")
        with (
            producer(redis.url) as app,
            patient_worker(
                tmp_path / "worker",
                world,
                "prefork",
                url,
                env=ONE_AT_A_TIME,
                arguments=("-c", "1"),
                start=False,
            ) as worker,
        ):
            report = goes_on(
                worker,
                lambda name: note(app, name),
                lambda: messages.client.execute_command("ACL", "SETUSER", "shop", f"~{DEAD}"),
                problem,
            )
    assert report.quarantine_problem == problem


@OLDEST_AND_NEWEST
def test_redis_without_memory_keeps_what_the_worker_has_received(world: World, tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        patient_worker(tmp_path / "worker", world, "prefork", redis.url) as worker,
    ):
        messages = RedisMessages(redis.url)
        timed = note(app, "timed", countdown=600)
        worker.wait_until(lambda report: report.eta == 1)
        messages.client.config_set("maxmemory", "1")
        order(worker, timed)
        worker.wait_until(waits("Redis is full (maxmemory)", 1))
        messages.client.config_set("maxmemory", "0")
        worker.wait_until(moved(1))
        assert messages.ids() == [timed]


def user_of(rabbit: RabbitServer, name: str, configure: str, write: str) -> str:
    """The URL of a user with these permissions, who may read all."""
    rabbit.control("add_user", name, "secret")
    rabbit.control("set_permissions", name, configure, write, ".*")
    return f"amqp://{name}:secret@127.0.0.1:{rabbit.port}//"


@contextmanager
def rabbit_worker(home: Path, world: World, pool: str, url: str, queue: str) -> Iterator[AgentWorker]:
    """A worker of one queue, that fetches one message at a time."""
    env = {**ONE_AT_A_TIME, "TEST_QUEUE": queue}
    with patient_worker(home, world, pool, url, env=env, arguments=("-c", "1"), start=False) as worker:
        yield worker


@pytest.mark.parametrize(
    ("world", "pool"),
    [(CELERY_5_3, "prefork"), (CELERY_5_7, "gevent")],
    ids=lambda value: getattr(value, "celery", value),
)
@pytest.mark.parametrize("kind", ["configure", "write"])
def test_rabbitmq_with_a_user_who_lacks_a_permission(
    kind: str, world: World, pool: str, rabbit: RabbitServer, tmp_path: Path
) -> None:
    name = f"{kind}-{world.celery}-{pool}"
    queue, dead = name, f"{name}.dead-letter"
    patterns = {"configure": ("^(?!.*dead-letter)", ".*"), "write": (".*", "^(?!amq.default)")}
    missing = {"configure": dead, "write": "amq.default"}[kind]
    problem = (
        f"RabbitMQ user {name} has no {kind} permission on {missing}. Let its {kind} pattern match: "
        f"rabbitmqctl set_permissions -p / {name} CONFIGURE WRITE READ"
    )
    messages = RabbitMessages(rabbit.url)
    with (
        producer(rabbit.url) as app,
        rabbit_worker(
            tmp_path / "worker", world, pool, user_of(rabbit, name, *patterns[kind]), queue
        ) as worker,
    ):
        report = goes_on(
            worker,
            lambda one: note(app, one, queue),
            lambda: rabbit.control("set_permissions", name, ".*", ".*", ".*"),
            problem,
            queue=dead,
        )
    assert report.quarantine_problem == problem
    assert sorted(messages.ids(dead)) == ["id-a", "id-b", "id-c"]
    assert messages.ids(queue) == []


def test_a_quorum_queue_whose_limit_is_that_of_a_subscription(rabbit: RabbitServer, tmp_path: Path) -> None:
    queue, dead = "quorum", "quorum.dead-letter"
    messages = RabbitMessages(rabbit.url)
    url = user_of(rabbit, "quorum", "^(?!.*dead-letter)", ".*")
    env = {**ONE_AT_A_TIME, "TEST_QUEUE": queue, "TEST_QUEUE_TYPE": "quorum"}
    with (
        producer(rabbit.url) as app,
        patient_worker(
            tmp_path / "worker", CELERY_5_7, "prefork", url, env=env, arguments=("-c", "1"), start=False
        ) as worker,
    ):
        app.conf.task_create_missing_queue_type = "quorum"
        goes_on(
            worker,
            lambda one: note(app, one, queue),
            lambda: rabbit.control("set_permissions", "quorum", ".*", ".*", ".*"),
            "RabbitMQ user quorum has no configure permission",
            queue=dead,
        )
    assert sorted(messages.ids(dead)) == ["id-a", "id-b", "id-c"]
    assert messages.ids(queue) == []


def test_rabbitmq_with_a_dead_letter_queue_that_is_full(rabbit: RabbitServer, tmp_path: Path) -> None:
    queue, dead = "full", "full.dead-letter"
    messages = RabbitMessages(rabbit.url)
    rabbit.control(
        *("set_policy", "full", f"^{dead}$", '{"max-length": 0, "overflow": "reject-publish"}'),
        *("--apply-to", "queues"),
    )
    with (
        producer(rabbit.url) as app,
        rabbit_worker(tmp_path / "worker", CELERY_5_7, "prefork", rabbit.url, queue) as worker,
    ):
        goes_on(
            worker,
            lambda one: note(app, one, queue),
            lambda: rabbit.control("clear_policy", "full"),
            f"RabbitMQ rejects the message: the queue {dead} is full",
            queue=dead,
        )
    assert sorted(messages.ids(dead)) == ["id-a", "id-b", "id-c"]


def test_rabbitmq_without_memory_gets_no_copies(tmp_path: Path) -> None:
    queue, dead = "mail", "mail.dead-letter"
    with (
        rabbit_server(tmp_path / "rabbit") as rabbit,
        producer(rabbit.url) as app,
        rabbit_worker(tmp_path / "worker", CELERY_5_7, "prefork", rabbit.url, queue) as worker,
    ):
        messages = RabbitMessages(rabbit.url)
        order(worker, *(note(app, name, queue) for name in LISTED), queue=dead)
        for name in WELL:
            note(app, name, queue)
        app.pool.force_close_all()
        rabbit.control("set_vm_memory_high_watermark", "0.0000001")
        worker.start()
        worker.wait_until(waits("RabbitMQ blocks publishers"))
        wait_until_ran(worker, *WELL)
        # RabbitMQ may store later what it has been sent meanwhile.
        worker.wait_until(lambda report: report.error_count >= 3)
        rabbit.control("set_vm_memory_high_watermark", "0.4")
        worker.wait_until(moved(len(LISTED)))
        assert sorted(messages.ids(dead)) == ["id-a", "id-b", "id-c"]
