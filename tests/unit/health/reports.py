"""A worker's report for tests: whole and healthy but for what a test changes."""

from typing import Any


def report_document(**changes: Any) -> dict[str, Any]:
    """The JSON object of a report of a prefork worker that consumes at monotonic time 1000."""
    return {
        "version": 1,
        "agent_version": "0.1.0",
        "pid": 7,
        "hostname": "default@shop-1",
        "celery_version": "5.7.0",
        "kombu_version": "5.7.0",
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
        "eta_held": 2,
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
