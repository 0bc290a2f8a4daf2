"""The buckets of usage: few, and never below what was seen."""

from hypothesis import given
from hypothesis import strategies as st

from celery_operator.usage.histogram import CPU, MEMORY, Scale, together

scales = st.sampled_from([MEMORY, CPU])
values = st.lists(st.integers(0, 2**45), min_size=1, max_size=50)


def filled(scale: Scale, seen: list[int]) -> dict[str, int]:
    buckets: dict[str, int] = {}
    for value in seen:
        buckets = scale.added(buckets, value)
    return buckets


@given(scales, st.integers(0, 2**60))
def test_a_bucket_holds_what_is_between_its_bound_and_the_one_before(scale: Scale, value: int) -> None:
    bucket = scale.bucket(value)
    assert 0 <= bucket <= scale.last
    assert value <= scale.bound(bucket) or bucket == scale.last
    assert bucket == 0 or value > scale.bound(bucket - 1)


@given(scales, values, st.floats(0.01, 1))
def test_a_quantile_covers_its_share_and_is_at_most_a_fifth_too_large(
    scale: Scale, seen: list[int], share: float
) -> None:
    seen = [min(value, scale.bound(scale.last)) for value in seen]
    quantile = scale.quantile(filled(scale, seen), share)
    assert quantile is not None
    assert sum(value <= quantile for value in seen) >= share * len(seen)
    exact = sorted(seen)[max(0, -int(-share * len(seen) // 1) - 1)]
    assert quantile <= max(exact * 1.19 + 2, scale.least)


@given(scales, values, values)
def test_two_histograms_together_hold_all_values(scale: Scale, one: list[int], other: list[int]) -> None:
    assert together(filled(scale, one), filled(scale, other)) == filled(scale, one + other)


def test_without_values_there_is_no_quantile() -> None:
    assert MEMORY.quantile({}, 0.95) is None
    assert MEMORY.quantile({"3": 0}, 0.95) is None


def test_keys_that_no_version_wrote_are_ignored() -> None:
    strange = {"-1": 5, "x": 5, "999": 5, "65": 5, "": 5, "٣": 5, "1" * 5000: 5}
    assert MEMORY.quantile(strange, 0.95) is None
    assert MEMORY.quantile({**strange, "4": 1}, 0.95) == 32 * 2**20
