"""Lost pool children, where no single task explains them, and the tasks that were lost with one."""

from collections import Counter

from celery_health.catalogue.deaths import DeathReason
from celery_health.verdicts.fleet.evidence import FleetEvidence
from celery_health.verdicts.fleet.poison_tasks import poison_ids, poison_names
from celery_health.verdicts.text import counted, listed
from celery_health.verdicts.verdict import Verdict
from celery_health.wire.bounds import DEATH_WINDOW_SECONDS

_MINUTES = f"{DEATH_WINDOW_SECONDS / 60:.0f} min"


def check_children(fleet: FleetEvidence) -> Verdict | None:
    """Deaths that a poison task explains do not count."""
    names = set(poison_names(fleet.deaths, fleet.thresholds))
    ids = {victim.id for victim in poison_ids(fleet.deaths, fleet.thresholds)}
    lost: Counter[str] = Counter()
    # A worker has an entry for each of its processes and ends.
    for worker in fleet.deaths.workers:
        explained = sum(task.count for task in worker.tasks if task.id in ids or task.name in names)
        lost[worker.worker] += max(0, worker.children_lost - explained)
    affected = [name for name, count in lost.most_common() if count]
    total = lost.total()
    if total < fleet.thresholds.children_lost:
        return None
    facts = {"children": counted(total, "process", "processes"), "window": _MINUTES}
    return Verdict(
        DeathReason.CHILDREN_LOST,
        tuple(affected),
        {**facts, "workers": listed(affected), "causes": _causes(fleet)},
    )


def check_tasks(fleet: FleetEvidence) -> Verdict | None:
    """Tasks whose message does not go back."""
    lost = fleet.deaths.tasks_lost
    if not lost:
        return None
    affected = [worker for worker in fleet.deaths.workers if worker.tasks_lost]
    names = dict.fromkeys(task.name for worker in affected for task in worker.tasks if not task.returns)
    return Verdict(
        DeathReason.TASKS_LOST,
        tuple(dict.fromkeys(worker.worker for worker in affected)),
        {
            "lost": f"{counted(lost, 'task')} ({listed(list(names))}) {'was' if lost == 1 else 'were'}",
            "window": _MINUTES,
        },
    )


def _causes(fleet: FleetEvidence) -> str:
    causes = dict.fromkeys(
        "out of memory" if task.oom else task.cause
        for worker in fleet.deaths.workers
        for task in worker.tasks
    )
    return listed(list(causes)) or "unknown"
