"""Beat's report for tests: whole and healthy but for what a test changes."""

from typing import Any


def beat_document(**changes: Any) -> dict[str, Any]:
    """The JSON object of a report of a beat that ticks at monotonic time 1000."""
    return {
        "version": 1,
        "kind": "beat",
        "agent_version": "0.1.0",
        "pid": 7,
        "celery_version": "5.7.0",
        "kombu_version": "5.7.0",
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
