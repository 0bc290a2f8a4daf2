"""All checks of a fleet. A new check is added here and nowhere else."""

from collections.abc import Callable

from celery_health.verdicts.fleet import (
    hoarding,
    hung_tasks,
    lost_children,
    orphaned_messages,
    poison_tasks,
    stalled_workers,
    unconsumed_queues,
)
from celery_health.verdicts.fleet.evidence import FleetEvidence
from celery_health.verdicts.verdict import Verdict

Check = Callable[[FleetEvidence], Verdict | None]
"""At most one verdict. Its subjects are all workers or queues that have the problem, the worst first."""

WORKER_CHECKS: tuple[Check, ...] = (stalled_workers.check, hung_tasks.check, hoarding.check)
"""On workers. Each judges every worker on its own, so that the evidence may hold a single worker."""

DEATH_CHECKS: tuple[Check, ...] = (
    poison_tasks.check,
    lost_children.check_children,
    lost_children.check_tasks,
)
"""On deaths. These need the deaths at all workers: a task may kill one worker after the other."""

QUEUE_CHECKS: tuple[Check, ...] = (unconsumed_queues.check, orphaned_messages.check)
"""On queues. These need all workers."""
