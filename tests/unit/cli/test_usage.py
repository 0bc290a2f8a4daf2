"""How a command of the CLI ends that is interrupted: in the program, and where another program calls it."""

import click
import pytest
from click.testing import CliRunner

from celery_health.cli.usage import CalledCommand, Command, Group


def interrupted(**_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("arguments", "code"), [([], 130), (["--watch"], 0)], ids=["once", "watching"])
@pytest.mark.parametrize("cls", [Command, CalledCommand])
def test_ctrl_c_is_an_error_only_where_a_result_was_expected(
    cls: type[click.Command], arguments: list[str], code: int
) -> None:
    command = cls("health", params=[click.Option(["--watch"], is_flag=True)], callback=interrupted)
    alone = CliRunner().invoke(command, arguments)
    in_group = CliRunner().invoke(Group("celery", commands={"health": command}), ["health", *arguments])
    for result in (alone, in_group):
        assert (result.exit_code, result.output) == (code, "")


def test_a_group_that_runs_without_a_command_ends_in_the_same_way() -> None:
    group = Group("health", invoke_without_command=True, callback=interrupted)
    group.params.append(click.Option(["--watch"], is_flag=True))
    assert CliRunner().invoke(group, []).exit_code == 130
    assert CliRunner().invoke(group, ["--watch"]).exit_code == 0
