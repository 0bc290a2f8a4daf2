"""The filter language of task lists. Pure: text to a TaskFilter and back.

``parse_filter`` reads ``state:failure name:shop.* runtime:>30s timeout``; ``str(task_filter)`` writes it.
"""

from celery_monitor.history.filters.completion import Completion, completed_field, completions
from celery_monitor.history.filters.errors import FilterError
from celery_monitor.history.filters.fields import FIELDS, Field, Kind
from celery_monitor.history.filters.parameters import filter_of_parameters
from celery_monitor.history.filters.parsing import parse_filter
from celery_monitor.history.filters.terms import TaskFilter, Term

__all__ = [
    "FIELDS",
    "Completion",
    "Field",
    "FilterError",
    "Kind",
    "TaskFilter",
    "Term",
    "completed_field",
    "completions",
    "filter_of_parameters",
    "parse_filter",
]
