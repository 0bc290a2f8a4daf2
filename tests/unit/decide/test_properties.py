"""What holds for every snapshot: no health on trust, no reward for bad news, no secrets, no blanks."""

from dataclasses import replace
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import structs

from celery_health.broker import BrokerReading, UnackedReading
from celery_health.catalogue.brokers import BrokerReason
from celery_health.catalogue.health import HealthState
from celery_health.catalogue.states import StateReason
from celery_health.catalogue.workers import WorkerReason
from celery_health.wire.worker_report import ActiveTask
from celery_operator.api.status import CeleryDeploymentStatus, ConditionType
from celery_operator.decide import decide
from celery_operator.snapshot import PodState, Snapshot
from tests.unit.decide.build import (
    GENERATION,
    NOT_READ,
    REFUSED,
    UNREADABLE,
    broker,
    deployment,
    evidence_of,
    fault,
    hung_in,
    snapshot,
    spec,
    stalled_in,
)
from tests.unit.decide.pods import (
    NOT_ASKED,
    NOT_REACHED,
    REACHED,
    broken_pod,
    consumption_unknown_pod,
    hoarding_pod,
    hung_pod,
    pending_pod,
    pod,
    reading,
    report,
    silent_pod,
    stalled_pod,
)

PASSWORD = "hunter2"
URL_WITH_PASSWORD = f"redis://shop:{PASSWORD}@redis:6379/0"
RANK = {
    HealthState.HEALTHY: 0,
    HealthState.UNKNOWN: 1,
    HealthState.DEGRADED: 2,
    HealthState.UNHEALTHY: 3,
}

pods = st.one_of(
    st.builds(
        pod,
        st.sampled_from("abcd"),
        st.sampled_from(WorkerReason),
        sidecar_broker=st.sampled_from([REACHED, NOT_REACHED, NOT_ASKED]),
    ),
    st.builds(silent_pod, st.sampled_from("abcd")),
    st.builds(consumption_unknown_pod, st.sampled_from("abcd")),
    st.builds(pending_pod, st.sampled_from("abcd")),
    st.builds(
        broken_pod,
        st.sampled_from(["ErrImagePull", "CrashLoopBackOff", "CreateContainerConfigError", "OOMKilled"]),
        st.sampled_from(["", f"cannot connect to {URL_WITH_PASSWORD}", f"{'x' * 280} {URL_WITH_PASSWORD}"]),
    ),
    st.builds(lambda one: replace(one, deleting=True), st.builds(pod)),
    st.builds(stalled_pod, st.sampled_from("abcd"), st.floats(0, 300)),
    st.builds(hung_pod, st.sampled_from("abcd"), st.floats(0, 900), st.just(f"pay {URL_WITH_PASSWORD}")),
    st.builds(hoarding_pod, st.sampled_from("abcd"), st.integers(0, 500)),
)
unacked = st.none() | st.builds(UnackedReading, st.integers(0, 50), st.none() | st.floats(0, 5000))
waits = st.dictionaries(st.sampled_from(["celery", "forgotten", URL_WITH_PASSWORD]), st.floats(0, 300))
readings: st.SearchStrategy[BrokerReading] = st.one_of(
    st.builds(
        lambda ready, others, unacknowledged: broker(celery=ready, others=others, unacked=unacknowledged),
        st.none() | st.integers(0, 3000),
        st.dictionaries(st.sampled_from(["forgotten", URL_WITH_PASSWORD]), st.integers(0, 9)),
        unacked,
    ),
    st.sampled_from([REFUSED, NOT_READ, UNREADABLE]),
    st.just(broker(True, BrokerReason.NOT_PERMITTED, f"{URL_WITH_PASSWORD} refuses LLEN.", celery=None)),
)
specs = st.builds(
    lambda changes: spec(**changes),
    st.fixed_dictionaries(
        {},
        optional={
            "suspend": st.booleans(),
            "replicas": st.integers(0, 3),
            "beat": st.just({"enabled": True}),
            "resultBackend": st.just({"url": "redis://redis:6379/1"}),
        },
    ),
)
deployments = st.builds(
    lambda desired, updated, generation: deployment(desired, updated=updated, generation=generation),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(1, 2),
)
snapshots: st.SearchStrategy[Snapshot] = st.builds(
    snapshot,
    spec=specs,
    pods=st.lists(pods, max_size=4).map(tuple),
    deployments=st.lists(deployments, max_size=1).map(tuple),
    broker=readings,
    result_backend=st.none() | readings,
    faults=st.lists(
        st.builds(fault, st.just(f"Cannot use {URL_WITH_PASSWORD}"), waiting=st.booleans()), max_size=2
    ).map(tuple),
    previous=st.sampled_from([GENERATION, GENERATION - 1, None]).map(
        lambda generation: CeleryDeploymentStatus(observed_generation=generation)
    ),
    nonempty_for=waits,
    not_shrinking_for=waits,
)


