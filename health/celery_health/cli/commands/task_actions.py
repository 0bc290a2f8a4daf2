"""``cancel TASK_ID`` and ``retry TASK_ID``: act on one task, without a monitor."""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from celery_health.cli.commands.arguments import connection_from
from celery_health.cli.usage import UsageError
from celery_health.exit_codes import ExitCode
from celery_health.survey.task.actions import (
    Edited,
    TaskActionError,
    cancel,
    retry,
    revoked_sentence,
)
from celery_health.threads import start_in_thread

T = TypeVar("T")

NOT_KEPT = (
    "The cancel is in the memory of these workers. A worker that starts later learns of it from them; if all "
    "of them restart before, or it starts with --without-mingle, the task may run. celery-monitor keeps a "
    "cancel."
)
NOT_LINKED = "The two tasks are not linked anywhere: note both ids. celery-monitor links them."


def run_cancel(app: Any, options: Mapping[str, Any], task_id: str) -> ExitCode:
    """Revoke the task in all workers, and say what is not kept.

    Raises:
        ConfigurationError: no broker is named.
    """
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
        ConfigurationError: no broker is named.
    """
    connection = connection_from(app, options)
    edited = Edited(
        name=options["name"],
        args=_json("--args", options["args"], list, "a list"),
        kwargs=_json("--kwargs", options["kwargs"], dict, "an object"),
        queue=options["queue"],
    )
    found = _done(lambda: retry(connection, task_id, options["timeout"], edited))
    if isinstance(found, ExitCode):
        return found
    click.echo(f"Sent again as {found}.\n{NOT_LINKED}")
    return ExitCode.HEALTHY


def _done(work: Callable[[], T]) -> T | ExitCode:
    """The result, or the exit code after the reason was printed."""
    working = start_in_thread(work)
    try:
        return working.result()
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
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
