"""``health``: one look or many, told as the user wants it."""

from collections.abc import Mapping
from typing import Any

import click

from celery_health.cli.exit_codes import ExitCode
from celery_health.cli.looking import ending, looks, questions_of, target_of, thresholds_of
from celery_health.cli.survey import Survey
from celery_health.cli.target import Target
from celery_health.cli.verdict import Verdict


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
        from celery_health.cli.output.as_json import as_json  # noqa: PLC0415

        click.echo(as_json(survey, verdict, target, one_line=watch))
    elif form == "summary":
        from celery_health.cli.output.as_summary import as_summary  # noqa: PLC0415

        click.echo(as_summary(survey, verdict))
    else:
        from celery_health.cli.output import as_table  # noqa: PLC0415

        if watch:
            click.clear()
        as_table.show(as_table.health_tables(survey, verdict))
