"""``celery-health``: the health of any Celery from a terminal. docs/cli.md tells how to use it."""

from importlib.util import find_spec
from typing import Any

import click

from celery_health.cli.commands.options import APP, HEALTH, MONITOR, HealthCommand, HealthGroup, with_options

_PREFLIGHT = "celery_health.cli.commands.preflight"


class _Commands(HealthGroup):
    """``preflight`` is imported when it is asked for: it takes its time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """What ``--help`` lists."""
        return sorted({*super().list_commands(ctx), *(["preflight"] if find_spec(_PREFLIGHT) else [])})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name."""
        if name == "preflight" and find_spec(_PREFLIGHT):
            from importlib import import_module  # noqa: PLC0415

            command: click.Command = import_module(_PREFLIGHT).preflight
            return command
        return super().get_command(ctx, name)


@click.group(cls=_Commands, invoke_without_command=True)
@with_options((*APP, *HEALTH))
@click.pass_context
def main(ctx: click.Context, /, **options: Any) -> None:
    """Say whether a Celery's tasks are run, and what to do if not.

    Exit codes: 0 healthy, 1 degraded, 2 unhealthy or unknown, 3 called wrongly.
    """
    if ctx.invoked_subcommand is not None:
        # `celery-health -A shop monitor` means what `celery-health monitor -A shop` does.
        given = {name: value for name, value in options.items() if _is_given(ctx, name)}
        ctx.default_map = {ctx.invoked_subcommand: given}
        return
    from celery_health.cli.commands.health import run_health  # noqa: PLC0415

    ctx.exit(run_health(None, options))


@main.command(cls=HealthCommand)
@with_options((*APP, *MONITOR))
@click.pass_context
def monitor(ctx: click.Context, /, **options: Any) -> None:
    """Show workers, queues and running tasks, once or live."""
    from celery_health.cli.commands.monitor import run_monitor  # noqa: PLC0415

    ctx.exit(run_monitor(None, options))


def _is_given(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) not in {
        click.core.ParameterSource.DEFAULT,
        click.core.ParameterSource.DEFAULT_MAP,
    }
