"""The history of every task, in SQLite or PostgreSQL: written in batches, read by filter."""

from celery_monitor.history.errors import CursorError, HistoryError, HistoryUnavailableError
from celery_monitor.history.filters import FilterError, TaskFilter, parse_filter
from celery_monitor.history.history import History, HistoryOptions
from celery_monitor.history.rollups.levels import EACH_DAYS
from celery_monitor.history.views import (
    AuditEntry,
    Count,
    FailureView,
    HistoryStatus,
    NameView,
    Outcomes,
    OverviewView,
    Page,
    Percentiles,
    RelatedTasks,
    SeriesPoint,
    Sort,
    SortKey,
    TaskView,
    Window,
    parse_sort,
)

__all__ = [
    "EACH_DAYS",
    "AuditEntry",
    "Count",
    "CursorError",
    "FailureView",
    "FilterError",
    "History",
    "HistoryError",
    "HistoryOptions",
    "HistoryStatus",
    "HistoryUnavailableError",
    "NameView",
    "Outcomes",
    "OverviewView",
    "Page",
    "Percentiles",
    "RelatedTasks",
    "SeriesPoint",
    "Sort",
    "SortKey",
    "TaskFilter",
    "TaskView",
    "Window",
    "parse_filter",
    "parse_sort",
]
