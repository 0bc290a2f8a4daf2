"""Checks, once or repeatedly, and how a command ends that is interrupted or piped to ``head``."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from celery_health.cli.commands.arguments import check_options_from, connection_from, thresholds_from
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
    """Check once, or with ``--watch`` until Ctrl-C, and return the exit code of the command.

    Raises:
        ConfigurationError: there is nothing to check.
    """
    connection = connection_from(app, options)
    check_options = check_options_from(options, connection)
    watch: bool = options["watch"]
    interval = options["interval"] if watch else None
    checks = _repeated_checks(connection, check_options, thresholds_from(options), interval)
    return _run_to_exit_code(lambda: show(checks, connection), watch=watch)


def _repeated_checks(
    connection: AppConnection, options: CheckOptions, thresholds: FleetThresholds, interval: float | None
) -> Checks:
    """Check once, or every ``interval`` seconds without end."""
    history = CheckHistory()
    while True:
        # In the main thread Ctrl-C would cancel the check, and a client that takes the cancellation for a
        # timeout would continue.
        check = start_in_thread(lambda: asyncio.run(collect_snapshot(connection, options)))
        snapshot = check.result()
        now = time.monotonic()
        snapshot = history.with_idle_times(snapshot, now)
        nonempty = history.nonempty_seconds(snapshot.broker, now)
        yield snapshot, check_result(snapshot, connection, thresholds, nonempty)
        if interval is None:
            return
        time.sleep(interval)


def _run_to_exit_code(work: Callable[[], ExitCode], *, watch: bool) -> ExitCode:
    """Run ``work``. With ``watch``, Ctrl-C is the normal end. A closed pipe is not an error."""
    try:
        code = work()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return ExitCode.HEALTHY if watch else ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout again at exit, which must not fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.HEALTHY
    return code
