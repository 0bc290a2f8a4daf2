"""What this program adds to the verdict on the fleet."""

import json
from dataclasses import replace

import pytest

from celery_health.broker import BrokerReading, QueueReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.cli.output.json_document import as_json
from celery_health.cli.output.summary import as_summary
from celery_health.cli.survey.app_connection import Target
from celery_health.cli.survey.broker_clients import Silent
from celery_health.cli.survey.round_trip import RoundTrip
from celery_health.cli.survey.snapshot import Survey
from celery_health.cli.verdicts import Verdict, judge
from celery_health.urls import parse
from celery_health.verdicts.fleet.verdict import FleetHealth
from celery_health.verdicts.thresholds import FleetThresholds
from celery_health.verdicts.worker_snapshot import RunningTask
from tests.unit.cli.examples import WORKER

URL = "redis://:geheim@h/0"
TARGET = Target(URL, parse(URL))
BROKER = BrokerReading(
    "redis", "redis://h/0", True, BrokerReason.REACHABLE, "answers", (QueueReading("mail", 1),)
)


def verdict(survey: Survey) -> Verdict:
    return judge(survey, TARGET, FleetThresholds(backlog=1000, hung_after=60.0))


def a_trip(ok: bool) -> RoundTrip:
    return RoundTrip("mail", "celery.accumulate", ok, 0.1, "back" if ok else "no result within 3.0 s")


def test_nothing_known_of_workers_is_unknown_and_2() -> None:
    found = verdict(Survey(0.0, BROKER, control_failure="no remote control"))
    assert (found.health, found.exit_code) == (FleetHealth.UNKNOWN, 2)
    assert "no remote control" in found.problems[0].message


def test_a_test_task_that_comes_back_proves_that_a_worker_takes_messages() -> None:
    found = verdict(Survey(0.0, BROKER, trips=(a_trip(True),)))
    assert found.exit_code == 0


def test_a_test_task_that_does_not_come_back_is_told_with_its_queue() -> None:
    found = verdict(Survey(0.0, BROKER, workers_known=False, trips=(a_trip(True), a_trip(False))))
    assert (found.health, found.exit_code) == (FleetHealth.DEGRADED, 1)
    assert "mail: no result within 3.0 s" in found.problems[0].message
    assert verdict(Survey(0.0, BROKER, trips=(a_trip(False),))).exit_code == 2


@pytest.mark.parametrize(
    ("silent", "told"),
    [
        (Silent(1, ("celery@a",)), "celery@a is connected to the broker, and does not answer"),
        (Silent(1, ("a", "b")), "A worker (of a and b) is connected to the broker"),
        (Silent(2, ("a", "b")), "a and b are connected to the broker, and do not answer"),
        (Silent(2), "2 workers are connected to the broker"),
    ],
)
def test_a_silent_worker_is_told_by_name(silent: Silent, told: str) -> None:
    assert verdict(Survey(0.0, BROKER, silent=silent)).problems[0].message.startswith(told)
    beside = verdict(Survey(0.0, BROKER, workers=(WORKER,), silent=silent))
    assert beside.problems[0].message.startswith(told)
    assert (beside.health, beside.exit_code) == (FleetHealth.UNKNOWN, 1)


def test_beside_a_silent_worker_nothing_is_said_of_all() -> None:
    deaf = replace(WORKER, consuming=False, queues=())
    survey = Survey(0.0, BROKER, workers=(deaf,), silent=Silent(1))
    reasons = {problem.reason: problem.health for problem in verdict(survey).problems}
    assert reasons == {"WorkerNotConsuming": FleetHealth.DEGRADED, "WorkersUnknown": FleetHealth.UNKNOWN}


def test_deaf_workers_without_a_name_are_told() -> None:
    found = verdict(Survey(0.0, BROKER, workers=(WORKER,), workers_known=True, deaf=1))
    assert [(one.reason, one.health) for one in found.problems] == [
        ("WorkerNotConsuming", FleetHealth.DEGRADED)
    ]
    assert found.exit_code == 1


def test_a_task_that_runs_for_longer_than_it_may_is_told() -> None:
    busy = replace(WORKER, active_count=1, running=(RunningTask("1", "shop.nap", 90.0),))
    found = verdict(Survey(0.0, BROKER, workers=(busy,), workers_known=True))
    assert [problem.reason for problem in found.problems] == ["HungTask"]


def test_each_form_tells_the_problem_and_what_to_do() -> None:
    survey = Survey(0.0, BROKER, workers_known=True)
    found = verdict(survey)
    line = as_summary(survey, found)
    assert line.startswith("unhealthy: The broker answers, but no worker does")
    assert line.endswith("celery -A APP worker --loglevel=INFO")
    told = json.loads(as_json(survey, found, TARGET, one_line=True))
    assert (told["status"], told["exit_code"]) == ("unhealthy", 2)
    assert told["problems"][0]["command"].startswith("celery -A APP worker")
    assert "geheim" not in line + json.dumps(told)
