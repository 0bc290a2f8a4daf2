"""Numbers that a server sent, within the bounds of the contract; None for anything else."""

import math
from typing import Any

from celery_health.wire.limits import LARGEST_COUNT, LARGEST_SECONDS


def count(value: Any) -> int | None:
    """The value, if it can be a number of messages, consumers or bytes."""
    return value if type(value) is int and 0 <= value <= LARGEST_COUNT else None


def rate(value: Any) -> float | None:
    """The value, if it can be a number per second."""
    is_rate = type(value) in {int, float} and 0 <= value <= LARGEST_COUNT
    return float(value) if is_rate else None


def seconds(value: Any) -> float | None:
    """The value as a number of seconds, or a Unix time; text is read as a number."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) <= LARGEST_SECONDS else None
