"""``health``: one look or many, told as the user wants it."""

from collections.abc import Mapping
from typing import Any

import click

from celery_health.cli.commands.checks import ending, looks, questions_of, target_of, thresholds_of
from celery_health.cli.exit_codes import ExitCode
from celery_health.cli.survey.app_connection import Target
from celery_health.cli.survey.snapshot import Survey
from celery_health.cli.verdicts import Verdict


def run_health(app: Any, options: Mapping[str, Any]) -> ExitCode:
    """Look, tell, and say how it stands by the exit code.

    Raises:
        ConfigurationError: nothing can be looked at.
    """
    target = target_of(app, options)
    questions = questions_of(options, target)
    watch: bool = options["watch"]

    def work() -> ExitCode:
        code = ExitCode.HEALTHY
        interval = options["interval"] if watch else None
        for survey, verdict in looks(target, questions, thresholds_of(options), interval):
            tell(survey, verdict, target, options["form"], watch=watch)
            code = verdict.exit_code
        return code

    return ending(work, watched=watch)


def tell(survey: Survey, verdict: Verdict, target: Target, form: str, *, watch: bool) -> None:
    """Print one look."""
    if form == "json":
        from celery_health.cli.output.json_document import as_json  # noqa: PLC0415

        click.echo(as_json(survey, verdict, target, one_line=watch))
    elif form == "summary":
        from celery_health.cli.output.summary import as_summary  # noqa: PLC0415

        click.echo(as_summary(survey, verdict))
    else:
        from celery_health.cli.output import tables  # noqa: PLC0415

        if watch:
            click.clear()
        tables.show(tables.health_tables(survey, verdict))
