"""Query parameters of the REST API as a filter."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from celery_monitor.history.filters.errors import FilterError
from celery_monitor.history.filters.parsing import MOST_TERMS, parse_filter, term_of
from celery_monitor.history.filters.terms import TaskFilter

# The parameter, the field, and what stands before the parameter's value.
_PARAMETERS = MappingProxyType(
    {
        "state": ("state", ""),
        "name": ("name", ""),
        "worker": ("worker", ""),
        "queue": ("queue", ""),
        "error": ("error", ""),
        "root": ("root", ""),
        "parent": ("parent", ""),
        "arg": ("arg", ""),
        "text": ("text", ""),
        "since": ("after", ""),
        "until": ("before", ""),
        "runtime_min": ("runtime", ">="),
        "runtime_max": ("runtime", "<="),
        "wait_min": ("wait", ">="),
        "wait_max": ("wait", "<="),
        "retries_min": ("retries", ">="),
        "twice": ("twice", ""),
    }
)

FILTER_PARAMETERS = ("filter", *_PARAMETERS)


def filter_of_parameters(parameters: Mapping[str, Sequence[str]]) -> TaskFilter:
    """The filter of ``filter=...`` (the filter language) and of the other parameters together.

    Parameters that do not belong to a filter are left alone. Raises FilterError, which names the parameter.
    """
    found = TaskFilter()
    for name in FILTER_PARAMETERS:
        for value in parameters.get(name, ()):
            try:
                found &= _one(name, value)
            except FilterError as error:
                raise FilterError(f"{name}: {error}") from None
    if len(found.terms) > MOST_TERMS:
        raise FilterError(f"The filter has too many terms: write at most {MOST_TERMS}")
    return found


def _one(name: str, value: str) -> TaskFilter:
    if name == "filter":
        return parse_filter(value)
    field, before = _PARAMETERS[name]
    return TaskFilter((term_of(field, before + value),))
