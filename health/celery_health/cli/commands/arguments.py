"""From the options of a command to what is checked."""

import os
from collections.abc import Mapping
from typing import Any

from celery_health.survey.app_connection import AppConnection, resolve
from celery_health.survey.app_loading import ConfigurationError, load_app
from celery_health.survey.snapshot import CheckOptions
from celery_health.urls import UrlError, parse_management
from celery_health.verdicts.thresholds import FleetThresholds


def connection_from(app: Any, options: Mapping[str, Any]) -> AppConnection:
    """The application and the URLs that the options name. ``app`` is loaded by ``celery -A``, or None.

    Raises:
        ConfigurationError: there is nothing to check.
    """
    name = options.get("app_name") or getattr(app, "main", None)
    if app is None and options.get("app_name"):
        app = load_app(options["app_name"], options["timeout"])
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
    if options.get("test_tasks") and not connection.result_backend_url:
        raise ConfigurationError(
            "--test-tasks waits for results, and no result backend is known: use --result-backend URL, with "
            "the result backend of the workers."
        )
    return CheckOptions(
        timeout=options["timeout"],
        queues=tuple(options["queues"]),
        management_url=options.get("management_url"),
        test_tasks=bool(options.get("test_tasks")),
        task=options.get("task"),
        check_redis=bool(options.get("check_redis")),
    )


def thresholds_from(options: Mapping[str, Any]) -> FleetThresholds:
    """The thresholds of the verdicts."""
    return FleetThresholds(backlog=options["backlog_threshold"], hung_after=options["hung_after"])
