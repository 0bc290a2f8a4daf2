"""Moments as the status holds them."""

from datetime import UTC, datetime


def rfc3339(when: datetime) -> str:
    """In UTC, to the second."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    """Raises ValueError for a text that ``rfc3339`` did not write."""
    return datetime.fromisoformat(text).astimezone(UTC)
