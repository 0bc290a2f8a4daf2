"""The ``celery-probe`` command: installs the agent into the shared volume, and runs the sidecar."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from celery_health.wire.names import (
    BROKER_VARIABLE,
    DIRECTORY,
    DIRECTORY_VARIABLE,
    PORT,
    PORT_VARIABLE,
    ROLE_VARIABLE,
    TOKEN_VARIABLE,
)

EXIT_FAILED = 1
EXIT_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Exit status 0: done; 1: failed; 2: wrong arguments or environment."""
    options = _parser().parse_args(arguments)
    if options.command == "install":
        return _install(options.directory)
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
            f"{ROLE_VARIABLE} (worker, the default, or beat), {TOKEN_VARIABLE} (bearer token for orders), "
            f"{BROKER_VARIABLE} (the broker to check)."
        ),
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
    from celery_probe.sidecar.serving import listen, serve  # noqa: PLC0415
    from celery_probe.sidecar.settings import SettingsError, read_settings  # noqa: PLC0415

    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        return _complain(str(error), EXIT_USAGE)
    try:
        listener = listen(settings.port)
    except OSError as error:
        what = f"cannot listen on port {settings.port}: {os.strerror(error.errno or 0)}"
        return _complain(f"{what}; set {PORT_VARIABLE} to a free port", EXIT_FAILED)
    asyncio.run(serve(settings, listener))
    return 0


def _complain(message: str, status: int) -> int:
    print(f"celery-probe: {message}", file=sys.stderr)  # noqa: T201 (a command's own error output)
    return status


if __name__ == "__main__":
    sys.exit(main())
