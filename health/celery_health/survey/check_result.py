"""The verdicts on a snapshot: those on the fleet, and those that only a survey can give."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from celery_health.catalogue.entry import Severity
from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.health import HealthState
from celery_health.exit_codes import ExitCode
from celery_health.redaction import redact
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.broker_clients import UnresponsiveWorkers
from celery_health.survey.health_exit_code import exit_code_of
from celery_health.survey.snapshot import Snapshot
from celery_health.verdicts.commands import CeleryCommands
from celery_health.verdicts.fleet.evidence import FleetEvidence
from celery_health.verdicts.fleet.fleet_verdicts import fleet_verdict, not_consuming
from celery_health.verdicts.fleet.health import HEALTH_BY_SEVERITY, health_of
from celery_health.verdicts.text import counted, is_or_are, listed, part_is
from celery_health.verdicts.thresholds import FleetThresholds
from celery_health.verdicts.verdict import Verdict, worst_first

# A test task that came back proves what these verdicts doubt.
_DISPROVED_BY_TEST_TASK = frozenset({FleetReason.WORKERS_UNKNOWN})
# These verdicts need the answers of all workers.
_NEED_ALL_WORKERS = frozenset({FleetReason.QUEUE_NOT_CONSUMED, FleetReason.ORPHANED_MESSAGES})


@dataclass(frozen=True, slots=True)
class Problem:
    """A verdict as it is printed. ``reason`` is for programs; ``remedy`` and ``command`` say what to do."""

    health: HealthState
    reason: str
    message: str
    remedy: str
    command: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The health, and the verdicts it comes from, the worst first."""

    health: HealthState
    exit_code: ExitCode
    problems: tuple[Problem, ...]


def check_result(
    snapshot: Snapshot,
    connection: AppConnection,
    thresholds: FleetThresholds,
    nonempty_seconds: Mapping[str, float] | None = None,
) -> CheckResult:
    """``nonempty_seconds``: for how long each queue has held ready messages in earlier checks."""
    fleet = fleet_verdict(
        FleetEvidence(
            broker=snapshot.broker,
            workers=snapshot.workers,
            # The verdicts are on the workers that answered; those that did not get one of their own.
            workers_known=snapshot.workers_known or _some_answered(snapshot),
            result_backend=snapshot.result_backend,
            waiting_for=nonempty_seconds or {},
            not_shrinking_for=dict.fromkeys(snapshot.not_shrinking, math.inf),
            visibility_timeout=connection.visibility_timeout,
            thresholds=thresholds,
        )
    )
    proven = any(trip.ok for trip in snapshot.test_tasks)
    verdicts = [
        _explained(one, snapshot)
        for one in fleet.verdicts
        if not (proven and one.reason in _DISPROVED_BY_TEST_TASK)
        and not (snapshot.unresponsive and one.reason in _NEED_ALL_WORKERS)
    ]
    found = worst_first(
        [
            *verdicts,
            *_unresponsive(snapshot),
            *_deaf(snapshot),
            *_same_names(snapshot),
            *_failed_tests(snapshot),
        ]
    )
    health = health_of(found)
    some_consume = proven or any(worker.consuming for worker in snapshot.workers)
    commands = CeleryCommands(connection.name)
    problems = tuple(_printed(one, commands) for one in found)
    return CheckResult(health, exit_code_of(health, some_consume=some_consume), problems)


def _printed(verdict: Verdict, commands: CeleryCommands) -> Problem:
    return Problem(
        HEALTH_BY_SEVERITY[verdict.severity],
        verdict.reason.value,
        redact(verdict.message),
        verdict.remedy,
        verdict.command(commands),
    )


def _some_answered(snapshot: Snapshot) -> bool:
    return bool(snapshot.workers and snapshot.unresponsive and snapshot.remote_control_error is None)


def _explained(verdict: Verdict, snapshot: Snapshot) -> Verdict:
    """With the cause that the snapshot shows, and no statement about all workers if some did not answer."""
    if verdict.reason is FleetReason.NO_WORKER_CONSUMES and snapshot.unresponsive:
        return not_consuming(verdict.subjects)
    if verdict.reason is not FleetReason.WORKERS_UNKNOWN or verdict.variant:
        return verdict
    if snapshot.remote_control_error:
        facts = {"failure": snapshot.remote_control_error}
        return replace(verdict, facts=facts, variant="no_remote_control")
    return _no_answer(snapshot.unresponsive) if snapshot.unresponsive else verdict


def _no_answer(workers: UnresponsiveWorkers) -> Verdict:
    if workers.count == len(workers.names):
        who = listed(workers.names)
    else:
        who = _one_of(counted(workers.count, "worker"), workers.names)
    facts = {"names": f"{who} {is_or_are(workers.count)}"}
    return Verdict(FleetReason.WORKERS_UNKNOWN, workers.names, facts, variant="silent")


def _one_of(who: str, names: Sequence[str]) -> str:
    """The names of killed workers stay in Redis, so there may be more names than workers."""
    return f"{who} (of {listed(names)})" if names else who


def _unresponsive(snapshot: Snapshot) -> Iterator[Verdict]:
    """If other workers answered. If none did, the verdict on the fleet says so."""
    if _some_answered(snapshot):
        yield _no_answer(snapshot.unresponsive)


def _deaf(snapshot: Snapshot) -> Iterator[Verdict]:
    if snapshot.deaf_count:
        facts = {"part": part_is(snapshot.deaf_count, len(snapshot.workers), "worker")}
        yield Verdict(FleetReason.WORKER_NOT_CONSUMING, facts=facts, variant="by_count")


def _same_names(snapshot: Snapshot) -> Iterator[Verdict]:
    several = [worker for worker in snapshot.workers if worker.copies > 1]
    if several:
        copies = listed([f"{worker.copies} workers have the name {worker.name}" for worker in several])
        yield Verdict(FleetReason.NAMES_COLLIDE, tuple(one.name for one in several), {"copies": copies})


def _failed_tests(snapshot: Snapshot) -> Iterator[Verdict]:
    failed = [trip for trip in snapshot.test_tasks if not trip.ok]
    if not failed:
        return
    yield Verdict(
        FleetReason.TEST_TASK_FAILED,
        tuple(trip.queue for trip in failed),
        {
            "failed": str(len(failed)),
            "sent": counted(len(snapshot.test_tasks), "test task"),
            "failures": "; ".join(f"{trip.queue}: {trip.message}" for trip in failed),
        },
        severity_here=Severity.UNHEALTHY if len(failed) == len(snapshot.test_tasks) else None,
    )
