"""Short words for fleets: a healthy worker, a broker that answers, and strategies for all there may be."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from celery_health.broker import BrokerReading, QueueReading, UnackedReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.verdicts.fleet.evidence import FleetEvidence
from celery_health.verdicts.worker_snapshot import RunningTask, WorkerSnapshot


def snapshot(name: str = "worker@a", **changes: Any) -> WorkerSnapshot:
    """A worker of four slots that runs one task of the queue ``celery`` and has just begun it."""
    base = WorkerSnapshot(
        name=name,
        consuming=True,
        slots=4,
        active_count=1,
        running=(running(),),
        reserved=0,
        eta=0,
        queues=("celery",),
        prefetch=16,
        initial_prefetch=16,
        idle_for=1.0,
        has_room=True,
    )
    return replace(base, **changes)


def running(running_for: float | None = 1.0, limit: float | None = None) -> RunningTask:
    """A task in a slot."""
    return RunningTask("id-1", "shop.pay", running_for, limit)


def reading(
    ready: int | None = 0,
    *,
    reachable: bool | None = True,
    reason: BrokerReason = BrokerReason.REACHABLE,
    other: dict[str, int] | None = None,
    unacked: UnackedReading | None = None,
) -> BrokerReading:
    """A broker with ``ready`` messages in the queue ``celery``."""
    return BrokerReading(
        kind="redis",
        address="redis://redis:6379/0",
        reachable=reachable,
        reason=reason,
        message="redis://redis:6379/0 answers." if reachable else "redis://redis:6379/0 refuses connections.",
        queues=(QueueReading("celery", ready),),
        other_queues=tuple(QueueReading(name, length) for name, length in (other or {}).items()),
        unacked=unacked,
    )


REFUSED = reading(None, reachable=False, reason=BrokerReason.CONNECTION_REFUSED)
NOT_READ = reading(None, reachable=None, reason=BrokerReason.NOT_READ)


def watched(*workers: WorkerSnapshot, **changes: Any) -> FleetEvidence:
    """These workers and no others, with a broker that answers."""
    return replace(FleetEvidence(reading(), tuple(workers), workers_known=True), **changes)


def fleet(**changes: Any) -> FleetEvidence:
    """Two workers that consume, an empty queue, a broker that answers: Healthy."""
    base = FleetEvidence(
        broker=reading(), workers=(snapshot("worker@a"), snapshot("worker@b")), workers_known=True
    )
    return replace(base, **changes)


seconds = st.floats(0, 10_000, allow_nan=False)
counts = st.integers(0, 2000)
small = st.integers(0, 8)
tasks = st.builds(running, st.none() | seconds, st.none() | seconds)
snapshots = st.builds(
    snapshot,
    st.sampled_from(["worker@a", "worker@b", "worker@c"]),
    consuming=st.sampled_from([True, False, None]),
    slots=st.none() | st.integers(1, 8),
    active_count=small,
    running=st.lists(tasks, max_size=3).map(tuple),
    reserved=small | counts,
    eta=small | counts,
    queues=st.lists(st.sampled_from(["celery", "email"]), unique=True, max_size=2).map(tuple),
    prefetch=st.none() | small | counts,
    initial_prefetch=st.none() | small,
    idle_for=st.none() | seconds,
    has_room=st.sampled_from([True, False, None]),
)
waits = st.dictionaries(st.sampled_from(["celery", "email"]), seconds)
unacked = st.none() | st.builds(UnackedReading, counts, st.none() | seconds)
brokers = st.one_of(
    st.sampled_from([REFUSED, NOT_READ]),
    st.builds(
        reading,
        st.none() | st.integers(0, 3000),
        other=st.dictionaries(st.sampled_from(["email", "forgotten"]), small),
        unacked=unacked,
    ),
)
fleets = st.builds(
    FleetEvidence,
    broker=brokers,
    workers=st.lists(snapshots, max_size=3, unique_by=lambda one: one.name).map(tuple),
    workers_known=st.booleans(),
    result_backend=st.none() | brokers,
    waiting_for=waits,
    visibility_timeout=st.none() | st.floats(1, 7200),
)
