"""Queues that nobody reads, and messages that nobody holds any more."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_health.broker import BrokerReading, QueueReading, UnackedReading
from celery_health.catalogue.fleet import FleetReason
from celery_health.verdicts.fleet import orphaned_messages, unconsumed_queues
from celery_health.verdicts.worker_snapshot import WorkerSight
from tests.unit.verdicts.fleets import NOT_READ, REFUSED, brokers, reading, sight, sights


def test_messages_in_a_queue_that_no_worker_reads_are_told() -> None:
    finding = unconsumed_queues.find(reading(3, other={"forgotten": 1, "emptied": 0}), {"email"})
    assert finding is not None
    assert finding.reason is FleetReason.QUEUE_NOT_CONSUMED
    assert finding.subjects == ("celery", "forgotten")
    assert (
        finding.message
        == "Messages wait where no worker reads: celery (3 messages) and forgotten (1 message)"
    )


@pytest.mark.parametrize(
    ("why", "broker", "read"),
    [
        ("a worker reads it", reading(3), {"celery"}),
        ("it is empty", reading(0, other={"forgotten": 0}), set()),
        ("its length is not known", reading(None), set()),
        ("nobody knows who reads what", reading(3), None),
        ("the broker is away", replace(reading(3), reachable=False), set()),
        ("the broker has not been read", replace(reading(3), reachable=None), set()),
        (
            "the broker knows a consumer of it that we do not",
            replace(reading(), other_queues=(QueueReading("theirs", 3, consumers=1),)),
            set(),
        ),
    ],
)
def test_a_queue_is_not_told_if(why: str, broker: BrokerReading, read: set[str] | None) -> None:
    assert unconsumed_queues.find(broker, read) is None


@pytest.mark.parametrize(
    ("untouched", "told"), [({}, False), ({"celery": 60.0}, False), ({"celery": 61.0}, True)]
)
def test_who_watches_waits_until_nobody_has_taken_from_the_queue(
    untouched: dict[str, float], told: bool
) -> None:
    assert (unconsumed_queues.find(reading(3), set(), untouched) is not None) is told


@given(brokers, st.sets(st.sampled_from(["celery", "email"])), st.integers(0, 100))
def test_more_messages_and_fewer_readers_never_take_the_finding_back(
    broker: BrokerReading, read: set[str], more: int
) -> None:
    finding = unconsumed_queues.find(broker, read)
    if finding is None:
        return
    longer = tuple(replace(queue, ready=(queue.ready or 0) + more) for queue in broker.queues)
    again = unconsumed_queues.find(replace(broker, queues=longer), read - {"email"})
    assert again is not None
    assert set(finding.subjects) <= set(again.subjects)


def test_messages_that_no_worker_holds_are_told_before_they_come_back() -> None:
    finding = orphaned_messages.find(reading(unacked=UnackedReading(5, 2880.0)), [sight(reserved=2)])
    assert finding is not None
    assert finding.reason is FleetReason.ORPHANED_MESSAGES
    assert finding.message == (
        "5 messages of redis://redis:6379/0 are handed out, and the workers hold 3 of them; "
        "the oldest was handed out 48 min ago"
    )
    assert "visibility timeout of 60 min" in finding.remedy


def test_where_no_worker_hands_messages_out_again_waiting_is_not_the_advice() -> None:
    broker, green = reading(unacked=UnackedReading(5, 2880.0)), replace(sight(), pool="gevent")
    finding = orphaned_messages.find(broker, [green, green])
    assert finding is not None
    assert finding.remedy.startswith("Let one worker of another pool read")
    beside = orphaned_messages.find(broker, [green, replace(sight(), pool="prefork")])
    assert beside is not None
    assert beside.remedy.startswith("Wait")


@pytest.mark.parametrize(
    ("why", "broker", "workers", "timeout"),
    [
        ("the workers hold them", reading(unacked=UnackedReading(3, 3000.0)), [sight(reserved=2)], None),
        ("they are young", reading(unacked=UnackedReading(5, 2879.0)), [], None),
        ("the visibility timeout is longer", reading(unacked=UnackedReading(5, 3000.0)), [], 7200.0),
        ("none is handed out", reading(unacked=UnackedReading(0, None)), [], None),
        ("nobody tells", reading(), [], None),
        ("a worker is not known", reading(unacked=UnackedReading(5, 3000.0)), None, None),
        ("the broker is away", replace(REFUSED, unacked=UnackedReading(5, 3000.0)), [], None),
        ("the broker has not been read", replace(NOT_READ, unacked=UnackedReading(5, 3000.0)), [], None),
    ],
)
def test_messages_have_an_owner_if(
    why: str, broker: BrokerReading, workers: list[WorkerSight] | None, timeout: float | None
) -> None:
    assert orphaned_messages.find(broker, workers, timeout) is None


@given(brokers, st.lists(sights, max_size=3), st.integers(0, 100), st.floats(0, 1000))
def test_more_and_older_messages_of_fewer_workers_never_take_the_finding_back(
    broker: BrokerReading, workers: list[WorkerSight], more: int, older: float
) -> None:
    if orphaned_messages.find(broker, workers) is None:
        return
    assert broker.unacked is not None
    assert broker.unacked.oldest_age is not None
    worse = UnackedReading(broker.unacked.count + more, broker.unacked.oldest_age + older)
    assert orphaned_messages.find(replace(broker, unacked=worse), workers[1:]) is not None
