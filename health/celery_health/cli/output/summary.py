"""The result of a check in one line."""

from celery_health.survey.check_result import CheckResult
from celery_health.survey.snapshot import Snapshot
from celery_health.verdicts.text import counted, is_or_are


def summary_line(snapshot: Snapshot, result: CheckResult) -> str:
    """The health with the worst problem, or with the numbers of a healthy application."""
    health = result.health.value.lower()
    if not result.problems:
        return f"{health}: {_numbers(snapshot)}"
    worst = result.problems[0]
    more = len(result.problems) - 1
    others = f" (and {counted(more, 'more problem')})" if more else ""
    return f"{health}: {worst.message.rstrip('.')}{others}. {worst.remedy.rstrip('.')}: {worst.command}"


def _numbers(snapshot: Snapshot) -> str:
    consuming = sum(worker.copies for worker in snapshot.workers if worker.consuming)
    ready = sum(queue.ready or 0 for queue in snapshot.broker.queues)
    queues = counted(len(snapshot.broker.queues), "queue")
    active = sum(worker.active_count for worker in snapshot.workers)
    dead = f", {counted(snapshot.dead_letters, 'dead letter')}" if snapshot.dead_letters else ""
    workers = f"{counted(consuming, 'worker')} {is_or_are(consuming)} consuming"
    if not snapshot.workers and snapshot.test_tasks:
        # Workers without remote control: their number is not known.
        workers = f"{counted(len(snapshot.test_tasks), 'test task')} came back"
    return (
        f"{workers}, {counted(active, 'active task')}, "
        f"{counted(ready, 'ready message')} in {queues}{dead}, {snapshot.broker.address} answers"
    )
