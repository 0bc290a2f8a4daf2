"""``manage.py celery_health``: `celery -A APP health` for the project."""

from collections.abc import Mapping
from typing import Any

from celery_health.cli.commands.health import run_health
from celery_health.cli.commands.options import HEALTH, HEALTH_HELP
from celery_health.django.management.cli_command import CliCommand
from celery_health.exit_codes import ExitCode


class Command(CliCommand):
    """Checks the project's workers. Exit codes are those of the CLI."""

    # argparse joins the lines of the list of exit codes.
    help = HEALTH_HELP.partition("\n")[0]
    cli_options = HEALTH

    def cli_run(self, options: Mapping[str, Any]) -> ExitCode:
        """As the CLI does; it loads the application."""
        return run_health(None, options)
