"""Workers whose tasks are counted, and what their tasks write down themselves."""

from collections import Counter
from pathlib import Path

import msgspec

import celery_health
from celery_health.task_metrics.files import read_folder
from celery_health.wire.task_metrics import TaskRuns
from tests.integration.agent.harness import AgentWorker

ARGUMENTS = ("-I", "agent_metrics")
MODULE = "agent_metrics."

# What a run's own words mean to the counters; every other word is the name of an exception.
ENDINGS = {"Retry": "retried", "Ignore": "completed"}


def sdk_path(home: Path) -> dict[str, str]:
    """The environment of a worker whose image has ``celery-operator[metrics]``, and nothing else of ours."""
    library = home / "library"
    library.mkdir(parents=True)
    for package in (msgspec, celery_health):
        assert package.__file__
        (library / package.__name__).symlink_to(Path(package.__file__).parent)
    return {"PYTHONPATH": str(library)}


def counters(folder: Path) -> Counter[str]:
    """``TASK EVENT`` with its number, over all values of the label; a failure's event is its exception."""
    found = read_folder(folder)
    assert found.unreadable == 0
    counted: Counter[str] = Counter()
    for document in found.documents:
        for row in document.runs:
            counted.update(_of_row(row))
    return +counted


def _of_row(row: TaskRuns) -> dict[str, int]:
    task = row.task.removeprefix(MODULE)
    return {
        f"{task} started": row.started,
        f"{task} completed": row.completed,
        f"{task} retried": row.retried,
        **{f"{task} {error}": count for error, count in row.failed.items()},
    }


def ledger(worker: AgentWorker) -> Counter[str]:
    """The same as the tasks have written it down."""
    lines = worker.notes.read_text().splitlines() if worker.notes.exists() else []
    events = (line.split() for line in lines)
    return Counter(f"{task} {ENDINGS.get(event, event)}" for task, event, *_ in events)


def events_by_id(worker: AgentWorker) -> dict[str, list[str]]:
    """What each task has written down under its id, in order.

    Celery gives a task to another child if the first dies before the main process has heard of its start. To
    Celery that is one run, and so it is to the counters.
    """
    found: dict[str, list[str]] = {}
    for line in worker.notes.read_text().splitlines():
        _, event, *ids = line.split()
        for id in ids:  # noqa: A001 - as Celery names it
            found.setdefault(id, []).append(event)
    return found


def metrics_folder(worker: AgentWorker) -> Path:
    """Where the worker keeps its numbers for the sidecar."""
    return worker.run / "task-metrics"
