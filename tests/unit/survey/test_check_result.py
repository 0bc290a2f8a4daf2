"""What the CLI adds to the verdicts on the fleet."""

import json
from dataclasses import replace
from typing import Any

import pytest

from celery_health.broker import BrokerReading, QueueReading, UnackedReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.health import HealthState
from celery_health.cli.output.json_document import to_json
from celery_health.cli.output.summary import summary_line
from celery_health.survey.app_connection import AppConnection
from celery_health.survey.check_result import CheckResult, check_result
from celery_health.survey.evidence.broker_clients import UnresponsiveWorkers
from celery_health.survey.round_trip import RoundTrip
from celery_health.survey.snapshot import TOO_SLOW, Snapshot
from celery_health.urls import parse
from celery_health.verdicts.deaths import FleetDeaths, TaskDeaths, WorkerDeaths
from celery_health.verdicts.thresholds import FleetThresholds
from celery_health.verdicts.worker_snapshot import RunningTask
from tests.unit.cli.examples import WORKER

URL = "redis://:geheim@h/0"
CONNECTION = AppConnection(URL, parse(URL))
BROKER = BrokerReading(
    "redis", "redis://h/0", True, BrokerReason.REACHABLE, "answers", (QueueReading("mail", 1),)
)


def result_of(snapshot: Snapshot) -> CheckResult:
    return check_result(snapshot, CONNECTION, FleetThresholds(backlog=1000, hung_after=60.0))


def a_trip(ok: bool) -> RoundTrip:
    return RoundTrip("mail", "celery.accumulate", ok, 0.1, "back" if ok else "no result within 3.0 s")


def test_nothing_known_of_workers_is_unknown_and_2() -> None:
    found = result_of(Snapshot(0.0, BROKER, remote_control_error="no remote control"))
    assert (found.health, found.exit_code) == (HealthState.UNKNOWN, 2)
    assert "no remote control" in found.problems[0].message


def test_of_a_slow_remote_control_the_remedy_is_more_time() -> None:
    [problem] = result_of(Snapshot(0.0, BROKER, remote_control_error=TOO_SLOW)).problems
    assert TOO_SLOW in problem.message
    assert problem.command is not None
    assert problem.command.endswith("health --timeout 30")


@pytest.mark.parametrize(
    "silent", [{"remote_control_error": "none"}, {"unresponsive": UnresponsiveWorkers(1)}]
)
def test_a_long_queue_does_not_make_workers_of_which_nothing_is_known_run_tasks(
    silent: dict[str, Any],
) -> None:
    broker = replace(BROKER, queues=(QueueReading("mail", 2000),))
    found = result_of(Snapshot(0.0, broker, workers_known=False, **silent))
    assert (found.health, found.exit_code) == (HealthState.UNKNOWN, 2)
    assert [one.reason for one in found.problems] == ["WorkersUnknown", "AboveThreshold"]
    beside = result_of(Snapshot(0.0, broker, workers=(WORKER,), **silent))
    assert (beside.health, beside.exit_code) == (HealthState.DEGRADED, 1)


def test_a_test_task_that_comes_back_proves_that_a_worker_is_consuming() -> None:
    snapshot = Snapshot(0.0, BROKER, test_tasks=(a_trip(True),))
    found = result_of(snapshot)
    assert found.exit_code == 0
    line = summary_line(snapshot, found)
    assert line.startswith("healthy: 1 test task came back, ")
    assert "worker" not in line


def test_a_test_task_that_does_not_come_back_is_reported_with_its_queue() -> None:
    found = result_of(Snapshot(0.0, BROKER, workers_known=False, test_tasks=(a_trip(True), a_trip(False))))
    assert (found.health, found.exit_code) == (HealthState.DEGRADED, 1)
    assert "mail: no result within 3.0 s" in found.problems[0].message
    assert result_of(Snapshot(0.0, BROKER, test_tasks=(a_trip(False),))).exit_code == 2


@pytest.mark.parametrize(
    ("unresponsive", "subject"),
    [
        (UnresponsiveWorkers(1, ("celery@a",)), "celery@a is "),
        (UnresponsiveWorkers(1, ("a", "b")), "1 worker (of a and b) is "),
        (UnresponsiveWorkers(2, ("a", "b")), "a and b are "),
        (UnresponsiveWorkers(2), "2 workers are "),
    ],
)
def test_an_unresponsive_worker_is_named(unresponsive: UnresponsiveWorkers, subject: str) -> None:
    assert result_of(Snapshot(0.0, BROKER, unresponsive=unresponsive)).problems[0].message.startswith(subject)
    beside = result_of(Snapshot(0.0, BROKER, workers=(WORKER,), unresponsive=unresponsive))
    assert beside.problems[0].message.startswith(subject)
    assert (beside.health, beside.exit_code) == (HealthState.UNKNOWN, 1)


@pytest.mark.parametrize(
    ("url", "app", "named"), [("amqp://h//", None, True), ("amqp://h//", object(), False), (URL, None, False)]
)
def test_without_the_application_a_silent_worker_of_rabbitmq_may_have_another_control_exchange(
    url: str, app: object, named: bool
) -> None:
    connection = AppConnection(url, parse(url), app=app)
    snapshot = Snapshot(0.0, BROKER, unresponsive=UnresponsiveWorkers(1))
    problem = check_result(snapshot, connection, FleetThresholds(backlog=1000, hung_after=60.0)).problems[0]
    assert problem.message == "1 worker is connected to the broker and did not answer."
    assert ("control_exchange only with -A APP" in problem.remedy) is named


