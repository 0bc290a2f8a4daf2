"""Click commands that exit with code 3 on wrong usage. Click's own code 2 means unhealthy here."""

import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click
from click.core import ParameterSource

from celery_health.exit_codes import ExitCode

Decorator = Callable[[Any], Any]


class UsageError(click.UsageError):
    """The options are wrong. The message says what to write instead."""

    exit_code = ExitCode.USAGE


class CalledCommand(click.Command):
    """A command that exits with code 3 on wrong usage. The program that calls it goes on."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, with the other exit code."""
        with _exit_code():
            return super().parse_args(ctx, args)


class Command(CalledCommand):
    """A command that is the whole program."""

    def invoke(self, ctx: click.Context) -> Any:
        """As click does, and end although the application keeps threads."""
        with _end_of_program():
            return super().invoke(ctx)


class Group(click.Group):
    """A group of commands that exits with code 3 on wrong usage."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, with the other exit code."""
        with _exit_code():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does, and end although the application keeps threads."""
        with _end_of_program():
            return super().invoke(ctx)

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


def given_before(ctx: click.Context, options: Mapping[str, Any]) -> dict[str, Any]:
    """The ``default_map`` by which an option before a subcommand means the same as after it.

    `celery-health -A shop monitor` is `celery-health monitor -A shop`.
    """
    not_given = {ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP}
    given = {
        name: value for name, value in options.items() if ctx.get_parameter_source(name) not in not_given
    }
    return {ctx.invoked_subcommand: given} if ctx.invoked_subcommand else {}


@contextmanager
def _exit_code() -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        error.exit_code = ExitCode.USAGE  # type: ignore[misc]
        raise


@contextmanager
def _end_of_program() -> Iterator[None]:
    """What the application prints when Python ends goes to stderr, and its threads do not delay the end."""
    try:
        yield
    except click.exceptions.Exit as end:
        _leave(end.exit_code)
        raise
    except click.ClickException as error:
        if _keeps_threads():
            error.show()
            _leave(error.exit_code)
        raise


def _leave(code: int) -> None:
    out = sys.__stdout__
    if out is None or sys.stdout is not out:
        return  # the output is caught: this is not the end of the program
    out.flush()
    os.dup2(sys.stderr.fileno(), out.fileno())
    if _keeps_threads():
        sys.stderr.flush()
        os._exit(code)


def _keeps_threads() -> bool:
    """Whether Python would wait for threads: those of the application that are not daemons."""
    return any(one is not threading.main_thread() and not one.daemon for one in threading.enumerate())
