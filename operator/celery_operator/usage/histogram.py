"""How often a value was seen, in few buckets: each bound is a fifth larger than the one before."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, log2

BUCKETS_PER_DOUBLING = 4
DOUBLINGS = 16

Buckets = Mapping[str, int]
"""The number of values by bucket, as the status holds it."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The buckets of one kind of value. ``least`` is the bound of the first."""

    least: int

    @property
    def last(self) -> int:
        """The number of the last bucket, which also holds everything beyond."""
        return BUCKETS_PER_DOUBLING * DOUBLINGS

    def bound(self, bucket: int) -> int:
        """The largest value of the bucket."""
        return ceil(self.least * 2 ** (bucket / BUCKETS_PER_DOUBLING))

    def bucket(self, value: float) -> int:
        """The number of the bucket that holds the value."""
        if value <= self.least:
            return 0
        found = min(self.last, ceil(BUCKETS_PER_DOUBLING * log2(value / self.least)))
        return found if found == self.last or self.bound(found) >= value else found + 1

    def added(self, buckets: Buckets, value: float) -> dict[str, int]:
        """The buckets with one more value."""
        key = str(self.bucket(value))
        return {**buckets, key: buckets.get(key, 0) + 1}

    def quantile(self, buckets: Buckets, share: float) -> int | None:
        """A value that at most ``1 - share`` of all values exceed; None where there are none.

        It is the bound of a bucket: at most a fifth too large.
        """
        counts = {self._number(key): count for key, count in buckets.items()}
        known = [(number, counts[number]) for number in sorted(counts) if number >= 0]
        wanted, seen = share * sum(count for _, count in known), 0
        for number, count in known:
            seen += count
            if count and seen >= wanted:
                return self.bound(number)
        return None

    def _number(self, key: str) -> int:
        """The bucket of a key; negative for a key that ``added`` has not written."""
        number = int(key) if key.isascii() and key.isdigit() and len(key) <= len(str(self.last)) else -1
        return number if number <= self.last else -1


MEMORY = Scale(16 * 2**20)
"""Bytes, from 16 MiB to 1 TiB."""
CPU = Scale(10)
"""Millicores, from a hundredth of a core to 655 cores."""


def together(one: Buckets, other: Buckets) -> dict[str, int]:
    """The values of both."""
    return {key: one.get(key, 0) + other.get(key, 0) for key in {**one, **other}}
