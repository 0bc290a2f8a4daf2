"""The program ``celery-monitor``. docs/reference/monitor/options.md describes it."""

import asyncio
import os
from typing import Any

import click

from celery_health import logs
from celery_health.cli.usage import Command, with_options
from celery_health.survey.app_loading import ConfigurationError
from celery_monitor.settings.groups import Settings
from celery_monitor.settings.options import OPTIONS, PREFIX
from celery_monitor.settings.problem import SettingsError
from celery_monitor.settings.reading import read_settings

NOISY = ("aiohttp.access", "alembic", "asyncio", "kombu")


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
    from celery_monitor.run.problem import StartError  # noqa: PLC0415 (refused options need none of this)
    from celery_monitor.run.program import run  # noqa: PLC0415

    logs.configure(settings.log_level, settings.log_format, NOISY)
    try:
        asyncio.run(run(settings))
    except StartError as error:
        raise ConfigurationError(str(error)) from None


if __name__ == "__main__":
    main()
