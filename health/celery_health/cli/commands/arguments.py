"""From the options of a command to what is checked."""

import os
from collections.abc import Mapping
from typing import Any

from celery_health.broker import matches_any
from celery_health.environment import APP_VARIABLES, first_set, set_by_celery
from celery_health.redaction import redact
from celery_health.result_backends import is_of_one_process
from celery_health.survey.app_connection import UNNAMED, AppConnection, resolve
from celery_health.survey.app_loading import (
    ConfigurationError,
    complete_app,
    default_configuration,
    load_app,
    load_default_app,
)
from celery_health.survey.app_urls.reading import usable
from celery_health.survey.snapshot import CheckOptions
from celery_health.urls import parse_management
from celery_health.verdicts.thresholds import FleetThresholds

_OF_CELERY = "default"
"""The name of the application that ``celery`` makes without ``-A``."""


def connection_from(app: Any, options: Mapping[str, Any]) -> AppConnection:
    """The application and the URLs that the options name. ``app`` is loaded by ``celery -A``, or None.

    Raises:
        ConfigurationError: there is nothing to check.
    """
    name = options.get("app_name")
    if app is not None:
        name = name or _name_of(app)
        complete_app(name, app, options["timeout"])
    else:
        os.environ.update(set_by_celery(os.environ))
    if app is None and not name and not options.get("broker"):
        name = first_set(os.environ, APP_VARIABLES) or None
        app = None if name else load_default_app(options["timeout"])
        name = name if app is None else ""
    if app is None and name:
        if options.get("broker"):  # as celery -b does, so that the application need not name one
            os.environ["CELERY_BROKER_URL"] = options["broker"]
        app = load_app(name, options["timeout"])
    if options.get("management_url"):
        with usable("--management-url"):
            parse_management(options["management_url"])
    return resolve(app, name, options.get("broker"), options.get("result_backend"), os.environ)


def _name_of(app: Any) -> str:
    """The name of an application that no ``-A`` names. ``celery`` alone makes one that nothing can import."""
    if app.main != _OF_CELERY:
        return UNNAMED if app.main is None else str(app.main)
    return UNNAMED if default_configuration() is None else ""


def check_options_from(options: Mapping[str, Any], connection: AppConnection) -> CheckOptions:
    """What to check.

    Raises:
        ConfigurationError: the options contradict each other, or there is no result backend for a test task.
    """
    if options.get("task") and not options.get("test_tasks"):
        raise ConfigurationError("--task needs --test-tasks: it names the task that --test-tasks sends.")
    queues, ignored = queues_from(options), tuple(options["ignored_queues"])
    if queues and all(matches_any(name, ignored) for name in queues):
        raise ConfigurationError(
            "--ignore-queue leaves out each queue that --queue names, so nothing is left to check: remove "
            "one of the two options."
        )
    backend = connection.result_backend
    if options.get("test_tasks") and backend is not None and backend.scheme == "disabled":
        raise ConfigurationError(
            "--test-tasks waits for results, and the application stores none: its result_backend is "
            "disabled. Set another one, such as redis://HOST:6379/0 or rpc://, or leave out --test-tasks."
        )
    if options.get("test_tasks") and backend is None:
        raise ConfigurationError(
            "--test-tasks waits for results, and no result backend is known: use --result-backend URL, with "
            "the result backend of the workers."
        )
    url = connection.result_backend_url
    if options.get("test_tasks") and url and is_of_one_process(url, getattr(connection.app, "conf", None)):
        raise ConfigurationError(
            f"--test-tasks waits for results, and the result backend {redact(url)} keeps them in the process "
            "of the worker: set a result_backend that all processes share, such as redis://HOST:6379/0 or "
            "rpc://, or leave out --test-tasks."
        )
    return CheckOptions(
        timeout=options["timeout"],
        queues=queues,
        ignored_queues=ignored,
        management_url=options.get("management_url"),
        test_tasks=bool(options.get("test_tasks")),
        task=options.get("task"),
        check_redis=bool(options.get("check_redis")),
    )


def queues_from(options: Mapping[str, Any]) -> tuple[str, ...]:
    """The queues of ``--queue``. Several may be in one value, as in ``celery worker -Q a,b``."""
    names = (name.strip() for given in options["queues"] for name in given.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def thresholds_from(options: Mapping[str, Any]) -> FleetThresholds:
    """The thresholds of the verdicts."""
    return FleetThresholds(backlog=options["backlog_threshold"], hung_after=options["hung_after"])
