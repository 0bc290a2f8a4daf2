"""The deaths that workers show in their answers to ``stats``."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from celery_health.verdicts.deaths import FleetDeaths, worker_deaths
from celery_health.wire.bounds import NAME_LENGTH
from celery_health.wire.deaths import death_stats
from celery_health.wire.quarantine import quarantine_stats


def deaths_of(answers: Iterable[Mapping[str, Any]], now: float) -> FleetDeaths:
    """The deaths at each worker; workers that show none are left out."""
    by_name = [(name, stats) for answer in answers for name, stats in answer.items()]
    found = ((name, stats, death_stats(stats)) for name, stats in by_name)
    deaths = [(stats, worker_deaths(name, shown, now)) for name, stats, shown in found if shown is not None]
    names = {task for _, worker in deaths for task, _ in worker.runs}
    # A worker counts the runs only of the names that died there, and Celery those of all names.
    workers = tuple(replace(worker, runs=_runs(stats, names) or worker.runs) for stats, worker in deaths)
    queues = (kept.queue for _, stats in by_name if (kept := quarantine_stats(stats)))
    return FleetDeaths(workers, next(queues, ""))


def _runs(stats: Mapping[str, Any], names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """How often tasks of each name have run. Names are as long as in reports."""
    total = stats.get("total")
    if not isinstance(total, dict):
        return ()
    counts = Counter[str]()
    for name, count in total.items():
        if isinstance(name, str) and type(count) is int:
            counts[name[:NAME_LENGTH]] += max(0, count)
    return tuple((name, counts[name]) for name in names)
