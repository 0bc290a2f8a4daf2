"""Which pods go, in which order, and that nothing is ever lowered on trust."""

from dataclasses import replace

from celery_operator.decide.draining.drain_state import FRESH_FOR_DRAIN_SECONDS
from celery_operator.decide.draining.plan import REMOVABLE_COST, SPENT_COST, DrainPlan
from tests.unit.decide.draining.drain_pods import (
    TIMEOUT,
    drained,
    drains,
    pending,
    planned,
    starting,
    unknown,
    works,
)


def test_a_group_that_is_as_wanted_is_left_alone() -> None:
    assert planned(2, works("a"), unknown("b")) == DrainPlan(2)


def test_raising_is_at_once() -> None:
    assert planned(7, works("a"), works("b")) == DrainPlan(7)


def test_the_emptiest_is_asked_to_drain_and_nothing_is_lowered_yet() -> None:
    found = planned(2, works("a", 2), works("b", 1, 3), works("c", 1, 2))
    assert found == DrainPlan(3, drain=("c",), victims=("c",))


def test_of_equally_empty_pods_the_one_with_fewer_eta_tasks_and_then_the_newest_goes() -> None:
    assert planned(2, works("a"), works("b", eta=1), works("c", eta=1)).victims == ("a",)
    assert planned(2, works("a"), works("c"), works("b")).victims == ("c",)


def test_an_idle_victim_is_ranked_with_its_drain_order_so_that_the_next_reconcile_can_remove_it() -> None:
    assert planned(1, works("a"), works("b", 0)).costs == {"b": REMOVABLE_COST}
    second = planned(1, works("a"), drained("b", seconds=1.0))
    assert (second.replicas, second.removing) == (1, ("b",))


def test_a_victim_that_has_finished_is_ranked_first_and_removed_only_when_its_rank_is_seen() -> None:
    found = planned(1, works("a"), drained("b", cost=0))
    assert found == DrainPlan(2, costs={"b": SPENT_COST}, victims=("b",))
    found = planned(1, works("a"), drained("b"))
    assert found == DrainPlan(1, victims=("b",), removing=("b",))


def test_those_that_have_finished_go_while_others_still_work() -> None:
    found = planned(1, works("a"), drained("b"), drains("c"), drained("d"))
    assert found.replicas == 2
    assert sorted(found.removing) == ["b", "d"]
    assert sorted(found.victims) == ["b", "c", "d"]


def test_the_first_that_has_finished_does_not_wait_for_others_that_were_ranked_ahead_with_it() -> None:
    slow = works("c", 0, drain_requested=True, drain_requested_for=1.0, deletion_cost=REMOVABLE_COST)
    found = planned(1, works("a"), drained("b"), slow)
    assert (found.replicas, dict(found.costs)) == (3, {"b": SPENT_COST})
    found = planned(1, works("a"), drained("b", cost=SPENT_COST), slow)
    assert (found.replicas, found.removing) == (2, ("b",))


def test_those_that_drain_already_go_on_though_others_are_emptier_by_now() -> None:
    found = planned(1, works("a", 0), drains("b", 5))
    assert (found.victims, found.drain, found.undrain) == (("b",), (), ())


def test_when_fewer_have_to_go_the_fullest_of_those_that_drain_works_again() -> None:
    found = planned(2, works("a"), drains("b", 1), drains("c", 4))
    assert (found.replicas, found.victims, found.undrain) == (3, ("b",), ("c",))


def test_when_load_returns_all_that_drain_work_again_before_a_pod_is_added() -> None:
    found = planned(3, works("a"), drains("b"), drained("c"))
    assert found == DrainPlan(3, undrain=("b", "c"), costs={"c": 0})
    assert planned(4, works("a"), drains("b")) == DrainPlan(4, undrain=("b",))


def test_raising_does_not_wait_for_ranks_to_be_taken_back() -> None:
    assert planned(4, works("a"), drained("b")).costs == {}


def test_a_pod_that_is_about_to_be_deleted_does_not_work_again_before_that_is_called_off() -> None:
    pods = works("a"), drained("b"), drained("c"), drains("d")
    found = planned(4, *pods, replicas=2)
    assert found == DrainPlan(4, undrain=("d",))
    assert sorted(planned(4, *pods).undrain) == ["b", "c", "d"]


