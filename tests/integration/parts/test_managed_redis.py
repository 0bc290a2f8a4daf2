"""A real Redis with the command and the Secret of the operator: what it asks for, keeps and refuses."""

import base64
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from tools.testbed.servers import Server, free_port

from celery_operator.api.parts.managed_redis import ManagedRedis
from celery_operator.resources.generated_secrets import redis_secret
from celery_operator.resources.ownership import ResourceIdentity
from celery_operator.resources.parts.redis import redis_command, redis_stateful_set
from tests.unit.resources.parts.test_managed_redis import AWKWARD, spec

OWNER = ResourceIdentity("market", "shop", "uid")


class ManagedServer(Server):
    """The container of the managed Redis, with its files in a folder."""

    def __init__(self, folder: Path, **managed: Any) -> None:
        self._folder = folder
        secret = redis_secret(OWNER, AWKWARD)["data"]
        (folder / "redis.conf").write_bytes(base64.b64decode(secret["redis.conf"]))
        super().__init__([], free_port(), folder)
        self.change(**managed)

    def change(self, **managed: Any) -> None:
        """The command of the next start."""
        places = {
            "/etc/celery-redis/redis.conf": str(self._folder / "redis.conf"),
            "/data": str(self._folder),
        }
        command = [places.get(word, word) for word in redis_command(ManagedRedis.model_validate(managed))]
        self._command = [*command, "--port", str(self.port), "--bind", "127.0.0.1"]

    @property
    def client(self) -> Any:
        return redis.Redis(port=self.port, password=AWKWARD, decode_responses=True)

    def answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False


@contextmanager
def managed_server(folder: Path, **managed: Any) -> Iterator[ManagedServer]:
    server = ManagedServer(folder, **managed)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def probe(server: ManagedServer, name: str, password: str, timeout: float = 10) -> int:
    """The exit status of a probe of the container."""
    whole = spec()
    assert whole.broker.managed
    template = redis_stateful_set(OWNER, whole, whole.broker.managed, "")["spec"]["template"]
    command = template["spec"]["containers"][0][name]["exec"]["command"]
    # Where redis-cli finds the server is the only thing that differs here.
    words = [word.replace("redis-cli", f"redis-cli -p {server.port}") for word in command]
    if words[0].startswith("redis-cli "):
        words = [*words[0].split(), *words[1:]]
    environment = {"REDISCLI_AUTH": password, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(words, env=environment, capture_output=True, timeout=timeout, check=False)
    return done.returncode


def test_it_asks_for_the_password_and_its_probes_know_it(tmp_path: Path) -> None:
    with managed_server(tmp_path) as server:
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=server.port).ping()
        assert probe(server, "readinessProbe", AWKWARD) == 0
        assert probe(server, "readinessProbe", "another") != 0
        assert probe(server, "livenessProbe", AWKWARD) == 0
        server.pause()
        with pytest.raises(subprocess.TimeoutExpired):
            probe(server, "livenessProbe", AWKWARD, timeout=1)
        server.resume()


def test_a_change_of_memory_loses_no_message(tmp_path: Path) -> None:
    with managed_server(tmp_path, memory="64mb") as server:
        for number in range(2000):
            server.client.lpush("celery", f"message {number}")
        # The kubelet ends the old container in the orderly way, and starts one with another command.
        server.stop()
        server.change(memory="96mb")
        server.start()
        assert server.client.llen("celery") == 2000
        assert server.client.config_get("maxmemory") == {"maxmemory": str(96 * 1024 * 1024)}


def test_a_crash_keeps_what_was_acknowledged_more_than_two_seconds_before(tmp_path: Path) -> None:
    with managed_server(tmp_path) as server:
        acknowledged: list[float] = []
        client = server.client
        started = time.monotonic()
        while time.monotonic() - started < 4:
            client.rpush("celery", str(len(acknowledged)))
            acknowledged.append(time.monotonic())
        killed = time.monotonic()
        server.kill()
        server.start()
        kept = server.client.lrange("celery", 0, -1)
        assert kept == [str(number) for number in range(len(kept))]
        assert len(kept) >= sum(at < killed - 2 for at in acknowledged)


def test_a_full_redis_refuses_messages_and_deletes_none(tmp_path: Path) -> None:
    with managed_server(tmp_path, memory="4mb") as server:
        answers = server.client.pipeline(transaction=False)
        for _ in range(1000):
            answers.lpush("celery", "x" * 10_000)
        accepted = [one for one in answers.execute(raise_on_error=False) if isinstance(one, int)]
        assert 0 < len(accepted) < 1000
        assert server.client.llen("celery") == len(accepted)
        with pytest.raises(redis.ResponseError, match="memory"):
            server.client.lpush("celery", "x" * 10_000)


def test_an_evicting_policy_is_in_force(tmp_path: Path) -> None:
    with managed_server(tmp_path, memory="16mb", maxmemoryPolicy="allkeys-lru") as server:
        assert server.client.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}


def test_it_ends_at_once_when_the_kubelet_asks(tmp_path: Path) -> None:
    with managed_server(tmp_path) as server:
        server.client.lpush("celery", "message")
        assert server._process is not None
        server._process.send_signal(signal.SIGTERM)
        assert server._process.wait(10) == 0