def test_a_worker_that_unacknowledged_messages_may_fill_is_unknown_with_that_cause() -> None:
    broker = replace(BROKER, unacked=UnackedReading(8, 1.0))
    found = result_of(Snapshot(0.0, broker, workers=(replace(WORKER, consuming=None),), workers_known=True))
    assert (found.health, [problem.reason for problem in found.problems]) == (
        HealthState.UNKNOWN,
        ["WorkersUnknown"],
    )
    assert "8 messages of the broker may fill the prefetch limit" in found.problems[0].message


def test_beside_an_unresponsive_worker_there_is_no_verdict_on_all_workers() -> None:
    deaf = replace(WORKER, consuming=False, queues=())
    snapshot = Snapshot(0.0, BROKER, workers=(deaf,), unresponsive=UnresponsiveWorkers(1))
    reasons = {problem.reason: problem.health for problem in result_of(snapshot).problems}
    assert reasons == {"WorkerNotConsuming": HealthState.DEGRADED, "WorkersUnknown": HealthState.UNKNOWN}


def test_deaf_workers_without_a_name_are_reported() -> None:
    found = result_of(Snapshot(0.0, BROKER, workers=(WORKER,), workers_known=True, deaf_count=1))
    assert [(one.reason, one.health) for one in found.problems] == [
        ("WorkerNotConsuming", HealthState.DEGRADED)
    ]
    assert found.exit_code == 1


def test_a_task_that_runs_beyond_its_limit_is_reported() -> None:
    busy = replace(WORKER, active_count=1, running=(RunningTask("1", "shop.nap", 90.0),))
    found = result_of(Snapshot(0.0, BROKER, workers=(busy,), workers_known=True))
    assert [problem.reason for problem in found.problems] == ["HungTask"]


def test_without_the_application_its_settings_may_hide_its_workers() -> None:
    (alone,) = result_of(Snapshot(0.0, BROKER, workers_known=True)).problems
    assert (alone.reason, "-A APP" in alone.remedy) == ("NoWorkers", True)
    (named,) = check_result(
        Snapshot(0.0, BROKER, workers_known=True),
        replace(CONNECTION, app=object()),
        FleetThresholds(backlog=1000, hung_after=60.0),
    ).problems
    assert (named.reason, "-A APP" in named.remedy) == ("NoWorkers", False)


HOG = TaskDeaths("29a3b4be", "shop.hog", 3, 0.0, 4.0, "exit status 3")


@pytest.mark.parametrize(
    ("url", "program"),
    [
        ("redis://cache:6379/3", "celery -b redis://cache:6379/3"),
        ("amqp://mq:5672/shop", "celery -b amqp://mq:5672/shop"),
        ("redis://:geheim@cache:6379/3", "celery -A APP"),
        ("amqp://ann:geheim@mq:5672/shop", "celery -A APP"),
        ("redis://cache:6379/3?socket_timeout=9", "celery -A APP"),
        ("rediss://:geheim@cache:6379/3", "celery -A APP"),
        ("redis://one/0;redis://two/0", "celery -A APP"),
        ("sentinel://one:26379/0?master_name=m", "celery -A APP"),
    ],
)
def test_where_only_the_broker_is_known_a_command_names_it_if_its_address_is_enough(
    url: str, program: str
) -> None:
    deaths = FleetDeaths((WorkerDeaths("celery@a", (HOG,), children_lost=3),))
    thresholds = FleetThresholds(backlog=1000, hung_after=60.0)
    for queue, command in (
        ("", "control revoke 29a3b4be"),
        ("mail.dead-letter", "health dead-letter replay 29a3b4be --queue mail.dead-letter"),
    ):
        known = replace(deaths, dead_letter_queue=queue)
        snapshot = Snapshot(0.0, BROKER, workers=(WORKER,), workers_known=True, deaths=known)
        (found,) = check_result(snapshot, AppConnection(url, parse(url)), thresholds).problems
        assert (found.reason, found.command) == ("PoisonTask", f"{program} {command}")


def test_of_a_broker_without_a_reader_a_test_task_proves_what_no_other_login_does() -> None:
    broker = BrokerReading("sqs", "sqs://", None, BrokerReason.UNSUPPORTED_KIND, "no reader")
    connection = AppConnection("sqs://", parse("sqs://"))
    found = check_result(
        Snapshot(0.0, broker), connection, FleetThresholds(backlog=1000, hung_after=60.0)
    ).problems[0]
    assert (found.reason, found.command) == ("BrokerUnknown", "celery -A APP health --test-tasks")


def test_each_format_has_the_problem_and_the_command() -> None:
    snapshot = Snapshot(0.0, BROKER, workers_known=True)
    found = result_of(snapshot)
    line = summary_line(snapshot, found)
    assert line.startswith("unhealthy: The broker answers, but no worker does")
    assert line.endswith("celery -A APP worker --loglevel=INFO")
    document = json.loads(to_json(snapshot, found, CONNECTION, one_line=True))
    assert (document["status"], document["exit_code"]) == ("unhealthy", 2)
    assert document["problems"][0]["command"].startswith("celery -A APP worker")
    assert "geheim" not in line + json.dumps(document)
