"""Click commands that exit with code 3 on wrong usage. Click's own code 2 means unhealthy here."""

import errno
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import click
from click.core import ParameterSource

from celery_health.exit_codes import ExitCode

Decorator = Callable[[Any], Any]


class UsageError(click.UsageError):
    """The options are wrong. The message says what to write instead."""

    exit_code = ExitCode.USAGE


class MissingLibrary(click.ClickException):
    """An extra is not installed. The message names it."""

    exit_code = ExitCode.USAGE


class CalledCommand(click.Command):
    """A command that exits with code 3 on wrong usage. The program that calls it goes on."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, with the other exit code."""
        with _exit_code():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does, with the exit codes of Ctrl-C."""
        with _interruptible(ctx):
            return super().invoke(ctx)


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
        with _end_of_program(), _interruptible(ctx):
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
    """Only the command itself prints to stdout, and threads of the application do not delay the end."""
    out = _output()
    try:
        yield
    except click.exceptions.Exit as end:
        _leave(out, end.exit_code)
        raise
    except click.ClickException as error:
        if _keeps_threads():
            error.show()
            _leave(out, error.exit_code)
        raise
    except OSError as error:
        raise _not_printed(error) from error


@contextmanager
def _interruptible(ctx: click.Context) -> Iterator[None]:
    """Click ends with 1 at Ctrl-C, which means degraded here. With ``--watch``, Ctrl-C is the normal end."""
    try:
        yield
    except KeyboardInterrupt:
        code = ExitCode.HEALTHY if ctx.params.get("watch") else ExitCode.INTERRUPTED
        raise click.exceptions.Exit(code) from None


def print_no_more() -> None:
    """Python flushes stdout again when it ends, which must not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _not_printed(error: OSError) -> Exception:
    """A usage error if stdout is full; the error itself otherwise."""
    if error.errno != errno.ENOSPC:
        return error
    print_no_more()
    return UsageError(f"The result cannot be printed: {error.strerror}.")


def _output() -> TextIO | None:
    """Where the command prints; None if its output is caught, because then it is not the whole program.

    What logs to the stdout of Python, and what child processes print, goes to stderr from now on.
    """
    out = sys.__stdout__
    if sys.stdout is None:  # closed by the caller: the exit code is enough
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115
    if out is None or sys.stdout is not out or sys.stderr is None:
        return None
    out.flush()
    own = os.fdopen(os.dup(out.fileno()), "w", encoding=out.encoding, errors=out.errors)
    os.dup2(sys.stderr.fileno(), out.fileno())
    sys.stdout = own
    return own


def _leave(out: TextIO | None, code: int) -> None:
    if out is None:
        return
    try:
        out.flush()
    except OSError as error:
        raise _not_printed(error) from error
    sys.stdout = sys.__stdout__
    if _keeps_threads():
        sys.stderr.flush()
        os._exit(code)


def _keeps_threads() -> bool:
    """Whether Python would wait for threads: those of the application that are not daemons."""
    return any(one is not threading.main_thread() and not one.daemon for one in threading.enumerate())
