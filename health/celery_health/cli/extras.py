"""Starts a program of the package, and names the extra that it needs where a library is missing.

Imports nothing but the standard library.
"""

import importlib
import sys

_OWN = ("celery_health", "celery_kubectl", "celery_monitor", "celery_operator", "celery_probe")
_USAGE = 3


def run(module: str, function: str, extra: str) -> object:
    """Call the function of the module. A missing library ends the program with exit code 3 and one line."""
    try:
        return getattr(importlib.import_module(module), function)()
    except ModuleNotFoundError as error:
        if not is_library(error):
            raise
        sys.stderr.write(f"Error: {needs(error, extra)}\n")
        raise SystemExit(_USAGE) from None


def is_library(error: ModuleNotFoundError) -> bool:
    """Whether the missing module is of another package."""
    return bool(error.name) and str(error.name).partition(".")[0] not in _OWN


def needs(error: ModuleNotFoundError, extra: str) -> str:
    """What to install."""
    return f"This needs celery-operator[{extra}]: {error.name!r} is not installed."


def health() -> object:
    """The program ``celery-health``."""
    return run("celery_health.cli.commands.main", "main", "cli")
