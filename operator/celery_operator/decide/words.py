"""How verdicts are put into words: one style for all messages."""

from collections.abc import Iterable, Sequence

from celery_health.urls import redact

_LISTED = 3
_LONGEST = 300


def sentence(text: str) -> str:
    """The text on one line, not too long for a table, without credentials, with a full stop."""
    # Masked before it is cut: half a URL would no longer be seen as one.
    line = " ".join(redact(text).split())
    if len(line) > _LONGEST:
        line = line[: _LONGEST - 3].rstrip() + "..."
    return line if not line or line[-1] in ".!?" else f"{line}."


def joined(texts: Iterable[str]) -> str:
    """Several sentences as one message, each said once."""
    return " ".join(dict.fromkeys(sentence(text) for text in texts if text))


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, or ``a, b, c and 4 more``."""
    if len(names) <= 1:
        return "".join(names)
    if len(names) <= _LISTED:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{', '.join(names[:_LISTED])} and {len(names) - _LISTED} more"


def counted(number: int, noun: str) -> str:
    """``1 worker``, ``3 workers``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
