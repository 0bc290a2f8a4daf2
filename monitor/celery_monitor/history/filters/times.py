"""Time spans and moments in the filter language."""

import math
import re
from datetime import UTC, datetime

from celery_monitor.history.filters.errors import FilterError

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d|w)?", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
MOST_SECONDS = 1e10


def parse_duration(text: str, position: int | None = None) -> float:
    """Seconds of ``30s``, ``500ms``, ``1.5h`` or ``30``."""
    match = _DURATION.fullmatch(text.lower())
    seconds = float(match[1]) * _UNITS[match[2] or "s"] if match else math.inf
    if seconds > MOST_SECONDS:
        raise FilterError(
            f"'{text[:40]}' is not a time span: write a number with ms, s, m, h, d or w, such as 30s",
            position,
        )
    return seconds


def duration_text(seconds: float) -> str:
    """The text that ``parse_duration`` reads back as the same number."""
    for unit in ("w", "d", "h", "m"):
        number = seconds / _UNITS[unit]
        if number >= 1 and number == int(number):
            return f"{int(number)}{unit}"
    exact = f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"
    milliseconds = f"{seconds * 1000:.6f}".rstrip("0").rstrip(".") + "ms"
    return exact if _DURATION.fullmatch(exact) else milliseconds


def parse_moment(text: str, position: int | None = None) -> float:
    """Unix time of ``2026-11-29``, ``2026-11-29T10:00`` or ``2026-11-29T10:00:00+02:00``. UTC by default."""
    moment = None
    if _MOMENT.fullmatch(text):
        try:
            moment = datetime.fromisoformat(text.upper())
        except ValueError:
            moment = None
    if moment is None or not 1970 <= moment.year < 2250:
        raise FilterError(
            f"'{text[:40]}' is not a time: write 2026-11-29T10:00Z, 2026-11-29, or a time span before now "
            "such as 2h",
            position,
        )
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def moment_text(at: float) -> str:
    """The text that ``parse_moment`` reads back as the same moment, to a microsecond."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def is_duration(text: str) -> bool:
    """Whether the text is a time span with a unit."""
    match = _DURATION.fullmatch(text.lower())
    return match is not None and match[2] is not None
