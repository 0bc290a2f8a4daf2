"""The verdict on a survey: that on the fleet, and what only this program looks at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from celery_health.cli.exit_codes import ExitCode, exit_code_of
from celery_health.cli.survey import Survey
from celery_health.cli.target import Target
from celery_health.fleet.judge import judge_fleet
from celery_health.fleet.thresholds import FleetThresholds
from celery_health.fleet.verdict import WORST_LAST, FleetHealth, FleetReason, FleetSnapshot
from celery_health.fleet.words import counted, listed
from celery_health.urls import redact

_NO_CONTROL = frozenset({FleetReason.WORKERS_UNKNOWN})


@dataclass(frozen=True, slots=True)
class Problem:
    """``reason`` is for programs; ``message`` says what is wrong, ``remedy`` and ``command`` what to do."""

    health: FleetHealth
    reason: str
    message: str
    remedy: str
    command: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """``problems``: the worst first."""

    health: FleetHealth
    exit_code: ExitCode
    problems: tuple[Problem, ...]


def judge(
    survey: Survey, target: Target, backlog: int, waiting_for: Mapping[str, float] | None = None
) -> Verdict:
    """``backlog``: the threshold of messages in one queue; ``waiting_for`` as of earlier looks."""
    fleet = judge_fleet(
        FleetSnapshot(
            broker=survey.broker,
            workers=survey.workers,
            workers_known=survey.workers_known,
            store=survey.store,
            waiting_for=waiting_for or {},
            visibility_timeout=target.visibility_timeout,
            thresholds=FleetThresholds(backlog=backlog),
            app=target.name,
        )
    )
    proven = any(trip.ok for trip in survey.trips)
    told = [
        Problem(one.health, one.reason.value, redact(one.message), one.remedy, one.command)
        for one in fleet.problems
        # A test task that came back is the proof that nobody could give otherwise.
        if not (proven and one.reason in _NO_CONTROL)
    ]
    told = [_explained(one, survey) for one in told]
    told += _of_trips(survey, target)
    told.sort(key=lambda one: -WORST_LAST.index(one.health))
    health = told[0].health if told else FleetHealth.HEALTHY
    some = proven or any(worker.consuming for worker in survey.workers)
    return Verdict(health, exit_code_of(health, some_consume=some), tuple(told))


def _explained(problem: Problem, survey: Survey) -> Problem:
    """Why the workers are unknown, where the survey knows."""
    if problem.reason != FleetReason.WORKERS_UNKNOWN.value:
        return problem
    if survey.silent:
        return replace(
            problem,
            message=f"{listed(survey.silent)} is connected to the broker, and does not answer",
            remedy="It may run a task in a pool that answers nothing meanwhile (solo), or hang: look again, "
            "and see its log",
        )
    if survey.control_failure:
        return replace(problem, message=f"Workers cannot be asked: {redact(survey.control_failure)}")
    return problem


def _of_trips(survey: Survey, target: Target) -> Iterator[Problem]:
    failed = [trip for trip in survey.trips if not trip.ok]
    if not failed:
        return
    told = "; ".join(f"{trip.queue}: {trip.message}" for trip in failed)
    none_works = len(failed) == len(survey.trips)
    yield Problem(
        FleetHealth.UNHEALTHY if none_works else FleetHealth.DEGRADED,
        "TestTaskFailed",
        f"{counted(len(failed), 'test task')} of {len(survey.trips)} failed: {told}",
        "See whether a worker reads the queue, knows the task, and stores its result",
        f"celery -A {target.name} inspect active_queues",
    )
