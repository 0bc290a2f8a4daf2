"""What every drain plan keeps to, whatever pods there are."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from celery_operator.decide.draining.drain_state import DrainPod, DrainState
from celery_operator.decide.draining.plan import REMOVABLE_COST, SPENT_COST, plan
from tests.unit.decide.draining.drain_pods import TIMEOUT, works

names = st.lists(st.sampled_from("abcdefghij"), unique=True, max_size=8)
counts = st.integers(0, 3)


@st.composite
def any_pod(draw: st.DrawFn, name: str) -> DrainPod:
    """Also such as no cluster shows."""
    hold = draw(st.sampled_from(DrainState))
    active, reserved = (draw(counts), draw(counts)) if hold is not DrainState.DRAINED else (0, 0)
    requested = draw(st.sampled_from([None, False, True]))
    chosen_for = draw(st.sampled_from([None, 1.0, 2 * TIMEOUT]))
    return works(
        name,
        active,
        reserved,
        drain_state=hold,
        eta=draw(counts),
        scheduled=draw(st.integers(0, 5)) > 0,
        pending=draw(st.integers(0, 5)) == 0,
        ready=draw(st.integers(0, 3)) > 0,
        deletion_cost=draw(st.sampled_from([0, 0, 5, REMOVABLE_COST, REMOVABLE_COST, SPENT_COST, -5000])),
        drain_requested=requested,
        chosen_for=chosen_for,
        drain_requested_for=draw(st.sampled_from([None, 1.0, 60.0, 2 * TIMEOUT])) if requested else None,
    )


any_pods = names.flatmap(lambda drawn: st.tuples(*(any_pod(name) for name in drawn)))
sizes = st.integers(0, 10)


def worst_deletions(pods: Sequence[DrainPod], replicas: int, precious: Iterable[str]) -> set[str]:
    """The pods that a ReplicaSet deletes, if it takes the busiest ones first where it may choose."""
    kept = set(precious)
    order = sorted(pods, key=lambda one: (one.place, one.uid not in kept))
    return {one.uid for one in order[: max(0, len(pods) - replicas)]}


@given(any_pods, sizes, sizes, st.booleans())
def test_every_plan_keeps_the_desired_pods_and_drains_only_pods_that_may_drain(
    pods: tuple[DrainPod, ...], desired: int, replicas: int, settled: bool
) -> None:
    found = plan(desired, replicas, pods, drain_timeout=TIMEOUT, settled=settled)
    by_uid = {one.uid: one for one in pods}
    assert desired <= found.replicas <= max(desired, replicas)
    assert len(found.victims) <= max(0, len(pods) - desired)
    assert set(found.drain) <= {uid for uid in found.victims if by_uid[uid].drain_requested is False}
    assert set(found.undrain) <= {uid for uid in by_uid if by_uid[uid].drain_requested} - set(found.victims)
    assert all(by_uid[uid].deletion_cost != cost for uid, cost in found.costs.items())
    assert set(found.overdue) <= set(found.removing)
    assert settled or not desired or all(by_uid[uid].chosen_for is not None for uid in found.drain)


@given(any_pods, sizes, sizes)
def test_a_newly_chosen_pod_has_fewer_tasks_than_every_pod_that_stays(
    pods: tuple[DrainPod, ...], desired: int, replicas: int
) -> None:
    found = plan(desired, replicas, pods, drain_timeout=TIMEOUT, settled=True)
    survivors = [
        one for one in pods if one.uid not in found.victims and one.drain_state is not DrainState.UNKNOWN
    ]
    fresh = [uid for uid in found.drain if is_new(uid, pods)]
    for one in pods:
        if one.uid in fresh:
            for other in survivors:
                assert (one.active, one.reserved) <= (other.active, other.reserved)


@given(any_pods, sizes, sizes, st.booleans(), st.sets(st.sampled_from("abcdefghij")))
def test_lowering_costs_no_task_whichever_costs_have_arrived_and_however_ties_are_broken(
    pods: tuple[DrainPod, ...], desired: int, replicas: int, settled: bool, arrived: set[str]
) -> None:
    found = plan(desired, replicas, pods, drain_timeout=TIMEOUT, settled=settled)
    if found.replicas >= replicas:
        return
    asked = {one.uid for one in pods if one.uid in found.drain and not is_late(one)}
    precious = {one.uid for one in pods if not may_go(one)} | set(found.undrain) | asked
    ranked = [
        replace(one, deletion_cost=found.costs[one.uid])
        if one.uid in found.costs and one.uid in arrived
        else one
        for one in pods
    ]
    assert not worst_deletions(ranked, found.replicas, precious) & precious


@given(any_pods, sizes, sizes, st.booleans(), st.sets(st.sampled_from("abcdefghij")))
def test_deletions_under_way_hit_no_pod_that_a_plan_has_just_undrained(
    pods: tuple[DrainPod, ...], desired: int, replicas: int, settled: bool, arrived: set[str]
) -> None:
    found = plan(desired, replicas, pods, drain_timeout=TIMEOUT, settled=settled)
    before = worst_deletions(pods, replicas, found.undrain)
    assert not before & set(found.undrain)
    ranked = [
        replace(one, deletion_cost=found.costs.get(one.uid, one.deletion_cost)) if one.uid in arrived else one
        for one in pods
    ]
    precious = {one.uid for one in pods if not may_go(one)}
    if not before & precious and not worst_deletions(pods, replicas, precious) & precious:
        assert not worst_deletions(ranked, replicas, precious) & precious


def is_new(uid: str, pods: Sequence[DrainPod]) -> bool:
    """It was not chosen before, and its tasks are known."""
    return any(
        one.uid == uid and one.chosen_for is None and one.drain_state is not DrainState.UNKNOWN
        for one in pods
    )


def may_go(one: DrainPod) -> bool:
    """Deleting it costs no task, or its time is over."""
    return is_late(one) or (one.drain_state is DrainState.DRAINED and one.drain_requested is not False)


def is_late(one: DrainPod) -> bool:
    """Its time to drain is over."""
    asked = one.drain_requested is True and (one.drain_requested_for or 0.0) > TIMEOUT
    return (one.chosen_for or 0.0) > TIMEOUT or (asked and one.drain_state is DrainState.NOT_DRAINED)
