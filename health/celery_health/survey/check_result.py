"""The verdicts on a snapshot: those on the fleet, and those that only a survey can give."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.health import HealthState
from celery_health.exit_codes import ExitCode
from celery_health.redaction import redact
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.evidence.broker_clients import UnresponsiveWorkers
from celery_health.survey.health_exit_code import exit_code_of
from celery_health.survey.round_trip_verdicts import failed_test_tasks
from celery_health.survey.snapshot import TOO_SLOW, Snapshot
from celery_health.urls import BrokerKind
from celery_health.verdicts.commands import CeleryCommands, celery_program
from celery_health.verdicts.fleet.evidence import FleetEvidence
from celery_health.verdicts.fleet.fleet_verdicts import fleet_verdict, not_consuming
from celery_health.verdicts.fleet.health import HEALTH_BY_SEVERITY, health_of
from celery_health.verdicts.text import counted, is_or_are, listed, part_is
from celery_health.verdicts.thresholds import FleetThresholds
from celery_health.verdicts.verdict import Verdict, worst_first

# A test task that came back proves what these verdicts doubt.
_DISPROVED_BY_TEST_TASK = frozenset({FleetReason.BROKER_UNKNOWN, FleetReason.WORKERS_UNKNOWN})
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
    celery: str = "celery -A APP"
    """How other commands for the application begin."""


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
            asked_queues=snapshot.asked_queues,
            proven_queues={trip.queue for trip in snapshot.test_tasks if trip.ok},
            visibility_timeout=connection.visibility_timeout,
            deaths=snapshot.deaths,
            thresholds=thresholds,
        )
    )
    proven = any(trip.ok for trip in snapshot.test_tasks)
    verdicts = [
        _with_remedy(_explained(_with_setting(one, snapshot), snapshot), connection)
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
            *_of_others(snapshot),
            *failed_test_tasks(snapshot),
        ]
    )
    health = health_of(found)
    if health is HealthState.DEGRADED and not proven and (silent := _no_worker_answered(found, snapshot)):
        # Degraded means that tasks run, and nothing shows that.
        health, found = HealthState.UNKNOWN, (*silent, *(one for one in found if one not in silent))
    some_consume = proven or any(worker.consuming for worker in snapshot.workers)
    commands = CeleryCommands(connection.name, _only_broker(connection))
    problems = tuple(_printed(one, commands) for one in found)
    return CheckResult(
        health, exit_code_of(health, some_consume=some_consume), problems, celery_program(connection.name)
    )


def _only_broker(connection: AppConnection) -> str:
    """What ``celery -b`` takes if nothing but the broker is known; else empty.

    It is empty where the broker takes more than its address: a login, options, TLS, a Sentinel or several
    brokers.
    """
    broker = connection.broker
    known = broker.kind in {BrokerKind.REDIS, BrokerKind.AMQP}
    if connection.app is not None or not known or broker.alternates or broker.tls:
        return ""
    if broker.username or broker.password or broker.query:
        return ""
    return broker.address


def _no_worker_answered(found: Sequence[Verdict], snapshot: Snapshot) -> tuple[Verdict, ...]:
    """What says so. Empty if a worker answered."""
    if snapshot.workers:
        return ()
    return tuple(one for one in found if one.reason is FleetReason.WORKERS_UNKNOWN)


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


def _with_remedy(verdict: Verdict, connection: AppConnection) -> Verdict:
    """With the remedy that fits the kind of broker, and what is known of the application."""
    if verdict.reason is FleetReason.BROKER_UNKNOWN and connection.broker.kind is BrokerKind.OTHER:
        return replace(verdict, variant="no_reader")
    if verdict.reason is FleetReason.NO_WORKERS and connection.app is None:
        return replace(verdict, variant="without_app")
    # RabbitMQ does not show which control_exchange a client listens to.
    if verdict.variant == "silent" and connection.app is None and connection.broker.kind.is_amqp:
        return replace(verdict, variant="silent_without_app")
    return verdict


def _explained(verdict: Verdict, snapshot: Snapshot) -> Verdict:
    """With the cause that the snapshot shows, and no statement about all workers if some did not answer."""
    if verdict.reason is FleetReason.NO_WORKER_CONSUMES and snapshot.unresponsive:
        return not_consuming(verdict.subjects)
    if verdict.variant == "not_shown" and (unclear := _unclear(snapshot)):
        return replace(verdict, variant="may_be_full", facts={**verdict.facts, "unacknowledged": unclear})
    if verdict.reason is not FleetReason.WORKERS_UNKNOWN or verdict.variant:
        return verdict
    if snapshot.listening_otherwise:
        facts = {"workers": counted(snapshot.listening_otherwise, "worker")}
        return replace(verdict, facts=facts, variant="other_settings")
    if snapshot.remote_control_error:
        facts = {"failure": snapshot.remote_control_error}
        is_slow = snapshot.remote_control_error.startswith(TOO_SLOW)
        return replace(
            verdict, facts=facts, variant="slow_remote_control" if is_slow else "no_remote_control"
        )
    return _no_answer(snapshot.unresponsive) if snapshot.unresponsive else verdict


def _with_setting(verdict: Verdict, snapshot: Snapshot) -> Verdict:
    """With the setting that explains why no worker runs, where one is known."""
    if verdict.reason is not FleetReason.NO_WORKERS or not snapshot.refused_setting:
        return verdict
    return replace(verdict, variant="refused_setting", facts={"setting": snapshot.refused_setting})


def _unclear(snapshot: Snapshot) -> str:
    """The messages that may fill the workers of which it is unknown whether they consume."""
    unknown = [worker for worker in snapshot.workers if worker.consuming is None]
    unacked = snapshot.broker.unacked
    return counted(unacked.count, "message") if unacked and all(one.queues for one in unknown) else ""


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


def _of_others(snapshot: Snapshot) -> Iterator[Verdict]:
    if snapshot.served is not True:
        reason = FleetReason.NO_WORKERS if snapshot.served is False else FleetReason.WORKERS_UNKNOWN
        facts = {"workers": counted(sum(worker.copies for worker in snapshot.workers), "worker")}
        yield Verdict(reason, facts=facts, variant="of_others")
