"""What holds for every load and every sequence of them."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from celery_operator.api.annotations import ScalingPauses
from celery_operator.api.autoscaling import Autoscaling, Fallback, ScaleDown, ScalingPolicy, ScalingRules
from celery_operator.decide.scaling.autoscale import scale
from celery_operator.decide.scaling.decision import ScalingDecision
from celery_operator.decide.scaling.need import tasks
from celery_operator.decide.scaling.policies import Timed, remembered, stabilized
from celery_operator.snapshot import GroupLoad, ScalingHistory

COUNTS = st.integers(0, 3) | st.integers(0, 5_000)
RATES = st.just(0.0) | st.floats(0.001, 500.0)
POLICIES = st.lists(
    st.builds(
        ScalingPolicy,
        type=st.sampled_from(["Pods", "Percent"]),
        value=st.integers(1, 200),
        period_seconds=st.integers(1, 300),
    ),
    max_size=3,
).map(tuple)
SELECTIONS = st.sampled_from(["Max", "Min", "Disabled"])
LOADS = st.builds(
    GroupLoad,
    ready=st.none() | COUNTS,
    active=COUNTS,
    reserved=COUNTS,
    eta_due=st.just(0),
    eta=st.just(0) | COUNTS,
    complete=st.booleans(),
    arrival_rate=RATES,
    throughput_per_slot=st.none() | st.floats(1e-9, 1_000.0),
    busy_slots=RATES,
    idle_for=st.floats(0, 300),
    unread_for=st.floats(0, 300),
)
DIRECTION: dict[str, st.SearchStrategy[Any]] = {
    "stabilization_window_seconds": st.integers(0, 120),
    "select_policy": SELECTIONS,
    "policies": POLICIES,
    "tolerance": st.sampled_from([0.0, 0.1, 0.5, 1.0]),
}


@st.composite
def rules_of(draw: st.DrawFn) -> Autoscaling:
    highest = draw(st.integers(1, 60))
    return Autoscaling(
        min_replicas=draw(st.integers(0, highest)),
        max_replicas=highest,
        target_drain_seconds=draw(st.integers(1, 600)),
        target_per_slot=draw(st.integers(1, 100)),
        activation_backlog=draw(st.sampled_from([0, 10])),
        idle_seconds=draw(st.sampled_from([0, 60])),
        scale_up=draw(st.builds(ScalingRules, **DIRECTION)),
        scale_down=draw(st.builds(ScaleDown, **DIRECTION)),
        fallback=draw(st.none() | st.builds(Fallback, replicas=st.integers(1, 80))),
    )


RULES = rules_of()
HISTORIES = st.builds(
    ScalingHistory,
    recommendations=st.lists(st.tuples(st.floats(0, 1_000), st.integers(0, 80)), max_size=6)
    .map(sorted)
    .map(tuple),
    changes=st.lists(st.tuples(st.floats(0, 1_000), st.integers(-40, 40)), max_size=6).map(sorted).map(tuple),
)
PAUSES = st.builds(ScalingPauses, st.booleans(), st.booleans())
NOW = 1_000.0


@given(
    rules=RULES,
    current=st.integers(0, 80),
    slots=st.integers(1, 16),
    load=LOADS,
    history=HISTORIES,
    floor=st.integers(0, 80),
    pauses=PAUSES,
)
def test_bounds_and_pauses_always_hold(
    *,
    rules: Autoscaling,
    current: int,
    slots: int,
    load: GroupLoad,
    history: ScalingHistory,
    floor: int,
    pauses: ScalingPauses,
) -> None:
    call = scale(rules, current, slots, load, history, NOW, floor, pauses)
    lowest = min(max(rules.min_replicas, floor), rules.max_replicas)
    if not pauses.scale_out:
        assert call.replicas >= lowest
    if not pauses.scale_in:
        assert call.replicas <= rules.max_replicas
    assert not (pauses.scale_in and call.replicas < current)
    assert not (pauses.scale_out and call.replicas > current)
    assert call.message
    assert ("->" in call.message) is (call.replicas != current)


@given(
    rules=RULES,
    current=st.integers(0, 80),
    slots=st.integers(1, 16),
    load=LOADS,
    history=HISTORIES,
    what=st.sampled_from(["ready", "active", "reserved", "arrival_rate"]),
    more=st.integers(1, 1_000),
)
def test_more_load_never_asks_for_fewer_pods(
    *,
    rules: Autoscaling,
    current: int,
    slots: int,
    load: GroupLoad,
    history: ScalingHistory,
    what: str,
    more: int,
) -> None:
    load = replace(load, ready=load.ready or 0)
    heavier = replace(load, **{what: getattr(load, what) + more})

    def pods(of: GroupLoad) -> int:
        return scale(rules, current, slots, of, history, NOW).replicas

    assert pods(heavier) >= pods(load)


@given(RULES, st.integers(0, 80), st.integers(1, 16), LOADS, HISTORIES)
def test_nothing_is_taken_away_on_uncertain_evidence(
    rules: Autoscaling, current: int, slots: int, load: GroupLoad, history: ScalingHistory
) -> None:
    """But for a maxReplicas below what is there, which is a person's decision and not evidence."""
    call = scale(rules, current, slots, load, history, NOW)
    if load.ready is None or not load.complete:
        assert call.replicas >= min(current, rules.max_replicas)


