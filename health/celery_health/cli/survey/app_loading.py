"""The application behind ``-A``: its modules run here, so whatever they do wrong must end in one line."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import click

from celery_health.cli.exit_codes import ExitCode
from celery_health.urls import redact


class ConfigurationError(click.ClickException):
    """Nothing can be looked at: the message says in one line what to write."""

    exit_code = ExitCode.USAGE


class _TooLate(BaseException):
    """No Exception: an application that survives every Exception must not survive this one."""


def load_app(name: str, seconds: float) -> Any:
    """The application as ``celery -A`` finds it. What it prints on import goes to stderr.

    Raises:
        ConfigurationError: it cannot be loaded, or not within ``seconds``.
    """
    # As Celery does, before anything of the application runs.
    here = os.getcwd()  # noqa: PTH109
    sys.path.insert(0, here)
    try:
        with contextlib.redirect_stdout(sys.stderr), _at_most(seconds, Path(here)):
            from celery.app.utils import find_app  # noqa: PLC0415

            app = find_app(name)
            # Settings may hang as well; what they raise is told when they are used.
            with contextlib.suppress(Exception):
                app.conf.broker_read_url  # noqa: B018
    except _TooLate as late:
        why = f"it is not loaded after {seconds:g} s, and is at {late}: write a longer --timeout, or see why"
        raise not_loaded(name, why) from None
    except ModuleNotFoundError as error:
        raise not_loaded(name, _what_is_missing(name, error.name or name)) from error
    except AttributeError as error:
        raise not_loaded(name, f"{first_line(error)}: write -A MODULE:NAME") from error
    except (Exception, SystemExit) as error:
        raise not_loaded(name, f"it raises {type(error).__name__}: {first_line(error)}") from error
    if not hasattr(app, "amqp") or not hasattr(app, "control"):
        raise not_loaded(name, "it is no Celery application: write -A MODULE:NAME")
    return app


def not_loaded(name: str, why: str) -> ConfigurationError:
    """The error that says so."""
    return ConfigurationError(f"The application {name!r} cannot be loaded: {redact(why)}.")


def first_line(error: BaseException) -> str:
    """An exception's words, as far as they fit into a sentence."""
    return next(iter(str(error).splitlines()), "").rstrip(".")


@contextlib.contextmanager
def _at_most(seconds: float, home: Path) -> Iterator[None]:
    """Raise _TooLate in the block once the time is over; where there is no such alarm, wait for ever."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_number: int, frame: FrameType | None) -> None:
        raise _TooLate(_place(frame, home))

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _place(frame: FrameType | None, home: Path) -> str:
    """The line of the application that runs: the innermost below its folder, else the innermost of all."""
    innermost = frame
    while frame is not None and not _is_below(frame.f_code.co_filename, home):
        frame = frame.f_back
    told = frame or innermost
    return "an unknown place" if told is None else f"{told.f_code.co_filename}, line {told.f_lineno}"


def _is_below(file: str, home: Path) -> bool:
    path = Path(file)
    return path.is_relative_to(home) and "site-packages" not in path.parts


def _what_is_missing(name: str, missing: str) -> str:
    module, _, attribute = name.partition(":")
    if missing == name and attribute and module in sys.modules:
        return f"the module {module!r} has no {attribute!r}"
    # Celery tries whether MODULE.celery is there before it gives up.
    if missing in {module, name} or name.startswith(f"{missing}."):
        return f"there is no module {missing!r} in {os.getcwd()} or sys.path"  # noqa: PTH109
    return f"it imports {missing!r}, which is not installed here"
