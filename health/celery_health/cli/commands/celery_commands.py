"""``celery -A APP health`` and ``celery -A APP monitor``. Celery loads them through its plugin entry point.

Celery imports this module for each of its commands, also for ``celery worker``: keep it small.
"""

import os
import sys
from typing import Any

import click

from celery_health.cli.commands.dead_letter import Opened, dead_letter_group
from celery_health.cli.commands.options import (
    CANCEL,
    CANCEL_HELP,
    DEAD_LETTER,
    HEALTH,
    HEALTH_HELP,
    MONITOR,
    MONITOR_HELP,
    RETRY,
    RETRY_HELP,
    WHY,
    WHY_HELP,
)
from celery_health.cli.usage import Command, Group, MissingLibrary, given_before, with_options


class _OfCelery(click.Command):
    """A command of the program ``celery``, which behaves as in the program ``celery-health``."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        # Celery makes a variable of each option's name, and CELERY_MONITOR_BROKER is celery-monitor's.
        for option in self.params:
            if isinstance(option, click.Option):
                option.allow_from_autoenv = False

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            from celery_health.cli.extras import is_library, needs  # noqa: PLC0415

            if not is_library(error):
                raise
            raise MissingLibrary(needs(error, "cli")) from error


class _Group(_OfCelery, Group):
    """A group of commands of ``celery``."""


class _Command(_OfCelery, Command):
    """A command of ``celery``."""


@click.group(cls=_Group, invoke_without_command=True, help=HEALTH_HELP)
@with_options(HEALTH)
@click.pass_context
def health(ctx: click.Context, /, **options: Any) -> None:
    """Run ``celery -A APP health`` without a subcommand, or prepare the subcommand."""
    if ctx.invoked_subcommand is not None:
        ctx.default_map = given_before(ctx, options)
        return
    from celery_health.cli.commands.health import run_health  # noqa: PLC0415

    ctx.exit(run_health(ctx.obj.app, {**options, "app_name": _app_name(ctx)}))


@health.command(cls=_Command, help=WHY_HELP, short_help="Show why a task is not running.")
@with_options(WHY)
@click.pass_context
def why(ctx: click.Context, /, task_id: str, **options: Any) -> None:
    """Run ``celery -A APP health why``."""
    from celery_health.cli.commands.why import run_why  # noqa: PLC0415

    ctx.exit(run_why(ctx.obj.app, {**options, "app_name": _app_name(ctx)}, task_id))


@health.command(cls=_Command, help=CANCEL_HELP, short_help="Cancel a task.")
@with_options(CANCEL)
@click.pass_context
def cancel(ctx: click.Context, /, task_id: str, **options: Any) -> None:
    """Run ``celery -A APP health cancel``."""
    from celery_health.cli.commands.task_actions import run_cancel  # noqa: PLC0415

    ctx.exit(run_cancel(ctx.obj.app, {**options, "app_name": _app_name(ctx)}, task_id))


@health.command(cls=_Command, help=RETRY_HELP, short_help="Send a task again.")
@with_options(RETRY)
@click.pass_context
def retry(ctx: click.Context, /, task_id: str, **options: Any) -> None:
    """Run ``celery -A APP health retry``."""
    from celery_health.cli.commands.task_actions import run_retry  # noqa: PLC0415

    ctx.exit(run_retry(ctx.obj.app, {**options, "app_name": _app_name(ctx)}, task_id))


@click.command(cls=_Command, help=MONITOR_HELP)
@with_options(MONITOR)
@click.pass_context
def monitor(ctx: click.Context, /, **options: Any) -> None:
    """Run ``celery -A APP monitor``."""
    from celery_health.cli.commands.monitor import run_monitor  # noqa: PLC0415

    ctx.exit(run_monitor(ctx.obj.app, {**options, "app_name": _app_name(ctx)}))


def _open_dead_letters(ctx: click.Context, options: dict[str, Any]) -> Opened:
    from celery_health.cli.commands.dead_letter_connection import opened  # noqa: PLC0415

    return opened(ctx.obj.app, options)


health.add_command(dead_letter_group(_open_dead_letters, DEAD_LETTER))


def _app_name(ctx: click.Context) -> str | None:
    """The value of ``celery -A``."""
    root = ctx.find_root()
    given = root.params.get("app")
    return given if given is None or isinstance(given, str) else _as_written(root)


def _as_written(root: click.Context) -> str | None:
    """Celery 5.3 and 5.4 replace the value by the application, whose own name may be no module."""
    # Celery imports this module for each of its commands.
    from celery_health.environment import APP_VARIABLES, first_set  # noqa: PLC0415

    assert isinstance(root.command, click.Group)
    try:
        options, _, _ = root.command.make_parser(root).parse_args(sys.argv[1:])
    except click.UsageError:
        options = {}
    return options.get("app") or first_set(os.environ, APP_VARIABLES) or None
