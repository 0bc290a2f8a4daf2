"""How messages of the status are finished: one line, a full stop, no credentials."""

from collections.abc import Iterable

from celery_health.redaction import redact

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
