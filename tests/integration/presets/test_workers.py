"""Real workers of every supported Celery take the presets, and do what those promise."""

import re
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import pytest
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_5, CELERY_5_6, CELERY_5_7, World
from tools.testbed.servers import RabbitServer, RedisServer
from tools.testbed.waiting import wait_for

from tests.integration.presets.harness import Client, PresetWorker, client, preset_worker

WORLDS = (CELERY_5_3, CELERY_5_5, CELERY_5_6, CELERY_5_7)
every_world = pytest.mark.parametrize("world", WORLDS, ids=lambda world: f"celery-{world.celery}")

SETTINGS = {
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_track_started": True,
    "worker_prefetch_multiplier": 1,
    "worker_max_tasks_per_child": 500,
    "worker_concurrency": 1,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "task_soft_time_limit": 1500,
    "task_time_limit": 1800,
    "task_default_queue": "default",
    "redis_socket_timeout": 30.0,
    "redis_backend_health_check_interval": 25,
    "broker_heartbeat": 30,
}


@every_world
@pytest.mark.parametrize("broker", ["redis", "rabbitmq"])
def test_a_worker_takes_the_presets_and_a_killed_childs_task_runs_again(
    world: World, broker: str, redis: RedisServer, rabbit: RabbitServer, tmp_path: Path
) -> None:
    number = 2 * WORLDS.index(world)
    url = redis.database(number) if broker == "redis" else rabbit.url
    store = redis.database(number + 1)
    env = {"CELERY_WORKER_MAX_TASKS_PER_CHILD": "500", "CELERY_WORKER_CONCURRENCY": "1"}

    with preset_worker(tmp_path, world, url, store, **env) as worker, client(url, store) as shop:
        worker.wait_ready()
        (settings,) = shop.app.control.inspect(timeout=10, limit=1).conf().values()

        assert {name: settings[name] for name in SETTINGS} == SETTINGS
        assert settings["broker_transport_options"]["socket_keepalive"] is True
        assert settings["broker_transport_options"]["confirm_publish"] is True
        assert ("worker_soft_shutdown_timeout" in settings) is (world is not CELERY_5_3)
        assert shop.result_of("mail", queue="email") == "sent"
        assert shop.result_of("die_once", str(tmp_path / "died")) == "survived"

        printed = worker.printed()
        assert sorted(_queues_of(printed)) == ["default", "email", "maintenance", "media", "reports"]
        assert _warnings_of(printed) == []


@every_world
def test_connections_to_a_redis_broker_are_kept_alive_by_the_kernel(
    world: World, redis: RedisServer, own_redis: RedisServer, tmp_path: Path
) -> None:
    url, store = own_redis.url, redis.database(8 + WORLDS.index(world))

    with (
        preset_worker(tmp_path, world, url, store, "--pool", "solo") as worker,
        client(url, store) as shop,
    ):
        worker.wait_ready()
        sockets = shop.result_of("sockets")

    to_broker = [tuple(rest) for port, *rest in sockets if port == own_redis.port]
    assert to_broker
    assert set(to_broker) == {(1, 60)}


ASK = """
from preset_app import app
app.conf.redis_backend_health_check_interval = 1
print([app.send_task("wait", [2.5], queue="default").get(timeout=30) for _ in range(2)])
"""


@every_world
def test_results_come_through_connections_that_are_checked_after_each_silence(
    world: World, redis: RedisServer, tmp_path: Path
) -> None:
    # A check in the middle must not break the wait for a result, which differs from version to version.
    with preset_worker(
        tmp_path, world, redis.database(12), redis.database(13), "--pool", "threads"
    ) as worker:
        worker.wait_ready()

        assert worker.run(ASK).strip() == "['waited', 'waited']"


def test_a_worker_waits_for_a_broker_that_comes_later(own_redis: RedisServer, tmp_path: Path) -> None:
    own_redis.stop()
    with preset_worker(tmp_path, CELERY_5_6, own_redis.url, own_redis.database(1)) as worker:
        wait_for(lambda: "Trying again in 2.00 seconds" in worker.printed(), 30, worker.printed)
        own_redis.start()
        worker.wait_ready()


