"""What the workers will do with messages that are about to be replayed: run, discard or move them again."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from celery_health.error_text import in_one_line
from celery_health.redaction import printable
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.budget import Budget
from celery_health.survey.evidence.reading import read_listeners
from celery_health.survey.remote_control import answers_of, merged, not_refused
from celery_health.threads import start_in_thread
from celery_health.verdicts.text import counted
from celery_health.wire.bounds import task_id
from celery_health.wire.quarantine import QuarantinedTask, quarantine_stats

_SECONDS = 2.0
"""After the last answer, where the number of workers is not known."""
_MOST_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class WorkersOnReplay:
    """``revoked``: by task id, the workers that discard the task. ``quarantined``: by task id, the task.

    ``problem``: a sentence if some workers may not have answered, else empty.
    """

    revoked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    quarantined: Mapping[str, QuarantinedTask] = field(default_factory=dict)
    problem: str = ""


def ask_workers(connection: AppConnection) -> WorkersOnReplay:
    """Ask them by remote control. It blocks for some seconds. Never raises.

    Workers without remote control are not asked: no task can be revoked there.
    """
    if not connection.remote_control:
        return WorkersOnReplay()
    try:
        # RabbitMQ without memory does not even close a connection that has sent a command.
        return start_in_thread(lambda: _asked(connection, connection.celery())).result(_MOST_SECONDS)
    except Exception as error:  # whatever the transport raises means the same
        late = isinstance(error, TimeoutError)
        reason = "the broker does not answer in time" if late else in_one_line(error).rstrip(".")
        return WorkersOnReplay(problem=f"The workers could not be asked for revoked tasks: {reason}.")


def _asked(connection: AppConnection, app: Any) -> WorkersOnReplay:
    listeners = asyncio.run(read_listeners(connection, Budget(_SECONDS))).listeners
    if listeners == 0:
        return WorkersOnReplay()
    with app.connection_for_write(connect_timeout=_SECONDS) as opened:
        answers = answers_of(app, opened, "revoked", _SECONDS, limit=listeners)
        stats = answers_of(app, opened, "stats", _SECONDS, limit=len(answers)) if answers else []
    revoked: dict[str, tuple[str, ...]] = {}
    for worker, ids in not_refused(merged(answers)).items():
        for one in ids if isinstance(ids, list) else ():
            ref = printable(task_id(str(one)))
            revoked[ref] = (*revoked.get(ref, ()), worker)
    return WorkersOnReplay(revoked, _quarantined(stats), _problem(len(answers), listeners))


def _quarantined(stats: list[dict[str, Any]]) -> dict[str, QuarantinedTask]:
    """Of each task what the worker says that keeps it longest."""
    found = [quarantine_stats(one) for answer in stats for one in answer.values()]
    tasks = [task for one in found if one is not None for task in one.tasks]
    return {printable(task.id): task for task in sorted(tasks, key=lambda task: task.left)}


def _problem(answered: int, listeners: int | None) -> str:
    if answered and (listeners is None or answered >= listeners):
        return ""
    if listeners is None:
        who = "No worker answered"
    else:
        who = f"{answered} of {counted(listeners, 'worker')} answered"
    return f"{who} within {_SECONDS:g} s. A worker that has revoked a task discards its message."


def until(task: QuarantinedTask) -> str:
    """When the task leaves the quarantine, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + task.left))
