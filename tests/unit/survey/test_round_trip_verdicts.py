"""What a test task that did not come back says of the workers."""

from dataclasses import replace

import pytest

from celery_health.broker import BrokerReading, QueueReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.health import HealthState
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.check_result import check_result
from celery_health.survey.evidence.broker_clients import UnresponsiveWorkers
from celery_health.survey.round_trip import PROVING_SECONDS, RoundTrip, seconds_to_wait
from celery_health.survey.snapshot import Snapshot
from celery_health.urls import parse
from celery_health.verdicts.thresholds import FleetThresholds
from celery_health.verdicts.worker_snapshot import WorkerSnapshot
from tests.unit.cli.examples import WORKER

URL = "redis://h/0"
BROKER = BrokerReading("redis", URL, True, BrokerReason.REACHABLE, "answers", (QueueReading("mail", 0),))
BACKLOG = replace(BROKER, queues=(QueueReading("mail", 3),))
FULL = replace(WORKER, active_count=2)
LATE = RoundTrip("mail", "celery.accumulate", False, None, "no result within 4.0 s", waited=4.0)
FAILED = RoundTrip("mail", "celery.accumulate", False, 0.1, "FAILURE: RuntimeError")
BACK = RoundTrip("video", "celery.accumulate", True, 0.1, "result after 0.10 s")


def judged(
    *workers: WorkerSnapshot,
    trips: tuple[RoundTrip, ...] = (LATE,),
    broker: BrokerReading = BROKER,
    known: bool = True,
    unresponsive: UnresponsiveWorkers = UnresponsiveWorkers(),  # noqa: B008 (frozen)
) -> tuple[HealthState, int, str]:
    """The health, the exit code, and all messages and remedies on the test tasks."""
    snapshot = Snapshot(
        0.0, broker, workers, workers_known=known, unresponsive=unresponsive, test_tasks=trips
    )
    found = check_result(snapshot, AppConnection(URL, parse(URL)), FleetThresholds())
    said = [f"{one.message} {one.remedy}" for one in found.problems if one.reason == "TestTaskFailed"]
    return found.health, found.exit_code, " ".join(said)


@pytest.mark.parametrize(
    ("worker", "broker"),
    [
        (FULL, BROKER),
        (replace(WORKER, active_count=1, reserved=4), BROKER),
        (replace(WORKER, active_count=1), BACKLOG),
        (replace(WORKER, active_count=1, slots=None), BROKER),
    ],
    ids=["full slots", "fetched tasks", "ready messages", "unknown slots"],
)
def test_behind_the_tasks_of_a_worker_that_works_it_proves_nothing(
    worker: WorkerSnapshot, broker: BrokerReading
) -> None:
    health, code, said = judged(worker, broker=broker)
    assert (health, code) == (HealthState.UNKNOWN, 1)
    assert "celery@a runs " in said
    assert "use a longer --timeout" in said


def test_the_message_names_the_full_slots() -> None:
    assert "celery@a runs 2 tasks in 2 slots" in judged(FULL)[2]


@pytest.mark.parametrize(
    "worker",
    [
        WORKER,
        replace(WORKER, active_count=1),
        replace(WORKER, reserved=8),
        replace(FULL, consuming=False),
        replace(FULL, queues=("video",)),
    ],
    ids=["idle", "a free slot", "a pool that starts nothing", "not consuming", "of another queue"],
)
def test_of_a_worker_that_could_run_it_at_once_it_proves_that_none_is_run(worker: WorkerSnapshot) -> None:
    assert judged(worker)[:2] == (HealthState.UNHEALTHY, 2)


def test_a_busy_worker_does_not_excuse_a_test_task_that_fails() -> None:
    assert judged(FULL, trips=(FAILED,))[:2] == (HealthState.UNHEALTHY, 2)
    assert judged(FULL, trips=(BACK, FAILED))[:2] == (HealthState.DEGRADED, 1)


def test_a_worker_that_does_not_answer_may_be_busy() -> None:
    silent = UnresponsiveWorkers(1, ("celery@solo",))
    assert judged(known=False, unresponsive=silent)[:2] == (HealthState.UNKNOWN, 2)
    assert judged(WORKER, known=False, unresponsive=silent)[:2] == (HealthState.UNKNOWN, 1)


def test_workers_that_cannot_be_asked_may_be_busy_and_known_ones_are_not() -> None:
    assert judged(known=False)[:2] == (HealthState.UNKNOWN, 2)
    assert judged(known=True)[:2] == (HealthState.UNHEALTHY, 2)


def test_a_short_wait_proves_nothing_and_names_the_option() -> None:
    health, code, said = judged(WORKER, trips=(replace(LATE, waited=0.2),))
    assert (health, code) == (HealthState.UNKNOWN, 1)
    assert "longer --timeout" in said


@pytest.mark.parametrize("timeout", [3.0, 5.0, 30.0])
def test_a_check_that_has_used_its_time_waits_long_enough_for_a_proof(timeout: float) -> None:
    assert seconds_to_wait(timeout, left=-0.3) > PROVING_SECONDS
    assert seconds_to_wait(timeout, left=20.0) == 20.0


def test_a_short_timeout_is_kept() -> None:
    assert seconds_to_wait(1.0, left=0.2) == 1.0
