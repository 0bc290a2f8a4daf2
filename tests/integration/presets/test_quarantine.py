"""presets.quarantine(): workers without operator, sidecar and agent take a poison task out of circulation."""

import shlex
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from redis import Redis
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_6, CELERY_5_7, World
from tools.testbed.servers import RabbitServer, RedisServer, rabbit_server, redis_server
from tools.testbed.waiting import wait_for

from celery_health.wire.orders import QuarantineBody
from celery_probe.sidecar.orders.quarantine_list import QuarantineList
from tests.integration.agent.quarantine import RabbitMessages, RedisMessages
from tests.integration.cli.harness import Outcome, run
from tests.integration.presets.harness import PROJECT, PresetWorker

OLDEST_AND_NEWEST = pytest.mark.parametrize("world", [CELERY_5_3, CELERY_5_7], ids=lambda world: world.celery)
BROKERS = pytest.mark.parametrize("broker", ["redis", "rabbit"])


class Scene:
    """One queue of one broker, a producer, and workers that write down what they run."""

    def __init__(self, url: str, home: Path, queue: str) -> None:
        self.url, self.home, self.queue, self.dead = url, home, queue, f"{queue}.dead-letter"
        self.messages = RedisMessages(url) if url.startswith("redis:") else RabbitMessages(url)
        self.producer = Celery("producer", broker=url, set_as_current=False)
        self.producer.conf.task_ignore_result = True
        self.workers: list[PresetWorker] = []

    def worker(
        self, name: str, world: World, *arguments: str, module: str = "celery", **env: str
    ) -> PresetWorker:
        """A started worker."""
        env = {"TEST_NOTES": str(self.home / "notes"), "TEST_QUEUE": self.queue, **env}
        worker = PresetWorker(self.home / name, world, self.url, "", env, app="quarantine_app", module=module)
        self.workers.append(worker)
        worker.start("--hostname", f"{name}@here", *arguments)
        return worker

    def send(self, task: str, *args: str, **options: str) -> str:
        return str(self.producer.send_task(task, args, queue=self.queue, **options).id)

    def ran(self) -> Counter[str]:
        notes = self.home / "notes"
        return Counter(notes.read_text().split() if notes.exists() else [])

    def health(self) -> Outcome:
        """What ``celery-health`` prints with this application."""
        return self.run("--timeout", "30", "--format", "json")

    def run(self, *arguments: str) -> Outcome:
        """``celery-health`` with this application."""
        env = {"TEST_NOTES": str(self.home / "notes"), "TEST_QUEUE": self.queue}
        return run("-A", "quarantine_app", *arguments, broker=self.url, home=PROJECT, **env)

    def dead_ids(self, queue: str = "") -> list[str]:
        """The task ids in the dead-letter queue."""
        found = self.messages.queued(queue or self.dead)
        return [
            message["headers"]["id"] if isinstance(message, dict) else message.headers["id"]
            for message in found
        ]

    def printed(self) -> str:
        return "\n".join(worker.printed() for worker in self.workers)


@contextmanager
def scene(url: str, home: Path, queue: str) -> Iterator[Scene]:
    found = Scene(url, home, queue)
    try:
        yield found
    finally:
        found.producer.close()
        for worker in found.workers:
            worker.end()


@pytest.fixture
def url(broker: str, request: pytest.FixtureRequest) -> str:
    server: RedisServer | RabbitServer = request.getfixturevalue(broker)
    return server.url


@OLDEST_AND_NEWEST
@BROKERS
@pytest.mark.parametrize("children", [1, 4])
def test_a_task_that_has_killed_three_children_is_moved_and_all_others_run_once(
    world: World, children: int, url: str, tmp_path: Path
) -> None:
    with scene(url, tmp_path, f"one-{world.celery}-{children}") as shop:
        shop.worker("one", world, "-c", str(children)).wait_ready()
        poison = shop.send("poison")
        words = [f"well-{number}" for number in range(20)]
        for word in words:
            shop.send("well", word)
        wait_for(lambda: shop.dead_ids() == [poison], 60, shop.printed)
        expected = Counter({"poison": 3, **dict.fromkeys(words, 1)})
        wait_for(lambda: shop.ran() == expected, 60, lambda: f"{shop.ran()}\n{shop.printed()}")
        wait_for(lambda: "Messages moved to the queue" in shop.printed(), 20, shop.printed)
        assert f"Task poison[{poison}] has killed its worker's child process 3 times" in shop.printed()


