"""The sizes that a scale-in soak asks for, one after another; the same seed gives the same sizes."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

HASTY_SHARE = 0.2
DEEPEST = 2


@dataclass(frozen=True, slots=True)
class SizeChange:
    """The number of pods to ask for. ``hasty``: the next change comes before this one is complete."""

    replicas: int
    hasty: bool = False


def size_changes(seed: int, largest: int) -> Iterator[SizeChange]:
    """From ``largest`` down by one or two pods at a time, and from one pod back to it.

    After a hasty one comes the size before it: load came back, and draining pods are needed again.
    """
    choose = random.Random(seed)
    while True:
        size = largest
        yield SizeChange(size)
        while size > 1:
            lower = max(1, size - choose.randint(1, DEEPEST))
            if choose.random() < HASTY_SHARE:
                yield SizeChange(lower, hasty=True)
                yield SizeChange(size)
            else:
                size = lower
                yield SizeChange(size)
