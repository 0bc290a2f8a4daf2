"""``celery -A APP health`` and ``celery -A APP monitor``: Celery loads them through its plugin entry point.

It imports this module at each of its commands, workers included: nothing but click may be imported here.
"""

from typing import Any

import click

from celery_health.cli.commands.options import HEALTH, MONITOR, HealthCommand, with_options


@click.command(cls=HealthCommand)
@with_options(HEALTH)
@click.pass_context
def health(ctx: click.Context, /, **options: Any) -> None:
    """Say whether the application's tasks are run, and what to do if not.

    Exit codes: 0 healthy, 1 degraded, 2 unhealthy or unknown, 3 called wrongly.
    """
    from celery_health.cli.commands.health import run_health  # noqa: PLC0415

    ctx.exit(run_health(ctx.obj.app, {**options, "app_name": _name(ctx)}))


@click.command(cls=HealthCommand)
@with_options(MONITOR)
@click.pass_context
def monitor(ctx: click.Context, /, **options: Any) -> None:
    """Show workers, queues and running tasks, once or live."""
    from celery_health.cli.commands.monitor import run_monitor  # noqa: PLC0415

    ctx.exit(run_monitor(ctx.obj.app, {**options, "app_name": _name(ctx)}))


def _name(ctx: click.Context) -> str | None:
    """What stands behind ``celery -A``."""
    given = ctx.parent.params.get("app") if ctx.parent is not None else None
    return given if isinstance(given, str) else None
