"""The steps of a group towards its size: orders, ranks and status."""

from dataclasses import replace
from typing import Any

from celery_health.catalogue.workers import WorkerReason
from celery_health.wire.worker_report import Phase
from celery_operator.decide import Decision, decide
from celery_operator.decide.draining.actions import MOST_COSTS, DeletionCost, GroupActions, in_portions
from celery_operator.snapshot import PodState, ReconcileMemory
from tests.unit.decide.build import deployment, snapshot, spec
from tests.unit.decide.pods import pod, report


def busy_pod(name: str, active: int = 0, drain_requested_for: float | None = None, cost: int = 0) -> PodState:
    """A pod with ``active`` running tasks that has drained for ``drain_requested_for`` seconds."""
    drains = drain_requested_for is not None
    one = pod(name, WorkerReason.DRAINING if drains else WorkerReason.CONSUMING)
    assert one.reading is not None
    reported = report(active, reserved=0, eta=0, phase=Phase.DRAINING if drains else Phase.CONSUMING)
    reading = replace(
        one.reading, report=reported, drain_requested=drains, drain_requested_for=drain_requested_for
    )
    return replace(one, reading=reading, deletion_cost=cost)


def decided(*pods: PodState, desired: int, **changes: Any) -> Decision:
    """Where the Deployment has as many replicas as there are pods."""
    group = {"name": "default", "replicas": desired, "drainTimeoutSeconds": 60}
    return decide(
        snapshot(
            spec=spec(workers=[group]), pods=pods, **{"deployments": (deployment(len(pods)),), **changes}
        )
    )


def step(*pods: PodState, desired: int, **changes: Any) -> GroupActions:
    return decided(*pods, desired=desired, **changes).actions["default"]


def test_the_idle_one_is_asked_to_drain_and_nothing_goes_yet() -> None:
    found = step(busy_pod("a", 2), busy_pod("b"), desired=1)
    assert [(order.pod, order.drain) for order in found.orders] == [("b", True)]
    assert (found.replicas, found.draining) == (2, 1)


def test_one_that_has_drained_is_ranked_before_it_goes() -> None:
    found = step(busy_pod("a", 2), busy_pod("b", drain_requested_for=9.0), desired=1)
    assert [(cost.pod, cost.uid) for cost in found.costs] == [("b", "uid-b")]
    assert found.replicas == 2
    assert step(busy_pod("a", 2), busy_pod("b", drain_requested_for=9.0, cost=-1000), desired=1).replicas == 1


def test_an_idle_pod_that_drains_is_reconciled_again_soon_and_a_busy_one_at_the_usual_pace() -> None:
    assert decided(busy_pod("a", 2), busy_pod("b"), desired=1).next_reconcile.soon
    assert not decided(
        busy_pod("a", 2), busy_pod("b", 1, drain_requested_for=1.0), desired=1
    ).next_reconcile.soon
    assert not decided(
        busy_pod("a", 2), busy_pod("b", drain_requested_for=1.0, cost=-1000), desired=1
    ).next_reconcile.soon
    assert not decided(busy_pod("a", 2), busy_pod("b"), desired=2).next_reconcile.soon


def test_wanted_again_it_fetches_again() -> None:
    found = step(busy_pod("a", 2), busy_pod("b", 1, drain_requested_for=9.0), desired=2)
    assert [(order.pod, order.drain) for order in found.orders] == [("b", False)]
    assert (found.replicas, found.draining) == (2, 0)


def test_the_status_counts_those_that_go() -> None:
    (group,) = decided(busy_pod("a", 2), busy_pod("b", 1, drain_requested_for=9.0), desired=1).status.workers
    assert (group.desired_replicas, group.draining) == (1, 1)


def test_a_pod_that_drains_for_too_long_is_stopped_and_reported() -> None:
    decision = decided(busy_pod("a", 2), busy_pod("b", 1, drain_requested_for=61.0, cost=-1000), desired=1)
    assert decision.actions["default"].replicas == 1
    (note,) = (one for one in decision.events if one.reason == "DrainOverdue")
    assert "Pod b of group default has not drained within 60 s" in note.message


def test_all_pods_that_are_overdue_at_a_time_are_reported_once() -> None:
    late = [busy_pod(name, 1, drain_requested_for=61.0, cost=-1000) for name in "bcdefg"]
    decision = decided(busy_pod("a", 2), *late, desired=1)
    assert decision.actions["default"].replicas == 1
    (note,) = (one for one in decision.events if one.reason == "DrainOverdue")
    first, _, others = note.message.partition("The same is done with ")
    assert "has not drained within 60 s" in first
    assert others.startswith("5 other overdue pods: ")
    assert "and 2 more." in others


def test_one_reconcile_sets_a_bounded_number_of_costs_and_lowers_nothing_before_all_are_set() -> None:
    idle = [busy_pod(f"i{number}", drain_requested_for=9.0) for number in range(MOST_COSTS + 5)]
    decision = decided(busy_pod("a", 2), *idle, desired=1)
    found = decision.actions["default"]
    assert (len(found.costs), found.more_costs) == (MOST_COSTS, True)
    assert decision.next_reconcile.soon
    ranked = {cost.uid for cost in found.costs}
    idle = [replace(one, deletion_cost=-2000) if one.uid in ranked else one for one in idle]
    following = decided(busy_pod("a", 2), *idle, desired=1).actions["default"]
    assert (len(following.costs), following.more_costs) == (5, False)


