"""The verdict on a survey: that on the fleet, and what only this program looks at."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from celery_health.catalogue.fleet import FleetReason
from celery_health.cli.exit_codes import ExitCode, exit_code_of
from celery_health.cli.survey.app_connection import Target
from celery_health.cli.survey.broker_clients import Silent
from celery_health.cli.survey.snapshot import Survey
from celery_health.urls import redact
from celery_health.verdicts.fleet.fleet_verdicts import judge_fleet
from celery_health.verdicts.fleet.verdict import WORST_LAST, FleetHealth, FleetSnapshot
from celery_health.verdicts.text import counted, listed
from celery_health.verdicts.thresholds import FleetThresholds

_NO_CONTROL = frozenset({FleetReason.WORKERS_UNKNOWN})
# What can only be said of a fleet all of whose workers have answered.
_OF_ALL = frozenset({FleetReason.QUEUE_NOT_CONSUMED, FleetReason.ORPHANED_MESSAGES})
_OF_SILENCE = (
    "It may run a task in a pool that answers nothing meanwhile (solo), or hang: look again, and see its log"
)


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
    survey: Survey,
    target: Target,
    thresholds: FleetThresholds,
    waiting_for: Mapping[str, float] | None = None,
) -> Verdict:
    """``waiting_for``: for how long queues have held messages, as of earlier looks."""
    fleet = judge_fleet(
        FleetSnapshot(
            broker=survey.broker,
            workers=survey.workers,
            # Those that answered are judged; of those that are silent beside them, see below.
            workers_known=survey.workers_known or _some_answered(survey),
            store=survey.store,
            waiting_for=waiting_for or {},
            visibility_timeout=target.visibility_timeout,
            thresholds=thresholds,
            app=target.name,
        )
    )
    proven = any(trip.ok for trip in survey.trips)
    told = [
        Problem(one.health, one.reason.value, redact(one.message), one.remedy, one.command)
        for one in fleet.problems
        # A test task that came back is the proof that nobody could give otherwise.
        if not (proven and one.reason in _NO_CONTROL) and not (survey.silent and one.reason in _OF_ALL)
    ]
    told = [_explained(one, survey) for one in told]
    told += [*_of_silent(survey, target), *_of_deaf(survey, target), *_of_trips(survey, target)]
    told.sort(key=lambda one: -WORST_LAST.index(one.health))
    health = told[0].health if told else FleetHealth.HEALTHY
    some = proven or any(worker.consuming for worker in survey.workers)
    return Verdict(health, exit_code_of(health, some_consume=some), tuple(told))


def _some_answered(survey: Survey) -> bool:
    return bool(survey.workers and survey.silent and survey.control_failure is None)


def _explained(problem: Problem, survey: Survey) -> Problem:
    """Why the workers are unknown, where the survey knows; and no word on all where some are silent."""
    if problem.reason == FleetReason.NO_WORKER_CONSUMES.value and survey.silent:
        return replace(problem, health=FleetHealth.DEGRADED, reason=FleetReason.WORKER_NOT_CONSUMING.value)
    if problem.reason != FleetReason.WORKERS_UNKNOWN.value:
        return problem
    if survey.silent and not survey.control_failure:
        return replace(problem, message=_silence(survey.silent), remedy=_OF_SILENCE)
    if survey.control_failure:
        return replace(problem, message=f"Workers cannot be asked: {redact(survey.control_failure)}")
    return problem


def _silence(silent: Silent) -> str:
    if silent.count == 1:
        who = silent.names[0] if len(silent.names) == 1 else _one_of("A worker", silent.names)
        return f"{who} is connected to the broker, and does not answer"
    if silent.count == len(silent.names):
        return f"{listed(silent.names)} are connected to the broker, and do not answer"
    return (
        f"{_one_of(f'{silent.count} workers', silent.names)} are connected to the broker, and do not answer"
    )


def _one_of(who: str, names: Sequence[str]) -> str:
    """Of killed workers names stay in Redis: it may be any of these."""
    return f"{who} (of {listed(names)})" if names else who


def _of_silent(survey: Survey, target: Target) -> Iterator[Problem]:
    """Beside workers that answered; where none did, the verdict on the fleet says so already."""
    if not _some_answered(survey):
        return
    yield Problem(
        FleetHealth.UNKNOWN,
        FleetReason.WORKERS_UNKNOWN.value,
        _silence(survey.silent),
        _OF_SILENCE,
        f"celery -A {shlex.quote(target.name)} inspect ping",
    )


def _of_deaf(survey: Survey, target: Target) -> Iterator[Problem]:
    if not survey.deaf:
        return
    yield Problem(
        FleetHealth.DEGRADED,
        FleetReason.WORKER_NOT_CONSUMING.value,
        f"{survey.deaf} of {counted(len(survey.workers), 'worker')} is not waiting for messages by the "
        "broker's count, which does not tell the name",
        "Find the worker whose log shows a lost connection and no task since, and restart it",
        f"celery -A {shlex.quote(target.name)} inspect stats",
    )


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
        f"celery -A {shlex.quote(target.name)} inspect active_queues",
    )
