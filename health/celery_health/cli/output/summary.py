"""A look in one line."""

from celery_health.cli.survey.snapshot import Survey
from celery_health.cli.verdicts import Verdict
from celery_health.verdicts.text import counted


def as_summary(survey: Survey, verdict: Verdict) -> str:
    """The status and the worst problem, or what there is."""
    status = verdict.health.value.lower()
    if not verdict.problems:
        return f"{status}: {_what_there_is(survey)}"
    worst = verdict.problems[0]
    more = len(verdict.problems) - 1
    others = f" (and {counted(more, 'more problem')})" if more else ""
    return f"{status}: {worst.message.rstrip('.')}{others}. {worst.remedy.rstrip('.')}: {worst.command}"


def _what_there_is(survey: Survey) -> str:
    consuming = sum(worker.consuming is True for worker in survey.workers)
    ready = sum(queue.ready or 0 for queue in survey.broker.queues)
    queues = counted(len(survey.broker.queues), "queue")
    running = sum(worker.active_count for worker in survey.workers)
    said = "takes" if consuming == 1 else "take"
    return (
        f"{counted(consuming, 'worker')} {said} messages, {running} running, {ready} ready in {queues}, "
        f"{survey.broker.address} answers"
    )
