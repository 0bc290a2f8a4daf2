"""``python DIRECTORY ARGS`` is ``celery ARGS``: with the agent for a worker or beat, without it otherwise."""

import subprocess
from pathlib import Path

import pytest
from tools.testbed.celery_versions import CELERY_5_3, CELERY_5_7, World
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from tests.integration.agent.harness import AgentWorker, agent_worker, producer


@pytest.mark.parametrize("world", [CELERY_5_3, CELERY_5_7], ids=lambda world: world.celery)
@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        [],
        ["-A", "agent_app", "report"],
        ["-A", "agent_app", "inspect", "ping", "--timeout", "0.2"],
        ["-A", "no_such_module", "worker"],
        ["-A", "no_such_module", "beat"],
        ["-A", "agent_app", "no-such-command"],
        ["-A", "agent_app", "worker", "--no-such-option"],
    ],
    ids=" ".join,
)
def test_a_command_ends_as_it_does_without_the_agent(
    world: World, arguments: list[str], tmp_path: Path
) -> None:
    with redis_server(tmp_path / "redis") as redis:
        agent = AgentWorker(tmp_path, world, "solo", redis.url)
        with_agent = agent.command(str(agent.directory), *arguments)
        without = agent.command("-m", "celery", *arguments)
    assert with_agent.returncode == without.returncode
    assert _lines(with_agent) == _lines(without)


@pytest.mark.parametrize("pool", ["prefork", "gevent"])
def test_a_worker_works_on_where_no_report_can_be_written(pool: str, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    env = {"CELERY_PROBE_DIRECTORY": str(nowhere)}
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path, CELERY_5_7, pool, redis.url, env=env) as worker,
    ):
        app.send_task("agent_app.note", ("done",), queue="celery")
        wait_for(lambda: worker.ran() == ["done"], 30, worker.log)
        (nowhere / "run").mkdir(parents=True)
        worker.run = nowhere / "run"
        late = worker.wait_until_consuming()
        assert late.error_count > 0
        assert late.last_error.endswith("FileNotFoundError")
        assert worker.terminate() == 0


def test_a_worker_killed_outright_gives_its_lock_back(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path / "redis") as redis,
        agent_worker(tmp_path, CELERY_5_7, "prefork", redis.url) as worker,
    ):
        worker.wait_until_consuming()
        assert worker.lock_is_held()
        worker.end()
        wait_for(lambda: not worker.lock_is_held(), describe="the lock is free")


def _lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What was printed, but for the name of the program and what differs from run to run."""
    printed = done.stdout + done.stderr
    return [line for line in printed.splitlines() if "sage: " not in line and "Try '" not in line]
