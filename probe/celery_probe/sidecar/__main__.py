"""The ``celery-probe`` command: the agent, the sidecar, Celery with both, and the report."""

import argparse
import asyncio
import contextlib
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celery_health.wire.names import (
    BROKER_VARIABLE,
    DIRECTORY,
    DIRECTORY_VARIABLE,
    PORT,
    PORT_VARIABLE,
    ROLE_VARIABLE,
    TOKEN_FILE_VARIABLE,
    TOKEN_VARIABLE,
)

if TYPE_CHECKING:
    from celery_probe.sidecar.settings import Settings

EXIT_FAILED = 1
EXIT_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Exit status 0: done; 1: failed; 2: wrong arguments or environment."""
    options = _parser().parse_args(arguments)
    if options.command == "install":
        return _install(options.directory)
    if options.command == "run":
        return _run(options.celery)
    if options.command == "report":
        return _report()
    return _serve()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="celery-probe", description="Health probe for Celery workers and beat."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    install = commands.add_parser(
        "install", help="copy the agent into the volume shared with the worker or beat"
    )
    install.add_argument("directory", type=Path, metavar="DIR", help="where the volume is mounted")
    commands.add_parser(
        "serve",
        help="answer the probes of the worker, or of beat, in this pod",
        description=(
            f"Environment: {DIRECTORY_VARIABLE} (default {DIRECTORY}), {PORT_VARIABLE} (default {PORT}), "
            f"{ROLE_VARIABLE} (worker, the default, or beat), {TOKEN_VARIABLE} (bearer token for "
            f"the report and orders), {TOKEN_FILE_VARIABLE} (a file with that token, which may change), "
            f"{BROKER_VARIABLE} (the broker to check)."
        ),
    )
    commands.add_parser(
        "report",
        help="print what the sidecar in this pod, or on this machine, knows of its worker or beat",
        description=f"Environment: that of the sidecar, of which {PORT_VARIABLE} and the token count.",
    )
    run = commands.add_parser(
        "run",
        help="run Celery with the agent beside the sidecar, where no kubelet restarts it",
        description=(
            "A worker or beat that is not live for 30 s is ended, and this program with it: exit code "
            f"{EXIT_FAILED}. Let a supervisor start it again. Environment: {PORT_VARIABLE} (default {PORT}; "
            f"each process on a machine needs its own), {BROKER_VARIABLE} (the broker to check), "
            f"{DIRECTORY_VARIABLE} (default: a temporary folder)."
        ),
    )
    run.add_argument(
        "celery", nargs=argparse.REMAINDER, metavar="COMMAND", help="such as: celery -A APP worker"
    )
    return parser


# Each command imports what it needs: an init container that copies files needs no HTTP server, and every pod
# pays for the sidecar's memory.


def _install(directory: Path) -> int:
    from celery_probe.bundle import install  # noqa: PLC0415

    try:
        install(directory)
    except OSError as error:
        return _complain(f"cannot install into {directory}: {error.strerror or error}", EXIT_FAILED)
    return 0


def _serve() -> int:
    from celery_probe.sidecar.serving import serve  # noqa: PLC0415

    return _answering(serve)


def _report() -> int:
    from celery_probe.sidecar.report import ReportError, read_report  # noqa: PLC0415
    from celery_probe.sidecar.settings import SettingsError, read_port, read_token  # noqa: PLC0415

    try:
        report = read_report(read_port(os.environ), read_token(os.environ).current())
    except SettingsError as error:
        return _complain(str(error), EXIT_USAGE)
    except ReportError as error:
        return _complain(str(error), EXIT_FAILED)
    print(report)  # noqa: T201 (a command's own output)
    return 0


def _run(command: Sequence[str]) -> int:
    from celery_probe.bundle import observed_program  # noqa: PLC0415
    from celery_probe.sidecar.running.command import CommandError, with_agent  # noqa: PLC0415
    from celery_probe.sidecar.running.program import run  # noqa: PLC0415

    with contextlib.ExitStack() as stack:
        folder = os.environ.get(DIRECTORY_VARIABLE)
        if not folder:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="celery-probe-"))
        try:
            full = with_agent(command, Path(folder))
        except CommandError as error:
            return _complain(str(error), EXIT_USAGE)
        os.environ[DIRECTORY_VARIABLE] = folder
        os.environ.setdefault(ROLE_VARIABLE, observed_program(full[2:]) or "")
        return _install(Path(folder)) or _answering(lambda settings, listener: run(settings, listener, full))


def _answering(work: Callable[["Settings", socket.socket], Coroutine[Any, Any, int | None]]) -> int:
    """The exit code of ``work``, which answers on the listener, with the settings of the environment."""
    from celery_health.known_secrets import remember, remember_url  # noqa: PLC0415
    from celery_probe.sidecar.serving import listen  # noqa: PLC0415
    from celery_probe.sidecar.settings import SettingsError, read_settings  # noqa: PLC0415

    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        return _complain(str(error), EXIT_USAGE)
    remember(settings.token.current())
    remember_url(settings.broker_url)
    try:
        listener = listen(settings.port)
    except OSError as error:
        what = f"cannot listen on port {settings.port}: {os.strerror(error.errno or 0)}"
        return _complain(f"{what}; set {PORT_VARIABLE} to a free port", EXIT_FAILED)
    return asyncio.run(work(settings, listener)) or 0


def _complain(message: str, status: int) -> int:
    print(f"celery-probe: {message}", file=sys.stderr)  # noqa: T201 (a command's own error output)
    return status


if __name__ == "__main__":
    sys.exit(main())
