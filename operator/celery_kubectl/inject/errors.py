"""Why manifests cannot get what a worker needs."""

import click

from celery_health.exit_codes import ExitCode


class InjectError(click.ClickException):
    """The message is one line that says why and what to do."""

    exit_code = ExitCode.USAGE
