"""What the application's own clients refuse: a reader of ours takes only a part of the settings they take."""

import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from celery_health.error_text import in_one_line
from celery_health.readers.timeouts import CONNECT_SECONDS
from celery_health.survey.app_broker import ping_redis_results
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.app_loading import ConfigurationError, application
from celery_health.threads import run_in_thread

# A missing module may be missing here alone. An error of a certificate is an OSError and a ValueError.
_REFUSALS = (TypeError, ValueError, AttributeError, LookupError)


async def check_broker_settings(connection: AppConnection, seconds: float) -> None:
    """Connect as a worker does, within ``seconds``, unless that has worked with the same settings.

    Raises:
        ConfigurationError: kombu cannot connect with such settings.
    """
    if connection.app is None or not (connection.broker.kind.is_redis or connection.broker.kind.is_amqp):
        return

    def connect() -> None:
        with connection.celery().connection_for_read(connect_timeout=CONNECT_SECONDS) as opened:
            opened.connect()
            if opened.transport.driver_type == "redis":
                _compute(opened.default_channel)

    await _check("broker", connection, connect, seconds)


def _compute(channel: Any) -> None:
    """What a worker computes from the transport options of Redis as soon as it reads, or sends a message."""
    _ = time.time() - channel.visibility_timeout
    channel.priority(0)


async def check_result_settings(connection: AppConnection, seconds: float) -> None:
    """Use the result backend as a worker does, within ``seconds``, unless that has worked before.

    Raises:
        ConfigurationError: Celery cannot use it with such settings.
    """
    if connection.app is None or connection.result_backend is None:
        return
    redis = connection.result_backend.kind.is_redis

    def connect() -> None:
        app = connection.celery()
        _ = app.backend  # of another kind than Redis no more can be tried
        if redis:
            ping_redis_results(app)

    await _check("result backend", connection, connect, seconds)


async def check_serializers(connection: AppConnection, seconds: float) -> None:
    """Find the serializers that the settings name, within ``seconds``.

    It imports the modules with tasks if one is missing, as a worker does: they may add it.

    Raises:
        ConfigurationError: one is missing, so that a worker ends at its start.
    """
    if connection.app is None:
        return
    try:
        missing = await run_in_thread(lambda: _missing_serializer(connection.app), seconds)
    except (Exception, SystemExit):  # whatever the application's modules raise, nothing is known
        return
    if missing:
        setting, error = missing
        raise ConfigurationError(
            f"{application(connection.name)} has a setting {setting} that Celery refuses: "
            f"{in_one_line(error).rstrip('.')}."
        )


def _missing_serializer(app: Any) -> tuple[str, Exception] | None:
    if _refused_names(app.conf) is None:
        return None
    app.loader.import_default_modules()
    return _refused_names(app.conf)


def _refused_names(conf: Any) -> tuple[str, Exception] | None:
    """The setting, and the error with which a worker ends."""
    # Imported only here, where Celery is loaded.
    from kombu.exceptions import SerializerNotInstalled  # noqa: PLC0415
    from kombu.serialization import prepare_accept_content  # noqa: PLC0415

    for setting, names in (
        ("accept_content", conf.accept_content),
        ("result_accept_content", conf.result_accept_content),
        ("task_serializer", [conf.task_serializer] if conf.task_serializer else []),
        ("event_serializer", [conf.event_serializer] if conf.event_serializer else []),
    ):
        try:
            prepare_accept_content(names)
        except (SerializerNotInstalled, TypeError) as error:
            return setting, error
    return None


async def refused_by_worker(connection: AppConnection, seconds: float) -> str:
    """The setting that ends each worker at its start, and why, found within ``seconds``; empty if none is.

    An option of the worker may replace such a setting: it explains only why there is no worker.
    """
    app = connection.app
    if app is None:
        return ""
    try:
        return await run_in_thread(
            lambda: _no_number(app.conf) or _missing_pool(app.conf) or _missing(app), seconds
        )
    except (Exception, SystemExit):  # whatever the application's modules raise, nothing is known
        return ""


def _no_number(conf: Any) -> str:
    """Celery computes with these settings. It converts only the last one."""
    for setting in ("worker_concurrency", "broker_pool_limit"):
        value = conf.get(setting)
        if value and isinstance(value, str):
            return f"{setting} is the text {value!r}: write a number"
    value = conf.get("worker_prefetch_multiplier")
    try:
        int(value)
    except (TypeError, ValueError):
        return f"worker_prefetch_multiplier is {value!r}: write a number"
    return ""


def _missing_pool(conf: Any) -> str:
    # Imported only here, where Celery is loaded.
    from celery.concurrency import get_available_pool_names, get_implementation  # noqa: PLC0415

    pool = conf.worker_pool
    if not isinstance(pool, str) or pool in get_available_pool_names():  # gevent changes the process
        return ""
    try:
        get_implementation(pool)
    except (ImportError, AttributeError, ValueError) as error:
        return f"worker_pool is {pool!r}, which Celery cannot find ({in_one_line(error).rstrip('.')})"
    return ""


def _missing(app: Any) -> str:
    """A worker imports these modules. Of one that is here nothing is run, but for its packages."""
    for setting in ("imports", "include"):
        value = app.conf.get(setting) or ()
        for name in [value] if isinstance(value, str) else value:
            if not _is_here(name):
                return f"{setting} names the module {name!r}, which cannot be found where this check runs"
    return ""


def _is_here(module: str) -> bool:
    if module in sys.modules:
        return True
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError as error:
        # A package of it; else its package is here, and needs what may be missing here alone.
        return error.name is None or not f"{module}.".startswith(f"{error.name}.")


async def _check(what: str, connection: AppConnection, connect: Callable[[], None], seconds: float) -> None:
    """Once for the same settings: a program that checks for days would open connections without end."""
    settings = _settings(connection.app.conf)
    if settings is not None and connection.accepted.get(what) == settings:
        return
    refusal = ""
    for _ in range(2):  # a client may also fail like this when it loses its connection
        try:
            await run_in_thread(connect, seconds)
        except Exception as error:  # any other error of any client: what our reader has found says more
            if not isinstance(error, _REFUSALS) or isinstance(error, OSError):
                return
            refusal = in_one_line(error).rstrip(".")
        else:
            if settings is not None:
                connection.accepted[what] = settings
            return
    who = application(connection.name)
    raise ConfigurationError(f"{who} has settings for its {what} that Celery refuses: {refusal}.")


def _settings(conf: Any) -> str | None:
    """As text, because a value may be changed in its place. None where a value of the application raises."""
    # Imported only here, where Celery is loaded.
    from celery.app.defaults import SETTING_KEYS  # noqa: PLC0415

    try:
        urls = (conf.broker_read_url, conf.result_backend)  # also from variables
        return repr([*urls, *((name, conf.get(name)) for name in sorted(SETTING_KEYS))])
    except Exception:  # whatever the application's own classes raise
        return None
