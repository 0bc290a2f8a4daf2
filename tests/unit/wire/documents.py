"""Documents of the contract for tests: whole and healthy but for what a test changes."""

import json
from typing import Any

from celery_health.wire.beat_report import BEAT_REPORT, BeatReport
from celery_health.wire.worker_report import WORKER_REPORT, WorkerReport


def encoded(document: Any) -> bytes:
    """The document as JSON, as Python writes it."""
    return json.dumps(document).encode()


def worker_report(document: dict[str, Any]) -> WorkerReport:
    """A worker report as the sidecar reads it."""
    return WORKER_REPORT.decode(encoded(document))


def beat_report(document: dict[str, Any]) -> BeatReport:
    """A beat report as the sidecar reads it."""
    return BEAT_REPORT.decode(encoded(document))


def worker_document(**changes: Any) -> dict[str, Any]:
    """The report of a prefork worker that consumes at monotonic time 1000."""
    return {
        "version": 1,
        "role": "worker",
        "agent_version": "0.1.0",
        "pid": 7,
        "hostname": "default@shop-1",
        "celery_version": "5.7.0",
        "kombu_version": "5.7.0",
        "python_version": "3.13.5",
        "phase": "consuming",
        "written_mono": 1000.0,
        "loop_mono": 1000.0,
        "consumer_starts": 1,
        "consuming": True,
        "queues": ["default", "email"],
        "pool_kind": "prefork",
        "pool_size": 4,
        "pool_pids": [8, 9, 10, 11],
        "active": [{"id": "a1", "name": "shop.tasks.sell", "started_at": 1700000000.5}],
        "active_count": 1,
        "reserved": 3,
        "eta": 2,
        "processed": 120,
        "prefetch": 16,
        "memory_bytes": 50_000_000,
        "children_memory_bytes": 200_000_000,
        "transport": {
            "kind": "redis",
            "poller": True,
            "polling": True,
            "can_consume": True,
            "consumer_tags": None,
            "priority_steps": [0, 3, 6, 9],
            "separator": "\x06\x16",
            "key_prefix": "",
        },
        "error_count": 0,
        "last_error": "",
        **changes,
    }


def beat_document(**changes: Any) -> dict[str, Any]:
    """The report of a beat that ticks at monotonic time 1000."""
    return {
        "version": 1,
        "role": "beat",
        "agent_version": "0.1.0",
        "pid": 7,
        "celery_version": "5.7.0",
        "kombu_version": "5.7.0",
        "python_version": "3.13.5",
        "phase": "ticking",
        "scheduler": "celery.beat.PersistentScheduler",
        "max_interval": 300,
        "initialised_mono": 900.0,
        "tick_began_mono": None,
        "tick_mono": 995.0,
        "due_in": 10.0,
        "ticks": 12,
        "sent": 5,
        "entries": 3,
        "waits_for": "",
        "memory_bytes": 50_000_000,
        "error_count": 0,
        "last_error": "",
        "written_at": 1_700_000_000.0,
        "written_mono": 1000.0,
        **changes,
    }


def worker_answer(**changes: Any) -> dict[str, Any]:
    """The answer of the sidecar of a worker that consumes; without a report unless one is given."""
    return {
        "version": 1,
        "role": "worker",
        "process": "running",
        "hostname": "shop-1",
        "written_age": 0.5,
        "loop_age": 0.5,
        "report": None,
        "report_error": "",
        "verdict": {
            "reason": "Consuming",
            "message": "The worker consumes from 1 queue.",
            "started": True,
            "live": True,
            "ready": True,
            "consuming": True,
        },
        "broker": {"reachable": True, "reason": "Reachable", "message": "", "checked_age": 1.0},
        "restart_hold_seconds_left": None,
        "drain_requested": False,
        "drain_requested_for": None,
        **changes,
    }


def beat_answer(**changes: Any) -> dict[str, Any]:
    """The answer of the sidecar of a beat that ticks."""
    return {
        "version": 1,
        "role": "beat",
        "process": "running",
        "written_age": 0.5,
        "tick_age": 2.5,
        "report": beat_document(),
        "report_error": "",
        "verdict": {
            "reason": "Ticking",
            "message": "Beat ticks and has sent 5 tasks.",
            "started": True,
            "live": True,
            "ready": True,
        },
        "broker": {"reachable": True, "reason": "Reachable", "message": "", "checked_age": 1.0},
        "restart_hold_seconds_left": None,
        **changes,
    }


def pushed_pod() -> dict[str, Any]:
    """A worker pod of a push, with one active task."""
    return {
        "name": "shop-mail-1",
        "group": "mail",
        "phase": "Running",
        "state": "consuming",
        "created_at": 1_700_000_000.0,
        "scheduled": True,
        "ready": True,
        "deleting": False,
        "restarts": 0,
        "worker": {
            "hostname": "mail@shop-mail-1",
            "age": 0.4,
            "phase": "consuming",
            "reason": "Consuming",
            "message": "The worker consumes.",
            "consuming": True,
            "draining": False,
            "queues": ["mail"],
            "slots": 4,
            "active": [{"id": "a1", "name": "shop.send", "queue": "mail", "started_at": 1_700_000_100.0}],
            "active_count": 1,
            "reserved": 2,
            "eta": 0,
            "processed": 9,
        },
    }


def push_document(**changes: Any) -> dict[str, Any]:
    """A push about a healthy resource with one group and one pod."""
    return {
        "version": 1,
        "namespace": "shop",
        "name": "shop",
        "taken_at": 1_700_000_200.0,
        "health": "Healthy",
        "message": "1 worker is consuming.",
        "suspended": False,
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "Ready",
                "message": "1 worker is consuming.",
                "since_at": 1_700_000_010.0,
            }
        ],
        "groups": [
            {
                "name": "mail",
                "queues": ["mail"],
                "slots": 4,
                "desired": 1,
                "replicas": 1,
                "ready": 1,
                "consuming": 1,
                "draining": 0,
                "autoscaled": False,
            }
        ],
        "pods": [pushed_pod()],
        "pod_count": 1,
        "queues": [{"name": "mail", "ready": 3}],
        "events": [
            {
                "posted_at": 1_700_000_010.0,
                "type": "Normal",
                "reason": "Ready",
                "message": "1 worker consumes.",
            }
        ],
        **changes,
    }
