"""Times as Celery writes them."""

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