HUNG_TASKS = (*report().active, ActiveTask("id-9", "shop.pay", 100.0, 300.0))


def health_of(one: Snapshot) -> HealthState:
    return decide(one).status.health


@given(snapshots)
def test_nothing_is_healthy_unless_every_wanted_worker_is_known_to_consume_or_drain(one: Snapshot) -> None:
    status = decide(one).status
    if status.health is not HealthState.HEALTHY:
        return
    conditions = {condition.type: condition for condition in status.conditions}
    readable = one.broker.reason is not BrokerReason.UNSUPPORTED_KIND
    assert conditions[ConditionType.WORKERS_HEALTHY].status == "True"
    assert conditions[ConditionType.AGENTS_REPORTING].status == "True"
    assert conditions[ConditionType.STALLED].status == "False"
    assert one.broker.reachable is True or (not readable and status.workers[0].consuming_replicas > 0)
    assert not readable or status.backlog is not None


@given(snapshots)
def test_a_broker_that_has_not_been_read_is_never_healthy(one: Snapshot) -> None:
    assert health_of(replace(one, broker=NOT_READ)) is not HealthState.HEALTHY


@given(snapshots)
def test_unknown_workers_are_never_healthy(one: Snapshot) -> None:
    desired = spec(replicas=2)
    assert health_of(replace(one, spec=desired, pods=(silent_pod("a"), silent_pod("b")))) is not (
        HealthState.HEALTHY
    )


@given(snapshots)
def test_a_worker_is_stalled_only_on_what_is_known_of_it_and_of_a_broker_that_answers(one: Snapshot) -> None:
    for worker in stalled_in(evidence_of(one)):
        assert one.broker.reachable is True
        assert worker.pod.reading is not None
        assert worker.pod.reading.verdict.consuming is True
        assert worker.pod.reading.broker.reachable is not False
        assert max(one.nonempty_for.values(), default=0.0) > 60.0


@given(snapshots)
def test_nothing_is_found_of_a_fleet_whose_broker_does_not_answer(one: Snapshot) -> None:
    seen = evidence_of(
        replace(one, broker=replace(REFUSED, queues=one.broker.queues, unacked=one.broker.unacked))
    )
    assert not seen.queue_verdicts
    assert not any(worker.verdicts for group in seen.groups for worker in group.workers)


@given(snapshots)
def test_a_worker_that_does_not_answer_is_neither_stalled_nor_hung(one: Snapshot) -> None:
    seen = evidence_of(replace(one, pods=tuple(replace(each, reading=None) for each in one.pods)))
    assert not stalled_in(seen)
    assert not hung_in(seen)


def _worse_pod(one: PodState, reason: WorkerReason) -> PodState:
    """The pod with this verdict, if it consumed before."""
    if one.reading is None or not _consumes(one):
        return one
    reported = reading(reason, NOT_REACHED)
    return replace(one, reading=replace(reported, report=one.reading.report))


def _cut_off(one: PodState) -> PodState:
    """The pod, whose sidecar no longer reaches the broker."""
    return replace(one, reading=replace(one.reading, broker=NOT_REACHED)) if one.reading else one


def _consumes(one: PodState) -> bool:
    return one.reading is not None and one.reading.verdict.consuming is True


