"""The result of a check as JSON. Fields may be added, and are never removed."""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from celery_health.broker import BrokerReading
from celery_health.readers.redis.server import RedisServer
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.check_result import CheckResult
from celery_health.survey.snapshot import Snapshot


def to_json(snapshot: Snapshot, result: CheckResult, connection: AppConnection, *, one_line: bool) -> str:
    """The document as text, on ``one_line`` for repeated checks."""
    values = document(snapshot, result, connection)
    return json.dumps(values, indent=None if one_line else 2, default=str)


def document(snapshot: Snapshot, result: CheckResult, connection: AppConnection) -> dict[str, Any]:
    """The document as plain values."""
    backend = snapshot.result_backend
    return {
        "status": result.health.value.lower(),
        "exit_code": int(result.exit_code),
        "app": connection.name or None if connection.app is not None else None,
        "checked_at": datetime.fromtimestamp(snapshot.at, UTC).isoformat(timespec="seconds"),
        "took_seconds": round(snapshot.took, 3),
        "problems": [_problem(asdict(problem)) for problem in result.problems],
        "broker": _reading(snapshot.broker),
        "result_backend": None if backend is None else _reading(backend),
        "workers_known": snapshot.workers_known,
        "workers": [asdict(worker) for worker in snapshot.workers],
        "unresponsive_workers": list(snapshot.unresponsive.names),
        "unresponsive_workers_count": snapshot.unresponsive.count,
        "deaf_workers_count": snapshot.deaf_count,
        "queues": [asdict(queue) for queue in snapshot.broker.queues],
        "other_queues": [asdict(queue) for queue in snapshot.broker.other_queues],
        "dead_letters": snapshot.dead_letters,
        "dead_letters_problem": snapshot.dead_letters_problem or None,
        "test_tasks": [asdict(trip) for trip in snapshot.test_tasks],
        "redis": None if snapshot.redis is None else _redis(snapshot.redis),
    }


def _problem(problem: dict[str, Any]) -> dict[str, Any]:
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
    # asdict cannot copy a read-only mapping.
    tasks = server.tasks and replace(server.tasks, by_state=dict(server.tasks.by_state))
    values = asdict(replace(server, tasks=tasks))
    return {name: value for name, value in values.items() if name != "reading"}
