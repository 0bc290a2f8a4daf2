"""A look as JSON. Fields may be added, never taken away."""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from celery_health.broker import BrokerReading
from celery_health.cli.survey.app_connection import Target
from celery_health.cli.survey.snapshot import Survey
from celery_health.cli.verdicts import Verdict
from celery_health.readers.redis.server import RedisServer


def as_json(survey: Survey, verdict: Verdict, target: Target, *, one_line: bool) -> str:
    """``one_line`` for looks that follow each other."""
    return json.dumps(document(survey, verdict, target), indent=None if one_line else 2, default=str)


def document(survey: Survey, verdict: Verdict, target: Target) -> dict[str, Any]:
    """The look as plain values."""
    return {
        "status": verdict.health.value.lower(),
        "exit_code": int(verdict.exit_code),
        "app": target.name if target.app is not None else None,
        "looked_at": datetime.fromtimestamp(survey.at, UTC).isoformat(timespec="seconds"),
        "took_seconds": round(survey.took, 3),
        "problems": [_told(asdict(problem)) for problem in verdict.problems],
        "broker": _reading(survey.broker),
        "result_store": None if survey.store is None else _reading(survey.store),
        "workers_known": survey.workers_known,
        "workers": [asdict(worker) for worker in survey.workers],
        "silent_workers": list(survey.silent.names),
        "silent_workers_count": survey.silent.count,
        "deaf_workers_count": survey.deaf,
        "queues": [asdict(queue) for queue in survey.broker.queues],
        "other_queues": [asdict(queue) for queue in survey.broker.other_queues],
        "test_tasks": [asdict(trip) for trip in survey.trips],
        "redis": None if survey.redis is None else _redis(survey.redis),
    }


def _told(problem: dict[str, Any]) -> dict[str, Any]:
    return {**problem, "health": problem["health"].value.lower()}


def _reading(reading: BrokerReading) -> dict[str, Any]:
    unacked = None if reading.unacked is None else asdict(reading.unacked)
    return {
        "kind": reading.kind,
        "address": reading.address,
        "reachable": reading.reachable,
        "reason": reading.reason.value,
        "message": reading.message,
        "unacked": unacked,
    }


def _redis(server: RedisServer) -> dict[str, Any]:
    # A dict in place of a read-only mapping: only that can be copied and written.
    tasks = server.tasks and replace(server.tasks, by_state=dict(server.tasks.by_state))
    told = asdict(replace(server, tasks=tasks))
    return {name: value for name, value in told.items() if name != "reading"}
