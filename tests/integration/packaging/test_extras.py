"""Each extra of the wheel, installed alone into an empty environment, has all that its program imports."""

import json
import os
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from tools.cluster.devenv import uv
from tools.testbed.databases import maria_server, postgres_server
from tools.testbed.servers import RedisServer, free_port, rabbit_server, redis_server
from tools.testbed.waiting import wait_for

from tests.integration.monitor.monitor_process import ROOT, Monitor, worker

WORKER = "wheel@here"


class Installed:
    """An environment with one extra. ``redis`` has a worker of the shop."""

    def __init__(self, folder: Path, redis: RedisServer) -> None:
        self.folder = folder
        self.redis = redis

    def run(self, program: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment. It finds nothing of the checkout."""
        return subprocess.run(
            [self.folder / "bin" / program, *arguments],
            env=self._environment(variables),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    @contextmanager
    def running(self, program: str, *arguments: str, **variables: str) -> Iterator[None]:
        """A program that runs until the block ends."""
        with (self.folder / f"{program}.log").open("wb") as log:
            process = subprocess.Popen(
                [self.folder / "bin" / program, *arguments],
                env=self._environment(variables),
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)

    def _environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {**kept, "HOME": str(self.folder), **variables}

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
    installed.works("celery-health", "dead-letter", "list", *servers[:2], "--queue", "mail.dead-letter")
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


def _operator(installed: Installed) -> None:
    """It starts, and says that it finds no API server."""
    ended = installed.run("celery-operator", "run")
    assert (ended.returncode, "Traceback" in ended.stderr) == (1, False), ended
    assert "no API server to talk to" in ended.stderr


def _probe(installed: Installed) -> None:
    shared = installed.folder / "shared"
    installed.works("celery-probe", "install", str(shared))
    settings = {
        "CELERY_PROBE_DIRECTORY": str(shared),
        "CELERY_PROBE_PORT": str(free_port()),
        "CELERY_PROBE_TOKEN": "of-the-pod",
        "CELERY_BROKER_URL": installed.redis.url,
    }
    with installed.running("celery-probe", "serve", **settings):

        def sees_the_broker() -> bool:
            said = installed.run("celery-probe", "report", **settings)
            return said.returncode == 0 and json.loads(said.stdout)["broker"]["reachable"] is True

        wait_for(sees_the_broker, 60, lambda: installed.run("celery-probe", "report", **settings))


_READS = """
import asyncio, sys
from celery_health.readers import reader_for
for url in sys.argv[1:]:
    reading = asyncio.run(reader_for(url).read(()))
    assert reading.reachable, reading
"""


def _reads(installed: Installed, *urls: str) -> None:
    """A reader gives up after seconds, which pass on a busy machine."""

    def run() -> subprocess.CompletedProcess[str]:
        return installed.run("python", "-c", _READS, *urls)

    wait_for(lambda: run().returncode == 0, 60, run)


def _health(installed: Installed) -> None:
    folder = installed.folder / "rabbit"
    folder.mkdir()
    with rabbit_server(folder) as rabbit:
        _reads(installed, installed.redis.url, rabbit.url)


def _database(installed: Installed) -> None:
    with postgres_server() as postgres, maria_server(installed.folder / "maria") as maria:
        _reads(installed, postgres.database(), maria.database())


def _imported(*modules: str) -> Check:
    return lambda installed: installed.works("python", "-c", f"import {', '.join(modules)}")


PROGRAMS: dict[str, Check] = {
    "cli": _cli,
    "monitor": _monitor,
    "operator": _operator,
    "probe": _probe,
    "health": _health,
    "metrics": _imported("celery_health.metrics.request"),
    "database": _database,
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


def _environment(folder: Path, wheel: Path, locked: Path, extra: str, *application: str) -> Path:
    """``application``: what the application of the environment requires itself."""
    _uv("venv", folder)
    requirement = f"celery-operator[{extra}] @ {wheel.as_uri()}"
    python: Sequence[str | Path] = ("--python", folder / "bin" / "python")
    if extra in WITH_NEWEST:
        kept = [line for line in locked.read_text().splitlines() if line.partition("==")[0] not in _OF_CELERY]
        locked = folder / "constraints.txt"
        locked.write_text("\n".join((*kept, *(application or ("celery==5.7.0", "kombu==5.7.0")))))
    with_redis = [one.replace("kombu==", "kombu[redis]==") for one in application]
    _uv("pip", "install", *python, "--constraint", locked, requirement, *with_redis)
    return folder


@pytest.mark.parametrize(
    ("program", "extra"),
    [
        ("celery-health", "cli"),
        ("kubectl-celery", "cli"),
        ("celery-operator", "operator"),
        ("celery-monitor", "monitor"),
    ],
)
def test_a_program_names_the_extra_that_is_missing(bare: Installed, program: str, extra: str) -> None:
    ended = bare.run(program, "--help")
    assert (ended.returncode, len(ended.stderr.splitlines())) == (3, 1), ended
    assert f"This needs celery-operator[{extra}]: " in ended.stderr
    assert "is not installed" in ended.stderr


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory, wheel: Path, redis: RedisServer) -> Installed:
    """The package without any extra."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    _uv("venv", folder)
    _uv("pip", "install", "--no-deps", "--python", folder / "bin" / "python", wheel)
    return Installed(folder, redis)


def test_every_extra_is_here() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    # The example is run by all other tests.
    assert set(project["optional-dependencies"]) - {"example"} == set(PROGRAMS)


@pytest.mark.parametrize("extra", PROGRAMS)
def test_an_extra_alone_is_enough(
    tmp_path: Path, wheel: Path, locked: Path, redis: RedisServer, extra: str
) -> None:
    PROGRAMS[extra](Installed(_environment(tmp_path / extra, wheel, locked, extra), redis))


@pytest.mark.parametrize(
    "application", [("celery==5.3.6", "kombu==5.3.4"), ("celery==5.5.3", "kombu==5.5.4")]
)
def test_the_cli_runs_in_the_environment_of_an_older_application(
    tmp_path: Path, wheel: Path, locked: Path, redis: RedisServer, application: tuple[str, ...]
) -> None:
    """Its kombu allows no newer client of Redis than 5."""
    folder = _environment(tmp_path / "cli", wheel, locked, "cli", *application)
    PROGRAMS["cli"](Installed(folder, redis))
