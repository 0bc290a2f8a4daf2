"""The program ``celery-health``. docs/reference/cli.md describes it."""

from typing import Any

import click

from celery_health.cli.commands.dead_letter import Opened, dead_letter_group
from celery_health.cli.commands.options import (
    APP,
    CANCEL,
    CANCEL_HELP,
    DEAD_LETTER,
    HEALTH,
    HEALTH_HELP,
    MONITOR,
    MONITOR_HELP,
    PREFLIGHT,
    RETRY,
    RETRY_HELP,
    WHY,
    WHY_HELP,
)
from celery_health.cli.usage import Command, Group, given_before, with_options


@click.group(cls=Group, invoke_without_command=True, help=HEALTH_HELP)
@with_options((*APP, *HEALTH))
@click.pass_context
def main(ctx: click.Context, /, **options: Any) -> None:
    """Run ``celery-health`` without a subcommand, or prepare the subcommand."""
    if ctx.invoked_subcommand is not None:
        ctx.default_map = given_before(ctx, options)
        return
    from celery_health.cli.commands.health import run_health  # noqa: PLC0415

    ctx.exit(run_health(None, options))


@main.command(cls=Command, help=MONITOR_HELP)
@with_options((*APP, *MONITOR))
@click.pass_context
def monitor(ctx: click.Context, /, **options: Any) -> None:
    """Run ``celery-health monitor``."""
    from celery_health.cli.commands.monitor import run_monitor  # noqa: PLC0415

    ctx.exit(run_monitor(None, options))


@main.command(cls=Command, short_help="Wait until the servers can be used.")
@with_options(PREFLIGHT)
@click.pass_context
def preflight(ctx: click.Context, /, **options: Any) -> None:
    """Wait until the broker, the result backend and the database can be used.

    For start scripts: `celery-health preflight && exec celery -A APP worker`

    \b
    Exit codes:
      0  all can be used
      2  at least one cannot be used after --wait
      3  wrong options, or a URL that can never be used
    """
    from celery_health.cli.commands.preflight import run_preflight  # noqa: PLC0415

    urls = {name: options[name.replace(" ", "_")] for name in ("broker", "result backend", "database")}
    has_app = ctx.parent is not None and bool(ctx.parent.params.get("app_name"))
    run_preflight(urls, options["wait"], options["interval_max"], has_app=has_app)


@main.command(cls=Command, help=WHY_HELP, short_help="Show why a task is not running.")
@with_options((*APP, *WHY))
@click.pass_context
def why(ctx: click.Context, /, task_id: str, **options: Any) -> None:
    """Run ``celery-health why``."""
    from celery_health.cli.commands.why import run_why  # noqa: PLC0415

    ctx.exit(run_why(None, options, task_id))


@main.command(cls=Command, help=CANCEL_HELP, short_help="Cancel a task.")
@with_options((*APP, *CANCEL))
@click.pass_context
def cancel(ctx: click.Context, /, task_id: str, **options: Any) -> None:
    """Run ``celery-health cancel``."""
    from celery_health.cli.commands.task_actions import run_cancel  # noqa: PLC0415

    ctx.exit(run_cancel(None, options, task_id))


@main.command(cls=Command, help=RETRY_HELP, short_help="Send a task again.")
@with_options((*APP, *RETRY))
@click.pass_context
def retry(ctx: click.Context, /, task_id: str, **options: Any) -> None:
    """Run ``celery-health retry``."""
    from celery_health.cli.commands.task_actions import run_retry  # noqa: PLC0415

    ctx.exit(run_retry(None, options, task_id))


def _open_dead_letters(_: click.Context, options: dict[str, Any]) -> Opened:
    from celery_health.cli.commands.dead_letter_connection import opened  # noqa: PLC0415

    return opened(None, options)


main.add_command(dead_letter_group(_open_dead_letters, (*APP, *DEAD_LETTER)))