def test_of_pods_that_all_go_without_a_rank_none_works_again() -> None:
    others = pending("b"), pending("c"), pending("d")
    found = planned(0, works("a", 0), *others)
    assert (found.replicas, found.drain, dict(found.costs)) == (1, ("a",), {})
    assert planned(0, drained("a", cost=0), *others, replicas=1).replicas == 0
    assert planned(0, drained("a", cost=0), *others, replicas=0) == DrainPlan(0)


def test_of_pods_that_were_all_to_go_none_works_again_before_the_others_are_gone() -> None:
    pods = drained("a", cost=0), drained("b", cost=0), drained("c", cost=0)
    assert planned(1, *pods, replicas=0) == DrainPlan(1)
    assert planned(1, *pods, replicas=1) == DrainPlan(1)
    assert planned(1, pods[0]).undrain == ("a",)


def test_a_pod_that_goes_before_one_of_a_higher_cost_does_not_work_again() -> None:
    pods = works("a", deletion_cost=5), drained("b", cost=0)
    assert planned(1, *pods).replicas == 1
    assert planned(1, *pods, replicas=1) == DrainPlan(1)


def test_deletions_under_way_are_counted() -> None:
    found = planned(1, works("a"), drained("b"), drains("c"), drained("d"), replicas=2)
    assert found.replicas == 2
    assert planned(1, works("a"), drained("b"), drained("c"), replicas=2).replicas == 1


def test_a_pod_of_unknown_state_is_chosen_last_and_goes_only_when_its_time_is_over() -> None:
    found = planned(1, unknown("a"), unknown("b", ready=False), works("c", 9))
    assert found.victims[0] == "c"
    found = planned(0, unknown("a"))
    assert (found.replicas, found.victims) == (1, ("a",))
    assert planned(0, unknown("a", chosen_for=TIMEOUT - 1)).replicas == 1
    found = planned(0, unknown("a", chosen_for=TIMEOUT + 1))
    assert (found.replicas, found.overdue) == (0, ("a",))


def test_the_time_of_a_drain_runs_on_whatever_the_evidence() -> None:
    # Its reports stop and come back, and each time the request appears new.
    silent = replace(unknown("b", chosen_for=TIMEOUT - 1, silent_for=6.0), drain_requested=True)
    assert planned(1, works("a"), silent).undrain == ()
    assert planned(1, works("a"), replace(silent, chosen_for=TIMEOUT + 1)).costs == {"b": SPENT_COST}
    seen = drains("b", seconds=1.0, chosen_for=TIMEOUT + 1, deletion_cost=SPENT_COST)
    assert planned(1, works("a"), seen).overdue == ("b",)


def test_an_order_that_the_sidecar_refuses_does_not_keep_the_pod() -> None:
    refuses = works("b", 0, chosen_for=TIMEOUT + 1, deletion_cost=SPENT_COST)
    found = planned(1, works("a"), refuses)
    assert (found.replicas, found.overdue, found.drain) == (1, ("b",), ("b",))
    never_began = starting("b", chosen_for=TIMEOUT + 1, drain_requested=False)
    assert planned(1, works("a"), never_began).replicas == 1


def test_nothing_is_lowered_while_the_replica_set_would_delete_another_pod_first() -> None:
    assert planned(1, works("a", ready=False), drained("b")).replicas == 2
    assert planned(1, unknown("a", ready=False), drained("b")).replicas == 2
    found = planned(1, unknown("a", ready=False, silent_for=TIMEOUT + 1), drained("b"))
    assert (found.replicas, found.overdue) == (1, ("a",))
    assert planned(1, works("a", deletion_cost=REMOVABLE_COST - 1), drained("b")).replicas == 2


def test_an_idle_pod_that_the_replica_set_would_delete_first_goes_instead_of_one_that_drains() -> None:
    found = planned(1, drains("a"), pending("b"))
    assert found == DrainPlan(1, undrain=("a",), victims=("b",), removing=("b",))
    found = planned(1, drains("a"), starting("b"))
    assert (found.replicas, found.drain, found.undrain) == (2, ("b",), ("a",))


