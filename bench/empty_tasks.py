# mypy: disable-error-code="untyped-decorator"
# Celery ships no types, so its decorators are untyped.
"""An application whose one task does nothing: all that is left to measure is the worker itself."""

from celery import Celery

app = Celery("empty")
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)


@app.task(name="empty.nothing")
def nothing() -> None:
    """Do nothing."""
