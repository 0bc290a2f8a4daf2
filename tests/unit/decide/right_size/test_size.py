"""The right size of a group, and what of the present one is changed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_operator.api.workers.group import WorkerGroup
from celery_operator.decide.right_size.present import PresentSize
from celery_operator.decide.right_size.size import (
    LEAST_MINUTES,
    LEAST_SPAN,
    SizeChange,
    change_of,
    right_size,
)
from celery_operator.usage.history import UsageSummary

MEBIBYTE, GIBIBYTE = 2**20, 2**30
USED = UsageSummary(
    span=timedelta(days=6),
    workers=14,
    minutes=80_000,
    memory=340 * MEBIBYTE,
    memory_peak=412 * MEBIBYTE,
    millicores=350,
    busy_minutes=0,
    busy_millicores=0.0,
)
BUSY = replace(USED, busy_minutes=50_000, busy_millicores=320.0)


def group(**changes: Any) -> WorkerGroup:
    return WorkerGroup.model_validate({"name": "default", "concurrency": 4, **changes})


def sized(requests: dict[str, Any], limits: dict[str, Any], **changes: Any) -> WorkerGroup:
    return group(resources={"requests": requests, "limits": limits}, **changes)


def change(of: WorkerGroup, used: UsageSummary = USED) -> SizeChange:
    present = PresentSize.of(of)
    size = right_size(of, used, present)
    assert size
    return change_of(size, present)


def test_the_size_is_what_was_used_with_a_margin() -> None:
    size = right_size(group(), USED, PresentSize.of(group()))
    assert size
    assert (size.memory_request, size.memory_limit) == (416 * MEBIBYTE, 544 * MEBIBYTE)
    assert (size.cpu_request, size.concurrency) == (450, 4)


@pytest.mark.parametrize(
    "little", [{"span": LEAST_SPAN - timedelta(seconds=1)}, {"minutes": LEAST_MINUTES - 1}], ids=str
)
def test_nothing_is_said_before_there_is_enough_evidence(little: dict[str, Any]) -> None:
    assert right_size(group(), replace(USED, **little), PresentSize.of(group())) is None


def test_what_fits_within_a_tolerance_is_left_alone() -> None:
    assert not change(sized({"memory": "400Mi", "cpu": "450m"}, {"memory": "512Mi"}))
    assert not change(sized({"memory": "520Mi", "cpu": "600m"}, {"memory": "640Mi"}))


def test_too_much_is_lowered() -> None:
    found = change(sized({"memory": "1Gi", "cpu": 2}, {"memory": "2Gi", "cpu": 4}))
    assert found == SizeChange(416 * MEBIBYTE, 544 * MEBIBYTE, 450)


def test_too_little_is_raised() -> None:
    found = change(sized({"memory": "128Mi", "cpu": "100m"}, {"memory": "430Mi"}))
    assert found == SizeChange(416 * MEBIBYTE, 544 * MEBIBYTE, 450)


def test_requests_that_are_missing_are_named_and_limits_are_not() -> None:
    assert change(group()) == SizeChange(memory_request=416 * MEBIBYTE, cpu_request=450)


def test_a_limit_without_a_request_is_the_request() -> None:
    assert change(sized({}, {"memory": "2Gi", "cpu": "4"})) == SizeChange(memory_limit=544 * MEBIBYTE)


def test_requests_that_equal_their_limits_still_do_afterwards() -> None:
    guaranteed = sized({"memory": "2Gi", "cpu": "4"}, {"memory": "2048Mi", "cpu": "4000m"})
    assert change(guaranteed) == SizeChange(544 * MEBIBYTE, 544 * MEBIBYTE, None)


def test_a_limit_is_not_lowered_below_a_request_that_stays() -> None:
    found = change(sized({"memory": "600Mi", "cpu": "450m"}, {"memory": "2Gi"}))
    assert found == SizeChange(memory_limit=600 * MEBIBYTE)


def test_a_small_saving_is_not_worth_a_rollout() -> None:
    small = replace(USED, memory=20 * MEBIBYTE, memory_peak=30 * MEBIBYTE, millicores=30)
    assert not change(sized({"memory": "150Mi", "cpu": "200m"}, {"memory": "190Mi"}), small)


def test_slots_that_are_busy_and_wait_become_twice_as_many_with_the_memory_for_them() -> None:
    found = change(sized({"memory": "416Mi", "cpu": "450m"}, {"memory": "544Mi"}), BUSY)
    assert found.concurrency == 8
    assert found.memory_limit == 1152 * MEBIBYTE
    assert found.memory_request == 800 * MEBIBYTE


@pytest.mark.parametrize(
    ("of", "used"),
    [
        (group(), replace(BUSY, busy_millicores=3000.0)),
        (group(), replace(BUSY, busy_minutes=59)),
        (group(), replace(BUSY, busy_minutes=10_000)),
        (group(pool="gevent"), BUSY),
        (group(pool="solo", concurrency=1), replace(BUSY, busy_millicores=100.0)),
        (group(resources={"limits": {"cpu": "800m"}}), BUSY),
    ],
    ids=[
        "the slots work",
        "few minutes",
        "a small share",
        "greenlets",
        "one slot by design",
        "no CPU for more",
    ],
)
def test_the_concurrency_stays_without_sound_evidence(of: WorkerGroup, used: UsageSummary) -> None:
    assert change(of, used).concurrency is None


def test_slots_that_share_too_little_cpu_become_fewer() -> None:
    of = sized({"cpu": "1500m"}, {"cpu": "1500m"}, concurrency=8)
    assert change(of, replace(BUSY, busy_millicores=1450.0)).concurrency == 2


def test_the_template_takes_precedence() -> None:
    container = {"name": "worker", "resources": {"limits": {"memory": "3Gi"}}}
    of = sized({"memory": "1Gi"}, {"memory": "2Gi"}, template={"spec": {"containers": [container]}})
    present = PresentSize.of(of)
    assert (present.memory_limit, present.memory_request, present.in_template) == (
        3 * GIBIBYTE,
        GIBIBYTE,
        True,
    )


@pytest.mark.parametrize(
    "template",
    [
        {"spec": None},
        {"spec": {"containers": "worker"}},
        {"spec": {"containers": [None, {"name": "other", "resources": {"limits": {"memory": "1Gi"}}}]}},
        {"spec": {"containers": [{"name": "worker", "resources": "many"}]}},
        {"spec": {"containers": [{"name": "worker", "resources": {"limits": ["memory"]}}]}},
    ],
    ids=str,
)
def test_a_template_that_says_nothing_of_the_worker_changes_nothing(template: dict[str, Any]) -> None:
    present = PresentSize.of(sized({}, {"memory": "2Gi"}, template=template))
    assert present.memory_limit == 2 * GIBIBYTE


summaries = st.builds(
    UsageSummary,
    span=st.just(timedelta(days=3)),
    workers=st.integers(1, 50),
    minutes=st.integers(LEAST_MINUTES, 100_000),
    memory=st.integers(2**20, 2**34),
    memory_peak=st.integers(2**34, 2**36),
    millicores=st.none() | st.integers(10, 20_000),
    busy_minutes=st.integers(0, 100_000),
    busy_millicores=st.floats(0, 20_000),
)
memories = st.none() | st.integers(2**20, 2**38)
cores = st.none() | st.integers(10, 50_000)


@st.composite
def presents(draw: st.DrawFn) -> PresentSize:
    """Valid ones: no request exceeds its limit."""
    memory, limit, cpu, cpu_limit = draw(memories), draw(memories), draw(cores), draw(cores)
    return PresentSize(
        memory_request=memory if memory is None or limit is None else min(memory, limit),
        memory_limit=limit,
        cpu_request=cpu if cpu is None or cpu_limit is None else min(cpu, cpu_limit),
        cpu_limit=cpu_limit,
        concurrency=draw(st.integers(1, 100)),
        in_template=False,
    )


@given(presents(), summaries, st.sampled_from(["prefork", "threads", "gevent"]))
def test_a_change_is_valid_never_below_what_was_seen_and_needs_no_other_after_it(
    present: PresentSize, used: UsageSummary, pool: str
) -> None:
    of = group(pool=pool, concurrency=present.concurrency)
    size = right_size(of, used, present)
    assert size
    assert size.memory_limit >= used.memory_peak
    assert size.memory_request >= used.memory
    found = change_of(size, present)
    if found.memory_limit is not None:
        assert present.memory_limit
        assert found.memory_limit >= used.memory_peak
    after = replace(
        present,
        memory_request=found.memory_request or present.memory_request,
        memory_limit=found.memory_limit or present.memory_limit,
        cpu_request=found.cpu_request or present.cpu_request,
    )
    for request, limit in (
        (after.memory_request, after.memory_limit),
        (after.cpu_request, after.cpu_limit),
    ):
        assert request is None or limit is None or request <= limit
    again = change_of(size, after)
    assert not replace(again, concurrency=None)
