"""Each extra of the wheel, installed alone into an empty environment, has all that its program imports."""

import os
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from tools.cluster.devenv import uv
from tools.testbed.servers import RedisServer, redis_server
from tools.testbed.waiting import wait_for

from tests.integration.monitor.monitor_process import ROOT, Monitor, worker

WORKER = "wheel@here"


class Installed:
    """An environment with one extra. ``redis`` has a worker of the shop."""

    def __init__(self, folder: Path, redis: RedisServer) -> None:
        self.folder = folder
        self.redis = redis

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment. It finds nothing of the checkout."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return subprocess.run(
            [self.folder / "bin" / program, *arguments],
            env={**kept, "HOME": str(self.folder)},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def works(self, program: str, *arguments: str) -> None:
        """Run a program that must end well."""
        done = self.run(program, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr


Check = Callable[[Installed], None]


def _cli(installed: Installed) -> None:
    servers = ("--broker", installed.redis.url, "--result-backend", installed.redis.url)
    words = (*servers, "--timeout", "60", "--format", "json")

    def sees_the_worker() -> bool:
        return WORKER in installed.run("celery-health", *words).stdout

    wait_for(sees_the_worker, 120, lambda: installed.run("celery-health", *words))
    installed.works("celery-health", *servers, "--timeout", "60", "--test-tasks", "--check-redis")
    installed.works("celery-health", "monitor", *words)
    installed.works("celery-health", "preflight", *servers, "--wait", "20")
    installed.works("celery-health", "dead-letter", "list", *servers[:2], "--queue", "dead")
    answer = installed.run("celery-health", "why", "no-such-task", *servers, "--timeout", "60")
    assert "no-such-task" in answer.stdout, answer
    cancelled = installed.run("celery-health", "cancel", "no-such-task", *servers, "--timeout", "60")
    assert "Traceback" not in cancelled.stderr, cancelled
    installed.works("kubectl-celery", "--help")


def _monitor(installed: Installed) -> None:
    running = Monitor(installed.folder / "home", ["--broker", installed.redis.url])
    running.command[:3] = [str(installed.folder / "bin" / "celery-monitor")]
    running.environment.pop("PYTHONPATH")
    try:
        running.start()
        wait_for(
            lambda: [one["name"] for one in running.get("/workers")["workers"]] == [WORKER], 90, running.text
        )
        assert running.get("/tasks")["tasks"] == []
        assert running.stop() == 0
    finally:
        running.kill()


def _helped(program: str) -> Check:
    """For a program that needs more than a broker: its help imports what it needs."""
    return lambda installed: installed.works(program, "--help")


def _imported(*modules: str) -> Check:
    return lambda installed: installed.works("python", "-c", f"import {', '.join(modules)}")


PROGRAMS: dict[str, Check] = {
    "cli": _cli,
    "monitor": _monitor,
    "operator": _helped("celery-operator"),
    "probe": _imported("celery_probe.sidecar.__main__"),
    "health": _imported("celery_health.readers.redis.reader", "celery_health.readers.rabbitmq.amqp"),
    "metrics": _imported("celery_health.metrics.request"),
    "database": _imported("psycopg", "pymysql"),
    "apprise": _imported("celery_monitor.alerts.channels.apprise_process", "apprise"),
}


# What a user gets today, where uv.lock keeps an older one: newer packages need less, or in an extra only.
WITH_NEWEST = frozenset({"cli", "monitor", "metrics"})
_OF_CELERY = frozenset({"celery", "kombu", "redis", "amqp", "vine", "billiard"})


def _uv(*words: str | Path) -> str:
    done = subprocess.run(
        [uv(), "--quiet", *words], cwd=ROOT, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _uv("build", "--wheel", "--out-dir", folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The versions of uv.lock, so that the packages come from uv's cache."""
    file = tmp_path_factory.mktemp("locked") / "constraints.txt"
    file.write_text(_uv("export", "--frozen", "--all-extras", "--no-dev", "--no-emit-project", "--no-hashes"))
    return file


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """With a worker of the development environment."""
    folder = tmp_path_factory.mktemp("redis")
    with redis_server(folder) as server:
        variables = {"CELERY_BROKER_URL": server.url, "CELERY_RESULT_BACKEND": server.url}
        with worker(folder, variables, "-n", WORKER, "-P", "solo", "-E"):
            yield server


def _environment(folder: Path, wheel: Path, locked: Path, extra: str) -> Path:
    _uv("venv", folder)
    requirement = f"celery-operator[{extra}] @ {wheel.as_uri()}"
    python: Sequence[str | Path] = ("--python", folder / "bin" / "python")
    if extra in WITH_NEWEST:
        kept = [line for line in locked.read_text().splitlines() if line.partition("==")[0] not in _OF_CELERY]
        locked = folder / "constraints.txt"
        locked.write_text("\n".join((*kept, "celery==5.7.0", "kombu==5.7.0")))
    _uv("pip", "install", *python, "--constraint", locked, requirement)
    return folder


def test_every_extra_is_here() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    # The example is run by all other tests.
    assert set(project["optional-dependencies"]) - {"example"} == set(PROGRAMS)


@pytest.mark.parametrize("extra", PROGRAMS)
def test_an_extra_alone_is_enough(
    tmp_path: Path, wheel: Path, locked: Path, redis: RedisServer, extra: str
) -> None:
    PROGRAMS[extra](Installed(_environment(tmp_path / extra, wheel, locked, extra), redis))
