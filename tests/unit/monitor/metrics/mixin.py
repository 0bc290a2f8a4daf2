"""The metrics that celery-mixin's dashboards and alerts query, with the labels that they select or group by.

Read in celery-mixin of 2026 (dashboards "Tasks / Overview" and "Tasks / By Task", alerts). Prometheus adds
``job``, ``namespace`` and ``cluster``.
"""

from collections.abc import Mapping
from types import MappingProxyType

_OF_TASKS = frozenset({"name", "queue_name"})

QUERIED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "celery_worker_up": frozenset({"hostname"}),
        "celery_worker_tasks_active": frozenset(),
        "celery_queue_length": frozenset({"queue_name"}),
        "celery_task_sent_total": _OF_TASKS,
        "celery_task_received_total": _OF_TASKS,
        "celery_task_succeeded_total": _OF_TASKS,
        "celery_task_failed_total": _OF_TASKS | {"exception"},
        "celery_task_retried_total": _OF_TASKS,
        "celery_task_revoked_total": _OF_TASKS,
        "celery_task_rejected_total": _OF_TASKS,
        "celery_task_runtime_bucket": _OF_TASKS | {"le"},
        "celery_task_runtime_sum": _OF_TASKS,
        "celery_task_runtime_count": _OF_TASKS,
        "celery_task_queue_wait_time_bucket": _OF_TASKS | {"le"},
    }
)

EXPORTED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "celery_task_started_total": _OF_TASKS | {"hostname"},
        "celery_active_consumer_count": frozenset({"queue_name"}),
        "celery_active_worker_count": frozenset({"queue_name"}),
        "celery_active_process_count": frozenset({"queue_name"}),
    }
)
"""What celery-exporter exposes in addition."""
