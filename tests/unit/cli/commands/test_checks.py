"""What several looks show that one does not."""

from dataclasses import replace

from celery_health.broker import BrokerReading, QueueReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.cli.commands.checks import History
from celery_health.cli.survey.app_connection import Target
from celery_health.cli.survey.snapshot import Survey
from celery_health.cli.verdicts import judge
from celery_health.urls import parse
from celery_health.verdicts.thresholds import FleetThresholds
from tests.unit.cli.examples import WORKER

BROKER = BrokerReading(
    "redis", "redis://h/0", True, BrokerReason.REACHABLE, "answers", (QueueReading("mail", 5),)
)
SURVEY = Survey(0.0, BROKER, workers=(WORKER,), workers_known=True, begun={"celery@a": 7})


def idle_for(history: History, survey: Survey, now: float) -> float | None:
    return history.with_progress(survey, now).workers[0].idle_for


def test_a_worker_is_idle_since_the_look_after_its_last_task() -> None:
    history = History()
    assert idle_for(history, SURVEY, 0.0) is None
    assert idle_for(history, SURVEY, 10.0) == 10.0
    assert idle_for(history, replace(SURVEY, begun={"celery@a": 8}), 20.0) == 0.0
    assert idle_for(history, replace(SURVEY, begun={"celery@a": 8}), 25.0) == 5.0
    assert idle_for(history, replace(SURVEY, begun={}), 30.0) is None


def test_a_worker_that_leaves_messages_waiting_look_after_look_is_stalled() -> None:
    history = History()
    for now in (0.0, 30.0, 61.0):
        survey = history.with_progress(SURVEY, now)
        waiting = history.waiting(survey.broker, now)
        found = judge(survey, Target("redis://h/0", parse("redis://h/0")), FleetThresholds(), waiting)
        assert ("WorkerStalled" in {problem.reason for problem in found.problems}) == (now > 60)


def test_a_queue_that_was_empty_in_between_waits_anew() -> None:
    history = History()
    history.waiting(BROKER, 0.0)
    history.waiting(replace(BROKER, queues=(QueueReading("mail", 0),)), 10.0)
    assert history.waiting(BROKER, 20.0) == {"mail": 0.0}
