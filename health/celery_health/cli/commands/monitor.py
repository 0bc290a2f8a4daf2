"""``monitor``: workers, queues and running tasks; live in a terminal, frame after frame elsewhere."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from celery_health.cli.commands.checks import ending, looks, questions_of, target_of, thresholds_of
from celery_health.cli.exit_codes import ExitCode
from celery_health.cli.survey.app_connection import Target
from celery_health.cli.survey.snapshot import Survey
from celery_health.cli.verdicts import Verdict

Looks = Iterator[tuple[Survey, Verdict]]


def run_monitor(app: Any, options: Mapping[str, Any]) -> ExitCode:
    """Show until Ctrl-C, or once.

    Raises:
        ConfigurationError: nothing can be looked at.
    """
    target = target_of(app, options)
    questions = questions_of(options, target)
    watch: bool = options["watch"]

    def work() -> ExitCode:
        interval = options["interval"] if watch else None
        seen = looks(target, questions, thresholds_of(options), interval)
        if options["form"] == "json":
            return _json(seen, target, one_line=watch)
        return _tables(seen, watch=watch)

    return ending(work, watched=watch)


def _json(seen: Looks, target: Target, *, one_line: bool) -> ExitCode:
    from celery_health.cli.output.json_document import as_json  # noqa: PLC0415

    code = ExitCode.HEALTHY
    for survey, verdict in seen:
        click.echo(as_json(survey, verdict, target, one_line=one_line))
        code = verdict.exit_code
    return code


def _tables(seen: Looks, *, watch: bool) -> ExitCode:
    from rich.live import Live  # noqa: PLC0415

    from celery_health.cli.output.tables import console, monitor_tables  # noqa: PLC0415

    code, terminal = ExitCode.HEALTHY, console()
    if watch and terminal.is_terminal:
        with Live("Looking ...", console=terminal, screen=True, auto_refresh=False) as live:
            for survey, verdict in seen:
                live.update(monitor_tables(survey, verdict), refresh=True)
                code = verdict.exit_code
        return code
    for survey, verdict in seen:
        terminal.print(monitor_tables(survey, verdict))
        terminal.file.flush()
        code = verdict.exit_code
    return code
