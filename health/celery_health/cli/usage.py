"""Click commands that exit with code 3 on wrong usage. Click's own code 2 means unhealthy here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from celery_health.cli.exit_codes import ExitCode

Decorator = Callable[[Any], Any]


class UsageError(click.UsageError):
    """The options are wrong. The message says what to write instead."""

    exit_code = ExitCode.USAGE


class Command(click.Command):
    """A command that exits with code 3 on wrong usage."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, with the other exit code."""
        with _exit_code():
            return super().parse_args(ctx, args)


class Group(click.Group):
    """A group of commands that exits with code 3 on wrong usage."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, with the other exit code."""
        with _exit_code():
            return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the other exit code."""
        with _exit_code():
            return super().resolve_command(ctx, args)


def with_options(options: tuple[Decorator, ...]) -> Decorator:
    """Add the options to a function, in their order."""

    def decorate(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


@contextmanager
def _exit_code() -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        error.exit_code = ExitCode.USAGE  # type: ignore[misc]
        raise
