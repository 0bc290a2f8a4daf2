"""The one word on a whole fleet, and the problems behind it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_health.broker import QueueReading, UnackedReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.entry import Severity
from celery_health.catalogue.fleet import FleetReason
from celery_health.catalogue.health import HealthState
from celery_health.verdicts.commands import CeleryCommands
from celery_health.verdicts.fleet.evidence import FleetEvidence
from celery_health.verdicts.fleet.fleet_verdicts import fleet_verdict
from celery_health.verdicts.fleet.health import WORST_LAST
from celery_health.verdicts.thresholds import FleetThresholds
from tests.unit.verdicts.fleets import NOT_READ, REFUSED, fleet, fleets, reading, running, snapshot

STALLED: dict[str, Any] = {"idle_for": 100.0, "active_count": 0, "running": ()}

CASES: list[tuple[str, dict[str, Any], HealthState, list[str]]] = [
    ("all is well", {}, HealthState.HEALTHY, []),
    ("the broker is away", {"broker": REFUSED}, HealthState.UNHEALTHY, [FleetReason.BROKER_UNREACHABLE]),
    (
        "the broker is away and no worker answers",
        {"broker": REFUSED, "workers": ()},
        HealthState.UNHEALTHY,
        [FleetReason.BROKER_UNREACHABLE],
    ),
    (
        "nothing shows how the broker is",
        {"broker": NOT_READ},
        HealthState.UNKNOWN,
        [FleetReason.BROKER_UNKNOWN, FleetReason.QUEUE_UNKNOWN],
    ),
    ("no worker answers", {"workers": ()}, HealthState.UNHEALTHY, [FleetReason.NO_WORKERS]),
    (
        "the workers could not be asked",
        {"workers": (), "workers_known": False},
        HealthState.UNKNOWN,
        [FleetReason.WORKERS_UNKNOWN],
    ),
    (
        "no worker takes messages",
        {"workers": (snapshot(consuming=False),)},
        HealthState.UNHEALTHY,
        [FleetReason.NO_WORKER_CONSUMES],
    ),
    (
        "one takes none",
        {"workers": (snapshot("worker@a"), snapshot("worker@b", consuming=False))},
        HealthState.DEGRADED,
        [FleetReason.WORKER_NOT_CONSUMING],
    ),
    (
        "one does not show it",
        {"workers": (snapshot("worker@a"), snapshot("worker@b", consuming=None))},
        HealthState.UNKNOWN,
        [FleetReason.WORKERS_UNKNOWN],
    ),
    ("a queue is at the threshold", {"broker": reading(1000)}, HealthState.HEALTHY, []),
    ("a queue is long", {"broker": reading(1001)}, HealthState.DEGRADED, [FleetReason.ABOVE_THRESHOLD]),
    (
        "the threshold is lower",
        {"broker": reading(11), "thresholds": FleetThresholds(backlog=10)},
        HealthState.DEGRADED,
        [FleetReason.ABOVE_THRESHOLD],
    ),
    (
        "a dead-letter queue is long",
        {"broker": replace(reading(), queues=(QueueReading("celery.dead-letter", 5000),))},
        HealthState.HEALTHY,
        [],
    ),
    (
        "a queue cannot be counted",
        {"broker": reading(None)},
        HealthState.UNKNOWN,
        [FleetReason.QUEUE_UNKNOWN],
    ),
    (
        "the result backend is away",
        {"result_backend": REFUSED},
        HealthState.DEGRADED,
        [FleetReason.RESULT_BACKEND_UNREACHABLE],
    ),
    (
        "the broker is away, and the result backend too",
        {"broker": REFUSED, "result_backend": REFUSED},
        HealthState.UNHEALTHY,
        [FleetReason.BROKER_UNREACHABLE, FleetReason.RESULT_BACKEND_UNREACHABLE],
    ),
    (
        "the result backend is away, and the broker is not known to work",
        {"broker": NOT_READ, "result_backend": REFUSED},
        HealthState.UNKNOWN,
        [FleetReason.BROKER_UNKNOWN, FleetReason.QUEUE_UNKNOWN, FleetReason.RESULT_BACKEND_UNREACHABLE],
    ),
    (
        "the result backend has not been read",
        {"result_backend": NOT_READ},
        HealthState.UNKNOWN,
        [FleetReason.RESULT_BACKEND_UNKNOWN],
    ),
    (
        "the result backend can never be read",
        {"result_backend": reading(reachable=None, reason=BrokerReason.UNSUPPORTED_KIND)},
        HealthState.HEALTHY,
        [],
    ),
    (
        "a worker is stalled",
        {"workers": (snapshot("worker@a"), snapshot("worker@b", **STALLED)), "waiting_for": {"celery": 90.0}},
        HealthState.DEGRADED,
        [FleetReason.WORKER_NOT_CONSUMING, FleetReason.WORKER_STALLED],
    ),
    (
        "all workers are stalled",
        {"workers": (snapshot(**STALLED),), "waiting_for": {"celery": 90.0}},
        HealthState.UNHEALTHY,
        [FleetReason.NO_WORKER_CONSUMES, FleetReason.WORKER_STALLED],
    ),
    (
        "a task hangs",
        {"workers": (snapshot(running=(running(400.0, 300.0),)),)},
        HealthState.DEGRADED,
        [FleetReason.HUNG_TASK],
    ),
    ("a worker hoards", {"workers": (snapshot(eta=500),)}, HealthState.DEGRADED, [FleetReason.HOARDING]),
    (
        "messages wait in a queue without a reader",
        {"broker": reading(other={"forgotten": 3})},
        HealthState.DEGRADED,
        [FleetReason.QUEUE_NOT_CONSUMED],
    ),
    (
        "messages have lost their worker",
        {"broker": reading(unacked=UnackedReading(9, 3000.0))},
        HealthState.DEGRADED,
        [FleetReason.ORPHANED_MESSAGES],
    ),
    (
        "the worst comes first",
        {"broker": reading(2000), "result_backend": NOT_READ, "workers": ()},
        HealthState.UNHEALTHY,
        [
            FleetReason.NO_WORKERS,
            FleetReason.ABOVE_THRESHOLD,
            FleetReason.QUEUE_NOT_CONSUMED,
            FleetReason.RESULT_BACKEND_UNKNOWN,
        ],
    ),
]


@pytest.mark.parametrize(
    ("changes", "health", "reasons"), [pytest.param(*row[1:], id=f"when {row[0]}") for row in CASES]
)
def test_the_word_on_a_fleet(changes: dict[str, Any], health: HealthState, reasons: list[str]) -> None:
    verdict = fleet_verdict(fleet(**changes))
    assert verdict.health is health
    assert [problem.reason for problem in verdict.verdicts] == reasons


def test_only_beside_a_broker_that_works_results_are_what_is_lost() -> None:
    for broker, works in ((reading(), True), (REFUSED, False), (NOT_READ, False)):
        verdicts = fleet_verdict(fleet(broker=broker, result_backend=REFUSED)).verdicts
        remedies = " ".join(one.remedy for one in verdicts)
        assert ("the results of tasks are lost" in remedies) is works


def test_a_command_names_the_application_and_the_workers_and_is_safe_to_paste() -> None:
    verdict = fleet_verdict(
        fleet(
            workers=(snapshot("worker@a"), snapshot("worker@a b", running=(running(400.0, 300.0),))),
            broker=reading(other={"for$got": 3}),
        )
    )
    assert [problem.command(CeleryCommands("shop.celery")) for problem in verdict.verdicts] == [
        "celery -A shop.celery inspect active -d 'worker@a b'",
        "celery -A shop.celery worker -Q 'for$got'",
    ]


@given(fleets)
def test_unknown_evidence_is_never_healthy(one: FleetEvidence) -> None:
    for unknown in (
        replace(one, broker=NOT_READ),
        replace(one, workers_known=False),
        replace(one, workers=(*one.workers, snapshot("worker@new", consuming=None)), workers_known=True),
        replace(one, result_backend=NOT_READ),
        replace(one, broker=replace(one.broker, queues=reading(None).queues)),
    ):
        assert fleet_verdict(unknown).health is not HealthState.HEALTHY


@given(fleets)
def test_healthy_takes_a_broker_that_answers_and_a_worker_that_consumes(one: FleetEvidence) -> None:
    if fleet_verdict(one).health is HealthState.HEALTHY:
        assert one.broker.reachable is True
        assert one.workers_known
        assert any(worker.consuming for worker in one.workers)


def _none_consumes(one: FleetEvidence) -> FleetEvidence:
    return replace(one, workers=tuple(replace(worker, consuming=False) for worker in one.workers))


def _first_stops_consuming(one: FleetEvidence) -> FleetEvidence:
    return replace(
        one, workers=tuple(replace(worker, consuming=False) for worker in one.workers[:1]) + one.workers[1:]
    )


def _longer(one: FleetEvidence) -> FleetEvidence:
    queues = tuple(
        replace(queue, ready=None if queue.ready is None else queue.ready + 2000)
        for queue in one.broker.queues
    )
    return replace(one, broker=replace(one.broker, queues=queues))


WORSE: dict[str, Any] = {
    "the broker goes away": lambda one: replace(one, broker=REFUSED),
    "the result backend goes away": lambda one: replace(one, result_backend=REFUSED),
    "queues get longer": _longer,
    "no worker consumes any more": _none_consumes,
    "one worker stops consuming": _first_stops_consuming,
    "messages wait for longer": lambda one: replace(
        one, waiting_for={queue: wait + 100.0 for queue, wait in one.waiting_for.items()}
    ),
    "a worker comes that hoards": lambda one: replace(one, workers=(*one.workers, snapshot("new", eta=900))),
}


@given(fleets, st.sampled_from(sorted(WORSE)))
def test_worse_evidence_never_gives_a_better_word(one: FleetEvidence, what: str) -> None:
    # A fleet without workers gets better by any worker that comes.
    if what == "a worker comes that hoards" and not any(worker.consuming for worker in one.workers):
        return
    before, after = fleet_verdict(one).health, fleet_verdict(WORSE[what](one)).health
    assert WORST_LAST.index(after) >= WORST_LAST.index(before)


@given(fleets)
def test_every_problem_says_what_to_do(one: FleetEvidence) -> None:
    for problem in fleet_verdict(one).verdicts:
        assert problem.message
        assert problem.remedy
        assert problem.command(CeleryCommands()).startswith("celery -A APP ")
        assert problem.severity is not Severity.INFORMATION
