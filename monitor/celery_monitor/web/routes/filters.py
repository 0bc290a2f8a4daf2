"""Filters, orders and windows of time of a query."""

from celery_monitor.history import FilterError, Sort, TaskFilter, Window, parse_filter, parse_sort
from celery_monitor.history.filters.parameters import FILTER_PARAMETERS, filter_of_parameters
from celery_monitor.history.filters.times import is_duration, parse_duration, parse_moment
from celery_monitor.web.models.history import WindowQuery
from celery_monitor.web.models.tasks import TaskFilterQuery
from celery_monitor.web.problems import FieldProblem, ProblemError


def filter_of(query: TaskFilterQuery) -> TaskFilter:
    """The filter of all parameters.

    Raises:
        ProblemError: 422, with the sentence of the filter language that says what to write instead.
    """
    given = query.model_dump(include=set(FILTER_PARAMETERS), exclude_none=True)
    parameters = {name: (value,) if isinstance(value, str) else value for name, value in given.items()}
    written = written_filter("query.q", query.q)
    try:
        return written & filter_of_parameters(parameters)
    except FilterError as error:
        # The message begins with the name of the parameter.
        raise _invalid(str(error).partition(":")[0], error) from None


def written_filter(where: str, text: str) -> TaskFilter:
    """The filter that a text in the filter language is. ``where``: the place of the text in the request.

    Raises:
        ProblemError: 422, with the sentence of the filter language that says what to write instead.
    """
    try:
        return parse_filter(text)
    except FilterError as error:
        raise _invalid_at(where, error) from None


def sort_of(text: str) -> Sort:
    """The order of a list. Raises ProblemError (422)."""
    try:
        return parse_sort(text)
    except ValueError as error:
        raise _invalid("sort", error) from None


def window_of(query: WindowQuery, now: float) -> Window:
    """The window of time. Raises ProblemError (422)."""
    until = now if query.until is None else _moment("until", query.until, now)
    since = _moment("since", query.since, until)
    if since >= until:
        raise _invalid("since", ValueError("The window is empty: since has to be before until"))
    return Window(since, until)


def _moment(name: str, text: str, before: float) -> float:
    """A time, or a time span before ``before``."""
    try:
        return before - parse_duration(text) if is_duration(text) else parse_moment(text)
    except FilterError as error:
        raise _invalid(name, error) from None


def _invalid(name: str, error: ValueError) -> ProblemError:
    return _invalid_at(f"query.{name}", error)


def _invalid_at(where: str, error: ValueError) -> ProblemError:
    message = f"{str(error).rstrip('.')}."
    return ProblemError(422, message, errors=(FieldProblem(where=where, message=message),))
