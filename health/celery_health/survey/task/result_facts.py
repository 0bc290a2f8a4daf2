"""What the result backend adds to the facts of a task."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from celery_health.survey.task.result import STARTED, TaskResult
from celery_health.why.facts import Held, Holder, Outcome, TaskFacts

_OUTCOMES: Mapping[str | None, Outcome] = {
    "SUCCESS": Outcome.SUCCEEDED,
    "FAILURE": Outcome.FAILED,
    "REVOKED": Outcome.REVOKED,
    "REJECTED": Outcome.REJECTED,
}


def is_final(result: TaskResult) -> bool:
    """Whether the task has ended."""
    return result.state in _OUTCOMES


def with_result(
    facts: TaskFacts, result: TaskResult, answered: Collection[str] = (), listening: bool | None = None
) -> TaskFacts:
    """The facts with those of the result.

    ``answered``: the workers that were asked for the task and answered. ``listening``: whether the broker
    still has the worker that started the task.
    """
    outcome = _OUTCOMES.get(result.state)
    known = replace(
        facts,
        name=facts.name or result.name,
        worker=result.worker,
        outcome=outcome,
        finished=result.done_at if outcome is not None else None,
        error=result.exception,
        result_kept=True if outcome is Outcome.SUCCEEDED else None,
        awaits_retry=result.state == "RETRY",
        retries=facts.retries or result.retries,
        sources=replace(facts.sources, backend=result.asked),
    )
    if result.state == STARTED and known.holder is None and result.worker:
        return _with_start(known, result.worker, answered, listening)
    return known


def _with_start(
    facts: TaskFacts, worker: str, answered: Collection[str], listening: bool | None
) -> TaskFacts:
    """The backend keeps STARTED also when the child or the worker is killed: it does not prove a run."""
    if worker in answered:
        return replace(facts, left_by=worker)
    if listening is False or (listening is None and facts.sources.workers_known):
        return replace(facts, lost_with=worker)
    return replace(facts, holder=Holder(worker, Held.ACTIVE))
