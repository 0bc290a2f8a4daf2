"""From the options of a command to what is checked."""

import os
from collections.abc import Mapping
from typing import Any

from celery_health.survey.app_connection import AppConnection, resolve
from celery_health.survey.app_loading import ConfigurationError, load_app, load_default_app
from celery_health.survey.snapshot import CheckOptions
from celery_health.urls import UrlError, parse_management
from celery_health.verdicts.thresholds import FleetThresholds


def connection_from(app: Any, options: Mapping[str, Any]) -> AppConnection:
    """The application and the URLs that the options name. ``app`` is loaded by ``celery -A``, or None.

    Raises:
        ConfigurationError: there is nothing to check.
    """
    name = options.get("app_name") or getattr(app, "main", None)
    if app is None and not options.get("app_name") and not options.get("broker"):
        name = os.environ.get("APP")
        app = None if name else load_default_app(options["timeout"])
    if app is None and name:
        app = load_app(name, options["timeout"])
    if options.get("management_url"):
        try:
            parse_management(options["management_url"])
        except UrlError as error:
            raise ConfigurationError(f"--management-url cannot be used: {error}") from error
    return resolve(app, name, options.get("broker"), options.get("result_backend"), os.environ)


def check_options_from(options: Mapping[str, Any], connection: AppConnection) -> CheckOptions:
    """What to check.

    Raises:
        ConfigurationError: the options contradict each other, or there is no result backend for a test task.
    """
    if options.get("task") and not options.get("test_tasks"):
        raise ConfigurationError("--task needs --test-tasks: it names the task that --test-tasks sends.")
    backend = connection.result_backend
    if options.get("test_tasks") and (backend is None or backend.scheme == "disabled"):
        raise ConfigurationError(
            "--test-tasks waits for results, and no result backend is known: use --result-backend URL, with "
            "the result backend of the workers."
        )
    return CheckOptions(
        timeout=options["timeout"],
        queues=queues_from(options),
        ignored_queues=tuple(options["ignored_queues"]),
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
