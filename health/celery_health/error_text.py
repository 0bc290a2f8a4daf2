"""Exceptions in one line of a message: their own text may have several, and URLs with passwords."""

from celery_health.redaction import redact


def first_line(error: object) -> str:
    """The first line of the text of an exception, not masked; empty if it has none.

    A text that begins with an empty line is broken into lines for its reader: it is joined, as a whole.
    """
    text = str(error)
    first = next(iter(text.splitlines()), "")
    return first if first.strip() else " ".join(text.split())


def in_one_line(error: BaseException) -> str:
    """The type of the exception and the first line of its text, masked."""
    text = first_line(error)
    return redact(f"{type(error).__name__}: {text}" if text else type(error).__name__)
