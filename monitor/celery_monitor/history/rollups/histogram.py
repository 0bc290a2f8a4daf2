"""Histograms of seconds that can be added to each other. Pure.

A histogram maps buckets to counts. Bucket n ends at 1 ms times 2 to the power of n/8, so a bucket is
9 % wide, and 255 buckets reach from 1 ms to 45 days. It is stored as msgpack.
"""

import math
from collections.abc import Mapping

import msgspec

from celery_monitor.history.views import Percentiles

LAST_BUCKET = 255
_SMALLEST = 0.001
_PER_DOUBLING = 8
_TO_MIDDLE = math.exp2(-0.5 / _PER_DOUBLING)

Histogram = dict[int, int]

encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Histogram).decode


def bucket(seconds: float) -> int:
    """The bucket that a value belongs to."""
    if seconds <= _SMALLEST:
        return 0
    return min(LAST_BUCKET, math.ceil(math.log2(seconds / _SMALLEST) * _PER_DOUBLING - 1e-9))


def upper_bound(number: int) -> float:
    """The largest value of a bucket, in seconds."""
    return _SMALLEST * math.exp2(number / _PER_DOUBLING)


def add(histogram: Histogram, other: Mapping[int, int]) -> None:
    """Add another histogram's counts to this one. Counts may be negative; an empty bucket counts zero."""
    for number, count in other.items():
        histogram[number] = histogram.get(number, 0) + count


def percentiles(histogram: Mapping[int, int]) -> Percentiles:
    """The middle of the bucket that contains each percentile."""
    total = sum(histogram.values())
    if total <= 0:
        return Percentiles()
    buckets = sorted(histogram.items())

    def at(part: float) -> float:
        left = part * total
        for number, count in buckets:
            left -= count
            if left <= 1e-9:
                return upper_bound(number) * (_TO_MIDDLE if number else 1.0)
        return upper_bound(buckets[-1][0])

    return Percentiles(p50=at(0.5), p95=at(0.95), p99=at(0.99))
