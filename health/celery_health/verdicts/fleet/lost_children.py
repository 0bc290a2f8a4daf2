"""Lost pool children, where no single task explains them, and the tasks that were lost with one."""

from collections import Counter
from collections.abc import Iterable

from celery_health.catalogue.deaths import DeathReason
from celery_health.verdicts.deaths import TaskDeaths
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
    unexplained: list[TaskDeaths] = []
    # A worker has an entry for each of its processes and ends.
    for worker in fleet.deaths.workers:
        explained = [task for task in worker.tasks if task.id in ids or task.name in names]
        unexplained += [task for task in worker.tasks if task not in explained]
        lost[worker.worker] += max(0, worker.children_lost - sum(task.count for task in explained))
    affected = [name for name, count in lost.most_common() if count]
    total = lost.total()
    if total < fleet.thresholds.children_lost:
        return None
    facts = {"children": counted(total, "process", "processes"), "window": _MINUTES}
    return Verdict(
        DeathReason.CHILDREN_LOST,
        tuple(affected),
        {**facts, "workers": listed(affected), "causes": _causes(unexplained)},
    )


def check_tasks(fleet: FleetEvidence) -> Verdict | None:
    """Tasks whose message does not go back."""
    lost = fleet.deaths.tasks_lost
    if not lost:
        return None
    affected = [worker for worker in fleet.deaths.workers if worker.tasks_lost]
    gone = [task for worker in affected for task in worker.tasks if not task.returns]
    names = listed(list(dict.fromkeys(task.name for task in gone)))
    named = f" ({names})" if names else ""
    return Verdict(
        DeathReason.TASKS_LOST,
        tuple(dict.fromkeys(worker.worker for worker in affected)),
        {
            "lost": f"{counted(lost, 'task')}{named} {'was' if lost == 1 else 'were'}",
            "window": _MINUTES,
        },
        variant="by_exit" if gone and all(task.failed for task in gone) else "",
    )


def _causes(tasks: Iterable[TaskDeaths]) -> str:
    causes = dict.fromkeys("out of memory" if task.oom else task.cause for task in tasks)
    return listed(list(causes)) or "unknown"
