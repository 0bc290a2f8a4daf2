"""``cancel TASK_ID`` and ``retry TASK_ID``: act on one task, by a monitor or without one."""

import json
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from celery_health.cli.commands.arguments import connection_from
from celery_health.cli.usage import UsageError
from celery_health.exit_codes import ExitCode
from celery_health.redaction import printable
from celery_health.survey.task.actions import (
    Edited,
    TaskActionError,
    cancel,
    retry,
    revoked_sentence,
)
from celery_health.survey.task.monitor_api import MonitorAccess, request_of_monitor
from celery_health.threads import start_in_thread

T = TypeVar("T")

KEPT = (
    "The monitor keeps the cancel of {requested_by}, and orders workers to revoke the task until it has "
    "ended. To see what became of it: celery-health why {task_id}"
)
NOT_KEPT = (
    "The cancel is in the memory of these workers. A worker that starts later learns of it from them; if all "
    "of them restart before, or it starts with --without-mingle, the task may run. celery-monitor keeps a "
    "cancel."
)
NOT_LINKED = "The two tasks are not linked anywhere: note both ids. celery-monitor links them."


def run_cancel(app: Any, options: Mapping[str, Any], task_id: str) -> ExitCode:
    """Revoke the task in all workers, and say what is not kept.

    Raises:
        ConfigurationError: neither a monitor nor a broker is named.
    """
    if options["monitor"]:
        body = {"terminate": options["terminate"], "signal": options["signal"]}
        return _by_monitor(options, task_id, "cancel", body, KEPT)
    connection = connection_from(app, options)
    found = _done(
        lambda: cancel(
            connection,
            task_id,
            options["timeout"],
            terminate=options["terminate"],
            signal=options["signal"],
        )
    )
    if isinstance(found, ExitCode):
        return found
    click.echo(revoked_sentence(found))
    for refusal in found.refusals:
        click.echo(refusal, err=True)
    click.echo(NOT_KEPT)
    return ExitCode.DEGRADED if found.refusals else ExitCode.HEALTHY


def run_retry(app: Any, options: Mapping[str, Any], task_id: str) -> ExitCode:
    """Send the task again, and print its new id.

    Raises:
        ConfigurationError: neither a monitor nor a broker is named.
    """
    edited = Edited(
        name=options["name"],
        args=_json("--args", options["args"], list, "a list"),
        kwargs=_json("--kwargs", options["kwargs"], dict, "an object"),
        queue=options["queue"],
    )
    if options["monitor"]:
        if edited.name is not None:
            raise UsageError("--name is for a result backend without names: the monitor knows the name.")
        body = {"args": edited.args, "kwargs": edited.kwargs, "queue": edited.queue}
        return _by_monitor(options, task_id, "retry", body, "Sent again as {task_id}.")
    connection = connection_from(app, options)
    found = _done(lambda: retry(connection, task_id, options["timeout"], edited))
    if isinstance(found, ExitCode):
        return found
    click.echo(f"Sent again as {found}.\n{NOT_LINKED}")
    return ExitCode.HEALTHY


def _by_monitor(
    options: Mapping[str, Any], task_id: str, action: str, body: Mapping[str, Any], sentence: str
) -> ExitCode:
    """Print what the monitor did, with the fields of its answer in the sentence."""
    access = MonitorAccess(options["monitor"], os.environ.get("CELERY_MONITOR_TOKEN", ""), options["timeout"])
    found = _done(lambda: request_of_monitor(access, task_id, action, body))
    if isinstance(found, ExitCode):
        return found
    fields = {name: printable(str(found.get(name))) for name in ("task_id", "requested_by")}
    click.echo(sentence.format(**fields))
    return ExitCode.HEALTHY


def _done(work: Callable[[], T]) -> T | ExitCode:
    """The result, or the exit code after the reason was printed."""
    working = start_in_thread(work)
    try:
        return working.result()
    except TaskActionError as error:
        click.echo(str(error), err=True)
        return ExitCode.USAGE if error.refused else ExitCode.UNHEALTHY


def _json(option: str, text: str | None, kind: type[T], what: str) -> T | None:
    if text is None:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError(f"{option} is not JSON: write for example {option} '[7]'.") from None
    if not isinstance(value, kind):
        raise UsageError(f"{option} is not {what} in JSON.")
    return value
