"""``manage.py celery_health`` and ``celery_monitor`` in a real Django project, with a real worker.

Document 003: ``manage.py celery_health`` and ``manage.py celery_health --verbose``.
"""

import re
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tools.testbed.celery_versions import DJANGO
from tools.testbed.servers import RedisServer
from tools.testbed.waiting import wait_for

from tests.integration.django.harness import PROJECT, healthy, manage, project_environment, python

GUIDE = Path(__file__).parents[3] / "docs" / "howto" / "django.md"


@pytest.fixture(scope="module")
def worker(redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A worker of the project; its broker."""
    log = tmp_path_factory.mktemp("worker") / "worker.log"
    command = [str(DJANGO.python()), "-m", "celery", "-A", "shop_site", "worker", "--loglevel", "INFO"]
    command += ["-Q", "celery,mail"]
    env = project_environment(redis.url, CELERY_CONCURRENCY="2")
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=PROJECT, env=env, stdout=file, stderr=file)
    try:
        wait_for(lambda: "ready." in log.read_text(), 120, log.read_text)
        yield redis.url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def test_the_health_of_the_project_in_each_format(worker: str) -> None:
    table = healthy(worker, "celery_health", "--test-tasks", "--check-redis")
    assert (table.code, table.err) == (0, "")
    assert table.out.startswith("healthy  broker redis://127.0.0.1:")
    assert "Test tasks" in table.out
    assert "append-only file" in table.out

    document = healthy(worker, "celery_health", "--check-redis", "--format", "json").document
    assert (document["status"], document["app"]) == ("healthy", "shop_site")
    # By CELERY_CONCURRENCY.
    assert [one["slots"] for one in document["workers"]] == [2]
    assert document["redis"]["version"]

    queues = ("--queue", "celery", "--queue", "mail")

    def summary() -> str | None:
        shown = manage(worker, "celery_health", "--format", "summary", *queues).out
        return shown if "in 2 queues" in shown else None

    assert wait_for(summary, describe="both queues are read").count("\n") == 1


def test_verbose_and_the_monitor_show_the_tasks_that_run(worker: str) -> None:
    send = "from shop_site.celery import app; print(app.send_task('shop.report', [600]).id)"
    task = python(worker, "-c", send).out.strip()
    try:

        def active() -> bool:
            workers = manage(worker, "celery_monitor", "--format", "json").document["workers"]
            return [one["id"] for each in workers for one in each["running"]] == [task]

        wait_for(active, 120, "the task to run")
        assert "Active tasks" not in manage(worker, "celery_health").out
        for command in (["celery_health", "--verbose"], ["celery_monitor"]):

            def shown(command: Sequence[str] = command) -> bool:
                tasks = manage(worker, *command).out.partition("Active tasks")[2]
                return task in tasks and "shop.report" in tasks

            wait_for(shown, describe=f"{command} shows the task")
    finally:
        python(
            worker, "-c", f"from shop_site.celery import app; app.control.revoke('{task}', terminate=True)"
        )


def test_watching_repeats_until_ctrl_c(worker: str, tmp_path: Path) -> None:
    command = [str(DJANGO.python()), "manage.py", "celery_monitor"]
    with (tmp_path / "out").open("wb") as out:
        process = subprocess.Popen(
            [*command, "--watch", "--interval", "0.1", "--format", "json"],
            cwd=PROJECT,
            env=project_environment(worker),
            stdout=out,
        )
    wait_for(lambda: (tmp_path / "out").read_text().count("\n") >= 2, 120, (tmp_path / "out").read_text)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0


def test_each_command_of_the_guide_runs(worker: str) -> None:
    commands = re.findall(r"^\$ python manage.py (.*)$", GUIDE.read_text(), re.MULTILINE)
    assert len(commands) == 8
    for command in commands:
        if "--watch" not in command:
            healthy(worker, *command.split())


def test_a_task_has_the_rate_limit_of_the_preset(worker: str) -> None:
    send = "from shop_site.celery import app; print(app.send_task('shop.mail').get(timeout=60))"
    assert python(worker, "-c", send).out.strip() == "50/s"


def test_without_workers_the_code_is_that_of_the_cli_and_the_remedy_names_the_project(
    redis: RedisServer,
) -> None:

    def names_the_remedy() -> bool:
        found = manage(redis.database(5), "celery_health")
        return found.code == 2 and "celery -A shop_site worker" in found.out

    wait_for(names_the_remedy, describe="the remedy")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "yaml"], "'yaml' is not one of 'table', 'json', 'summary'"),
        (["--interval", "soon"], "'soon' is not a number of seconds above 0"),
        (["--nope"], "unrecognized arguments: --nope. Try: manage.py celery_health --help"),
        (["--queue", "--watch"], "argument --queue: expected one argument"),
        (["-A", "absent"], "there is no module 'absent'"),
    ],
)
def test_wrong_usage_says_what_is_wrong_and_exits_with_3(
    redis: RedisServer, arguments: list[str], words: str
) -> None:
    found = manage(redis.url, "celery_health", *arguments)
    assert found.code == 3
    assert words in found.err


def test_the_help_lists_the_options_of_the_cli(redis: RedisServer) -> None:
    health = manage(redis.url, "celery_health", "--help").out
    options = "format watch interval test-tasks check-redis verbose timeout management-url settings"
    assert [name for name in options.split() if f"--{name}" not in health] == []
    assert "[default: shop_site]" in " ".join(health.split())
    monitor = manage(redis.url, "celery_monitor", "--help").out
    assert "--test-tasks" not in monitor
    assert "table|json" in monitor


def test_a_program_calls_the_commands_as_django_has_it(worker: str) -> None:
    call = """
import django, io, json
import shop_site
from django.core.management import call_command
django.setup()
out = io.StringIO()
call_command("celery_health", "--queue", "celery", format="json", timeout=60, stdout=out)
print(json.loads(out.getvalue())["status"])
try:
    call_command("celery_health", broker="redis://127.0.0.1:1/0")
except SystemExit as end:
    print("ended with", end.code)
"""

    def printed() -> list[str] | None:
        lines = python(worker, "-c", call).out.split("\n")
        return lines if lines[0] == "healthy" else None

    assert wait_for(printed, describe="healthy")[-2] == "ended with 2"
