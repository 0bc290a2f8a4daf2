"""``manage.py celery_monitor``: `celery -A APP monitor` for the project."""

from collections.abc import Mapping
from typing import Any

from celery_health.cli.commands.monitor import run_monitor
from celery_health.cli.commands.options import MONITOR, MONITOR_HELP
from celery_health.django.management.cli_command import CliCommand
from celery_health.exit_codes import ExitCode


class Command(CliCommand):
    """Shows the project's workers, queues and active tasks."""

    help = MONITOR_HELP
    cli_options = MONITOR

    def cli_run(self, options: Mapping[str, Any]) -> ExitCode:
        """As the CLI does; it loads the application."""
        return run_monitor(None, options)
