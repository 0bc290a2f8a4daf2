"""The options of ``health`` and ``monitor``, and the kind of command that they are. Imports click alone."""

from collections.abc import Callable
from typing import Any

import click

from celery_health.cli.exit_codes import ExitCode

Decorator = Callable[[Any], Any]


class HealthCommand(click.Command):
    """A command whose wrong use ends with 3: 2 is a verdict here."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.exit_code = ExitCode.USAGE  # type: ignore[misc]
            raise


class HealthGroup(click.Group):
    """As ``HealthCommand``, with commands inside."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.exit_code = ExitCode.USAGE  # type: ignore[misc]
            raise

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            error.exit_code = ExitCode.USAGE  # type: ignore[misc]
            raise


_POSITIVE = click.FloatRange(min=0.0, min_open=True)

APP: tuple[Decorator, ...] = (
    click.option("-A", "--app", "app_name", metavar="APP", help="The application, as `celery -A` takes it."),
)
_COMMON: tuple[Decorator, ...] = (
    click.option("--broker", metavar="URL", help="The broker; the application's, if not given."),
    click.option(
        "--result-backend", metavar="URL", help="The result store; the application's, if not given."
    ),
    click.option("--queue", "queues", multiple=True, metavar="NAME", help="A queue; may be given again."),
    click.option("--timeout", type=_POSITIVE, default=5.0, show_default=True, help="Seconds for one look."),
    click.option(
        "--backlog-threshold",
        type=click.IntRange(min=0),
        default=1000,
        show_default=True,
        help="Messages ready in one queue above which the fleet is degraded.",
    ),
    click.option(
        "--hung-after",
        type=_POSITIVE,
        metavar="SECONDS",
        help="How long a task may run; without it no task counts as hung.",
    ),
    click.option("--management-url", metavar="URL", help="RabbitMQ's management API: http://HOST:15672."),
    click.option("--watch", is_flag=True, help="Look again and again, until Ctrl-C."),
)
HEALTH: tuple[Decorator, ...] = (
    *_COMMON,
    click.option(
        "--format",
        "form",
        type=click.Choice(["table", "json", "summary"]),
        default="table",
        show_default=True,
        help="How the look is told.",
    ),
    click.option("--interval", type=_POSITIVE, default=5.0, show_default=True, help="Seconds between looks."),
    click.option(
        "--test-tasks", is_flag=True, help="Send a task through each queue and wait for its result."
    ),
    click.option("--task", metavar="NAME", help="The task for --test-tasks; it is called without arguments."),
    click.option("--check-redis", is_flag=True, help="Show the Redis server in detail."),
)
MONITOR: tuple[Decorator, ...] = (
    *_COMMON,
    click.option(
        "--format",
        "form",
        type=click.Choice(["table", "json"]),
        default="table",
        show_default=True,
        help="How the look is told.",
    ),
    click.option("--interval", type=_POSITIVE, default=2.0, show_default=True, help="Seconds between looks."),
)


def with_options(options: tuple[Decorator, ...]) -> Decorator:
    """The options on a function, in their order."""

    def decorate(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate
