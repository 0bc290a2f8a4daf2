"""Scale-in while pods of two templates exist: which pods drain, and to which number replicas are lowered."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from celery_operator.decide.draining.drain_state import DrainPod, DrainState
from celery_operator.decide.draining.failed_rollout import plan_in_failed_rollout
from celery_operator.decide.draining.plan import SPENT_COST, DrainPlan
from celery_operator.decide.draining.proportions import ReplicaSetSize, most_deletions
from tests.unit.decide.build import deployment
from tests.unit.decide.draining.drain_pods import TIMEOUT, drained, pending, works


def old(pod: DrainPod, number: int) -> DrainPod:
    return replace(pod, name=f"old-{number}", uid=f"old-{number}", replica_set="old")


def busy_pods(first: int, last: int) -> list[DrainPod]:
    return [old(works("a"), number) for number in range(first, last)]


def drained_pods(last: int, cost: int = SPENT_COST) -> list[DrainPod]:
    return [old(drained("a", cost), number) for number in range(last)]


def broken_pods(count: int) -> list[DrainPod]:
    return [replace(pending("b"), uid=f"new-{number}", replica_set="new") for number in range(count)]


def planned(desired: int, in_force: int, /, *pods: DrainPod, **changes: Any) -> DrainPlan:
    """Where the controller is at rest; ``new`` is the present template."""
    updated = sum(pod.replica_set == "new" for pod in pods)
    at_rest = {"in_force": in_force, "replicas": len(pods), "size": len(pods), "updated": updated}
    state = deployment(in_force, rollout_stopped=True, **{**at_rest, **changes})
    return plan_in_failed_rollout(desired, in_force, pods, state, drain_timeout=TIMEOUT)


def test_a_busy_pod_is_not_deleted_for_one_that_has_drained() -> None:
    # The controller would take two pods of the old template for 8, and three for 6.
    pods = [*drained_pods(1), *busy_pods(1, 9), *broken_pods(3)]
    assert planned(8, 9, *pods).replicas == 9
    assert planned(4, 9, *pods).replicas == 9


def test_as_many_pods_drain_in_each_replica_set_as_the_controller_will_take() -> None:
    found = planned(4, 9, *busy_pods(0, 9), *broken_pods(3))
    assert found.replicas == 9
    assert len(found.drain) == 5
    assert sum(uid.startswith("new") for uid in found.victims) == 2


def test_replicas_are_lowered_once_enough_pods_have_drained() -> None:
    found = planned(4, 9, *drained_pods(3), *busy_pods(3, 9), *broken_pods(3))
    assert found.replicas == 6
    assert [uid for uid in found.removing if uid.startswith("old")] == ["old-0", "old-1", "old-2"]
    assert planned(4, 9, *drained_pods(5), *busy_pods(5, 9), *broken_pods(3)).replicas == 4


def test_a_pod_that_has_drained_gets_its_cost_first() -> None:
    found = planned(4, 9, *drained_pods(5, cost=0), *busy_pods(5, 9), *broken_pods(3))
    assert found.replicas == 9
    assert found.costs == {f"old-{number}": SPENT_COST for number in range(5)}


def test_a_number_that_leaves_too_few_ready_pods_is_left_out() -> None:
    # For 8, the controller leaves 7 ready pods.
    assert planned(8, 9, *busy_pods(0, 9), *broken_pods(3)) == DrainPlan(9)


def test_nothing_is_lowered_or_undrained_while_the_controller_is_at_work_or_pods_are_missing() -> None:
    pods = [*drained_pods(5), *busy_pods(5, 9), *broken_pods(3)]
    for changes in (
        {"generation": 2},
        {"size": 13},
        {"replicas": 13, "size": 13},
        {"in_force": 10},
        {"updated": 4},
    ):
        found = planned(4, 9, *pods, **changes)
        assert (found.replicas, found.drain, found.undrain) == (9, (), ()), changes


def test_more_than_two_replica_sets_are_left_alone() -> None:
    other = replace(works("c"), replica_set="older")
    assert planned(4, 9, *drained_pods(5), *busy_pods(5, 9), other, *broken_pods(3)).replicas == 9


def test_when_the_load_returns_drained_pods_fetch_again_and_lose_their_cost() -> None:
    found = planned(9, 9, *drained_pods(2), *busy_pods(2, 9), *broken_pods(3))
    assert (found.undrain, found.costs) == (("old-0", "old-1"), {"old-0": 0, "old-1": 0})
    assert planned(10, 9, *drained_pods(2), *busy_pods(2, 9), *broken_pods(3)).replicas == 10


def test_a_new_template_without_a_pod_is_like_one_replica_set() -> None:
    found = planned(2, 3, *drained_pods(1), *busy_pods(1, 3))
    assert (found.replicas, found.removing) == (2, ("old-0",))


olds_and_drained = st.tuples(st.integers(1, 40), st.integers(0, 40))
news_and_ready = st.tuples(st.integers(0, 10), st.integers(0, 10))


@given(olds_and_drained, news_and_ready, st.integers(1, 40), st.integers(1, 40))
def test_the_controller_deletes_no_busy_pod_for_any_plan(
    of_old: tuple[int, int], of_new: tuple[int, int], replicas: int, desired: int
) -> None:
    (olds, done), (news, ready_new) = ((pods, min(some, pods)) for pods, some in (of_old, of_new))
    new_pods = [
        replace(works("b"), uid=f"new-{number}", replica_set="new") if number < ready_new else pod
        for number, pod in enumerate(broken_pods(news))
    ]
    pods = [*drained_pods(done), *busy_pods(done, olds), *new_pods]
    found = planned(desired, replicas, *pods)
    if found.replicas >= replicas:
        return
    deleted = most_deletions(
        ReplicaSetSize(olds, olds), ReplicaSetSize(news, ready_new), replicas, found.replicas
    )
    first_old = sorted((pod for pod in pods if pod.replica_set == "old"), key=_order)[: deleted.old]
    first_new = sorted((pod for pod in pods if pod.replica_set == "new"), key=_order)[: deleted.new]
    assert not busy([*first_old, *first_new])


def _order(pod: DrainPod) -> tuple[object, ...]:
    return pod.place, pod.drain_state is DrainState.DRAINED


def busy(pods: Sequence[DrainPod]) -> list[DrainPod]:
    return [pod for pod in pods if pod.drain_state is not DrainState.DRAINED]