@OLDEST_AND_NEWEST
@BROKERS
def test_two_workers_count_together_while_100_others_run_once_and_a_later_worker_knows(
    world: World, url: str, tmp_path: Path
) -> None:
    with scene(url, tmp_path, f"two-{world.celery}") as shop:
        both = [shop.worker(name, world, "-c", "2") for name in ("a", "b")]
        for worker in both:
            worker.wait_ready()
        words = [f"well-{number}" for number in range(100)]
        poison = ""
        for number, word in enumerate(words):
            shop.send("well", word)
            if number == 10:
                poison = shop.send("poison")
        wait_for(lambda: shop.dead_ids() == [poison], 60, shop.printed)
        wait_for(lambda: set(words) <= set(shop.ran()), 90, shop.printed)
        deaths = shop.ran()["poison"]
        # The message may overtake the announcement of the third death.
        assert 3 <= deaths <= 4
        assert shop.ran() == Counter({"poison": deaths, **dict.fromkeys(words, 1)})

        later = shop.worker("later", world, "--pool", "gevent")
        wait_for(lambda: "It does not run again" in later.printed(), 60, later.printed)
        wait_for(lambda: "is not counted" in later.printed(), 30, later.printed)
        for worker in both:
            assert worker.process is not None
            worker.process.terminate()
            worker.wait_ended()
        replayed = shop.producer.send_task("poison", task_id=poison, queue=shop.queue).id
        wait_for(lambda: shop.dead_ids() == [replayed] * 2, 60, shop.printed)
        shop.send("well", "last")
        wait_for(lambda: shop.ran()["last"] == 1, 30, shop.printed)
        assert shop.ran()["poison"] == deaths


@OLDEST_AND_NEWEST
def test_the_cli_names_a_poison_task_with_its_cause_and_without_its_arguments(
    world: World, redis: RedisServer, tmp_path: Path
) -> None:
    with scene(redis.url, tmp_path, f"named-{world.celery}") as shop:
        shop.worker("one", world, "-c", "1").wait_ready()
        # Of two tasks with the same number of deaths, the first id comes first.
        for task, task_id, cause, command in (
            ("leave", "29a3b4be", "exit status 3", "replay 29a3b4be"),
            ("segfault", "1f1754d3", "signal SIGSEGV", "list"),
        ):
            # The CLI of the tests fails if this argument is in its output.
            shop.send(task, "geheim", task_id=task_id)
            wait_for(partial(_is_moved, shop, task_id), 60, shop.printed)
            problem = wait_for(partial(_poison_task, shop), 60, shop.printed)
            assert f"Task {task} ({task_id}) killed its worker 3 times" in problem["message"]
            assert f": {cause}. Workers now move its message to the queue {shop.dead}" in problem["message"]
            program = "celery -A quarantine_app health dead-letter"
            assert problem["command"] == f"{program} {command} --queue {shop.dead}"
        # The command as it is printed, too early.
        early = shop.run("dead-letter", "replay", "29a3b4be")
        assert (early.code, "put back into" in early.out) == (0, True)
        assert "leave (29a3b4be) is in quarantine until 20" in early.err
        assert f"until then, a worker moves its message to {shop.dead} again." in early.err
        wait_for(partial(_is_moved, shop, "29a3b4be"), 60, shop.printed)
        assert "`celery -A quarantine_app health dead-letter list` shows them" in shop.printed()


def _is_moved(shop: Scene, task_id: str) -> bool:
    return task_id in shop.dead_ids()


def _poison_task(shop: Scene) -> Any:
    found = shop.health()
    (problem,) = [one for one in found.document["problems"] if one["reason"] == "PoisonTask"] or [None]
    assert problem is None or found.code == 1
    return problem


@BROKERS
def test_without_remote_control_each_worker_counts_alone(url: str, tmp_path: Path) -> None:
    with scene(url, tmp_path, "alone") as shop:
        for name in ("a", "b"):
            shop.worker(name, CELERY_5_7, "-c", "1", TEST_ALONE="1").wait_ready()
        poison = shop.send("poison")
        wait_for(lambda: shop.dead_ids() == [poison], 90, shop.printed)
        assert 3 <= shop.ran()["poison"] <= 6


