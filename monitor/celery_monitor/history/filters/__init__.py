"""The filter language of task lists. Pure: text to a TaskFilter and back.

``parse_filter`` reads ``state:failure name:shop.* runtime:>30s timeout``; ``str(task_filter)`` writes it.
"""

from celery_monitor.history.filters.errors import FilterError
from celery_monitor.history.filters.fields import FIELDS, Field, Kind, completions
from celery_monitor.history.filters.parameters import filter_of_parameters
from celery_monitor.history.filters.parsing import parse_filter
from celery_monitor.history.filters.terms import TaskFilter, Term

__all__ = [
    "FIELDS",
    "Field",
    "FilterError",
    "Kind",
    "TaskFilter",
    "Term",
    "completions",
    "filter_of_parameters",
    "parse_filter",
]