@given(RULES, st.integers(1, 80), st.integers(1, 16), LOADS, HISTORIES)
def test_the_last_pod_goes_only_when_there_has_been_nothing_to_do_for_long_enough(
    rules: Autoscaling, current: int, slots: int, load: GroupLoad, history: ScalingHistory
) -> None:
    call = scale(rules, current, slots, load, history, NOW)
    if call.replicas == 0:
        assert load.ready is not None
        assert load.complete
        assert tasks(load) == load.eta == 0
        assert load.idle_for >= rules.idle_seconds


@given(RULES, st.integers(1, 16), st.lists(st.tuples(LOADS, st.integers(1, 90)), min_size=2, max_size=12))
def test_no_sequence_of_loads_moves_faster_than_the_policies_allow(
    rules: Autoscaling, slots: int, loads: list[tuple[GroupLoad, int]]
) -> None:
    rules = rules.model_copy(update={"min_replicas": 0})
    now, current, history = 0.0, min(5, rules.max_replicas), ScalingHistory()
    past = [(now, current)]
    for load, seconds in loads:
        now += seconds
        call = scale(rules, current, slots, load, history, now)
        assert_allowed(rules.scale_up, past, current, call, now)
        assert_allowed(rules.scale_down, past, current, call, now)
        current, history = call.replicas, call.history
        past.append((now, current))


def assert_allowed(
    rules: ScalingRules, past: list[tuple[float, int]], before: int, call: ScalingDecision, now: float
) -> None:
    """The step is one that the policies of its direction allow, counted from what there really was."""
    up, step = not isinstance(rules, ScaleDown), call.replicas - before
    if step == 0 or (step > 0) is not up:
        return
    assert rules.select_policy != "Disabled"
    ends = []
    for policy in rules.policies:
        start = [pods for at, pods in past if at <= now - policy.period_seconds or at == 0][-1]
        span = policy.value if policy.type == "Pods" else -(-start * policy.value // 100)
        ends.append(max(1, start + span) if up else start - span)
    if not ends:
        return
    farthest = (max if up else min)(ends)
    nearest = (min if up else max)(ends)
    end = nearest if rules.select_policy == "Min" else farthest
    assert call.replicas <= end if up else call.replicas >= end


@given(
    RULES,
    st.integers(0, 80),
    st.lists(st.tuples(st.integers(0, 90), st.integers(0, 9)), min_size=1, max_size=12),
)
def test_what_is_forgotten_of_the_recommendations_never_counts_again(
    rules: Autoscaling, current: int, made: list[tuple[int, int]]
) -> None:
    now = 0.0
    every: Timed = ()
    kept: Timed = ()
    for seconds, pods in made:
        now += seconds
        every, kept = (*every, (now, pods)), remembered(rules, (*kept, (now, pods)), now)
        assert stabilized(rules, current, kept, now) == stabilized(rules, current, every, now)
