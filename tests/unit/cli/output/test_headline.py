"""What the tables say in their first lines: of the broker, and of the verdicts."""

from dataclasses import replace

from rich.console import Console

from celery_health.broker import BrokerReading, Found
from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.health import HealthState
from celery_health.cli.output.tables import health_tables
from celery_health.exit_codes import ExitCode
from celery_health.survey.check_result import CheckResult, Problem
from celery_health.survey.snapshot import Snapshot

BROKER = BrokerReading("amqp", "amqp://h:5672/", True, BrokerReason.REACHABLE, "answers")
RESULT = CheckResult(HealthState.HEALTHY, ExitCode.HEALTHY, ())


def shown(broker: BrokerReading, result: CheckResult = RESULT) -> str:
    console = Console(width=160)
    with console.capture() as captured:
        console.print(health_tables(Snapshot(0.0, broker), result))
    return captured.get()


def test_a_management_api_that_fails_is_named() -> None:
    refused = "The management API http://h:15672 refuses connections."
    assert refused in shown(replace(BROKER, failed_addition=refused))
    assert "management" not in shown(BROKER)


def test_it_is_said_if_not_all_queues_were_found() -> None:
    assert "Not all queues of this broker were found" in shown(replace(BROKER, found=Found.SOME))
    assert "Not all queues" not in shown(BROKER)


def test_a_verdict_that_leaves_the_health_alone_is_a_note() -> None:
    lost = Problem(HealthState.HEALTHY, "TasksLost", "A task was lost.", "Send it.", "celery inspect stats")
    worse = replace(lost, health=HealthState.DEGRADED)
    lines = shown(BROKER, replace(RESULT, problems=(worse, lost))).splitlines()
    assert "degraded: A task was lost." in lines
    assert "note: A task was lost." in lines
