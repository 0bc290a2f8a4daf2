"""``examples/compose``: valid files, whose commands and health checks run here as processes."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import yaml
from redis import Redis
from tools.testbed.celery_versions import EXAMPLE_TOOLS
from tools.testbed.servers import RedisServer, free_port, redis_server
from tools.testbed.waiting import wait_for

from tests.integration.without_kubernetes.harness import (
    EXAMPLES,
    PROJECT,
    Program,
    environment,
    program,
    send,
)

COMPOSE = EXAMPLES / "compose"
FILES = ("compose.yaml", "compose.swarm.yaml")
SERVICES: Mapping[str, Any] = yaml.safe_load((COMPOSE / "compose.yaml").read_text())["services"]
PORTS = {"worker": 9809, "beat": 9809, "monitor": 8555, "flower": 5555}


@pytest.mark.parametrize("file", FILES)
def test_a_file_is_valid_by_the_schema_of_compose(file: str) -> None:
    checker = [str(EXAMPLE_TOOLS.python()), "-m", "check_jsonschema"]
    done = subprocess.run(
        [*checker, "--builtin-schema", "vendor.compose-spec", str(COMPOSE / file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_every_service_restarts_and_has_a_health_check() -> None:
    assert {name for name, service in SERVICES.items() if service["restart"] == "unless-stopped"} == set(
        SERVICES
    )
    assert {name for name, service in SERVICES.items() if "healthcheck" in service} == set(SERVICES)
    assert SERVICES["redis"]["healthcheck"]["interval"] == "5s"
    assert SERVICES["flower"]["profiles"] == ["flower"]


def test_the_stack_for_swarm_runs_the_same_and_has_nothing_that_docker_stack_refuses() -> None:
    stack = yaml.safe_load((COMPOSE / "compose.swarm.yaml").read_text())
    # `docker stack deploy` reads the old schema, in which depends_on is a list and has no effect.
    assert stack.keys() == {"version", "services", "volumes"} | {key for key in stack if key.startswith("x-")}
    assert stack["services"].keys() == SERVICES.keys() - {"flower"}
    policy = {"condition": "on-failure", "delay": "5s", "max_attempts": 3, "window": "120s"}
    others = {"image", "build", "restart", "depends_on", "ports", "profiles", "environment"}
    for name, service in stack["services"].items():
        assert service.pop("deploy")["restart_policy"] == policy
        environment, image = service.pop("environment", {}), service.pop("image")
        assert environment.keys() == SERVICES[name].get("environment", {}).keys()
        assert image == SERVICES[name]["image"] if name == "redis" else "CELERY_IMAGE" in image
        assert service == {key: value for key, value in SERVICES[name].items() if key not in others}


class Services:
    """Services as processes, with the Redis of a test and with ports and folders of their own."""

    def __init__(self, broker: str, folder: Path):
        self._broker = broker
        self._folder = folder
        self._ports: dict[str, int] = {}

    @contextmanager
    def run(self, name: str) -> Iterator[Program]:
        """The service, until the block ends."""
        self._ports[name] = free_port()
        log = self._folder / f"{name}.log"
        with program(self._here(name, SERVICES[name]["command"]), self._env(name), log) as started:
            yield started

    def check(self, name: str) -> tuple[bool, str]:
        """Run the health check of a running service: whether it passes, and its output."""
        kind, *command = self._here(name, SERVICES[name]["healthcheck"]["test"])
        if kind == "CMD-SHELL":
            command = ["sh", "-c", *command]
        done = subprocess.run(
            command,
            cwd=PROJECT,
            env=self._env(name),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode == 0, done.stdout + done.stderr

    def _here(self, name: str, command: list[str]) -> list[str]:
        here = {
            "shop.celery": "local_shop",
            "0.0.0.0": "127.0.0.1",
            "/data": str(self._folder),
            str(PORTS[name]): str(self._ports[name]),
            # As compose does it in every value.
            "$$": "$",
        }
        return [reduce(lambda text, change: text.replace(*change), here.items(), word) for word in command]

    def _env(self, name: str) -> dict[str, str]:
        port = str(self._ports[name])
        given = {key: _default(value) for key, value in SERVICES[name]["environment"].items()}
        assert given["CELERY_BROKER_URL"] == given["CELERY_RESULT_BACKEND"] == "redis://redis:6379/0"
        given |= {"CELERY_BROKER_URL": self._broker, "CELERY_RESULT_BACKEND": self._broker}
        ports = {"CELERY_PROBE_PORT": port, "CELERY_MONITOR_PORT": port, "FLOWER_PORT": port}
        return environment(XDG_DATA_HOME=str(self._folder), TMPDIR=str(self._folder), **given, **ports)


def test_redis_keeps_its_data_and_evicts_nothing(tmp_path: Path) -> None:
    program_name, *arguments = SERVICES["redis"]["command"]
    assert program_name == "redis-server"
    with redis_server(tmp_path, arguments=arguments) as server, Redis.from_url(server.url) as client:
        settings = client.config_get("appendonly", "maxmemory", "maxmemory-policy")
        assert settings == {
            "appendonly": "yes",
            "maxmemory": str(256 * 2**20),
            "maxmemory-policy": "noeviction",
        }


def test_the_services_start_and_pass_their_health_checks(redis: RedisServer, tmp_path: Path) -> None:
    services = Services(redis.database(0), tmp_path)
    with ExitStack() as stack:
        started = {name: stack.enter_context(services.run(name)) for name in SERVICES if name != "redis"}
        for name, one in started.items():
            wait_for(lambda name=name: services.check(name)[0], 120, one.printed)  # type: ignore[misc]


def test_degraded_passes_and_dead_fails(redis: RedisServer, tmp_path: Path) -> None:
    broker = redis.database(1)
    services = Services(broker, tmp_path)

    def check_gives(passes: bool, begin: str) -> bool:
        passed, line = services.check("worker")
        # On a busy machine a check may take too long.
        assert passed == passes or not line.startswith(begin), line
        return line.startswith(begin)

    with services.run("worker") as worker:
        wait_for(lambda: services.check("worker")[0], 120, worker.printed)
        send(broker, "shop.nap", 60, str(tmp_path / "note"), times=1100)
        wait_for(lambda: check_gives(True, "degraded: "), 120, worker.printed)

    wait_for(lambda: check_gives(False, "unhealthy: The broker answers, but no worker does"), 120)


def _default(value: str) -> str:
    """The value without a .env: the default in ``${NAME:-default}``, or a token where one is required."""
    if not value.startswith("${"):
        return value
    _, given, default = value.partition(":-")
    return default.removesuffix("}") if given else "a-token-of-at-least-24-characters"
