"""Checks, once or repeatedly, and how a command ends that is piped to ``head``."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from celery_health.cli.commands.arguments import check_options_from, connection_from, thresholds_from
from celery_health.cli.usage import print_no_more
from celery_health.exit_codes import ExitCode
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.check_result import CheckResult, check_result
from celery_health.survey.collect import collect_snapshot
from celery_health.survey.history import CheckHistory
from celery_health.survey.snapshot import CheckOptions, Snapshot
from celery_health.threads import start_in_thread
from celery_health.verdicts.thresholds import FleetThresholds

Checks = Iterator[tuple[Snapshot, CheckResult]]

Show = Callable[[Checks, AppConnection], ExitCode]
"""Prints the result of each check, and returns the exit code of the last."""


def run_checks(app: Any, options: Mapping[str, Any], show: Show) -> ExitCode:
    """Check once, or with ``--watch`` until Ctrl-C, and return the exit code of the last check.

    A closed pipe is not an error.

    Raises:
        ConfigurationError: there is nothing to check.
    """
    interval = options["interval"] if options["watch"] else None
    try:
        connection = connection_from(app, options)
        check_options = check_options_from(options, connection)
        checks = _repeated_checks(connection, check_options, thresholds_from(options), interval)
        code = show(checks, connection)
        sys.stdout.flush()
    except BrokenPipeError:
        print_no_more()
        return ExitCode.HEALTHY
    return code


def _repeated_checks(
    connection: AppConnection, options: CheckOptions, thresholds: FleetThresholds, interval: float | None
) -> Checks:
    """Check once, or every ``interval`` seconds without end."""
    history = CheckHistory()
    while True:
        # In the main thread Ctrl-C would cancel the check, and a client that takes the cancellation for a
        # timeout would continue.
        check = start_in_thread(lambda: asyncio.run(collect_snapshot(connection, options)))
        with contextlib.redirect_stdout(sys.stderr):  # what the application prints is no result
            snapshot = check.result()
        now = time.monotonic()
        snapshot = history.with_idle_times(snapshot, now)
        nonempty = history.nonempty_seconds(snapshot.broker, now)
        yield snapshot, check_result(snapshot, connection, thresholds, nonempty)
        if interval is None:
            return
        time.sleep(interval)
