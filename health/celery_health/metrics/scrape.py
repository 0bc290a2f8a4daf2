"""One answer to a scraper."""

from collections.abc import Iterable

from celery_health.exposition import accepted_format, render
from celery_health.task_metrics.families import families
from celery_health.wire.task_metrics import TaskMetrics


def scraped(documents: Iterable[TaskMetrics], accept: str) -> tuple[str, bytes]:
    """The content type and the body of the answer to a request with this ``Accept`` header."""
    form = accepted_format(accept)
    return form.value, render(families(documents), form).encode()
