"""A real Flower with the command and the variables of its pod: who may use it, and when it is ready."""

import base64
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tools.testbed.celery_versions import FLOWER
from tools.testbed.servers import RedisServer, Server, free_port, redis_server
from tools.testbed.waiting import wait_for

from celery_operator.api.spec import CeleryDeploymentSpec
from celery_operator.resources.generated_secrets import flower_secret
from celery_operator.resources.ownership import ResourceIdentity
from celery_operator.resources.parts.flower import flower_deployment
from tests.unit.resources.golden import SECRETS

OWNER = ResourceIdentity("market", "shop", "uid")
PREFIX = "/flower"


class FlowerProcess(Server):
    """The container of Flower, without a container."""

    def __init__(self, folder: Path, broker: str) -> None:
        spec = CeleryDeploymentSpec.model_validate(
            {
                "app": "shop.celery",
                "image": "shop:1",
                "broker": {"url": broker},
                "workers": [{"name": "default"}],
                "flower": {"enabled": True, "urlPrefix": PREFIX},
            }
        )
        (self.container,) = flower_deployment(OWNER, spec)["spec"]["template"]["spec"]["containers"]
        port, python = free_port(), str(FLOWER.python())
        secret = flower_secret(OWNER, SECRETS.flower)["data"]
        self.environment = {"PATH": "/usr/bin:/bin"}
        for variable in self.container["env"]:
            value = variable.get("value")
            if value is None:
                value = base64.b64decode(secret[variable["valueFrom"]["secretKeyRef"]["key"]]).decode()
            self.environment[variable["name"]] = value
        self.environment["FLOWER_PORT"] = str(port)
        command = [python, "-m", *self.container["command"]]
        super().__init__(command, port, folder, self.environment)

    def answers(self) -> bool:
        return self.get("/healthcheck") == 200

    def get(self, path: str, user: str = "") -> int:
        """The status of one request, 0 without an answer."""
        headers = {"Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"} if user else {}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{PREFIX}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def ready(self, **changes: str) -> bool:
        """Whether the readiness probe succeeds."""
        _, *arguments = self.container["readinessProbe"]["exec"]["command"]
        environment = {**self.environment, **changes}
        command = [str(FLOWER.python()), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0


@contextmanager
def flower(folder: Path, broker: str) -> Iterator[FlowerProcess]:
    process = FlowerProcess(folder, broker)
    try:
        process.start()
        yield process
    finally:
        process.kill()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


def test_only_who_has_the_generated_password_gets_in_and_readiness_has_it(
    broker: RedisServer, tmp_path: Path
) -> None:
    with flower(tmp_path, broker.url) as running:
        assert running.get("/api/workers?status=true") == 401
        assert running.get("/api/workers?status=true", "admin:another") == 401
        assert running.get("/api/workers?status=true", f"admin:{SECRETS.flower['password']}") == 200
        assert running.ready()
        assert not running.ready(FLOWER_BASIC_AUTH="admin:another")
        running.pause()
        assert not running.ready()
        running.resume()
        wait_for(running.ready, 30, running.log)
