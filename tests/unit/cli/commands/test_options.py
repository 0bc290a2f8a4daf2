"""The options of the commands, and what loading the commands costs every ``celery`` command."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from celery_health.cli.commands.celery_commands import monitor
from celery_health.cli.commands.main import main


def test_celery_loads_nothing_but_click_for_the_commands() -> None:
    program = "import celery_health.cli.commands.celery_commands, sys; print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    loaded = {name for name in done.stdout.split() if name.startswith("celery_health.")}
    commands = {"commands", "commands.celery_commands", "commands.dead_letter", "commands.options"}
    states = {"survey", "survey.task", "survey.task.states"}
    allowed = {"cli", "exit_codes", *states, *(f"cli.{name}" for name in {*commands, "usage"})}
    assert loaded == {f"celery_health.{name}" for name in allowed}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--watch", "--interval", "inf"], "'inf' is not a number of seconds above 0"),
        (["--timeout", "1e10"], "'1e10' is not a number of seconds"),
        (["--broker", ""], "the URL is empty"),
        (["--broker", "redis://h/0", "--queue", "a,b", "--ignore-queue", "*"], "nothing is left to check"),
        (["preflight", "--broker", "", "--database", "sqlite:////tmp/x.db"], "the URL is empty"),
    ],
)
def test_values_that_cannot_be_used_are_wrong_usage(arguments: list[str], words: str) -> None:
    ended = CliRunner().invoke(main, arguments)
    assert ended.exit_code == 3
    assert words in ended.output


def test_the_commands_of_celery_read_no_variables_that_celery_makes_of_their_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CELERY_MONITOR_BROKER", "redis://elsewhere/0")
    with monitor.make_context("monitor", [], auto_envvar_prefix="CELERY_MONITOR") as context:
        assert context.params["broker"] is None