def test_each_group_gets_an_equal_part_of_the_costs() -> None:
    costs = tuple(DeletionCost(f"p{number}", f"uid-{number}", -1000) for number in range(MOST_COSTS))
    many, few, none = GroupActions(9, costs=costs), GroupActions(9, costs=costs[:3]), GroupActions(9)
    found = in_portions({"many": many, "few": few, "none": none})
    assert (len(found["many"].costs), found["many"].more_costs) == (MOST_COSTS // 2, True)
    assert (found["few"], found["none"]) == (few, none)


def test_in_a_rollout_nothing_goes() -> None:
    rolling = deployment(2, updated=1)
    found = step(busy_pod("a", 2), busy_pod("b"), desired=1, deployments=(rolling,))
    assert (found.replicas, found.orders) == (2, ())


def test_after_a_rollout_that_failed_pods_of_the_old_template_drain() -> None:
    broken = replace(pod("new"), phase="Pending", ready=False, reading=None, replica_set="new")
    old = [replace(busy_pod(name, tasks), replica_set="old") for name, tasks in (("a", 2), ("b", 0))]
    failed = deployment(2, updated=1, replicas=3, size=3, failure="no progress", rollout_stopped=True)
    found = step(*old, broken, desired=1, deployments=(failed,))
    assert [order.pod for order in found.orders] == ["b"]
    assert found.replicas == 2


def test_pods_that_cannot_be_created_do_not_end_a_rollout() -> None:
    refused = deployment(2, updated=1, failure="exceeded quota")
    found = step(busy_pod("a", 2), busy_pod("b"), desired=1, deployments=(refused,))
    assert (found.replicas, found.orders) == (2, ())


def test_the_time_of_a_drain_runs_from_when_the_pod_was_chosen() -> None:
    first = decided(busy_pod("a", 2), busy_pod("b", 1), desired=1, mono=1000.0)
    assert first.chosen == {"uid-b": 1000.0}
    # The sidecar refuses each order, and its worker goes on fetching.
    memory = ReconcileMemory(chosen=first.chosen, refused_orders={"uid-b": "HTTP 403"})
    ranked = busy_pod("b", 1, cost=-2000)
    before = decided(busy_pod("a", 2), ranked, desired=1, mono=1059.0, memory=memory)
    assert (before.actions["default"].replicas, before.chosen) == (2, first.chosen)
    after = decided(busy_pod("a", 2), ranked, desired=1, mono=1061.0, memory=memory)
    assert after.actions["default"].replicas == 1
    (note,) = (one for one in after.events if one.reason == "DrainOverdue")
    assert "Pod b of group default could not be asked to drain for 60 s: HTTP 403." in note.message
    assert "has not drained" not in note.message


def test_a_pod_that_is_wanted_again_begins_anew() -> None:
    memory = ReconcileMemory(chosen={"uid-b": 1000.0})
    found = decided(busy_pod("a", 2), busy_pod("b", 1), desired=2, mono=1061.0, memory=memory)
    assert found.chosen == {}


def test_a_pod_that_is_being_deleted_keeps_the_time_of_its_drain() -> None:
    memory = ReconcileMemory(chosen={"uid-b": 1000.0})
    leaving = replace(busy_pod("b", 1), deleting=True)
    assert decided(busy_pod("a", 2), leaving, desired=1, memory=memory).chosen == {"uid-b": 1000.0}


def test_a_drain_that_would_end_by_itself_is_ordered_again_in_time() -> None:
    def draining(expires_in: float | None) -> PodState:
        one = busy_pod("b", 1, drain_requested_for=9.0)
        assert one.reading is not None
        return replace(one, reading=replace(one.reading, drain_expires_in=expires_in))

    for expires_in, again in ((None, []), (299.0, []), (239.0, ["b"])):
        found = step(busy_pod("a", 2), draining(expires_in), desired=1)
        assert [order.pod for order in found.orders if order.drain] == again
    assert step(busy_pod("a", 2), draining(239.0), desired=1).orders[0].body == {"expires_after": 300.0}


def test_a_group_without_a_deployment_begins_with_its_size() -> None:
    assert step(desired=3, deployments=()).replicas == 3


def test_what_was_asked_for_counts_before_the_deployment_has_it() -> None:
    gone = busy_pod("b", drain_requested_for=9.0, cost=-1000)
    found = step(busy_pod("a", 2), gone, desired=2, applied={"default": 1})
    assert (found.replicas, found.orders) == (2, ())


def test_a_pod_with_an_old_report_is_removed_after_the_time_to_drain() -> None:
    def old(name: str, age: float, cost: int = 0) -> PodState:
        one = busy_pod(name, 2, cost=cost)
        assert one.reading is not None
        return replace(one, reading=replace(one.reading, age=age), silent_for=age)

    assert step(old("a", 59.0), old("b", 59.0, -1000), desired=1).replicas == 2
    assert step(old("a", 61.0), old("b", 61.0, -1000), desired=1).replicas == 1


def test_a_pod_without_reports_is_removed_after_the_drain_timeout() -> None:
    mute = [replace(pod(name), reading=None, silent_for=59.0) for name in "ab"]
    found = step(*mute, desired=1)
    assert (found.replicas, found.draining, found.costs) == (2, 1, ())
    longer = [replace(one, silent_for=61.0) for one in mute]
    found = step(*longer, desired=1)
    assert [cost.pod for cost in found.costs] == ["b"]
    ranked = [longer[0], replace(longer[1], deletion_cost=-1000)]
    decision = decided(*ranked, desired=1)
    assert decision.actions["default"].replicas == 1
    (note,) = (one for one in decision.events if one.reason == "DrainOverdue")
    assert "Pod b of group default has sent no report of its worker for 60 s." in note.message
    assert (
        step(replace(busy_pod("c"), created_at=longer[0].created_at), longer[0], desired=1).orders[0].pod
        == "c"
    )
