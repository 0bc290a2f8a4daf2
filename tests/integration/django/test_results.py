"""Results in the database of a Django project: the application is loaded as its worker loads it."""

import signal
import subprocess
from pathlib import Path

from tools.testbed.celery_versions import DJANGO
from tools.testbed.servers import redis_server
from tools.testbed.waiting import wait_for

from tests.integration.cli.harness import Outcome
from tests.integration.django.harness import PROJECT, project_environment, until_healthy

# As a command of Celery, which its entry point adds where the package is installed.
PLUGIN = (
    "from celery.bin.celery import celery; from celery_health.cli.commands.celery_commands import health; "
    "celery.add_command(health); celery(prog_name='celery')"
)
CLI = "from celery_health.cli.commands.main import main; main(prog_name='celery-health')"


def test_test_tasks_come_back_through_the_database(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as redis:
        env = project_environment(
            redis.url, TEST_RESULTS="django-db", TEST_DATABASE=str(tmp_path / "site.sqlite")
        )

        def python(*arguments: str) -> Outcome:
            command = [str(DJANGO.python()), *arguments]
            done = subprocess.run(
                command, cwd=PROJECT, env=env, capture_output=True, text=True, timeout=120, check=False
            )
            return Outcome(done.returncode, done.stdout, done.stderr, 0.0, 0.0).checked()

        assert python("manage.py", "migrate").code == 0
        log = tmp_path / "worker.log"
        command = [str(DJANGO.python()), "-m", "celery", "-A", "shop_site", "worker", "-P", "solo"]
        with log.open("wb") as file:
            worker = subprocess.Popen(
                [*command, "--loglevel", "INFO"], cwd=PROJECT, env=env, stdout=file, stderr=file
            )
        try:
            wait_for(lambda: "ready." in log.read_text(), 120, log.read_text)
            options = ("--test-tasks", "--format", "json", "--timeout", "60")
            found = until_healthy(lambda: python("-c", CLI, "-A", "shop_site", *options))
            plugin = until_healthy(lambda: python("-c", PLUGIN, "-A", "shop_site", "health", *options))
            unknown = python("-c", PLUGIN, "-A", "shop_site", "health", "retry", "no-such-task")
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(timeout=60)
    assert (found.code, found.document["status"]) == (0, "healthy"), found.document["problems"]
    assert [trip["ok"] for trip in found.document["test_tasks"]] == [True]
    assert found.document["result_backend"]["reachable"] is None
    assert [trip["ok"] for trip in plugin.document["test_tasks"]] == [True]
    assert unknown.code == 3, unknown.err
    assert "AppRegistryNotReady" not in unknown.err
