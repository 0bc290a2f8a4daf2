"""Where the next page of a list begins, as an opaque text. Pure."""

import base64
import binascii
import hashlib

import msgspec

from celery_monitor.history.errors import CursorError
from celery_monitor.history.filters import TaskFilter
from celery_monitor.history.views import Sort

MOST_CHARACTERS = 2_000
"""A label of 300 characters has up to 1,600 here."""


class Position(msgspec.Struct, frozen=True, array_like=True):
    """The last task of a page: its group in the order of the list, its value in the group, its row's id.

    ``group`` is 1 for tasks with a value and 0 for those without. In an order by label, the tasks of each
    ``label`` are a group; it is the text, because the label may be deleted before the next page is read.
    ``now`` is the time of the first page: what the filter says of the time before now means the same on every
    page.
    """

    group: int
    label: str
    value: float
    id: int
    now: float


class _Cursor(msgspec.Struct, frozen=True, array_like=True):
    list: str
    position: Position


def encode(position: Position, task_filter: TaskFilter, sort: Sort) -> str:
    """The cursor of a position in this list."""
    data = msgspec.msgpack.encode(_Cursor(_list(task_filter, sort), position))
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode(cursor: str, task_filter: TaskFilter, sort: Sort) -> Position:
    """The position that a cursor stands for. Raises CursorError."""
    if len(cursor) > MOST_CHARACTERS:
        raise CursorError("The cursor is damaged: start again without one")
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = msgspec.msgpack.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=_Cursor)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise CursorError("The cursor is damaged: start again without one") from None
    if found.list != _list(task_filter, sort):
        raise CursorError("The cursor belongs to another filter or another order: start again without one")
    return found.position


def _list(task_filter: TaskFilter, sort: Sort) -> str:
    return hashlib.sha256(f"{sort} {task_filter}".encode()).hexdigest()[:16]
