"""How names, numbers and times are put into the sentences of verdicts."""

from collections.abc import Sequence

_LISTED = 3

_MINUTE, _HOUR = 60, 3600


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, or ``a, b, c and 4 more``."""
    if len(names) <= 1:
        return "".join(names)
    if len(names) <= _LISTED:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{', '.join(names[:_LISTED])} and {len(names) - _LISTED} more"


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 worker``, ``3 workers``. ``plural`` is needed where it does not end in an s: ``2 processes``."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


def times(number: int) -> str:
    """``once``, ``12 times``."""
    return "once" if number == 1 else f"{number} times"


def is_or_are(number: int) -> str:
    """``is`` for 1, ``are`` for every other number."""
    return "is" if number == 1 else "are"


def part_is(part: int, whole: int, noun: str, where: str = "") -> str:
    """``1 of 2 workers is``, ``0 of 2 workers are``, ``0 of 1 worker is``."""
    verb = "is" if 1 in {part, whole} else "are"
    return f"{part} of {counted(whole, noun)}{where} {verb}"


def lasting(seconds: float) -> str:
    """``45 s``, ``12 min``, ``3 h``: rounded down, and in minutes from two of them on."""
    if seconds < 2 * _MINUTE:
        return f"{int(seconds)} s"
    if seconds < 2 * _HOUR:
        return f"{int(seconds / _MINUTE)} min"
    return f"{int(seconds / _HOUR)} h"
