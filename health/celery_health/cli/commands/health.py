"""``health``: checks once or repeatedly, and prints each result."""

from collections.abc import Mapping
from typing import Any

import click

from celery_health.cli.commands.checks import Checks, run_checks
from celery_health.exit_codes import ExitCode
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.check_result import CheckResult
from celery_health.survey.snapshot import Snapshot


def run_health(app: Any, options: Mapping[str, Any]) -> ExitCode:
    """Check, print, and return the exit code of the last check.

    Raises:
        ConfigurationError: there is nothing to check.
    """

    def show(checks: Checks, connection: AppConnection) -> ExitCode:
        code = ExitCode.HEALTHY
        for snapshot, result in checks:
            _print(snapshot, result, connection, options)
            code = result.exit_code
        return code

    return run_checks(app, options, show)


def _print(
    snapshot: Snapshot, result: CheckResult, connection: AppConnection, options: Mapping[str, Any]
) -> None:
    form, watch = options["form"], options["watch"]
    if form == "json":
        from celery_health.cli.output.json_document import to_json  # noqa: PLC0415

        click.echo(to_json(snapshot, result, connection, one_line=watch))
    elif form == "summary":
        from celery_health.cli.output.summary import summary_line  # noqa: PLC0415

        click.echo(summary_line(snapshot, result))
    else:
        from celery_health.cli.output.tables import health_tables  # noqa: PLC0415
        from celery_health.cli.output.terminal import show  # noqa: PLC0415

        if watch:
            click.clear()
        show(health_tables(snapshot, result, verbose=options["verbose"]))
