"""How verdicts are put into words: one style for all messages."""

from collections.abc import Iterable

from celery_health.urls import redact
from celery_health.verdicts.text import counted, listed

__all__ = ["counted", "joined", "listed", "sentence"]

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
