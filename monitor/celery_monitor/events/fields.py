"""Fields of a record that are computed from the texts of an event."""

from datetime import UTC, datetime


def unix_time(text: str | None) -> float | None:
    """The ISO time of an ETA or expiry as Unix time. Without an offset it counts as UTC."""
    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def is_incomplete(args: str | None, kwargs: str | None) -> bool:
    """Whether something is missing in the arguments: they were shortened, or a secret was masked in them."""
    return (args is not None and ("..." in args or "***" in args)) or (
        kwargs is not None and ("..." in kwargs or "***" in kwargs)
    )
