"""Loads the application that ``-A`` names. Any error of its modules must end in one line."""

import contextlib
import importlib
import importlib.util
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import click

from celery_health.error_text import first_line, in_one_line
from celery_health.exit_codes import ExitCode
from celery_health.redaction import redact


class ConfigurationError(click.ClickException):
    """There is nothing to check. The message says in one line what to write instead."""

    exit_code = ExitCode.USAGE


class _OutOfTime(BaseException):
    """Not an Exception, because an application may catch every Exception while it is imported."""


def load_app(name: str, seconds: float, timeout_option: str | None = "--timeout") -> Any:
    """Load the application as ``celery -A`` does. What it prints during its import goes to stderr.

    ``timeout_option``: the option of the program that sets ``seconds``, if there is one.

    Raises:
        ConfigurationError: it cannot be loaded within ``seconds``.
    """

    def find() -> Any:
        from celery.app.utils import find_app  # noqa: PLC0415

        return find_app(name)

    return _loaded(name, find, seconds, timeout_option)


def complete_app(name: str, app: Any, seconds: float) -> None:
    """Load what ``celery -A`` leaves to its commands: the settings, and the models of Django.

    Raises:
        ConfigurationError: they cannot be loaded within ``seconds``.
    """
    _loaded(name, lambda: app, seconds, "--timeout")


def default_configuration() -> str | None:
    """The module that configures ``celery`` without ``-A``, None if there is none."""
    module = os.environ.get("CELERY_CONFIG_MODULE") or "celeryconfig"
    return None if module == "celeryconfig" and not Path("celeryconfig.py").is_file() else module


def load_default_app(seconds: float) -> Any:
    """The application that ``celery`` uses without ``-A``, None where no module configures it.

    Raises:
        ConfigurationError: it cannot be loaded within ``seconds``.
    """
    module = default_configuration()
    if module is None:
        return None

    def make() -> Any:
        from celery import Celery  # noqa: PLC0415

        # Celery takes a module that cannot be imported for no configuration.
        importlib.import_module(module)
        return Celery("default", loader="default", set_as_current=False)

    return _loaded(module, make, seconds, "--timeout")


def _loaded(name: str, find: Callable[[], Any], seconds: float, timeout_option: str | None) -> Any:
    # As Celery does, before any code of the application runs.
    here = os.getcwd()  # noqa: PTH109
    sys.path.insert(0, here)
    try:
        with contextlib.redirect_stdout(sys.stderr), _no_sudden_end(), _at_most(seconds, Path(here)):
            app = find()
            if not _is_celery(app):
                raise not_loaded(name, "it is not a Celery application: use -A MODULE:NAME")
            load_settings(name, app)
            _set_up_django()
            if not app.conf.broker_read_url:
                _start_as_worker(app)
                load_settings(name, app)
    except _OutOfTime as place:
        why = f"after {seconds:g} s it is still at {place}. Find out why"
        if timeout_option:
            why += f", or use a longer {timeout_option}"
        raise not_loaded(name, why) from None
    except ModuleNotFoundError as error:
        raise not_loaded(name, _what_is_missing(name, error.name or name)) from error
    except AttributeError as error:
        raise not_loaded(name, f"{first_line(error).rstrip('.')}: use -A MODULE:NAME") from error
    except ConfigurationError:
        raise
    except (Exception, SystemExit) as error:
        raise not_loaded(name, f"it raises {in_one_line(error).rstrip('.')}") from error
    return app


@contextlib.contextmanager
def _no_sudden_end() -> Iterator[None]:
    """An application that ends the process must not end it with the code of a healthy one."""
    end, process = os._exit, os.getpid()

    def raise_here(code: int) -> None:
        if os.getpid() != process:  # a child process that the application has forked
            end(code)
        raise SystemExit(code)

    os._exit = raise_here  # type: ignore[assignment]
    try:
        yield
    finally:
        os._exit = end


def _start_as_worker(app: Any) -> None:
    """What a worker does before it connects: code of the application that runs then may name the broker.

    What fails here may be missing only where this program runs: then Celery's default broker counts.
    """
    with contextlib.suppress(Exception):
        app.loader.import_default_modules()
        app.finalize()


def _set_up_django() -> None:
    """As a worker does before its first task: what needs the models, such as django-db, fails without it."""
    if os.environ.get("DJANGO_SETTINGS_MODULE") and importlib.util.find_spec("django"):
        load_django_models()


def load_django_models() -> None:
    """Load the models of the Django application, once. django.setup() would also replace the logging."""
    from django.apps import apps  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415

    apps.populate(settings.INSTALLED_APPS)


def load_settings(name: str, app: Any) -> None:
    """Settings may hang as well. Counting them shows what they raise: reading one swallows each KeyError.

    Raises:
        ConfigurationError: they raise an error.
    """
    try:
        len(app.conf)
    except Exception as error:
        raise settings_raise(name, error) from error


def settings_raise(name: str, error: Exception) -> ConfigurationError:
    """The error for an application whose settings, or whose own code in their place, raise ``error``."""
    return not_loaded(name, f"its settings raise {in_one_line(error).rstrip('.')}")


def _is_celery(app: Any) -> bool:
    """By its class: an attribute would be computed from the settings, which may raise."""
    from celery import Celery  # noqa: PLC0415

    return isinstance(app, Celery) or all(hasattr(type(app), name) for name in ("amqp", "control"))


def not_loaded(name: str, why: str) -> ConfigurationError:
    """The error for an application that cannot be loaded."""
    return ConfigurationError(f"{application(name)} cannot be loaded: {redact(why)}.")


def application(name: str) -> str:
    """The application in the words of a message. ``name`` is empty where no ``-A`` names it."""
    return f"The application {name!r}" if name else "Celery's configuration"


@contextlib.contextmanager
def _at_most(seconds: float, home: Path) -> Iterator[None]:
    """Raise _OutOfTime in the block after ``seconds``; never where there is no such signal."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def raise_in_block(_number: int, frame: FrameType | None) -> None:
        raise _OutOfTime(_place(frame, home))

    before = signal.signal(signal.SIGALRM, raise_in_block)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _place(frame: FrameType | None, home: Path) -> str:
    """The line that runs: the innermost one in the application's folder, or else the innermost one."""
    innermost = frame
    while frame is not None and not _is_below(frame.f_code.co_filename, home):
        frame = frame.f_back
    shown = frame or innermost
    return "an unknown place" if shown is None else f"{shown.f_code.co_filename}, line {shown.f_lineno}"


def _is_below(file: str, home: Path) -> bool:
    path = Path(file)
    return path.is_relative_to(home) and "site-packages" not in path.parts


def _what_is_missing(name: str, missing: str) -> str:
    module, _, attribute = name.partition(":")
    if missing == name and attribute and module in sys.modules:
        return f"the module {module!r} has no {attribute!r}"
    # Celery tries MODULE.celery last, and its name is in the error then.
    if missing in {module, name} or name.startswith(f"{missing}."):
        return f"there is no module {missing!r} in {os.getcwd()} or sys.path"  # noqa: PTH109
    return f"it imports {missing!r}, which is not installed here"