def test_a_worker_that_starts_goes_once_it_will_not_begin_to_fetch() -> None:
    assert planned(1, works("a"), starting("b")).replicas == 2
    assert planned(1, works("a"), starting("b", drain_requested=True, drain_requested_for=0.5)).replicas == 1


def test_of_pods_without_containers_any_may_go() -> None:
    found = planned(2, works("a"), pending("b"), pending("c"), pending("d", scheduled=False))
    assert (found.replicas, found.removing, dict(found.costs)) == (2, ("d", "b"), {})


def test_replicas_without_pods_are_taken_back_at_once() -> None:
    assert planned(2, works("a"), works("b"), works("c"), replicas=9).replicas == 3
    assert planned(4, works("a"), replicas=9).replicas == 4


def test_after_the_drain_timeout_a_pod_goes_with_what_it_holds() -> None:
    late = drains("b", 2, TIMEOUT + 1)
    found = planned(1, works("a"), late)
    assert (found.replicas, dict(found.costs), found.overdue) == (2, {"b": SPENT_COST}, ())
    found = planned(1, works("a"), replace(late, deletion_cost=SPENT_COST))
    assert (found.replicas, found.removing, found.overdue) == (1, ("b",), ("b",))
    assert planned(1, works("a"), drains("b", 2, TIMEOUT)).costs == {}


def test_eta_tasks_do_not_keep_a_pod() -> None:
    assert planned(1, works("a"), drained("b", eta=4)).replicas == 1


def test_a_victim_that_does_not_obey_loses_the_rank_that_it_got_ahead() -> None:
    idle = works(
        "b",
        0,
        drain_requested=True,
        drain_requested_for=FRESH_FOR_DRAIN_SECONDS,
        deletion_cost=REMOVABLE_COST,
    )
    assert planned(1, works("a"), idle).costs == {"b": 0}


def test_no_pod_gets_a_rank_ahead_while_others_are_deleted() -> None:
    found = planned(1, works("a"), works("b", 0), drained("c"))
    assert (found.replicas, dict(found.costs), found.drain) == (2, {}, ("b",))
    found = planned(1, works("a"), works("b", 0), drained("c"), replicas=2)
    assert (found.replicas, dict(found.costs)) == (2, {})


def test_costs_that_others_have_set_are_left_alone_where_they_do_no_harm() -> None:
    assert planned(2, works("a", deletion_cost=7), works("b", deletion_cost=-7)).costs == {}
    assert planned(1, works("a", deletion_cost=-5000)).costs == {"a": 0}


def test_a_pod_keeps_the_rank_for_which_it_is_removed() -> None:
    going, staying = drained("a", pending=True), works("b", pending=True, drain_requested=None)
    found = planned(0, going, staying)
    assert (found.replicas, found.removing, found.costs) == (1, ("a",), {})


def test_in_a_rollout_nothing_new_drains_and_nothing_is_lowered() -> None:
    found = planned(1, works("a"), works("b"), drained("c"), settled=False)
    assert found == DrainPlan(3, victims=("c",))
    assert planned(4, works("a"), drains("b"), settled=False) == DrainPlan(4, undrain=("b",))
    assert planned(1, works("a"), drains("b"), drains("c", 2), replicas=2, settled=False).undrain == ()
    assert planned(1, works("a"), works("b"), replicas=9, settled=False).replicas == 9


def test_in_a_rollout_not_even_pods_that_may_all_go_are_taken_from_those_that_stay() -> None:
    late = drains("a", 1, TIMEOUT + 1, deletion_cost=REMOVABLE_COST)
    pods = late, pending("b"), pending("c"), pending("d")
    found = planned(1, *pods, replicas=3, settled=False)
    assert (found.replicas, found.removing, found.undrain) == (3, (), ())
    assert planned(0, *pods, replicas=3, settled=False).replicas == 0


def test_in_a_rollout_all_go_when_none_is_wanted_but_only_together() -> None:
    assert planned(0, works("a"), works("b"), settled=False).drain == ("b", "a")
    assert planned(0, drains("a"), drained("b"), settled=False).replicas == 2
    assert planned(0, drained("a", cost=0), drained("b"), settled=False).replicas == 0


def test_to_zero_the_last_pods_go_without_a_rank() -> None:
    found = planned(0, drained("a", cost=0), drained("b", cost=0))
    assert (found.replicas, found.costs) == (0, {})
