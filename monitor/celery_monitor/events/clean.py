"""Bounds and masks the texts of an event, before anything keeps the event."""

from celery_monitor.events.event import Event
from celery_monitor.texts import Texts

_WRAPPER = "ExceptionWithTraceback()"


def clean(event: Event, texts: Texts) -> None:
    """Shorten the texts of a task event and mask the secrets in them."""
    if event.args is not None:
        event.args = texts.shown(event.args)
    if event.kwargs is not None:
        event.kwargs = texts.shown(event.kwargs)
    if event.result is not None:
        event.result = texts.shown(event.result)
    if event.exception is not None:
        event.exception = texts.shown(_exception(event.exception, event.traceback))
    if event.traceback is not None:
        event.traceback = texts.traceback(event.traceback)
    if event.progress is not None:
        event.progress = texts.shown(event.progress)


def _exception(exception: str, traceback: str | None) -> str:
    """The exception itself where Celery names its wrapper: after a hard time limit, or a lost child."""
    if exception != _WRAPPER or traceback is None:
        return exception
    last_line = traceback.rstrip().rpartition("\n")[2]
    return last_line.partition(": ")[2] or last_line or exception
