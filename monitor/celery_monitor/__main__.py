"""The program ``celery-monitor``. docs/reference/monitor.md describes it."""

import os
from typing import Any

import click

from celery_health.cli.usage import Command, with_options
from celery_health.survey.app_loading import ConfigurationError
from celery_monitor.settings.groups import Settings
from celery_monitor.settings.options import OPTIONS, PREFIX
from celery_monitor.settings.problem import SettingsError
from celery_monitor.settings.reading import read_settings


@click.command(cls=Command, context_settings={"auto_envvar_prefix": PREFIX})
@with_options(OPTIONS)
def main(**options: Any) -> None:
    """Show the tasks, workers and queues of any Celery over HTTP, and keep their history.

    \b
    Exit codes:
      0  ended by SIGTERM or Ctrl-C
      3  wrong options, or the monitor cannot start with them
    """
    try:
        settings = read_settings(options, os.environ)
    except SettingsError as error:
        raise ConfigurationError(str(error)) from None
    start(settings)


def start(settings: Settings) -> None:
    """Run the monitor until SIGTERM or Ctrl-C."""
    raise click.ClickException(f"The monitor of {settings.connection.broker.address} cannot be started yet.")


if __name__ == "__main__":
    main()
