"""Why nothing can be converted."""

import click

from celery_health.exit_codes import ExitCode


class ConversionError(click.ClickException):
    """The message is one line that says why, and what to write instead."""

    exit_code = ExitCode.USAGE
