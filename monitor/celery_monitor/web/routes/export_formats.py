"""The formats of exports: tasks as lines of text."""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from celery_monitor.records.tasks import TaskRecord
from celery_monitor.web.models.tasks import TIME, Task

COLUMNS = tuple(Task.model_fields)
_TIMES = frozenset(
    name for name, field in Task.model_fields.items() if (field.description or "").endswith(TIME)
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@dataclass(frozen=True)
class Format:
    """One format. ``begin`` is the text before the first task, ``line`` the text of one task."""

    content_type: str
    begin: str
    line: Callable[[TaskRecord], str]


def cell(value: object) -> str:
    """The text of a value in CSV. An apostrophe keeps a spreadsheet from running a text as a formula."""
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, str) and text.lstrip(" \u00a0").startswith(_FORMULA):
        return f"'{text}"
    return text


def time_text(value: float) -> str:
    """The time as a spreadsheet reads it, in UTC."""
    try:
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return str(value)


def _csv_line(values: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(values)
    return buffer.getvalue()


def _csv(record: TaskRecord) -> str:
    values = []
    for name in COLUMNS:
        value = getattr(record, name)
        values.append(time_text(value) if name in _TIMES and value is not None else cell(value))
    return _csv_line(values)


def _ndjson(record: TaskRecord) -> str:
    return Task.model_validate(record).model_dump_json() + "\n"


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "csv": Format("text/csv; charset=utf-8; header=present", _csv_line(list(COLUMNS)), _csv),
        "ndjson": Format("application/x-ndjson", "", _ndjson),
    }
)
