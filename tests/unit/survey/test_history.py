"""What several checks show that one does not."""

from dataclasses import replace

from celery_health.broker import BrokerReading, QueueReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.check_result import check_result
from celery_health.survey.history import CheckHistory
from celery_health.survey.snapshot import Snapshot
from celery_health.urls import parse
from celery_health.verdicts.thresholds import FleetThresholds
from tests.unit.cli.examples import WORKER

BROKER = BrokerReading(
    "redis", "redis://h/0", True, BrokerReason.REACHABLE, "answers", (QueueReading("mail", 5),)
)
SNAPSHOT = Snapshot(0.0, BROKER, workers=(WORKER,), workers_known=True, started={"celery@a": 7})


def idle_for(history: CheckHistory, snapshot: Snapshot, now: float) -> float | None:
    return history.with_idle_times(snapshot, now).workers[0].idle_for


def test_a_worker_is_idle_since_the_check_after_its_last_task() -> None:
    history = CheckHistory()
    assert idle_for(history, SNAPSHOT, 0.0) is None
    assert idle_for(history, SNAPSHOT, 10.0) == 10.0
    assert idle_for(history, replace(SNAPSHOT, started={"celery@a": 8}), 20.0) == 0.0
    assert idle_for(history, replace(SNAPSHOT, started={"celery@a": 8}), 25.0) == 5.0
    assert idle_for(history, replace(SNAPSHOT, started={}), 30.0) is None


def test_a_worker_that_leaves_messages_waiting_in_each_check_is_stalled() -> None:
    history = CheckHistory()
    for now in (0.0, 30.0, 61.0):
        snapshot = history.with_idle_times(SNAPSHOT, now)
        nonempty = history.nonempty_seconds(snapshot.broker, now)
        found = check_result(
            snapshot, AppConnection("redis://h/0", parse("redis://h/0")), FleetThresholds(), nonempty
        )
        assert ("WorkerStalled" in {problem.reason for problem in found.problems}) == (now > 60)


def test_a_queue_that_was_empty_in_between_starts_again() -> None:
    history = CheckHistory()
    history.nonempty_seconds(BROKER, 0.0)
    history.nonempty_seconds(replace(BROKER, queues=(QueueReading("mail", 0),)), 10.0)
    assert history.nonempty_seconds(BROKER, 20.0) == {"mail": 0.0}
