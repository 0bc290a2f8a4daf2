"""The program ``celery-monitor``. docs/reference/monitor/options.md describes it."""

import asyncio
import os
from dataclasses import replace
from typing import Any

import click

from celery_health import logs
from celery_health.cli.usage import Command
from celery_health.survey.app_loading import ConfigurationError
from celery_monitor.settings.groups import Settings
from celery_monitor.settings.options import OPTIONS
from celery_monitor.settings.problem import SettingsError
from celery_monitor.settings.reading import read_settings
from celery_monitor.settings.secret_values import remember_secrets
from celery_monitor.settings.setting import PREFIX, given_of
from celery_monitor.settings.start import Start

NOISY = ("aiohttp.access", "alembic", "asyncio", "kombu")


@click.command(cls=Command, params=list(OPTIONS), context_settings={"auto_envvar_prefix": PREFIX})
@click.pass_context
def main(context: click.Context, /, **options: Any) -> None:
    """Show the tasks, workers and queues of any Celery over HTTP, and keep their history.

    \b
    Exit codes:
      0  ended by SIGTERM or Ctrl-C
      3  wrong options, or the monitor cannot start with them
    """
    beginning = Start(options, given_of(context), options["settings_file"], dict(os.environ))
    try:
        settings = read_settings(options, os.environ)
    except SettingsError as error:
        raise ConfigurationError(beginning.with_hint(str(error))) from None
    start(replace(settings, start=beginning))


def start(settings: Settings) -> None:
    """Run the monitor until SIGTERM or Ctrl-C."""
    from celery_monitor.run.problem import StartError  # noqa: PLC0415 (refused options need none of this)
    from celery_monitor.run.program import run  # noqa: PLC0415

    remember_secrets(settings)
    logs.configure(settings.log_level, settings.log_format, NOISY)
    try:
        asyncio.run(run(settings))
    except StartError as error:
        raise ConfigurationError(settings.start.with_hint(str(error))) from None


if __name__ == "__main__":
    main()
