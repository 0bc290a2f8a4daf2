"""``celery -A APP health`` names the application in its commands as the user wrote it."""

import sys

import click
import pytest
from celery import Celery

from celery_health.cli.commands.celery_commands import _app_name


class _Loaded(click.ParamType[Celery]):
    """The type of ``--app`` in Celery 5.3 and 5.4: it replaces the text by the application."""

    name = "application"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Celery:
        """Load it."""
        return Celery("shop", set_as_current=False)


@click.group()
@click.option("-A", "--app", envvar="APP", type=_Loaded())
@click.option("-b", "--broker")
def celery(**options: object) -> None:
    """Run a command of Celery."""


@celery.command(context_settings={"ignore_unknown_options": True})
@click.argument("rest", nargs=-1)
@click.pass_context
def health(ctx: click.Context, rest: tuple[str, ...]) -> None:
    """Print the name."""
    click.echo(_app_name(ctx))


@pytest.mark.parametrize(
    ("arguments", "variable", "name"),
    [
        (["-A", "tasks", "health"], "", "tasks"),
        (["-b", "redis://h", "--app=shop.tasks:app", "health", "-A", "x"], "", "shop.tasks:app"),
        (["health"], "tasks", "tasks"),
    ],
)
def test_the_commands_name_the_application_as_it_was_written(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    variable: str,
    name: str,
) -> None:
    monkeypatch.setattr(sys, "argv", ["celery", *arguments])
    monkeypatch.setenv("APP", variable)

    celery.main(standalone_mode=False)

    assert capsys.readouterr().out == f"{name}\n"