def test_a_worker_with_few_attempts_ends_when_they_are_used_up(
    own_redis: RedisServer, tmp_path: Path
) -> None:
    own_redis.stop()
    with preset_worker(
        tmp_path, CELERY_5_6, own_redis.url, own_redis.database(1), TEST_ATTEMPTS="1"
    ) as worker:
        assert worker.wait_ended() == 1
        assert "Connection refused" in worker.printed()


def test_a_wrong_variable_ends_the_worker_with_what_to_write(redis: RedisServer, tmp_path: Path) -> None:
    with preset_worker(
        tmp_path, CELERY_5_6, redis.url, redis.url, CELERY_WORKER_MAX_TASKS_PER_CHILD="all"
    ) as worker:
        assert worker.wait_ended() != 0
        assert "CELERY_WORKER_MAX_TASKS_PER_CHILD is 'all': use a whole number" in worker.printed()


def test_the_log_level_of_the_environment_wins(redis: RedisServer, tmp_path: Path) -> None:
    with _logging_worker(redis, tmp_path, CELERY_LOG_LEVEL="warning") as worker, _client(redis) as shop:
        wait_for(lambda: shop.app.control.ping(timeout=1), 30, worker.printed)
        assert shop.result_of("mail", queue="email") == "sent"

        assert "a letter" not in worker.printed()
        assert "succeeded" not in worker.printed()


@pytest.mark.parametrize("world", [CELERY_5_3, CELERY_5_7], ids=lambda world: f"celery-{world.celery}")
def test_log_files_are_written_and_rotated_beside_what_is_printed(
    world: World, redis: RedisServer, tmp_path: Path
) -> None:
    logs = tmp_path / "logs"
    with _logging_worker(redis, tmp_path, world, TEST_LOGS=str(logs)) as worker, _client(redis) as shop:
        worker.wait_ready()
        for _ in range(40):
            shop.result_of("mail", queue="email")
        wait_for((logs / "celery_tasks.log.2").exists, describe=lambda: sorted(logs.iterdir()))

        def written(name: str) -> str:
            texts = []
            for path in logs.glob(f"{name}*"):
                # A rotation may have just renamed it.
                with suppress(FileNotFoundError):
                    texts.append(path.read_text())
            return "".join(texts)

        # A result is there before the worker has written that its task succeeded.
        for read in (worker.printed, lambda: written("celery_tasks.log"), lambda: written("celery.log")):
            wait_for(lambda read=read: read().count("succeeded in") >= 40, 30, read)  # type: ignore[misc]
        printed, tasks, everything = worker.printed(), written("celery_tasks.log"), written("celery.log")
    assert "ready." in everything
    assert printed.count("a letter") == printed.count("succeeded in") == 40
    assert tasks.count("a letter") == tasks.count("succeeded in") == 40
    assert everything.count("succeeded in") == 40


def test_a_worker_that_cannot_write_its_log_files_says_so_and_runs(
    redis: RedisServer, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with _logging_worker(redis, tmp_path, TEST_LOGS=str(tmp_path / "file")) as worker, _client(redis) as shop:
        worker.wait_ready()

        assert "No log file" in worker.printed()
        assert shop.result_of("mail", queue="email") == "sent"


def _logging_worker(
    redis: RedisServer, home: Path, world: World = CELERY_5_6, **env: str
) -> AbstractContextManager[PresetWorker]:
    return preset_worker(home, world, redis.database(14), redis.database(15), "--concurrency", "2", **env)


def _client(redis: RedisServer) -> AbstractContextManager[Client]:
    return client(redis.database(14), redis.database(15))


def _queues_of(printed: str) -> list[str]:
    """The queues in the banner that a worker prints as it starts."""
    return re.findall(r"\.> (\w+) +exchange=", printed)


def _warnings_of(printed: str) -> list[str]:
    """What is said of settings that are unknown, old, or missing."""
    return [line for line in printed.splitlines() if re.search(r"[Dd]eprecat|[Uu]nknown|setting", line)]
