"""Queues that no worker reads, and messages that no worker has any more."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_health.broker import BrokerReading, QueueReading, UnackedReading
from celery_health.catalogue.fleet import FleetReason
from celery_health.verdicts.fleet import orphaned_messages, unconsumed_queues
from celery_health.verdicts.fleet.evidence import FleetEvidence
from celery_health.verdicts.verdict import Verdict
from celery_health.verdicts.worker_snapshot import WorkerSnapshot
from tests.unit.verdicts.fleets import NOT_READ, REFUSED, brokers, reading, snapshot, snapshots


def unconsumed(
    broker: BrokerReading, consumed: set[str] | None, not_shrinking: dict[str, float] | None = None
) -> Verdict | None:
    return unconsumed_queues.check(
        FleetEvidence(
            broker,
            workers_known=consumed is not None,
            assigned_queues=consumed or (),
            not_shrinking_for=not_shrinking,
        )
    )


def orphaned(
    broker: BrokerReading,
    workers: list[WorkerSnapshot] | None,
    timeout: float | None = None,
    unheld_for: float | None = None,
) -> Verdict | None:
    return orphaned_messages.check(
        FleetEvidence(
            broker,
            tuple(workers or ()),
            workers_known=workers is not None,
            visibility_timeout=timeout,
            unheld_for=unheld_for,
        )
    )


def test_messages_in_a_queue_that_no_worker_reads_are_reported() -> None:
    verdict = unconsumed(reading(3, other={"forgotten": 1, "emptied": 0}), {"email"})
    assert verdict is not None
    assert verdict.reason is FleetReason.QUEUE_NOT_CONSUMED
    assert verdict.subjects == ("celery", "forgotten")
    assert verdict.facts["lengths"] == "celery (3 messages) and forgotten (1 message)"


@pytest.mark.parametrize(
    ("why", "broker", "read"),
    [
        ("a worker reads it", reading(3), {"celery"}),
        ("it is empty", reading(0, other={"forgotten": 0}), set()),
        ("its length is not known", reading(None), set()),
        ("it is unknown which worker reads which queue", reading(3), None),
        ("the broker is away", replace(reading(3), reachable=False), set()),
        ("the broker has not been read", replace(reading(3), reachable=None), set()),
        (
            "the broker knows a consumer of it that we do not",
            replace(reading(), other_queues=(QueueReading("theirs", 3, consumers=1),)),
            set(),
        ),
        ("it keeps quarantined messages", reading(0, other={"shop.dead-letter": 3}), set()),
    ],
)
def test_a_queue_is_not_reported_if(why: str, broker: BrokerReading, read: set[str] | None) -> None:
    assert unconsumed(broker, read) is None


@pytest.mark.parametrize(
    ("untouched", "reported"), [({}, False), ({"celery": 60.0}, False), ({"celery": 61.0}, True)]
)
def test_an_observer_over_time_waits_until_no_message_has_left_the_queue(
    untouched: dict[str, float], reported: bool
) -> None:
    assert (unconsumed(reading(3), set(), untouched) is not None) is reported


@given(brokers, st.sets(st.sampled_from(["celery", "email"])), st.integers(0, 100))
def test_more_messages_and_fewer_readers_never_take_the_verdict_back(
    broker: BrokerReading, read: set[str], more: int
) -> None:
    verdict = unconsumed(broker, read)
    if verdict is None:
        return
    longer = tuple(replace(queue, ready=(queue.ready or 0) + more) for queue in broker.queues)
    again = unconsumed(replace(broker, queues=longer), read - {"email"})
    assert again is not None
    assert set(verdict.subjects) <= set(again.subjects)


def test_orphaned_messages_are_reported_before_they_come_back() -> None:
    verdict = orphaned(reading(unacked=UnackedReading(5, 2880.0)), [snapshot(reserved=2)])
    assert verdict is not None
    assert verdict.reason is FleetReason.ORPHANED_MESSAGES
    facts = verdict.facts
    assert (facts["unacknowledged"], facts["in_flight"], facts["age"]) == ("5 messages", "3", "48 min")
    assert "visibility timeout of 60 min" in verdict.remedy


@pytest.mark.parametrize(("seconds", "reported"), [(0.0, False), (7.9, False), (8.0, True)])
def test_where_readings_are_watched_a_single_one_reports_no_orphaned_messages(
    seconds: float, reported: bool
) -> None:
    verdict = orphaned(reading(unacked=UnackedReading(5, 2880.0)), [snapshot()], unheld_for=seconds)
    assert (verdict is not None) is reported


def test_where_no_worker_hands_messages_out_again_waiting_is_not_the_advice() -> None:
    broker, green = reading(unacked=UnackedReading(5, 2880.0)), replace(snapshot(), pool="gevent")
    verdict = orphaned(broker, [green, green])
    assert verdict is not None
    assert verdict.remedy.startswith("Let one worker of another pool consume")
    beside = orphaned(broker, [green, replace(snapshot(), pool="prefork")])
    assert beside is not None
    assert beside.remedy.startswith("Wait")


@pytest.mark.parametrize(
    ("why", "broker", "workers", "timeout"),
    [
        ("the workers hold them", reading(unacked=UnackedReading(3, 3000.0)), [snapshot(reserved=2)], None),
        ("they are young", reading(unacked=UnackedReading(5, 2879.0)), [], None),
        ("the visibility timeout is longer", reading(unacked=UnackedReading(5, 3000.0)), [], 7200.0),
        ("none is handed out", reading(unacked=UnackedReading(0, None)), [], None),
        ("no reading", reading(), [], None),
        ("a worker is not known", reading(unacked=UnackedReading(5, 3000.0)), None, None),
        ("the broker is away", replace(REFUSED, unacked=UnackedReading(5, 3000.0)), [], None),
        ("the broker has not been read", replace(NOT_READ, unacked=UnackedReading(5, 3000.0)), [], None),
    ],
)
def test_messages_have_an_owner_if(
    why: str, broker: BrokerReading, workers: list[WorkerSnapshot] | None, timeout: float | None
) -> None:
    assert orphaned(broker, workers, timeout) is None


@given(brokers, st.lists(snapshots, max_size=3), st.integers(0, 100), st.floats(0, 1000))
def test_more_and_older_messages_of_fewer_workers_never_take_the_verdict_back(
    broker: BrokerReading, workers: list[WorkerSnapshot], more: int, older: float
) -> None:
    if orphaned(broker, workers) is None:
        return
    assert broker.unacked is not None
    assert broker.unacked.oldest_age is not None
    worse = UnackedReading(broker.unacked.count + more, broker.unacked.oldest_age + older)
    assert orphaned(replace(broker, unacked=worse), workers[1:]) is not None