def _with_report(one: PodState, **changes: Any) -> PodState:
    """The pod with these changes to its report, if it consumed before."""
    if not _consumes(one) or one.reading is None or one.reading.report is None:
        return one
    return replace(one, reading=replace(one.reading, report=structs.replace(one.reading.report, **changes)))


WORSE: dict[str, Any] = {
    "messages have waited for long": lambda one: replace(one, nonempty_for={"celery": 300.0}),
    "no worker takes from a queue": lambda one: replace(
        one, not_shrinking_for={"celery": 300.0, "forgotten": 300.0}
    ),
    "messages lose their worker": lambda one: replace(
        one, broker=replace(one.broker, unacked=UnackedReading(9999, 5000.0))
    ),
    "consuming workers idle for longer": lambda one: replace(
        one, pods=tuple(_with_report(each, progress_mono=-900.0) for each in one.pods)
    ),
    "tasks of consuming workers hang": lambda one: replace(
        one, pods=tuple(_with_report(each, active=HUNG_TASKS) for each in one.pods)
    ),
    "the broker refuses connections": lambda one: replace(
        one, broker=REFUSED, pods=tuple(_cut_off(each) for each in one.pods)
    ),
    "a backlog piles up": lambda one: replace(
        one, broker=replace(one.broker, queues=broker(celery=10_000).queues)
    ),
    "the result backend goes away": lambda one: replace(one, result_backend=REFUSED),
}
CONSUMING_NO_MORE = {
    "the pools of consuming workers die": WorkerReason.POOL_DEAD,
    "a consuming worker goes deaf": WorkerReason.DEAF,
    "workers lose their broker": WorkerReason.CONNECTING,
    "consuming workers end": WorkerReason.ENDED,
}


@given(snapshots, st.sampled_from(sorted(WORSE)))
def test_worse_evidence_never_gives_a_better_word(one: Snapshot, what: str) -> None:
    # Where nothing has been made yet, no pods are no bad news.
    assume(one.deployments)
    assert RANK[health_of(WORSE[what](one))] >= RANK[health_of(one)]


@given(snapshots, st.sampled_from(sorted(CONSUMING_NO_MORE)))
def test_workers_that_consume_no_more_never_give_a_better_word(one: Snapshot, what: str) -> None:
    # Of surplus workers the worst is a task that does not end: it ends with its worker.
    assume(one.deployments and evidence_of(one).desired_total)
    worse = replace(one, pods=tuple(_worse_pod(each, CONSUMING_NO_MORE[what]) for each in one.pods))
    assert RANK[health_of(worse)] >= RANK[health_of(one)]


@given(snapshots)
def test_a_broker_that_refuses_the_operator_alone_is_never_good_news(one: Snapshot) -> None:
    """What rests on its queues, as a stalled worker does, is no longer known; but nothing is healthy."""
    assume(one.deployments)
    assert RANK[health_of(replace(one, broker=REFUSED))] >= RANK[HealthState.DEGRADED]


@given(snapshots)
def test_every_condition_is_complete(one: Snapshot) -> None:
    status = decide(one).status
    without_monitor = [kind for kind in ConditionType if kind is not ConditionType.MONITOR_READY]
    assert [condition.type for condition in status.conditions] == without_monitor
    for condition in status.conditions:
        assert condition.reason.isalnum()
        assert condition.message.endswith((".", "!", "?"))
        assert condition.observed_generation == one.generation
    assert status.message


@given(snapshots)
def test_no_password_reaches_a_reader(one: Snapshot) -> None:
    decision = decide(one)
    assert PASSWORD not in decision.status.model_dump_json()
    assert PASSWORD not in repr(decision.events)


@given(snapshots)
def test_ready_is_true_only_while_the_workers_are_healthy_or_none_is_wanted(one: Snapshot) -> None:
    conditions = {condition.type: condition for condition in decide(one).status.conditions}
    ready = conditions[ConditionType.READY]
    if ready.status == "True":
        assert conditions[ConditionType.BROKER_REACHABLE].status != "False"
        assert conditions[ConditionType.STALLED].status == "False"
        assert ready.reason in {StateReason.READY, StateReason.SUSPENDED, StateReason.SCALED_TO_ZERO}
