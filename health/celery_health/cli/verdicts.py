"""The verdicts on a snapshot: those on the fleet, and those that only the CLI can give."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from celery_health.catalogue.fleet import FleetReason
from celery_health.cli.exit_codes import ExitCode
from celery_health.cli.health_exit_code import exit_code_of
from celery_health.cli.survey.app_connection import AppConnection
from celery_health.cli.survey.broker_clients import UnresponsiveWorkers
from celery_health.cli.survey.snapshot import Snapshot
from celery_health.urls import redact
from celery_health.verdicts.fleet.fleet_verdicts import judge_fleet
from celery_health.verdicts.fleet.verdict import WORST_LAST, FleetHealth, FleetSnapshot
from celery_health.verdicts.text import counted, is_or_are, listed
from celery_health.verdicts.thresholds import FleetThresholds

# A test task that came back proves what these verdicts doubt.
_DISPROVED_BY_TEST_TASK = frozenset({FleetReason.WORKERS_UNKNOWN})
# These verdicts need the answers of all workers.
_NEED_ALL_WORKERS = frozenset({FleetReason.QUEUE_NOT_CONSUMED, FleetReason.ORPHANED_MESSAGES})
_UNRESPONSIVE_REMEDY = (
    "A worker with the pool solo does not answer while it runs a task. If it never answers, read its log"
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
class CheckResult:
    """The health, and the verdicts it comes from, the worst first."""

    health: FleetHealth
    exit_code: ExitCode
    problems: tuple[Problem, ...]


def check_result(
    snapshot: Snapshot,
    connection: AppConnection,
    thresholds: FleetThresholds,
    nonempty_seconds: Mapping[str, float] | None = None,
) -> CheckResult:
    """``nonempty_seconds``: for how long each queue has held ready messages in earlier checks."""
    fleet = judge_fleet(
        FleetSnapshot(
            broker=snapshot.broker,
            workers=snapshot.workers,
            # The verdicts are on the workers that answered; those that did not get one of their own.
            workers_known=snapshot.workers_known or _some_answered(snapshot),
            store=snapshot.result_backend,
            waiting_for=nonempty_seconds or {},
            visibility_timeout=connection.visibility_timeout,
            thresholds=thresholds,
            app=connection.name,
        )
    )
    proven = any(trip.ok for trip in snapshot.test_tasks)
    problems = [
        Problem(one.health, one.reason.value, redact(one.message), one.remedy, one.command)
        for one in fleet.problems
        if not (proven and one.reason in _DISPROVED_BY_TEST_TASK)
        and not (snapshot.unresponsive and one.reason in _NEED_ALL_WORKERS)
    ]
    problems = [_explained(one, snapshot) for one in problems]
    problems += [
        *_of_unresponsive(snapshot, connection),
        *_of_deaf(snapshot, connection),
        *_of_test_tasks(snapshot, connection),
    ]
    problems.sort(key=lambda one: -WORST_LAST.index(one.health))
    health = problems[0].health if problems else FleetHealth.HEALTHY
    some_consume = proven or any(worker.consuming for worker in snapshot.workers)
    return CheckResult(health, exit_code_of(health, some_consume=some_consume), tuple(problems))


def _some_answered(snapshot: Snapshot) -> bool:
    return bool(snapshot.workers and snapshot.unresponsive and snapshot.remote_control_error is None)


def _explained(problem: Problem, snapshot: Snapshot) -> Problem:
    """With the cause that the snapshot shows, and no statement about all workers if some did not answer."""
    if problem.reason == FleetReason.NO_WORKER_CONSUMES.value and snapshot.unresponsive:
        return replace(problem, health=FleetHealth.DEGRADED, reason=FleetReason.WORKER_NOT_CONSUMING.value)
    if problem.reason != FleetReason.WORKERS_UNKNOWN.value:
        return problem
    if snapshot.unresponsive and not snapshot.remote_control_error:
        return replace(
            problem, message=_unresponsive_message(snapshot.unresponsive), remedy=_UNRESPONSIVE_REMEDY
        )
    if snapshot.remote_control_error:
        return replace(
            problem, message=f"The workers cannot be asked: {redact(snapshot.remote_control_error)}"
        )
    return problem


def _unresponsive_message(workers: UnresponsiveWorkers) -> str:
    if workers.count == len(workers.names):
        who = listed(workers.names)
    else:
        who = _one_of(counted(workers.count, "worker"), workers.names)
    return f"{who} {is_or_are(workers.count)} connected to the broker and did not answer"


def _one_of(who: str, names: Sequence[str]) -> str:
    """The names of killed workers stay in Redis, so there may be more names than workers."""
    return f"{who} (of {listed(names)})" if names else who


def _of_unresponsive(snapshot: Snapshot, connection: AppConnection) -> Iterator[Problem]:
    """If other workers answered. If none did, the verdict on the fleet says so."""
    if not _some_answered(snapshot):
        return
    yield Problem(
        FleetHealth.UNKNOWN,
        FleetReason.WORKERS_UNKNOWN.value,
        _unresponsive_message(snapshot.unresponsive),
        _UNRESPONSIVE_REMEDY,
        f"celery -A {shlex.quote(connection.name)} inspect ping",
    )


def _of_deaf(snapshot: Snapshot, connection: AppConnection) -> Iterator[Problem]:
    if not snapshot.deaf_count:
        return
    workers = f"{snapshot.deaf_count} of {counted(len(snapshot.workers), 'worker')}"
    yield Problem(
        FleetHealth.DEGRADED,
        FleetReason.WORKER_NOT_CONSUMING.value,
        f"{workers} {is_or_are(snapshot.deaf_count)} not waiting for messages, by the broker's count of its "
        "clients. The count does not show which",
        "Find the worker whose log shows a lost connection and no task since, and restart it",
        f"celery -A {shlex.quote(connection.name)} inspect stats",
    )


def _of_test_tasks(snapshot: Snapshot, connection: AppConnection) -> Iterator[Problem]:
    failed = [trip for trip in snapshot.test_tasks if not trip.ok]
    if not failed:
        return
    outcomes = "; ".join(f"{trip.queue}: {trip.message}" for trip in failed)
    none_works = len(failed) == len(snapshot.test_tasks)
    yield Problem(
        FleetHealth.UNHEALTHY if none_works else FleetHealth.DEGRADED,
        "TestTaskFailed",
        f"{len(failed)} of {counted(len(snapshot.test_tasks), 'test task')} failed: {outcomes}",
        "Check that a worker consumes the queue, knows the task and stores its result",
        f"celery -A {shlex.quote(connection.name)} inspect active_queues",
    )
