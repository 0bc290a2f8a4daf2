# mypy: disable-error-code="untyped-decorator"
# Celery ships no types, so its decorators are untyped.
"""Tasks that take memory and CPU time: workers import this beside the application (``-I``)."""

from celery import shared_task

PAGE = 4096
KEPT: "list[bytearray]" = []


@shared_task
def fill(size: int) -> None:
    """Take this number of bytes, and keep them for good."""
    taken = bytearray(size)
    for place in range(0, size, PAGE):
        taken[place] = 1
    KEPT.append(taken)


@shared_task
def empty() -> None:
    """Give all that memory back."""
    KEPT.clear()