@OLDEST_AND_NEWEST
def test_a_worker_whose_redis_user_lacks_the_channel_counts_alone_until_the_command_allows_it(
    world: World, redis: RedisServer, tmp_path: Path
) -> None:
    queue = f"channel-{world.celery}"
    dead, exchange = f"{queue}.dead-letter", f"{queue}.dead-letter.pidbox"
    # Those of Celery itself, and the dead-letter queue.
    channels = [f"&/0.{name}" for name in ("celery.pidbox", "reply.celery.pidbox*", "celeryev/worker.*")]
    exchanges = [f"_kombu.binding*.{name}" for name in (queue, "celery*", "reply.celery.pidbox")]
    queues = [queue, f"{queue}\x06\x16*", "*.celery.pidbox*", "*.reply.celery.pidbox*", "celeryev.*"]
    keys = [f"~{name}" for name in (*exchanges, "_kombu.binding_deadlines", *queues, "unacked*", dead)]
    with Redis.from_url(redis.url) as client:
        client.execute_command("ACL", "SETUSER", "shop", "reset", "on", ">secret", "+@all", *keys, *channels)
        with scene(redis.url.replace("//", "//shop:secret@"), tmp_path, queue) as shop:
            worker = shop.worker("one", world, "-c", "1")
            worker.wait_ready()
            poison = shop.send("poison")
            wait_for(lambda: shop.dead_ids() == [poison], 60, shop.printed)
            wait_for(lambda: shop.ran() == Counter({"poison": 3}), 60, shop.printed)
            command = f"ACL SETUSER shop '~*.{exchange}*' '&/0.{exchange}'"
            assert worker.printed().count(f"Run: {command}.") == 1

            patterns = client.pubsub_numpat()
            client.execute_command(*shlex.split(command))
            other = shop.worker("other", world, "-c", "1")
            other.wait_ready()
            wait_for(lambda: client.pubsub_numpat() == patterns + 1, 30, other.printed)
            assert other.process is not None
            other.process.terminate()
            assert other.wait_ended() == 0
            assert "NOPERM" not in other.printed()
            assert "announcements" not in other.printed()


@BROKERS
def test_after_a_restart_of_the_broker_two_workers_still_count_together(broker: str, tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    made = redis_server(tmp_path / "server") if broker == "redis" else rabbit_server(tmp_path / "server")
    with made as server, scene(server.url, tmp_path, "restarted") as shop:
        both = [shop.worker(name, CELERY_5_6, "-c", "1") for name in ("a", "b")]
        for worker in both:
            worker.wait_ready()
        server.restart()
        for worker in both:
            wait_for(partial(_reconnected, worker), 90, worker.printed)
        poison = shop.send("poison")
        wait_for(lambda: shop.dead_ids() == [poison], 90, shop.printed)
        assert 3 <= shop.ran()["poison"] <= 4
        assert "could not do its work" not in shop.printed()


def _reconnected(worker: PresetWorker) -> bool:
    return "Connected to" in worker.printed().rpartition("Connection to broker lost")[2]


@OLDEST_AND_NEWEST
def test_another_broker_is_refused(world: World, tmp_path: Path) -> None:
    with scene("memory://", tmp_path, "celery") as shop:
        worker = shop.worker("one", world)
        assert worker.wait_ended() != 0
        assert "presets.quarantine() needs Redis or RabbitMQ as the broker" in worker.printed()
        assert "Remove the preset from the settings." in worker.printed()


def test_in_a_pod_of_the_operator_the_operators_setting_applies(redis: RedisServer, tmp_path: Path) -> None:
    with scene(redis.url, tmp_path, "agent") as shop:
        env = {"CELERY_PROBE_DIRECTORY": str(tmp_path), "CELERY_PROBE_MANAGED_BY": "celery-operator"}
        worker = shop.worker("one", CELERY_5_7, "-c", "1", module="celery_probe.agent", **env)
        worker.wait_ready()
        assert "presets.quarantine() is off, and spec.health.poisonTasks applies" in worker.printed()
        shop.send("poison")
        wait_for(lambda: shop.ran()["poison"] > 4, 60, worker.printed)
        assert shop.dead_ids() == []


@OLDEST_AND_NEWEST
@BROKERS
def test_under_the_agent_without_the_operator_the_preset_applies_beside_orders_to_the_sidecar(
    world: World, url: str, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    with scene(url, tmp_path, f"no-operator-{world.celery}") as shop:
        ordered = f"{shop.queue}-ordered.dead-letter"
        QuarantineList(tmp_path / "run").set(QuarantineBody(ordered, ("listed",)))
        env = {"CELERY_PROBE_DIRECTORY": str(tmp_path)}
        worker = shop.worker("one", world, "-c", "1", module="celery_probe.agent", **env)
        worker.wait_ready()
        poison = shop.send("poison")
        shop.send("well", "not run", task_id="listed")
        wait_for(lambda: shop.dead_ids() == [poison], 60, worker.printed)
        wait_for(lambda: shop.dead_ids(ordered) == ["listed"], 30, worker.printed)
        shop.send("poison", task_id=poison)
        shop.send("well", "run")
        wait_for(lambda: shop.dead_ids() == [poison] * 2, 30, worker.printed)
        wait_for(lambda: shop.ran() == Counter({"poison": 3, "run": 1}), 30, worker.printed)
        assert "killed its worker 3 times" in _poison_task(shop)["message"]
