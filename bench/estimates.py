"""Numbers drawn from repeated measurements: percentiles, medians and how sure they are."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

RESAMPLES = 10_000
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A median with the interval that holds the true one with a confidence of 95 %."""

    median: float
    low: float
    high: float
    samples: int


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least ``percent`` of all values do not exceed (the nearest rank)."""
    if not values:
        raise ValueError("there is no percentile of no values")
    rank = max(1, math.ceil(len(values) * percent / 100))
    return sorted(values)[rank - 1]


def estimate(values: Sequence[float]) -> Estimate:
    """The median and its bootstrap interval: the same values always give the same interval."""
    if not values:
        raise ValueError("there is no median of no values")
    choose = random.Random(0)
    medians = [median(choose.choices(values, k=len(values))) for _ in range(RESAMPLES)]
    outside = (1 - CONFIDENCE) / 2 * 100
    return Estimate(
        median=median(values),
        low=percentile(medians, outside),
        high=percentile(medians, 100 - outside),
        samples=len(values),
    )


def paired_ratio(changed: Sequence[float], unchanged: Sequence[float]) -> Estimate:
    """How ``changed`` relates to ``unchanged``, each measured beside the other: the ratio of each pair.

    What a machine does to both of a pair cancels out, which two separate medians would not give.
    """
    return estimate([one / other for one, other in zip(changed, unchanged, strict=True)])
