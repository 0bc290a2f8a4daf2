"""The module that document 003 imports from: our names under its own."""

from celery_health.metrics import MonitoredTask, configure, monitor_task

__all__ = ["MonitoredTask", "monitor_task"]

configure(prefix="upstream")
