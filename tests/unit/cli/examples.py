"""A worker that has nothing to do."""

from celery_health.verdicts.worker_snapshot import WorkerSnapshot

WORKER = WorkerSnapshot(
    name="celery@a",
    consuming=True,
    slots=2,
    active_count=0,
    running=(),
    reserved=0,
    eta=0,
    queues=("mail",),
    prefetch=8,
)
