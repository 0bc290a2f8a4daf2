"""``monitor``: shows workers, queues and running tasks, once or repeatedly."""

from collections.abc import Mapping
from typing import Any

import click

from celery_health.cli.commands.checks import Checks, run_checks
from celery_health.exit_codes import ExitCode
from celery_health.survey.app_connection import AppConnection


def run_monitor(app: Any, options: Mapping[str, Any]) -> ExitCode:
    """Show once or until Ctrl-C, and return the exit code of the last check.

    Raises:
        ConfigurationError: there is nothing to check.
    """
    watch: bool = options["watch"]

    def show(checks: Checks, connection: AppConnection) -> ExitCode:
        if options["form"] == "json":
            return _print_json(checks, connection, one_line=watch)
        return _print_tables(checks, watch=watch)

    return run_checks(app, options, show)


def _print_json(checks: Checks, connection: AppConnection, *, one_line: bool) -> ExitCode:
    from celery_health.cli.output.json_document import to_json  # noqa: PLC0415

    code = ExitCode.HEALTHY
    for snapshot, result in checks:
        click.echo(to_json(snapshot, result, connection, one_line=one_line))
        code = result.exit_code
    return code


def _print_tables(checks: Checks, *, watch: bool) -> ExitCode:
    from rich.live import Live  # noqa: PLC0415

    from celery_health.cli.output.tables import monitor_tables  # noqa: PLC0415
    from celery_health.cli.output.terminal import console, show  # noqa: PLC0415

    code, terminal = ExitCode.HEALTHY, console()
    if watch and terminal.is_terminal:
        with Live("Checking ...", console=terminal, screen=True, auto_refresh=False) as live:
            for snapshot, result in checks:
                live.update(monitor_tables(snapshot, result), refresh=True)
                code = result.exit_code
        return code
    for snapshot, result in checks:
        show(monitor_tables(snapshot, result))
        code = result.exit_code
    return code
