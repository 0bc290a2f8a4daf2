"""The id of a task as its message has it. Mostly a text; a sender may have given a number or a UUID.

Workers know such a task by the text of its id, and so do their reports.
"""

from typing import Any
from uuid import UUID

from celery_health.redaction import printable
from celery_health.wire.bounds import task_id as bounded


def id_text(value: Any) -> str | None:
    """The text of an id. None: it is missing, or can be none."""
    if isinstance(value, str):
        return value or None
    if type(value) is int:
        return str(value)
    match value:
        # So kombu writes the UUIDs of Python on Redis.
        case {"__type__": "uuid", "__value__": {"hex": str(digits)}}:
            try:
                return str(UUID(digits))
            except ValueError:
                return None
    return None


def shown_id(text: str) -> str:
    """The id as lists of messages show it: a long one as the workers' reports name it."""
    return printable(bounded(text))
