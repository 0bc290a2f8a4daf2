"""``why TASK_ID``: why one task is not running, or what became of it."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from celery_health.catalogue.entry import Severity
from celery_health.cli.commands.arguments import connection_from, queues_from
from celery_health.exit_codes import ExitCode
from celery_health.survey.task.facts import WhyOptions, collect_task_facts
from celery_health.threads import start_in_thread
from celery_health.why.answer import Answer
from celery_health.why.decide import why

_CODES: Mapping[Severity, ExitCode] = {
    Severity.INFORMATION: ExitCode.HEALTHY,
    Severity.DEGRADED: ExitCode.DEGRADED,
    Severity.UNHEALTHY: ExitCode.UNHEALTHY,
    Severity.UNKNOWN: ExitCode.UNHEALTHY,
}


def run_why(app: Any, options: Mapping[str, Any], task_id: str) -> ExitCode:
    """Print the answer, and return the exit code of the command.

    Raises:
        ConfigurationError: no broker is named.
    """
    connection = connection_from(app, options)
    asked = WhyOptions(
        timeout=options["timeout"],
        queues=queues_from(options),
        management_url=options.get("management_url"),
    )
    collecting = start_in_thread(lambda: asyncio.run(collect_task_facts(connection, task_id, asked)))
    with contextlib.redirect_stdout(sys.stderr):  # what the application prints is no result
        facts = collecting.result()
    answer = why(facts)
    click.echo(_json(facts.id, answer) if options["form"] == "json" else _text(answer))
    return _CODES[answer.severity]


def _json(task_id: str, answer: Answer) -> str:
    document = {"task_id": task_id, **asdict(answer), "severity": answer.severity.value}
    return json.dumps({**document, "exit_code": int(_CODES[answer.severity])}, indent=2)


def _text(answer: Answer) -> str:
    lines = [answer.sentence, *(f"  {line}" for line in answer.evidence)]
    if answer.remedy:
        lines += ["", answer.remedy]
    if answer.command:
        lines.append(f"  $ {answer.command}")
    return "\n".join(lines)
