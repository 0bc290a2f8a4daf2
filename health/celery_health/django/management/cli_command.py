"""A command of the CLI as a management command: Django shows its options, and the CLI does the work."""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import click
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from celery_health.cli.commands.options import APP
from celery_health.cli.usage import CalledCommand, Command, Decorator, with_options
from celery_health.exit_codes import ExitCode


class CliCommand(BaseCommand):  # type: ignore[misc]
    """A management command with the options, the output and the exit codes of a command of the CLI."""

    # Workers can be checked while Django's own checks fail, for example without a database.
    requires_system_checks: ClassVar[tuple[str, ...]] = ()

    is_program = False
    """Whether the process is there for this command alone; else ``call_command`` has called it."""

    cli_options: ClassVar[tuple[Decorator, ...]]
    """The options of the command of the CLI, but for those that name the application."""

    def cli_run(self, options: Mapping[str, Any]) -> ExitCode:
        """Run the command of the CLI, by its options."""
        raise NotImplementedError

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of the CLI. Only the CLI checks their values."""
        command = self._command()
        context = click.Context(command)
        for option in command.params:
            names, text = option.get_help_record(context) or ("", "")
            parser.add_argument(
                *option.opts, dest=option.name, help=text.replace("%", "%%"), **_kind(option, names)
            )

    def run_from_argv(self, argv: list[str]) -> None:
        """Run from the command line. Wrong usage ends with 3: the 2 of argparse means unhealthy here."""
        try:
            self.create_parser(argv[0], argv[1]).parse_args(argv[2:])
        except CommandError as error:
            self.stderr.write(f"{error}. Try: {argv[0]} {argv[1]} --help")
            sys.exit(ExitCode.USAGE)
        self.is_program = True
        super().run_from_argv(argv)

    def handle(self, *_: Any, **options: Any) -> None:
        """Run the command of the CLI. Ends with its exit code, and returns if that is 0."""
        command = self._command()
        with _output(options):
            try:
                command.main(list(_arguments(command, options)), f"manage.py {command.name}")
            except SystemExit as end:
                if end.code:
                    raise

    def _command(self) -> click.Command:
        """The command of the CLI, with the application of the project as its default."""
        cls = Command if self.is_program else CalledCommand

        @click.command(cls=cls, name=type(self).__module__.rpartition(".")[2])
        @with_options((*APP, *self.cli_options))
        @click.pass_context
        def command(ctx: click.Context, /, **options: Any) -> None:
            ctx.exit(self.cli_run(options))

        for option in command.params:
            if isinstance(option, click.Option) and option.name == "app_name":
                option.default, option.show_default = _project(), True
        return command


def _project() -> str | None:
    """The package of the settings. Celery's guide for Django puts the application there."""
    module = settings.SETTINGS_MODULE
    return module.partition(".")[0] if isinstance(module, str) else None


def _kind(option: click.Parameter, names: str) -> dict[str, Any]:
    """How argparse reads the option. ``names`` are its names and its value, as click's help shows them."""
    if isinstance(option, click.Option) and option.is_flag:
        return {"action": "store_true"}
    # With brackets in it, argparse could not break the line of the usage.
    value = {"metavar": names.rpartition(" ")[2].strip("[]")}
    return {**value, "action": "append"} if option.multiple else value


def _arguments(command: click.Command, options: Mapping[str, Any]) -> Iterator[str]:
    """The arguments of the CLI for what Django has parsed."""
    for option in command.params:
        name, value = option.opts[-1], options.get(str(option.name))
        if value is True:
            yield name
        elif isinstance(value, list | tuple):
            for one in value:
                yield from (name, str(one))
        elif value not in (None, False):
            yield from (name, str(value))


@contextlib.contextmanager
def _output(options: Mapping[str, Any]) -> Iterator[None]:
    """Print as Django's own options say: to the file of ``call_command``, with or without colours."""
    if options.get("no_color"):
        os.environ["NO_COLOR"] = "1"
    if options.get("force_color"):
        os.environ["FORCE_COLOR"] = "1"
    with contextlib.redirect_stdout(options.get("stdout") or sys.stdout):
        yield
