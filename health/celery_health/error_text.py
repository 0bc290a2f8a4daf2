"""Exceptions in one line of a message: their own text may have several, and URLs with passwords."""

from celery_health.redaction import redact


def first_line(error: object) -> str:
    """The first line of the text of an exception, not masked; empty if it has none."""
    return next(iter(str(error).splitlines()), "")


def in_one_line(error: BaseException) -> str:
    """The type of the exception and the first line of its text, masked."""
    text = first_line(error)
    return redact(f"{type(error).__name__}: {text}" if text else type(error).__name__)
