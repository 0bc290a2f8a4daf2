"""Which pods go, in which order, and that nothing is ever lowered on trust."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_health.report import Phase
from celery_health.worker import WorkerReason
from celery_operator.api.names import SIDECAR_CONTAINER
from celery_operator.decide.draining import (
    FRESH_SECONDS,
    REMOVABLE_COST,
    DrainPlan,
    DrainPod,
    Hold,
    drain_pods,
    plan,
)
from celery_operator.decide.groups import GroupView
from celery_operator.decide.pods import Worker, standing_of
from celery_operator.snapshot import PodState
from tests.unit.decide.build import (
    NOW,
    broken_pod,
    pending_pod,
    pod,
    reading,
    report,
    silent_pod,
)

TIMEOUT = 600.0


def works(name: str, active: int = 1, reserved: int = 0, **changes: Any) -> DrainPod:
    """A ready pod that consumes; a later letter is a newer pod."""
    base = DrainPod(
        name=name,
        uid=name,
        created_at=NOW + timedelta(seconds=ord(name[0])),
        hold=Hold.SOMETHING,
        active=active,
        reserved=reserved,
        drain_wanted=False,
    )
    return replace(base, **changes)


def drains(name: str, active: int = 1, seconds: float = 30.0, **changes: Any) -> DrainPod:
    """It was asked to stop fetching; with nothing to do it has drained."""
    hold = Hold.SOMETHING if active else Hold.NOTHING
    return works(name, active, hold=hold, drain_wanted=True, draining_for=seconds, **changes)


def drained(name: str, cost: int = REMOVABLE_COST, **changes: Any) -> DrainPod:
    """It holds nothing, and its cost says that it may go."""
    return drains(name, 0, deletion_cost=cost, **changes)


def unknown(name: str, **changes: Any) -> DrainPod:
    """Nothing tells what it holds."""
    return works(name, 0, hold=Hold.UNKNOWN, drain_wanted=None, **changes)


def starting(name: str, **changes: Any) -> DrainPod:
    """Not ready; its worker has not begun to fetch."""
    return works(name, 0, hold=Hold.NOTHING, ready=False, **changes)


def pending(name: str, **changes: Any) -> DrainPod:
    """On a node, without containers."""
    return starting(name, pending=True, drain_wanted=None, **changes)


def planned(wanted: int, *pods: DrainPod, replicas: int | None = None, settled: bool = True) -> DrainPlan:
    """The next step; the Deployment has as many replicas as there are pods unless told otherwise."""
    live = len(pods) if replicas is None else replicas
    return plan(wanted, live, pods, drain_timeout=TIMEOUT, settled=settled)


def test_a_group_that_is_as_wanted_is_left_alone() -> None:
    assert planned(2, works("a"), unknown("b")) == DrainPlan(2)


def test_raising_is_at_once() -> None:
    assert planned(7, works("a"), works("b")) == DrainPlan(7)


def test_the_emptiest_is_asked_to_drain_and_nothing_is_lowered_yet() -> None:
    found = planned(2, works("a", 2), works("b", 1, 3), works("c", 1, 2))
    assert found == DrainPlan(3, drain=("c",), victims=("c",))


def test_of_equally_empty_pods_the_one_with_fewer_eta_tasks_and_then_the_newest_goes() -> None:
    assert planned(2, works("a"), works("b", eta_held=1), works("c", eta_held=1)).victims == ("a",)
    assert planned(2, works("a"), works("c"), works("b")).victims == ("c",)


def test_an_idle_victim_is_ranked_when_it_is_asked_so_that_it_can_go_at_the_next_look() -> None:
    assert planned(1, works("a"), works("b", 0)).costs == {"b": REMOVABLE_COST}
    next_look = planned(1, works("a"), drained("b", seconds=1.0))
    assert (next_look.replicas, next_look.removing) == (1, ("b",))


def test_a_victim_that_has_finished_is_ranked_first_and_removed_only_when_its_rank_is_seen() -> None:
    found = planned(1, works("a"), drained("b", cost=0))
    assert found == DrainPlan(2, costs={"b": REMOVABLE_COST}, victims=("b",))
    found = planned(1, works("a"), drained("b"))
    assert found == DrainPlan(1, victims=("b",), removing=("b",))


def test_those_that_have_finished_go_while_others_still_work() -> None:
    found = planned(1, works("a"), drained("b"), drains("c"), drained("d"))
    assert found.replicas == 2
    assert sorted(found.removing) == ["b", "d"]
    assert sorted(found.victims) == ["b", "c", "d"]


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


def test_a_pod_of_unknown_state_never_goes() -> None:
    found = planned(1, unknown("a"), unknown("b", ready=False), works("c", 9))
    assert found.victims == ("c",)
    assert planned(0, unknown("a")).replicas == 1


def test_nothing_is_lowered_while_the_replica_set_would_delete_another_pod_first() -> None:
    assert planned(1, works("a", ready=False), drained("b")).replicas == 2
    assert planned(1, unknown("a", ready=False), drained("b")).replicas == 2
    assert planned(1, works("a", deletion_cost=REMOVABLE_COST - 1), drained("b")).replicas == 2


def test_an_idle_pod_that_the_replica_set_would_delete_first_goes_instead_of_one_that_drains() -> None:
    found = planned(1, drains("a"), pending("b"))
    assert found == DrainPlan(1, undrain=("a",), victims=("b",), removing=("b",))
    found = planned(1, drains("a"), starting("b"))
    assert (found.replicas, found.drain, found.undrain) == (2, ("b",), ("a",))


def test_a_worker_that_starts_goes_once_it_will_not_begin_to_fetch() -> None:
    assert planned(1, works("a"), starting("b")).replicas == 2
    assert planned(1, works("a"), starting("b", drain_wanted=True, draining_for=0.5)).replicas == 1


def test_of_pods_without_containers_any_may_go() -> None:
    found = planned(2, works("a"), pending("b"), pending("c"), pending("d", scheduled=False))
    assert (found.replicas, found.removing, dict(found.costs)) == (2, ("d", "b"), {})


def test_replicas_without_pods_are_taken_back_at_once() -> None:
    assert planned(2, works("a"), works("b"), works("c"), replicas=9).replicas == 3
    assert planned(4, works("a"), replicas=9).replicas == 4


def test_after_the_drain_timeout_a_pod_goes_with_what_it_holds() -> None:
    late = drains("b", 2, TIMEOUT + 1)
    found = planned(1, works("a"), late)
    assert (found.replicas, dict(found.costs), found.overdue) == (2, {"b": REMOVABLE_COST}, ())
    found = planned(1, works("a"), replace(late, deletion_cost=REMOVABLE_COST))
    assert (found.replicas, found.removing, found.overdue) == (1, ("b",), ("b",))
    assert planned(1, works("a"), drains("b", 2, TIMEOUT)).costs == {}


def test_eta_tasks_do_not_keep_a_pod() -> None:
    assert planned(1, works("a"), drained("b", eta_held=4)).replicas == 1


def test_a_victim_that_does_not_obey_loses_the_rank_that_it_got_ahead() -> None:
    idle = works("b", 0, drain_wanted=True, draining_for=FRESH_SECONDS, deletion_cost=REMOVABLE_COST)
    assert planned(1, works("a"), idle).costs == {"b": 0}


def test_nobody_gets_a_rank_ahead_while_others_are_deleted() -> None:
    found = planned(1, works("a"), works("b", 0), drained("c"))
    assert (found.replicas, dict(found.costs), found.drain) == (2, {}, ("b",))
    found = planned(1, works("a"), works("b", 0), drained("c"), replicas=2)
    assert (found.replicas, dict(found.costs)) == (2, {})


def test_costs_that_others_have_set_are_left_alone_where_they_do_no_harm() -> None:
    assert planned(2, works("a", deletion_cost=7), works("b", deletion_cost=-7)).costs == {}
    assert planned(1, works("a", deletion_cost=-5000)).costs == {"a": 0}


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
    assert planned(0, drained("a", cost=0), drained("b", cost=0)).replicas == 0


names = st.lists(st.sampled_from("abcdefghij"), unique=True, max_size=8)
counts = st.integers(0, 3)


@st.composite
def any_pod(draw: st.DrawFn, name: str) -> DrainPod:
    """Also such as no cluster shows."""
    hold = draw(st.sampled_from(Hold))
    active, reserved = (draw(counts), draw(counts)) if hold is not Hold.NOTHING else (0, 0)
    wish = draw(st.sampled_from([None, False, True]))
    return works(
        name,
        active,
        reserved,
        hold=hold,
        eta_held=draw(counts),
        scheduled=draw(st.integers(0, 5)) > 0,
        pending=draw(st.integers(0, 5)) == 0,
        ready=draw(st.integers(0, 3)) > 0,
        deletion_cost=draw(st.sampled_from([0, 0, 5, REMOVABLE_COST, REMOVABLE_COST, -5000])),
        drain_wanted=wish,
        draining_for=draw(st.sampled_from([None, 1.0, 60.0, 2 * TIMEOUT])) if wish else None,
    )


any_pods = names.flatmap(lambda drawn: st.tuples(*(any_pod(name) for name in drawn)))
sizes = st.integers(0, 10)


def worst_deletions(pods: Sequence[DrainPod], replicas: int, precious: Iterable[str]) -> set[str]:
    """Whom a ReplicaSet deletes, if it takes the precious ones first wherever it is free to choose."""
    kept = set(precious)
    order = sorted(pods, key=lambda one: (one.place, one.uid not in kept))
    return {one.uid for one in order[: max(0, len(pods) - replicas)]}


@given(any_pods, sizes, sizes, st.booleans())
def test_every_plan_keeps_what_is_wanted_and_asks_only_whom_it_may(
    pods: tuple[DrainPod, ...], wanted: int, replicas: int, settled: bool
) -> None:
    found = plan(wanted, replicas, pods, drain_timeout=TIMEOUT, settled=settled)
    by_uid = {one.uid: one for one in pods}
    assert wanted <= found.replicas <= max(wanted, replicas)
    assert len(found.victims) <= max(0, len(pods) - wanted)
    assert all(by_uid[uid].hold is not Hold.UNKNOWN for uid in found.victims)
    assert set(found.drain) <= {uid for uid in found.victims if by_uid[uid].drain_wanted is False}
    assert set(found.undrain) <= {uid for uid in by_uid if by_uid[uid].drain_wanted} - set(found.victims)
    assert all(by_uid[uid].deletion_cost != cost for uid, cost in found.costs.items())
    assert set(found.overdue) <= set(found.removing)
    assert settled or not wanted or not found.drain


@given(any_pods, sizes, sizes)
def test_whoever_is_newly_chosen_is_emptier_than_every_survivor(
    pods: tuple[DrainPod, ...], wanted: int, replicas: int
) -> None:
    found = plan(wanted, replicas, pods, drain_timeout=TIMEOUT, settled=True)
    survivors = [one for one in pods if one.uid not in found.victims and one.hold is not Hold.UNKNOWN]
    for one in pods:
        if one.uid in found.drain:
            for other in survivors:
                assert (one.active, one.reserved) <= (other.active, other.reserved)


@given(any_pods, sizes, sizes, st.booleans(), st.sets(st.sampled_from("abcdefghij")))
def test_lowering_costs_no_task_whichever_costs_have_arrived_and_however_ties_are_broken(
    pods: tuple[DrainPod, ...], wanted: int, replicas: int, settled: bool, arrived: set[str]
) -> None:
    found = plan(wanted, replicas, pods, drain_timeout=TIMEOUT, settled=settled)
    if found.replicas >= replicas:
        return
    precious = {one.uid for one in pods if not may_go(one)} | set(found.undrain) | set(found.drain)
    ranked = [
        replace(one, deletion_cost=found.costs[one.uid])
        if one.uid in found.costs and one.uid in arrived
        else one
        for one in pods
    ]
    assert not worst_deletions(ranked, found.replicas, precious) & precious


@given(any_pods, sizes, sizes, st.booleans(), st.sets(st.sampled_from("abcdefghij")))
def test_deletions_under_way_hit_nobody_that_a_plan_has_just_asked_to_work_again(
    pods: tuple[DrainPod, ...], wanted: int, replicas: int, settled: bool, arrived: set[str]
) -> None:
    found = plan(wanted, replicas, pods, drain_timeout=TIMEOUT, settled=settled)
    before = worst_deletions(pods, replicas, found.undrain)
    assert not before & set(found.undrain)
    ranked = [
        replace(one, deletion_cost=found.costs.get(one.uid, one.deletion_cost)) if one.uid in arrived else one
        for one in pods
    ]
    precious = {one.uid for one in pods if not may_go(one)}
    if not before & precious and not worst_deletions(pods, replicas, precious) & precious:
        assert not worst_deletions(ranked, replicas, precious) & precious


def may_go(one: DrainPod) -> bool:
    """Deleting it costs no task, or its time is over."""
    late = one.drain_wanted is True and (one.draining_for or 0.0) > TIMEOUT and one.hold is Hold.SOMETHING
    return late or (one.hold is Hold.NOTHING and one.drain_wanted is not False)


def held_by(state: PodState) -> Hold:
    """What the one pod of a group holds."""
    worker = Worker(state, standing_of(state, NOW))
    (found,) = drain_pods(GroupView("default", ("celery",), 1, None, (worker,)))
    return found.hold


def asked(
    wish: bool | None,
    draining_for: float | None = None,
    *,
    reason: WorkerReason = WorkerReason.CONSUMING,
    age: float = 0.5,
    **changes: Any,
) -> PodState:
    """A running pod without tasks; the changes are those of its report."""
    base = report(**{"active": 0, "reserved": 0, "eta_held": 0, **changes})
    word = replace(reading(reason), report=base, age=age, drain_wanted=wish, draining_for=draining_for)
    return replace(pod(), reading=word)


DRAINED: dict[str, Any] = {"phase": Phase.DRAINING, "reason": WorkerReason.DRAINING}


def test_a_pod_that_is_deleted_is_no_more_counted() -> None:
    states = replace(pod("a"), deleting=True), replace(pod("b"), phase="Failed"), pod("c")
    workers = tuple(Worker(state, standing_of(state, NOW)) for state in states)
    found = drain_pods(GroupView("default", ("celery",), 1, None, workers))
    assert [one.name for one in found] == ["c"]


def test_a_pod_is_told_with_all_that_its_report_says() -> None:
    state = replace(asked(True, 9.0, active=2, reserved=3, eta_held=4), deletion_cost=7, ready=False)
    worker = Worker(state, standing_of(state, NOW))
    (found,) = drain_pods(GroupView("default", ("celery",), 1, None, (worker,)))
    assert found == DrainPod(
        name=state.name,
        uid=state.uid,
        created_at=state.created_at,
        hold=Hold.SOMETHING,
        ready=False,
        deletion_cost=7,
        active=2,
        reserved=3,
        eta_held=4,
        drain_wanted=True,
        draining_for=9.0,
    )


@pytest.mark.parametrize(
    ("state", "hold"),
    [
        pytest.param(asked(False), Hold.SOMETHING, id="idle, but may fetch"),
        pytest.param(asked(False, active=1), Hold.SOMETHING, id="runs a task"),
        pytest.param(asked(True, 9.0), Hold.SOMETHING, id="asked, and has not stopped"),
        pytest.param(asked(True, 9.0, **DRAINED), Hold.NOTHING, id="drained"),
        pytest.param(asked(True, 9.0, eta_held=3, **DRAINED), Hold.NOTHING, id="drained, ETA tasks held"),
        pytest.param(asked(True, 9.0, active=1, **DRAINED), Hold.SOMETHING, id="drains and runs a task"),
        pytest.param(asked(True, 9.0, reserved=1, **DRAINED), Hold.SOMETHING, id="drains, one waits in it"),
        pytest.param(asked(False, **DRAINED), Hold.SOMETHING, id="asked to work again a moment ago"),
        pytest.param(asked(True, 0.4, **DRAINED), Hold.SOMETHING, id="drained for an earlier wish"),
        pytest.param(
            asked(True, 1.4, loop_mono=99.0, **DRAINED), Hold.SOMETHING, id="looked before the wish"
        ),
        pytest.param(asked(True, 1.6, loop_mono=99.0, **DRAINED), Hold.NOTHING, id="looked after the wish"),
        pytest.param(asked(True, 9.0, loop_mono=None, **DRAINED), Hold.SOMETHING, id="has never looked"),
        pytest.param(asked(True, 9.0, age=6.0, **DRAINED), Hold.UNKNOWN, id="an old report"),
        pytest.param(asked(None, **DRAINED), Hold.UNKNOWN, id="a sidecar that tells of no wish"),
        pytest.param(
            asked(False, phase=Phase.STARTING, consumer_starts=0, reason=WorkerReason.STARTING),
            Hold.NOTHING,
            id="loads the application",
        ),
        pytest.param(
            asked(True, 0.4, phase=Phase.STARTING, consumer_starts=0, reason=WorkerReason.STARTING),
            Hold.SOMETHING,
            id="may have begun before it was asked not to",
        ),
        pytest.param(
            asked(False, phase=Phase.CONNECTING, consumer_starts=0, reason=WorkerReason.CONNECTING),
            Hold.NOTHING,
            id="connects for the first time",
        ),
        pytest.param(
            asked(True, 9.0, phase=Phase.CONNECTING, reason=WorkerReason.CONNECTING),
            Hold.SOMETHING,
            id="connects again",
        ),
        pytest.param(
            asked(True, 9.0, phase=Phase.CONNECTING, active=1, reason=WorkerReason.CONNECTING),
            Hold.SOMETHING,
            id="connects again with a task",
        ),
        pytest.param(silent_pod(), Hold.UNKNOWN, id="silent sidecar"),
        pytest.param(pending_pod(), Hold.NOTHING, id="pending"),
        pytest.param(replace(pending_pod(), scheduled=False), Hold.NOTHING, id="without a node"),
        pytest.param(replace(pending_pod(), phase="Unknown"), Hold.UNKNOWN, id="the node is lost"),
        pytest.param(broken_pod("ErrImagePull"), Hold.NOTHING, id="no image"),
        pytest.param(
            replace(broken_pod("CrashLoopBackOff"), phase="Running"), Hold.NOTHING, id="the worker crashes"
        ),
        pytest.param(
            replace(broken_pod("CrashLoopBackOff", container=SIDECAR_CONTAINER), phase="Running"),
            Hold.UNKNOWN,
            id="the sidecar crashes",
        ),
        pytest.param(
            replace(pod(), reading=replace(reading(WorkerReason.ENDED), report=None, drain_wanted=False)),
            Hold.NOTHING,
            id="the process has ended",
        ),
        pytest.param(
            replace(pod(), reading=replace(reading(WorkerReason.AGENT_ABSENT), drain_wanted=True)),
            Hold.UNKNOWN,
            id="no agent",
        ),
        pytest.param(
            replace(pod(), reading=replace(reading(WorkerReason.STARTING), report=None, drain_wanted=False)),
            Hold.UNKNOWN,
            id="no report yet, perhaps no agent",
        ),
    ],
)
def test_what_a_pod_holds(state: PodState, hold: Hold) -> None:
    assert held_by(state) is hold
