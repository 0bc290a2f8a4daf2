"""What the monitor's own alerts cost: all rules with 10,000 task names, and counting one run."""

import time
from collections.abc import Callable
from functools import partial

from bench.estimates import estimate
from bench.report import Figure
from celery_health.alerts import RULES
from celery_monitor.alerts.evaluation import evaluate
from celery_monitor.alerts.snapshot import AlertSnapshot
from celery_monitor.alerts.states import Evaluated, Records, advance
from celery_monitor.live.views import QueueView
from celery_monitor.metrics.task_windows import TaskWindows

NAMES = 10_000
EVALUATIONS = 1_000
RUNS = 20
"""Of each task, in the last minutes."""
_NOW = 1_790_000_000.0


def measure(quick: bool) -> list[Figure]:
    """CPU time, where one task of a hundred fails, and where every task does."""
    rounds = 3 if quick else 20
    usual = _snapshot(failing_every=100)
    worst = _snapshot(failing_every=1)
    return [
        _evaluations("one task of 100 fails", usual, rounds, at_most=100),
        _evaluations("every task fails", worst, rounds, at_most=None),
        _counting(rounds),
    ]


def _evaluations(what: str, snapshot: AlertSnapshot, rounds: int, at_most: float | None) -> Figure:
    spent = [1_000 * _cpu(lambda: _evaluate(snapshot)) for _ in range(rounds)]
    found = estimate(spent)
    return Figure(
        f"{EVALUATIONS:,} rule evaluations on {NAMES:,} task names, {what}",
        found.median,
        "ms CPU",
        at_most=at_most,
        low=found.low,
        high=found.high,
        how=f"{len(RULES)} rules again and again, with the step to pending and firing",
    )


def _evaluate(snapshot: AlertSnapshot) -> None:
    records: Records = {}
    done, now = 0, snapshot.now
    while done < EVALUATIONS:
        found: list[Evaluated] = list(evaluate(snapshot, RULES))
        records = advance(records, found, now)
        done, now = done + len(found), now + 10


def _counting(rounds: int) -> Figure:
    names = [f"shop.tasks.task_{number}" for number in range(NAMES)]
    spent = []
    for _ in range(rounds):
        windows = TaskWindows(_NOW)
        spent.append(_cpu(partial(_count, windows, names)) / NAMES * 1e6)
    found = estimate(spent)
    return Figure(
        "counting the start and the end of a run for the rules about tasks",
        found.median,
        "us CPU",
        low=found.low,
        high=found.high,
        how=f"{NAMES:,} task names",
    )


def _count(windows: TaskWindows, names: list[str]) -> None:
    for name in names:
        windows.started(name)
        windows.ran(name, 0.5)


def _snapshot(failing_every: int) -> AlertSnapshot:
    windows = TaskWindows(_NOW - 3_600)
    for number in range(NAMES):
        name = f"shop.tasks.task_{number}"
        for _ in range(RUNS):
            windows.started(name)
            windows.ran(name, 0.5)
        if number % failing_every == 0:
            for _ in range(RUNS):
                windows.failed(name)
    queues = [QueueView(name=f"queue-{number}", ready=number, workers=("w1",)) for number in range(100)]
    return AlertSnapshot(
        now=_NOW, tasks=windows, connected=True, workers_online=50, queues=queues, stuck={"shop.report": 1}
    )


def _cpu(work: Callable[[], None]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before
