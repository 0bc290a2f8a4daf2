"""Times as texts of ISO 8601, as Celery writes them."""

from datetime import UTC, datetime


def unix_time(text: str | None) -> float | None:
    """Unix time of a text in ISO 8601, None if it is no such text. Without an offset it is UTC."""
    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def iso_time(moment: float | None, timespec: str = "auto") -> str | None:
    """Unix time as text in UTC; None stays None. ``timespec``: as ``datetime.isoformat`` has it."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat(timespec=timespec)
