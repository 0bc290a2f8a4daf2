"""The switch in docs/howto/migrate.md loses no task and repeats none."""

import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tools.testbed.celery_versions import CELERY_5_7
from tools.testbed.servers import redis_server
from tools.testbed.waiting import BUSY_SECONDS, wait_for

from tests.integration.agent.harness import AgentWorker, agent_worker, producer

GUIDE = Path(__file__).parents[3] / "docs" / "howto" / "migrate.md"
OLD = "celery@old"
TASKS = 80


def documented(subcommand: str) -> list[str]:
    """The first command of the guide with this subcommand, for the names of this test."""
    found = re.search(
        rf'-- (celery -A shop\.celery \w+ -d "\$\{{OLD%,\}}" {subcommand}.*)', GUIDE.read_text()
    )
    assert found is not None, subcommand
    command = (
        found[1].replace("shop.celery", "agent_app").replace('"${OLD%,}"', OLD).replace("default", "celery")
    )
    return ["-m", *command.split()]


@contextmanager
def plain_worker(surroundings: AgentWorker) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker as a Deployment starts it, without the agent."""
    command = ["-m", "celery", "-A", "agent_app", "worker", "-n", OLD, "-c", "2", "-l", "INFO"]
    process = surroundings.spawn(*command)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_the_documented_switch_loses_no_task_and_repeats_none(tmp_path: Path) -> None:
    env = {"TEST_NOTES": str(tmp_path / "notes")}
    with (
        redis_server(tmp_path / "redis") as redis,
        producer(redis.url) as app,
        agent_worker(tmp_path / "new", CELERY_5_7, "prefork", redis.url, env=env, start=False) as new,
        plain_worker(new) as old,
    ):
        wait_for(lambda: "OK" in new.command("-m", "celery", "-A", "agent_app", "inspect", "ping").stdout, 90)
        names = ["eta", *(f"task-{number}" for number in range(TASKS))]
        # The old worker fetches it, and still holds it when it ends.
        app.send_task("agent_app.note", ["eta"], countdown=25)
        new.start()
        new.wait_until_consuming()
        for name in names[1:]:
            app.send_task("agent_app.nap_and_note", [0.2, name])
        wait_for(lambda: len(ran(env)) >= 10, 60, new.log)

        # A worker that is busy for a second does not answer in time.
        wait_for(lambda: "OK" in new.command(*documented("cancel_consumer")).stdout)
        for what in ("active", "reserved"):
            wait_for(lambda what=what: "- empty -" in new.command(*documented(what)).stdout, 60)  # type: ignore[misc]
        old.send_signal(signal.SIGTERM)
        # Celery waits this long for a child of its pool.
        assert old.wait(31 + BUSY_SECONDS) == 0

        wait_for(lambda: len(ran(env)) >= len(names), 90, new.log)
        assert Counter(ran(env)) == Counter(names)
        assert new.terminate() == 0


def ran(env: dict[str, str]) -> list[str]:
    """The tasks that have run, on either worker."""
    notes = Path(env["TEST_NOTES"])
    return notes.read_text().split() if notes.exists() else []
